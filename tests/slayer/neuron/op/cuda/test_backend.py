"""The kernels against the definition: in Triton's interpreter, and where there is a GPU, also on that."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from lava_spquant.slayer.neuron.op import Dynamics, choose
from lava_spquant.slayer.neuron.op.cuda import CudaBackend, backend
from lava_spquant.slayer.neuron.op.plain import PlainBackend
from lava_spquant.slayer.surrogate import Triangle
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


@dataclass(frozen=True)
class OnGpu:
    """What is asked of a current, for one on a GPU that is not here."""

    dtype: torch.dtype
    device: torch.device
    is_cuda: bool = True


@dataclass(frozen=True)
class OtherDynamics(Dynamics):
    """A neuron of somebody's own."""


@dataclass(frozen=True)
class OtherTriangle(Triangle):
    """A surrogate of somebody's own."""


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Let a test say what GPU there is; what is remembered of it is forgotten before and after."""
    remembered = (backend._capability, backend._has_compiler)
    for known in remembered:
        known.cache_clear()
    monkeypatch.delenv("CC", raising=False)
    yield monkeypatch
    for known in remembered:
        known.cache_clear()


@pytest.mark.parametrize(
    ("capability", "dtype", "dynamics", "known"),
    [
        ((9, 0), torch.float32, Dynamics(), True),
        ((8, 0), torch.bfloat16, Dynamics(), True),
        ((7, 0), torch.float16, Dynamics(), True),
        ((7, 5), torch.bfloat16, Dynamics(), False),
        ((6, 1), torch.float32, Dynamics(), False),
        ((9, 0), torch.float64, Dynamics(), False),
        ((9, 0), torch.float32, OtherDynamics(), False),
        ((9, 0), torch.float32, Dynamics(surrogate=OtherTriangle()), False),
    ],
)
def test_which_gpus_and_neurons_it_is_for(
    gpu: pytest.MonkeyPatch,
    capability: tuple[int, int],
    dtype: torch.dtype,
    dynamics: Dynamics,
    known: bool,
) -> None:
    gpu.setenv("CC", "cc")
    gpu.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    z: Any = OnGpu(dtype, torch.device("cuda", 0))
    assert backend.CudaBackend().supports(z, dynamics) is known
    assert choose(z, dynamics).name == ("triton" if known else "plain")


def test_without_a_c_compiler_the_definition_runs(
    gpu: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    gpu.setattr(torch.cuda, "get_device_capability", lambda device: (9, 0))
    gpu.setenv("PATH", str(tmp_path))
    z: Any = OnGpu(torch.float32, torch.device("cuda", 0))
    assert [choose(z, Dynamics()).name for _ in range(2)] == ["plain", "plain"]
    assert len(caplog.messages) == 1
    assert "needs a C compiler: found none" in caplog.messages[0]
    gpu.setenv("CC", "cc")
    backend._has_compiler.cache_clear()
    assert choose(z, Dynamics()).name == "triton"


def test_tensors_elsewhere_are_left_to_others() -> None:
    assert not backend.CudaBackend().supports(torch.zeros(1, 1, 1), Dynamics())
