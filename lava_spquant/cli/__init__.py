"""The `lava-spquant` command: a thin shell over `lava_spquant.workflow`."""

from lava_spquant.cli.app import app, main

__all__ = ["app", "main"]
