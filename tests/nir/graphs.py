"""Graphs that tests share."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import nir
import numpy as np
from numpy.typing import NDArray

__all__ = ["cuba_lif", "from_nodes", "if_", "lif", "spikes"]

Reals = NDArray[np.float64]


def lif(shape: Any, tau: float = 0.01, threshold: float = 1.0, r: float = 1.0, v_leak: float = 0.0) -> nir.LIF:
    one = np.ones(shape)
    return nir.LIF(tau=tau * one, r=r * one, v_leak=v_leak * one, v_threshold=threshold * one)


def if_(shape: Any, threshold: float = 1.0, r: float = 1.0) -> nir.IF:
    one = np.ones(shape)
    return nir.IF(r=r * one, v_threshold=threshold * one)


def cuba_lif(shape: Any, tau_syn: float = 0.004, tau_mem: float = 0.01, v_leak: float = 0.0) -> nir.CubaLIF:
    one = np.ones(shape)
    return nir.CubaLIF(tau_syn=tau_syn * one, tau_mem=tau_mem * one, r=one, v_leak=v_leak * one, v_threshold=0.1 * one)


def from_nodes(shape: Any, *nodes: nir.NIRNode) -> nir.NIRGraph:
    """A chain whose types NIR need not be able to infer."""
    named = {"input": nir.Input(input_type={"input": np.array(shape)})}
    named.update({f"node{i}": node for i, node in enumerate(nodes)})
    named["output"] = nir.Output(output_type={"output": np.array([1])})
    names = list(named)
    return nir.NIRGraph(nodes=named, edges=list(pairwise(names)), type_check=False)


def spikes(seed: int, *shape: int, rate: float = 0.3) -> NDArray[np.int32]:
    return (np.random.default_rng(seed).random(shape) < rate).astype(np.int32)
