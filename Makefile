# Needs git, make and a Python 3.10; everything else goes into .venv.
#   make demo   train, export, run in Lava, compare, draw: the whole path
#   make test   all tests
#   make lint   ruff and mypy
PYTHON ?=
JOBS ?= 2
BIN := .venv/bin
# The stamp says that .venv holds what pyproject.toml asks for.
STAMP := .venv/.installed

.DEFAULT_GOAL := help
.PHONY: help install demo test lint format

help:
	@sed -n 's/^#   //p' Makefile

install: $(STAMP)

# A file target, so that installing happens once per change of pyproject.toml; an interrupted
# installation leaves no stamp and is taken up again.
$(STAMP): pyproject.toml
	@test -x $(BIN)/pip || { python="$$(PYTHON='$(PYTHON)' .ci/find-python)" && \
	    echo "Creating .venv with $$python" && "$$python" -m venv .venv; }
	@echo "Installing into .venv (PyTorch brings several GB; this takes a few minutes, once)"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[all,dev]'
	@touch $@

demo: $(STAMP)
	$(BIN)/lava-spquant demo

# One worker per test file: Lava's runtime and its helper processes stay in one worker.
test: $(STAMP)
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
