from __future__ import annotations

import numpy as np
import pytest

from lava_spquant.ir import Cuba, NetworkError
from lava_spquant.ir.limits import CUBA_CURRENT_MAX, STATE_MAX
from lava_spquant.ir.neuron import cuba_step


def drive(neuron: Cuba, currents: list[int], bias: int = 0, u: int = 0) -> tuple[list[int], list[int], list[int]]:
    """Return spikes, u and v of one neuron."""
    state = {"u": np.full((1, 1), u, np.int32), "v": np.zeros((1, 1), np.int32)}
    trace: tuple[list[int], list[int], list[int]] = ([], [], [])
    for current in currents:
        out, state = cuba_step(neuron, state, np.array([[current]], np.int64), np.array([bias], np.int32))
        for values, value in zip(trace, (out["spikes"], state["u"], state["v"]), strict=True):
            values.append(value.item())
    return trace


def test_by_hand() -> None:
    """Current keeps 3/4, voltage one half, vth 640.

    t1: u = 640                    v = 640, not above
    t2: u = 480 + 0                v = 320 + 480 = 800, spike, 0
    t3: u = 360 - 641 = -281       v = -281
    t4: u = -210.75 -> -210        v = -140.5 -> -140, -140 - 210 = -350
    """
    spikes, u, v = drive(Cuba(1024, 2048, 640), [640, 0, -641, 0])
    assert spikes == [0, 1, 0, 0]
    assert u == [640, 480, -281, -210]
    assert v == [640, 0, -281, -350]


def test_bias_goes_to_the_voltage_alone() -> None:
    assert drive(Cuba(4096, 0, 640), [0, 0], bias=64) == ([0, 0], [0, 0], [64, 128])


@pytest.mark.parametrize(
    ("current", "u"),
    [
        (2**23, 2**23),  # kept: Lava wraps above 2**23 only
        (2**23 + 1, -(2**23) + 1),
        (-(2**23) + 1, -(2**23) + 1),
        (-(2**23), 2**23),
        (CUBA_CURRENT_MAX, -1),
        (-CUBA_CURRENT_MAX, 1),
    ],
)
def test_current_wraps_as_lava_wraps(current: int, u: int) -> None:
    assert drive(Cuba(0, 0, 640), [current])[1] == [u]


@pytest.mark.parametrize("sign", [1, -1])
def test_the_largest_allowed_current_never_leaves_24_bits(sign: int) -> None:
    u = drive(Cuba(0, 0, 640), [sign * CUBA_CURRENT_MAX] * 50, u=sign * STATE_MAX)[1]
    assert all(-(2**23) < value <= 2**23 for value in u)


def test_voltage_saturates() -> None:
    _, _, v = drive(Cuba(4096, 0, 64), [-(2**22)] * 4)
    assert v[-1] == -STATE_MAX


def test_state_bits_and_outputs() -> None:
    neuron = Cuba(1, 1, 64)
    assert neuron.state_bits == 48
    assert neuron.output_bounds("spikes", (0, 10)) == (0, 1)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ((-1, 0, 1), "current_decay: found -1"),
        ((0, 4097, 1), "voltage_decay: found 4097"),
        ((0, 0, -1), "vth: found -1"),
        ((0, 0, 2**24), "vth: found 16777216, expected 0..16777152"),
        ((0, 0, 1.5), "vth: found 1.5"),
    ],
)
def test_refused(fields: tuple[int, int, int], message: str) -> None:
    with pytest.raises(NetworkError, match=f"^cuba: {message}"):
        Cuba(*fields)
