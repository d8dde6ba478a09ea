"""The compiled simulator: event-driven, vectorised, threaded, bit for bit `ir.reference`."""

from lava_spquant.engine.events import events_to_dense
from lava_spquant.engine.session import Session, Snapshot
from lava_spquant.engine.simulator import Engine

__all__ = ["Engine", "Session", "Snapshot", "events_to_dense"]
