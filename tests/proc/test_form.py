from __future__ import annotations

import importlib.util
import logging

import pytest

from lava_spquant.proc import form
from lava_spquant.proc.form import is_fused


@pytest.fixture
def without_numba(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)


def test_one_process_by_default():
    assert is_fused(None) is True


def test_asked_for():
    assert is_fused(True) is True
    assert is_fused(False) is False


def test_without_numba_layers_are_processes_and_the_log_says_so(without_numba, caplog):
    with caplog.at_level(logging.WARNING):
        assert is_fused(None) is False
    assert "lava_spquant[engine]" in caplog.text


def test_without_numba_and_asked_for(without_numba):
    with pytest.raises(ModuleNotFoundError, match=r"found no package 'numba'.*lava_spquant\[engine\]"):
        is_fused(True)


def test_layers_said_to_be_processes_is_no_news(without_numba, caplog):
    assert is_fused(False) is False
    assert not caplog.text


def test_beside_hardware_layers_are_processes(monkeypatch):
    monkeypatch.setattr(form, "loihi_is_installed", lambda: True)
    assert is_fused(None) is False
    assert is_fused(True) is True
