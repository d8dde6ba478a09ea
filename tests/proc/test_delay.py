from __future__ import annotations

import numpy as np
import pytest

from lava_spquant.proc.delay import Delay
from tests.proc.harness import record, stream_into


@pytest.mark.parametrize("steps", [1, 3, 9])
def test_sends_what_it_received_that_many_steps_ago(steps):
    x = np.arange(1, 1 + 7 * 2).reshape(7, 2)
    delay = Delay(shape=(2,), steps=steps)
    stream_into(delay.s_in, x)
    found = record(delay, delay.s_out, None, (), 7)["out"]
    expected = np.concatenate([np.zeros((steps, 2), int), x])[:7]
    np.testing.assert_array_equal(found, expected)


def test_steps_must_be_positive():
    with pytest.raises(ValueError, match="delay: steps: found 0"):
        Delay(shape=(2,), steps=0)
