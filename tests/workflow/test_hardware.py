from __future__ import annotations

import pytest

from lava_spquant.workflow.hardware import Hardware, is_first_process


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"accelerator": "abacus"}, "hardware: accelerator: found 'abacus', expected one of auto, cpu, gpu"),
        ({"strategy": "fsdp"}, "hardware: strategy: found 'fsdp', expected one of auto, ddp"),
        ({"devices": 0}, "hardware: devices: found 0, expected at least 1"),
        ({"num_nodes": -1}, "hardware: num_nodes: found -1"),
    ],
)
def test_it_is_checked(fields: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Hardware(**fields)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["RANK", "LOCAL_RANK", "NODE_RANK", "GROUP_RANK"])
def test_the_first_process_is_number_nought_everywhere(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    for other in ("RANK", "LOCAL_RANK", "NODE_RANK", "GROUP_RANK"):
        monkeypatch.delenv(other, raising=False)
    assert is_first_process()
    monkeypatch.setenv(name, "0")
    assert is_first_process()
    monkeypatch.setenv(name, "1")
    assert not is_first_process()
