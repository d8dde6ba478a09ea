"""Checkpoints that are whole or absent, and that are read without running anything in them."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.plugins.io.torch_io import TorchCheckpointIO

__all__ = ["AtomicCheckpointIO", "read_checkpoint", "remove_leftovers"]

TEMPORARY = ".part"


def read_checkpoint(path: str | Path, map_location: Any = "cpu") -> dict[str, Any]:
    """Return the contents of a checkpoint, which may hold tensors and plain values only.

    Parameters
    ----------
    path : str or Path
    map_location
        As for `torch.load`.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is not a checkpoint, is cut short, or holds anything but tensors and plain values.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: checkpoint: found no file, expected one written by training")
    try:
        checkpoint = torch.load(path, map_location=map_location, weights_only=True)
    except Exception as error:  # torch raises many types for a damaged or hostile file
        raise ValueError(
            f"{path}: checkpoint: found an unreadable file ({type(error).__name__}), expected one written by training"
        ) from error
    if not isinstance(checkpoint, dict) or "state_dict" not in checkpoint:
        raise ValueError(f"{path}: checkpoint: found no state_dict, expected one written by training")
    return checkpoint


def remove_leftovers(folder: Path) -> None:
    """Remove what processes that were killed while they wrote a checkpoint left in `folder`."""
    for path in folder.glob(f".*.ckpt.*{TEMPORARY}"):
        path.unlink(missing_ok=True)


class AtomicCheckpointIO(TorchCheckpointIO):
    """Lightning's checkpoint files, written beside their place and renamed into it.

    A process that is killed while it writes leaves the previous checkpoint intact.
    """

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None) -> None:
        """Write `checkpoint` to `path`."""
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        # Named before there is a file: Ctrl-C between making one and knowing its name would leave it behind.
        temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}{TEMPORARY}")
        try:
            with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                torch.save(checkpoint, file)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(target)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise

    def load_checkpoint(self, path: str | Path, map_location: Callable[..., Any] | None = None) -> dict[str, Any]:
        """Read a checkpoint; see `read_checkpoint`."""
        return read_checkpoint(path, map_location or "cpu")
