"""Reading neuron parameters, ours and SLAYER's."""

from __future__ import annotations

import pytest
import torch

from lava_spquant.slayer.membrane import FIVE_LEVEL, TERNARY
from lava_spquant.slayer.neuron import CubaConfig, QLif, QLifConfig, make_neuron, neuron_config
from lava_spquant.slayer.neuron.cuba import Cuba
from lava_spquant.slayer.surrogate import Exponential, SuperSpike, Triangle

SLAYER = {
    "threshold": 1.25,
    "current_decay": 0.25,
    "voltage_decay": 0.03,
    "tau_grad": 0.03,
    "scale_grad": 3,
    "requires_grad": True,
}
"""The dictionary of SLAYER's N-MNIST example."""


def test_slayers_cuba_dictionary() -> None:
    found = neuron_config(SLAYER)
    assert found == CubaConfig(1.25, 0.25, 0.03, 0.03, 3, True)
    assert isinstance(make_neuron(SLAYER), Cuba)


def test_slayers_defaults_may_be_written_out_and_dropout_is_kept() -> None:
    drop = torch.nn.Dropout(0.1)
    spelled = {"scale": 64, "shared_param": True, "persistent_state": False, "graded_spike": False, "norm": None}
    found = neuron_config({**SLAYER, **spelled, "dropout": drop})
    assert isinstance(found, CubaConfig)
    assert found.dropout is drop
    assert make_neuron(found).slayer.drop is drop


def test_a_dictionary_without_a_current_is_the_quantised_membrane() -> None:
    found = neuron_config(
        {"threshold": 0.8, "voltage_decay": 0.25, "reset": "soft", "membrane": "five-level", "surrogate": "superspike"}
    )
    assert found == QLifConfig(0.8, 0.25, "soft", FIVE_LEVEL, SuperSpike())
    assert neuron_config({}) == QLifConfig(1.0, 0.5, "hard", TERNARY, Triangle())
    assert neuron_config({"membrane": None}).membrane is None
    assert isinstance(make_neuron({"threshold": 1.0}), QLif)


def test_slayers_gradient_names_choose_its_surrogate() -> None:
    assert neuron_config({"tau_grad": 0.03, "scale_grad": 3}).surrogate == Exponential(100 * 0.03, 0.1 * 3)
    assert neuron_config({"tau_grad": 2}).surrogate == Exponential(200, 0.1)
    assert neuron_config({"tau_grad": 2, "surrogate": "box"}).surrogate != Exponential(200, 0.1)


def test_configs_are_handed_on() -> None:
    config = QLifConfig(0.5)
    assert neuron_config(config) is config
    params = dict(SLAYER)
    neuron_config(params)
    assert params == SLAYER


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({**SLAYER, "thresold": 1}, "neuron parameters: found thresold, expected names among current_decay"),
        ({"threshold": 1, "leak": 0.5}, "found leak, expected names among .*voltage_decay"),
        ({**SLAYER, "norm": torch.nn.BatchNorm1d}, "norm: .* expected None; give the block batch_norm=True"),
        ({**SLAYER, "persistent_state": True}, "persistent_state: found True, expected False"),
        ({**SLAYER, "shared_param": False}, "shared_param: found False, expected True"),
        ({**SLAYER, "graded_spike": True}, "graded_spike: found True"),
        ({**SLAYER, "scale": 32}, "scale: found 32, expected 64"),
        ({"learn_threshold": "all"}, "learn_threshold: found 'all', expected one of no, layer, channel"),
        ({**SLAYER, "threshold": 0.01}, "CubaConfig: threshold: found 0.01, expected at least 1/64"),
        ({**SLAYER, "current_decay": 1.5}, "CubaConfig: current_decay: found 1.5, expected 0..1"),
        ({**SLAYER, "voltage_decay": float("nan")}, "CubaConfig: voltage_decay: found nan"),
        ({"threshold": 0.0}, "QLifConfig: threshold: found 0.0, expected a positive number"),
        ({"voltage_decay": -0.1}, "QLifConfig: voltage_decay: found -0.1"),
        ({"reset": "none"}, "QLifConfig: reset: found 'none', expected 'hard' or 'soft'"),
        ({"membrane": "int8", "frac_bits": 5}, r"QLifConfig: frac_bits: found 5, expected 6\.\.20"),
        ({"frac_bits": 21}, r"QLifConfig: frac_bits: found 21, expected 0\.\.20"),
        ({"membrane": "ternery"}, "membrane: found 'ternery'"),
        ({"surrogate": "step"}, "surrogate: found 'step'"),
    ],
)
def test_what_is_not_supported_is_named(params: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make_neuron(params)
