"""A trained model gives the same integers in every executor: `eval()`, the reference, the engine and Lava."""

from __future__ import annotations

import numpy as np
import pytest

from lava_spquant import ir, proc
from lava_spquant.engine import Engine
from lava_spquant.ir import reference
from tests.proc.harness import DEADLINE, assert_same
from tests.slayer.random_models import (
    MEMBRANE_NAMES,
    QUANTISER_NAMES,
    fixed_model,
    random_model,
    random_values,
)


def assert_all_equal(network: ir.Network, trained: reference.Trace, x: ir.IntArray) -> None:
    names = tuple(b.name for b in network.blocks)
    assert_same(reference.run(network, x), trained, names)
    assert_same(Engine(network, threads=1).run(x, record=("outputs", "v", "u")), trained, names)
    assert_same(proc.simulate(network, x, deadline=DEADLINE), trained, names)


@pytest.mark.parametrize(
    ("quantiser", "membrane", "reset"),
    [("ternary", "ternary", "hard"), ("binary-channel", "int4", "soft"), ("sawb4", "none", "hard")],
)
def test_the_same_integers_in_lava(quantiser: str, membrane: str, reset: str) -> None:
    model = fixed_model(quantiser, membrane, reset)
    x = random_values(np.random.default_rng(5), model.input_spec, 3, 2)
    assert_all_equal(model.to_ir(), model.trace(x), x)


def cases() -> list[tuple[int, str, str, str, int, int]]:
    """Every quantiser and, in turn, every membrane, both resets, and T and N from 1."""
    found = []
    for seed, quantiser in enumerate(QUANTISER_NAMES):
        membrane = MEMBRANE_NAMES[seed % len(MEMBRANE_NAMES)]
        found.append((seed, quantiser, membrane, ("hard", "soft")[seed % 2], 1 + seed % 4, 1 + seed % 3))
    return found


@pytest.mark.parametrize(("seed", "quantiser", "membrane", "reset", "steps", "batch"), cases())
def test_random_models_agree_in_every_executor(
    seed: int, quantiser: str, membrane: str, reset: str, steps: int, batch: int
) -> None:
    model = random_model(seed, quantiser, membrane, reset)
    x = random_values(np.random.default_rng(seed), model.input_spec, steps, batch)
    assert_all_equal(model.to_ir(), model.trace(x), x)


def test_the_cases_cover_what_they_say() -> None:
    listed = cases()
    assert {c[1] for c in listed} == set(QUANTISER_NAMES)
    assert {c[2] for c in listed} == set(MEMBRANE_NAMES)
    assert {c[3] for c in listed} == {"hard", "soft"}
    assert min(c[4] for c in listed) == min(c[5] for c in listed) == 1
