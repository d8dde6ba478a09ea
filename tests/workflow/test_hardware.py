from __future__ import annotations

from pathlib import Path

import pytest
import torch
from lightning.pytorch.accelerators import CPUAccelerator, MPSAccelerator

from lava_spquant.workflow.hardware import Hardware, is_first_process
from lava_spquant.workflow.recipe import Recipe
from lava_spquant.workflow.trainer import make_trainer

NUMBERS = ("RANK", "LOCAL_RANK", "NODE_RANK", "GROUP_RANK", "SLURM_PROCID", "JSM_NAMESPACE_RANK")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"accelerator": "abacus"}, "hardware: accelerator: found 'abacus', expected one of auto, cpu, gpu"),
        ({"accelerator": "mps"}, "hardware: accelerator: found 'mps', expected one of auto, cpu, gpu: .* float64"),
        ({"strategy": "fsdp"}, "hardware: strategy: found 'fsdp', expected one of auto, ddp"),
        ({"devices": 0}, "hardware: devices: found 0, expected at least 1"),
        ({"num_nodes": -1}, "hardware: num_nodes: found -1"),
    ],
)
def test_it_is_checked(fields: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Hardware(**fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("known", "expected"),
    [(True, {"auto": "cuda", "gpu": "cuda", "cpu": "cpu"}), (False, {"auto": "cpu", "cpu": "cpu"})],
)
def test_a_gpu_is_one_that_cuda_knows(monkeypatch: pytest.MonkeyPatch, known: bool, expected: dict[str, str]) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: known)
    assert {name: Hardware(name).backend() for name in expected} == expected


def test_apples_gpus_are_left_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(MPSAccelerator, "is_available", staticmethod(lambda: True))
    trainer = make_trainer(Recipe(), tmp_path, Hardware(), 0, False)
    assert isinstance(trainer.accelerator, CPUAccelerator)
    with pytest.raises(
        ValueError, match="hardware: accelerator: found 'gpu' and no GPU that CUDA knows, expected auto"
    ):
        make_trainer(Recipe(), tmp_path, Hardware("gpu"), 0, False)


@pytest.fixture
def unnumbered(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in NUMBERS:
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


@pytest.mark.parametrize("name", NUMBERS)
def test_the_first_process_is_number_nought_everywhere(unnumbered: pytest.MonkeyPatch, name: str) -> None:
    assert is_first_process(2)
    unnumbered.setenv(name, "0")
    assert is_first_process(2)
    unnumbered.setenv(name, "1")
    assert not is_first_process(2)


def test_a_schedulers_number_counts_where_lightning_has_none(unnumbered: pytest.MonkeyPatch) -> None:
    unnumbered.setenv("JSM_NAMESPACE_RANK", "1")
    unnumbered.setenv("SLURM_PROCID", "0")
    assert is_first_process(2)
    unnumbered.setenv("SLURM_PROCID", "3")
    unnumbered.setenv("LOCAL_RANK", "0")
    assert is_first_process(2)
    unnumbered.setenv("NODE_RANK", "1")
    assert not is_first_process(2)


def test_a_scheduler_numbers_tasks_that_train_alone_too(unnumbered: pytest.MonkeyPatch) -> None:
    unnumbered.setenv("SLURM_PROCID", "3")
    assert is_first_process(Hardware().processes)
    assert not is_first_process(Hardware(devices=2, num_nodes=2).processes)
