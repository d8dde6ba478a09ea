"""Which implementation runs."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from lava_spquant.slayer.neuron.op import BACKENDS, VARIABLE, Dynamics, choice, choose, use
from lava_spquant.slayer.neuron.op.plain import PlainBackend


@dataclass(frozen=True)
class Own:
    """A surrogate that only a user knows."""

    def derivative(self, x: Tensor) -> Tensor:
        return torch.ones_like(x)


def name(dtype: torch.dtype = torch.float32, dynamics: Dynamics | None = None) -> str:
    return choose(torch.zeros(1, 1, 1, dtype=dtype), dynamics or Dynamics()).name


def test_the_fastest_that_can() -> None:
    assert name() == "compiled"
    assert name(torch.bfloat16) == "compiled"
    assert name(torch.float64) == "plain"
    assert name(dynamics=Dynamics(surrogate=Own())) == "plain"


def test_a_name_has_precedence(monkeypatch: pytest.MonkeyPatch) -> None:
    with use("plain"):
        assert name() == "plain"
        monkeypatch.setenv(VARIABLE, "compiled")
        assert name() == "plain"
    assert name() == "compiled"
    monkeypatch.setenv(VARIABLE, "plain")
    assert name() == "plain"
    with use("compiled"):
        assert name() == "compiled"
    assert name() == "plain"


def test_wrong_names_and_wrong_uses(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="use: found 'fast', expected one of plain, compiled, triton"), use("fast"):
        pass
    with use("compiled"), pytest.raises(ValueError, match=r"neuron backend 'compiled': found torch.float64 on cpu"):
        name(torch.float64)
    monkeypatch.setenv(VARIABLE, "fast")
    with pytest.raises(ValueError, match=f"{VARIABLE}: found 'fast'"):
        name()


def test_without_its_library_the_definition_runs(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def missing() -> PlainBackend:
        raise ImportError("No module named 'numba'")

    monkeypatch.setitem(BACKENDS, "compiled", missing)
    load = choice._load
    load.cache_clear()
    try:
        with caplog.at_level("INFO"):
            assert [name(), name()] == ["plain", "plain"]
        assert caplog.messages == ["neurons run without the compiled implementation: No module named 'numba'"]
        with use("compiled"), pytest.raises(ValueError, match="found one that is not installed"):
            name()
    finally:
        load.cache_clear()
