from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lava_spquant import ir, netx
from lava_spquant.ir import reference
from lava_spquant.workflow import load
from lava_spquant.workflow.loading import STEPS_MAX
from tests.workflow.tiny import SHAPE, STEPS, tiny_network


@pytest.fixture
def path(tmp_path: Path) -> Path:
    target = tmp_path / "tiny.net"
    netx.save(tiny_network(), target, metadata={"recipe": "tiny-cnn", "dataset": "digits", "steps": "3"})
    return target


def test_a_file_knows_what_it_was_trained_for(path: Path) -> None:
    found = load(path)
    assert (found.recipe, found.dataset, found.steps, found.model) == ("tiny-cnn", "digits", 3, None)
    x = np.random.default_rng(0).integers(0, 256, (STEPS, 2, *SHAPE)).astype(np.int32)
    assert np.array_equal(reference.run(found.network, x).output, reference.run(tiny_network(), x).output)
    assert found.known_steps() == 3
    assert found.test_data().shape == (1, 8, 8)


@pytest.mark.parametrize(
    ("spec", "frame"),
    [
        (ir.InputSpec((2, 10, 10)), (2, 10, 10)),
        (ir.InputSpec((2, 7, 7), 3), (2, 7, 7)),
        (ir.InputSpec((200,), 2), (2, 10, 10)),
    ],
)
def test_recordings_become_frames_as_the_network_reads_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spec: ir.InputSpec, frame: tuple[int, ...]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    size = int(np.prod(spec.shape))
    branch = ir.Branch(ir.Dense(np.ones((10, size), int), 2), [1] * 10)
    network = ir.Network(spec, (ir.Block("readout", (branch,), ir.Readout(), bias=[0] * 10),))
    netx.save(network, tmp_path / "events.net", metadata={"dataset": "emulated-digits", "steps": "3"})
    test = load(tmp_path / "events.net").test_data()
    assert (test.shape, test.bits, test.inputs(3).shape) == (frame, spec.bits, (3, 360, *frame))
    netx.save(network, tmp_path / "bare.net", metadata={"dataset": "emulated-digits"})
    with pytest.raises(ValueError, match="time steps: found none in the file"):
        load(tmp_path / "bare.net").test_data()


def test_arguments_come_before_the_file(path: Path) -> None:
    found = load(path, dataset="mnist", steps=7)
    assert (found.dataset, found.steps) == ("mnist", 7)


def test_what_a_file_does_not_say_must_be_given(tmp_path: Path) -> None:
    netx.save(tiny_network(), tmp_path / "bare.net")
    found = load(tmp_path / "bare.net")
    with pytest.raises(ValueError, match="data set: found none in the file, expected its name: one of digits"):
        found.test_data()
    with pytest.raises(ValueError, match="time steps: found none in the file"):
        found.known_steps()


@pytest.mark.parametrize("text", ["0", "-1", "4.0", "", "٣", str(STEPS_MAX + 1), "9" * 5000])
def test_time_steps_of_a_damaged_file_are_refused(tmp_path: Path, text: str) -> None:
    netx.save(tiny_network(), tmp_path / "odd.net", metadata={"steps": text})
    with pytest.raises(ValueError, match=r"odd\.net: metadata 'steps': found"):
        load(tmp_path / "odd.net")


def test_an_unknown_data_set_of_a_file_is_refused(tmp_path: Path) -> None:
    netx.save(tiny_network(), tmp_path / "odd.net", metadata={"dataset": "../secret"})
    with pytest.raises(ValueError, match=r"found '\.\./secret', expected one of"):
        load(tmp_path / "odd.net").test_data()


def test_impossible_steps_are_refused(path: Path) -> None:
    with pytest.raises(ValueError, match="steps: found 0"):
        load(path, steps=0)


def test_missing_and_damaged_checkpoints_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="found no file"):
        load(tmp_path / "none.ckpt")
    (tmp_path / "odd.ckpt").write_bytes(b"PK\x03\x04 not a checkpoint")
    with pytest.raises(ValueError, match="found an unreadable file"):
        load(tmp_path / "odd.ckpt")
