"""Untrained networks by name, to account for before anything is trained."""

from __future__ import annotations

from collections.abc import Sequence

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from lava_spquant.ir import InputSpec, Shape
from lava_spquant.workflow.loading import Loaded

__all__ = ["open_named"]


def open_named(
    name: str,
    overrides: Sequence[str] = (),
    *,
    input_shape: Shape | None = None,
    input_bits: int | None = None,
    classes: int | None = None,
) -> Loaded:
    """Build a network of the papers' tables with random weights.

    Parameters
    ----------
    name : str
        See `lava_spquant.slayer.models.MODELS`.
    overrides : sequence of str
        `model.weight=sawb4`, `model.membrane=int4`, and so on.
    input_shape : tuple of int, optional
        (C, H, W); the published figures' by default.
    input_bits, classes : int, optional

    Raises
    ------
    ValueError
        If the model or a field is unknown, or the network does not fit its input.
    """
    from lava_spquant.slayer.models import build_convnet, named_model

    named = named_model(name)
    try:
        dotted = OmegaConf.from_dotlist(list(overrides))
        merged = OmegaConf.merge(OmegaConf.create({"model": OmegaConf.structured(named.config)}), dotted)
        if set(merged) != {"model"}:
            raise ValueError(f"model {name}: found {', '.join(overrides)}, expected fields such as model.weight=sawb4")
        config = OmegaConf.to_object(merged.model)
    except OmegaConfBaseException as error:
        key = getattr(error, "full_key", None)
        raise ValueError(f"model {name}: {key + ': ' if key else ''}{str(error).splitlines()[0]}") from error
    spec = InputSpec(input_shape or named.input_spec.shape, input_bits or named.input_spec.bits)
    model = build_convnet(config, spec, classes or named.classes, name)  # type: ignore[arg-type]
    return Loaded(model.to_ir())
