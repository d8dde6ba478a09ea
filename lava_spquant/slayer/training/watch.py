"""Forward hooks that are on a model while it is trained, and no longer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from torch import nn
from torch.utils.hooks import RemovableHandle

__all__ = ["Watch"]


class Watch:
    """Sees what modules send, from when it is made until it is ended, and again whenever it is begun anew.

    Parameters
    ----------
    hooks : iterable of (Module, callable)
        What is called with the module, its inputs and what it sends, after each forward pass.
    """

    def __init__(self, hooks: Iterable[tuple[nn.Module, Callable[[nn.Module, Any, Any], None]]]) -> None:
        self._hooks = tuple(hooks)
        self._handles: list[RemovableHandle] = []
        self.begin()

    def begin(self) -> None:
        """Watch, where it does not do so already."""
        if not self._handles:
            self._handles = [module.register_forward_hook(hook) for module, hook in self._hooks]

    def end(self) -> None:
        """Watch no longer: the modules are as they were before."""
        for handle in self._handles:
            handle.remove()
        self._handles = []
