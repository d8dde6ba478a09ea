from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from lava_spquant import ir
from lava_spquant.engine import Engine
from lava_spquant.engine.program import NEURON_CODES, compile_program
from lava_spquant.ir import ALIGNED, Timing
from tests.engine.test_simulator import wide_network


def test_neurons_have_codes_of_their_own() -> None:
    assert len({code for code, _ in NEURON_CODES.values()}) == len(NEURON_CODES)


@dataclass(frozen=True)
class Strange(ir.QLif):
    kind: ClassVar[str] = "strange"


@dataclass(frozen=True)
class StrangeSynapse(ir.Identity):
    kind: ClassVar[str] = "strange"


def test_what_has_no_compiled_form_is_named_before_anything_runs() -> None:
    block = ir.Block("odd", (ir.Branch(ir.Identity(), [1]),), Strange(0, 1), [0])
    with pytest.raises(ir.NetworkError, match="block 'odd': neuron: found 'strange', expected one of qlif"):
        Engine(ir.Network(ir.InputSpec((1,)), (block,)))
    block = ir.Block("odd", (ir.Branch(StrangeSynapse(), [1]),), ir.Relay(), [0])
    with pytest.raises(ir.NetworkError, match="synapse: found 'strange', expected one of dense"):
        Engine(ir.Network(ir.InputSpec((1,)), (block,)))


def test_rows_and_pools_start_on_cache_lines() -> None:
    program = compile_program(wide_network(), ALIGNED)
    for pool in (program.weight, program.gain, program.bias):
        assert pool.ctypes.data % 64 == 0


def test_memory_grows_with_the_delays_only_of_what_is_delayed() -> None:
    network = wide_network()
    aligned, lava = (compile_program(network, timing) for timing in (ALIGNED, Timing(pipelined=True)))
    assert aligned.sizes["state"] == lava.sizes["state"]
    assert aligned.sizes["dense"] < lava.sizes["dense"]


def test_a_program_does_not_hold_the_network_s_own_arrays() -> None:
    program = compile_program(wide_network(), ALIGNED)
    weight = program.network.blocks[0].branches[0].synapse.weight
    assert not np.shares_memory(program.weight, weight)
