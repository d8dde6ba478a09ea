"""Kernels come from a cache that knows all of their sources."""

from __future__ import annotations

from pathlib import Path

from lava_spquant.jit import cache_folder
from lava_spquant.slayer.byte_conv import _compiled


def test_compiled_code_lies_outside_the_package() -> None:
    package = Path(_compiled.__file__).parent
    assert not list(package.rglob("*.nb[ic]"))
    folder = Path(_compiled.accumulate._cache.cache_path)
    assert not folder.is_relative_to(package)


def test_the_cache_belongs_to_all_sources() -> None:
    package = Path(_compiled.__file__).parent
    sources = [*package.glob("*.py"), package.parents[1] / "jit" / "llvm.py"]
    assert cache_folder("byte-conv", sources) == _compiled.FOLDER
    assert cache_folder("byte-conv", sources[1:]) != _compiled.FOLDER
