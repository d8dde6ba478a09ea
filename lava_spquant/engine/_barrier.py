"""A barrier for compiled threads: spinning, since a block of a network takes less time than a thread to wake."""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir as ll
from numba.core import cgutils, types
from numba.extending import intrinsic
from numpy.typing import NDArray

from lava_spquant.jit.llvm import I32, I64, data_pointer

__all__ = ["release_all", "wait_for_all"]

SPINS = 1024
"""Looks at the counter between two offers of the processor to other threads."""

ENOUGH = 2**62
"""Arrivals that no run reaches."""


def release_all(counter: NDArray[np.int64]) -> None:
    """Let every thread pass, now and at later barriers: one will not come, and what is computed is of no use."""
    counter[0] = ENOUGH


@intrinsic
def wait_for_all(typingctx, counter, arrivals):
    """Count one arrival in `counter` (int64) and wait until there are `arrivals`."""
    signature = types.void(counter, types.intp)

    def codegen(context: Any, builder: ll.IRBuilder, sig: Any, args: Any) -> Any:
        place = data_pointer(context, builder, sig.args[0], args[0])
        builder.atomic_rmw("add", place, I64(1), "seq_cst")
        before = builder.block
        spin, yielding, again, done = (builder.append_basic_block(n) for n in ("spin", "yield", "again", "done"))
        builder.branch(spin)
        builder.position_at_end(spin)
        turn = builder.phi(I64)
        turn.add_incoming(I64(0), before)
        seen = builder.load_atomic(place, "acquire", 8)
        builder.cbranch(builder.icmp_signed(">=", seen, args[1]), done, again)
        builder.position_at_end(again)
        following = builder.add(turn, I64(1))
        tired = builder.icmp_signed("==", builder.and_(following, I64(SPINS - 1)), I64(0))
        turn.add_incoming(following, again)
        builder.cbranch(tired, yielding, spin)
        builder.position_at_end(yielding)
        offer = cgutils.get_or_insert_function(builder.module, ll.FunctionType(I32, []), "sched_yield")
        builder.call(offer, [])
        turn.add_incoming(following, yielding)
        builder.branch(spin)
        builder.position_at_end(done)
        return context.get_dummy_value()

    return signature, codegen
