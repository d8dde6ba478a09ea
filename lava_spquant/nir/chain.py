"""The order of a graph's nodes, for graphs that are one feed-forward chain."""

from __future__ import annotations

import nir

from lava_spquant.nir.errors import NirError, expect

__all__ = ["chain"]


def chain(graph: nir.NIRGraph) -> list[tuple[str, nir.NIRNode]]:
    """Return the nodes from the input to the output, each with its name.

    Parameters
    ----------
    graph : nir.NIRGraph

    Returns
    -------
    list of (str, nir.NIRNode)
        The first is an `Input`; the last is an `Output` where the graph has one.

    Raises
    ------
    NirError
        If the graph is recurrent, nested or branches: the node, and what is expected.
    """
    for name, node in graph.nodes.items():
        good = not isinstance(node, nir.NIRGraph)
        expect(good, f"node {name!r}", "type", found="a graph in the graph", expected="a flat graph of primitives")
    after: dict[str, list[str]] = {name: [] for name in graph.nodes}
    before: dict[str, list[str]] = {name: [] for name in graph.nodes}
    for source, target in dict.fromkeys(graph.edges):
        for name in (source, target):
            expect(name in graph.nodes, "edges", "node", found=repr(name), expected="a node of the graph")
        after[source].append(target)
        before[target].append(source)
    _refuse_cycle(after)
    inputs = [name for name, node in graph.nodes.items() if isinstance(node, nir.Input)]
    expect(len(inputs) == 1, "graph", "inputs", found=inputs, expected="exactly one Input node")
    for name in graph.nodes:
        _expect_one(name, before[name], "into")
        _expect_one(name, after[name], "out of")
    order = inputs
    while after[order[-1]]:
        order.append(after[order[-1]][0])
    apart = sorted(set(graph.nodes) - set(order))
    expect(not apart, "graph", "nodes", found=f"{apart} that the input does not reach", expected="one chain")
    return [(name, graph.nodes[name]) for name in order]


def _expect_one(name: str, others: list[str], way: str) -> None:
    found = f"{len(others)}, of {others}"
    expect(len(others) <= 1, f"node {name!r}", f"edges {way} it", found=found, expected="one: a chain of nodes")


def _refuse_cycle(after: dict[str, list[str]]) -> None:
    """Raise `NirError` naming the first cycle, found without recursion: a graph may be long."""
    done: set[str] = set()
    for start in after:
        path: list[str] = []
        position: dict[str, int] = {}
        stack = [(start, 0)]
        while stack:
            name, child = stack.pop()
            if child == 0:
                if name in done:
                    continue
                position[name] = len(path)
                path.append(name)
            if child < len(after[name]):
                stack.append((name, child + 1))
                target = after[name][child]
                if target in position:
                    loop = " -> ".join([*path[position[target] :], target])
                    raise NirError(
                        f"node {target!r}: edges: found the recurrent connection {loop}, expected a feed-forward "
                        "graph: recurrent synapses cannot be deployed here; unroll or retrain without them"
                    )
                stack.append((target, 0))
            else:
                done.add(name)
                position.pop(path.pop())
