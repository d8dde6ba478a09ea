"""What the processor can do, and what it is asked not to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lava_spquant.engine import _cpu


@pytest.fixture(autouse=True)
def _asked_anew() -> Iterator[None]:
    _cpu.has_tiles.cache_clear()
    yield
    _cpu.has_tiles.cache_clear()


@pytest.mark.parametrize(("asked", "expected"), [(None, True), ("1", True), ("0", False)])
def test_tiles_can_be_switched_off(asked: str | None, expected: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LAVA_SPQUANT_TILES", raising=False)
    if not _cpu.has_tiles():
        pytest.skip("this processor multiplies no tiles (AMX)")
    _cpu.has_tiles.cache_clear()
    if asked is not None:
        monkeypatch.setenv("LAVA_SPQUANT_TILES", asked)
    assert _cpu.has_tiles() == expected


def test_tiles_need_a_processor_with_them_and_linux(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_cpu, "knows_tiles", lambda: False)
    assert not _cpu.has_tiles()
    _cpu.has_tiles.cache_clear()
    monkeypatch.setattr(_cpu, "knows_tiles", lambda: True)
    monkeypatch.setattr("platform.system", lambda: "Darwin")
    assert not _cpu.has_tiles()


def test_a_processor_that_is_not_known_has_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown() -> dict[str, bool]:
        raise RuntimeError

    monkeypatch.setattr("llvmlite.binding.get_host_cpu_features", unknown)
    assert not _cpu._has("avx512f")
