"""The contract: `eval()` computes the integers of `to_ir()`, at every block, state and step."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lava_spquant import ir
from lava_spquant.ir import reference
from lava_spquant.ir.reference import Trace
from lava_spquant.slayer import SpikingNetwork
from tests.slayer.random_models import (
    MEMBRANE_NAMES,
    QUANTISER_NAMES,
    fixed_model,
    random_model,
    random_values,
    train_a_little,
)

RESETS = ("hard", "soft")


def random_case(seed: int, quantiser: str, membrane: str, reset: str) -> SpikingNetwork:
    """A random model; one that 24-bit accumulators cannot hold is not a case."""
    model = random_model(seed, quantiser, membrane, reset)
    try:
        model.to_ir()
    except ir.NetworkError as error:
        assume("accumulator" not in str(error))
        raise
    return model


def assert_same(found: Trace, expected: Trace, network: ir.Network) -> None:
    assert len(found.blocks) == len(expected.blocks)
    for block, have, want in zip(network.blocks, found.blocks, expected.blocks, strict=True):
        assert have.keys() == want.keys()
        for key in want:
            assert have[key].dtype == np.int32
            np.testing.assert_array_equal(have[key], want[key], err_msg=f"{block.name}: {key}")
    np.testing.assert_array_equal(found.output, expected.output)


def assert_exact(model: SpikingNetwork, x: ir.IntArray) -> Trace:
    network = model.to_ir()
    expected = reference.run(network, x)
    found = model.trace(x)
    assert_same(found, expected, network)
    forward = model(torch.from_numpy(x).float().movedim(0, -1)).movedim(-1, 0).numpy()
    np.testing.assert_array_equal(
        forward, expected.output.astype(forward.dtype) / forward.dtype.type(unit(model, network))
    )
    return expected


def unit(model: SpikingNetwork, network: ir.Network) -> float:
    """Integers per unit of `forward()`: the membrane's for a read-out, the group's size for an average."""
    last = network.blocks[-1]
    if isinstance(last.neuron, ir.Readout):
        return 2.0**last.frac_bits
    return model.blocks[-1].synapse.size if model.blocks[-1].kind == "average" else 1


CASES = {
    "seed": st.integers(0, 2**20),
    "quantiser": st.sampled_from(QUANTISER_NAMES),
    "membrane": st.sampled_from(MEMBRANE_NAMES),
    "reset": st.sampled_from(RESETS),
}


@settings(max_examples=300)
@given(steps=st.integers(1, 4), batch=st.integers(1, 3), **CASES)
def test_random_models(seed: int, quantiser: str, membrane: str, reset: str, steps: int, batch: int) -> None:
    model = random_case(seed, quantiser, membrane, reset)
    assert_exact(model, random_values(np.random.default_rng(seed), model.input_spec, steps, batch))


@pytest.mark.parametrize("quantiser", QUANTISER_NAMES)
@pytest.mark.parametrize("membrane", MEMBRANE_NAMES)
def test_every_pair_of_quantisers(quantiser: str, membrane: str) -> None:
    for reset in RESETS:
        model = fixed_model(quantiser, membrane, reset)
        trace = assert_exact(model, random_values(np.random.default_rng(5), model.input_spec, 4, 2))
        rates = [b["spikes"].mean() for b in trace.blocks if "spikes" in b]
        assert len(rates) == 6
        assert all(0 < rate < 1 for rate in rates)


@settings(max_examples=25)
@given(**CASES)
def test_models_after_some_training(seed: int, quantiser: str, membrane: str, reset: str) -> None:
    model = random_case(seed, quantiser, membrane, reset)
    assume(any(True for _ in model.parameters()))
    rng = np.random.default_rng(seed)
    train_a_little(model, rng)
    assert_exact(model.eval(), random_values(rng, model.input_spec, 3, 2))


@pytest.mark.parametrize("seed", range(8))
def test_an_image_shown_at_every_step_is_one_image(seed: int) -> None:
    model = random_model(seed, "sawb8", "ternary", "hard")
    x = random_values(np.random.default_rng(seed), model.input_spec, 1, 2)
    repeated = np.repeat(x, 4, axis=0)
    assert_exact(model, repeated)
    image = torch.from_numpy(x[0]).float()[..., None]
    stacked, view = torch.cat([image] * 4, dim=-1), image.expand(*image.shape[:-1], 4)
    assert torch.equal(model(stacked), model(view))


def test_float64_models_are_exact_too() -> None:
    model = random_model(3, "int8-channel", "int4", "soft").double()
    assert_exact(model, random_values(np.random.default_rng(3), model.input_spec, 3, 2))
