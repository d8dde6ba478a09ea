from __future__ import annotations

import math

import numpy as np
import pytest

from lava_spquant.ir.reference import Trace
from lava_spquant.report import Accuracy, predict, scores
from tests.report.networks import classified, stock


def test_a_readout_has_accumulated_already() -> None:
    network, _, trace = classified()
    np.testing.assert_array_equal(scores(network, trace.output), trace.blocks[-1]["v"])
    np.testing.assert_array_equal(predict(network, trace), trace.blocks[-1]["v"][-1].argmax(axis=1))


def test_spikes_are_counted_up_to_each_step() -> None:
    output = np.array([1, 0, 1]).reshape(3, 1, 1)
    assert scores(stock(), output).ravel().tolist() == [1, 1, 2]


def test_the_lowest_class_wins_a_tie() -> None:
    network = classified()[0]
    output = np.array([[[4, 7, 7]]])
    assert predict(network, Trace((), output)).tolist() == [1]


def test_accuracy_adds_chunks() -> None:
    account = Accuracy("lava", 0, 0, spikes_compared=100, mismatches=0)
    assert math.isnan(account.accuracy)
    account = account.add(np.array([1, 2, 3]), np.array([1, 2, 0])).add(np.array([5]), np.array([5]))
    assert (account.samples, account.correct, account.accuracy, account.spikes_compared) == (4, 3, 0.75, 100)


def test_accuracy_refuses_what_cannot_be() -> None:
    with pytest.raises(ValueError, match=r"lava: correct: found 3, expected 0\.\.2"):
        Accuracy("lava", 2, 3)
    with pytest.raises(ValueError, match=r"predictions: found \(2,\), expected \(1,\)"):
        Accuracy("lava", 0, 0).add(np.zeros(2, np.int64), np.zeros(1, np.int64))
