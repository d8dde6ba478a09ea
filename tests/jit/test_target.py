"""The processor that code is compiled for."""

from __future__ import annotations

import numba as nb
import pytest

from lava_spquant.jit import target, target_features


def test_this_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nb.config, "CPU_NAME", None)
    monkeypatch.setattr(nb.config, "CPU_FEATURES", None)
    assert target().split(" ", 1)[0] not in ("", "generic")
    assert all(f"+{name}" in target() for name in target_features())


def test_another_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nb.config, "CPU_NAME", "znver3")
    monkeypatch.setattr(nb.config, "CPU_FEATURES", "+avx2,-avx512f,+bmi")
    assert target() == "znver3 +avx2,-avx512f,+bmi"
    assert target_features() == {"avx2", "bmi"}


def test_a_processor_that_is_not_known_has_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown() -> dict[str, bool]:
        raise RuntimeError

    monkeypatch.setattr(nb.config, "CPU_FEATURES", None)
    monkeypatch.setattr("llvmlite.binding.get_host_cpu_features", unknown)
    assert target_features() == frozenset()
