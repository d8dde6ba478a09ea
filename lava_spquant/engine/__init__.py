"""The compiled simulator: event-driven, vectorised, threaded, bit for bit `ir.reference`."""

from lava_spquant.engine.events import events_to_dense
from lava_spquant.engine.session import Session, Snapshot
from lava_spquant.engine.simulator import Engine
from lava_spquant.engine.stepper import Stepper, load_compiled_steps

__all__ = ["Engine", "Session", "Snapshot", "Stepper", "events_to_dense", "load_compiled_steps"]
