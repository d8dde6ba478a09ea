"""Which options a command line names, where that matters beside their values."""

from __future__ import annotations

from collections.abc import Iterable

import typer

__all__ = ["given", "refuse_beside"]

COMMAND_LINE = "COMMANDLINE"
"""What click calls the source of a parameter that was typed."""


def given(context: typer.Context, parameters: Iterable[str]) -> list[str]:
    """Return those of a command's options that were typed, as they are spelled.

    Parameters
    ----------
    context : typer.Context
    parameters : iterable of str
        Names of the function's parameters.
    """
    spelled = {parameter.name: parameter.opts[0] for parameter in context.command.params}
    sources = {name: context.get_parameter_source(name) for name in parameters}
    return [spelled[name] for name, source in sources.items() if source is not None and source.name == COMMAND_LINE]


def refuse_beside(context: typer.Context, what: str, parameters: Iterable[str], why: str) -> None:
    """Refuse options that would change nothing.

    Parameters
    ----------
    context : typer.Context
    what : str
        Beside which they do nothing.
    parameters : iterable of str
        Names of the function's parameters.
    why : str

    Raises
    ------
    ValueError
        If one of them was typed.
    """
    idle = given(context, parameters)
    if idle:
        raise ValueError(f"{what}: found {', '.join(idle)} beside, expected none: {why}")
