"""Reading and setting what Lava's ProcessModels cannot send."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pytest
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.proc.lif.process import LIF

from lava_spquant.proc import ModelTraceback, guarded

FLOATING = Loihi2SimCfg(select_tag="floating_pt")


def attempt(lif: LIF, ask: Callable[[], object]) -> None:
    with guarded(lif, FLOATING, deadline=60) as run:
        run(1)
        ask()


def test_reading_a_python_float_is_refused_at_once(leaks):
    lif = LIF(shape=(1,), du=0.1, vth=1.0)
    started = time.monotonic()
    message = "PyLifModelFloat: reading Var du: found a float, expected an int"
    with pytest.raises(TypeError, match=message) as caught:
        attempt(lif, lif.du.get)
    assert time.monotonic() - started < 30
    assert isinstance(caught.value.__cause__, ModelTraceback)
    assert leaks() == []


def test_setting_a_python_float_raises_what_lava_raises(leaks):
    lif = LIF(shape=(1,), du=0.1, vth=1.0)
    with pytest.raises(RuntimeError, match="^Unsupported type$") as caught:
        attempt(lif, lambda: lif.du.set(np.array([0.5])))
    assert isinstance(caught.value.__cause__, ModelTraceback)
    assert leaks() == []


def test_everything_else_is_read_as_always():
    lif = LIF(shape=(3,), du=0.1, vth=1.0, u=np.array([1.0, 2.0, 4.0]), dv=1)
    with guarded(lif, FLOATING, deadline=60) as run:
        run(1)
        np.testing.assert_allclose(lif.u.get(), [0.9, 1.8, 3.6])
        assert lif.dv.get() == 1
