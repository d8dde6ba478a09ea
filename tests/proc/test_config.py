from __future__ import annotations

import importlib.util

import pytest
from lava.magma.core.run_configs import Loihi2HwCfg, Loihi2SimCfg
from lava.proc.lif.models import PyLifModelBitAcc
from lava.proc.lif.process import LIF

from lava_spquant.proc import run_config


def test_cpu_picks_the_fixed_point_model():
    config = run_config("cpu")
    assert isinstance(config, Loihi2SimCfg)
    assert config.select(LIF(shape=(1,)), [PyLifModelBitAcc]) is PyLifModelBitAcc


def test_exceptions_are_passed_on():
    assert run_config("cpu", exception_proc_model_map={LIF: PyLifModelBitAcc}).exception_proc_model_map == {
        LIF: PyLifModelBitAcc
    }


def test_loihi2_without_the_private_package_names_it(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModuleNotFoundError, match="lava-loihi"):
        run_config("loihi2")


def test_loihi2_with_the_private_package(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    assert isinstance(run_config("loihi2"), Loihi2HwCfg)


def test_unknown_backend():
    with pytest.raises(ValueError, match=r"backend: found 'gpu', expected one of \('cpu', 'loihi2'\)"):
        run_config("gpu")
