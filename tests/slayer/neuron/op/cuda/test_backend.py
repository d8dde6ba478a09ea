"""The kernels against the definition: in Triton's interpreter, and where there is a GPU, also on that."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from lava_spquant.slayer.neuron.op import Dynamics, choose
from lava_spquant.slayer.neuron.op.cuda import CudaBackend
from lava_spquant.slayer.neuron.op.plain import PlainBackend
from tests.slayer.neuron.op.cuda.interpreted import CASES, everything, interpret, layer, norm, not_finite, results

PLAIN = PlainBackend()

Found = dict[str, NDArray[np.generic]]


@pytest.fixture(scope="module", params=["interpreted", *["cuda"] * torch.cuda.is_available()])
def computed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Found:
    if request.param == "cuda":
        return everything(CudaBackend(), "cuda")
    return interpret(tmp_path_factory.mktemp("interpreted") / "results.npz")


def part(found: Found, name: str) -> Found:
    """Return the results of one case."""
    return {key.removeprefix(f"{name}/"): value for key, value in found.items() if key.startswith(f"{name}/")}


def assert_same(found: Found, expected: Found) -> None:
    """Spikes bit for bit, gradients to rounding, in the dtype and shape that they should have."""
    assert found.keys() == expected.keys()
    for key, value in expected.items():
        assert (found[key].shape, found[key].dtype) == (value.shape, value.dtype), key
        if key == "spikes":
            np.testing.assert_array_equal(found[key], value)
        else:
            rounding = 2e-3 if value.dtype == np.float16 else 5e-6
            np.testing.assert_allclose(found[key], value, rtol=rounding, atol=rounding * np.abs(value).max())


@pytest.mark.parametrize("name", CASES)
def test_kernels_equal_the_definition(computed: Found, name: str) -> None:
    assert_same(part(computed, name), results(PLAIN, CASES[name]))


def test_cases_spike_and_do_not() -> None:
    rates = [results(PLAIN, case)["spikes"].astype(float).mean() for case in list(CASES.values())[:20]]
    assert 0.1 < min(rates) < max(rates) < 0.9


def test_a_layer_with_batch_norm_and_learned_parameters(computed: Found) -> None:
    assert_same(part(computed, "layer"), layer(PLAIN))


def test_batch_norm(computed: Found) -> None:
    found, expected = part(computed, "norm"), norm(PLAIN)
    np.testing.assert_array_equal(found["affine"], expected["affine"])
    for key in ("mean", "squares"):
        assert found[key].dtype == np.float64
        np.testing.assert_allclose(found[key], expected[key], rtol=1e-6)


def test_what_is_not_finite_is_not_hidden(computed: Found) -> None:
    found, expected = part(computed, "not_finite"), not_finite(PLAIN)
    assert found.keys() == expected.keys()
    for key, value in expected.items():
        if key.endswith("spikes"):
            np.testing.assert_array_equal(found[key], value)
        else:
            # Up to the step where it arose, its gradient and those of the steps that led there are the definition's.
            np.testing.assert_allclose(found[key][:2], value[:2], rtol=1e-6)
            assert np.isnan(found[key][1]).any()


def test_tensors_elsewhere_are_left_to_others() -> None:
    assert choose(torch.zeros(1, 1, 1), Dynamics()).name != "triton"
