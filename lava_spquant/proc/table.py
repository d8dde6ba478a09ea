"""The layer table of a network, in the style of lava-dl's."""

from __future__ import annotations

from lava_spquant import ir

__all__ = ["layer_table"]

_COLUMNS = ("Type", "W", "H", "C", "ker", "str", "pad", "dil", "grp", "delay", "weight", "neuron", "membrane")
_WIDTHS = (10, 5, 5, 5, 5, 5, 5, 5, 5, 5, 6, 7, 8)


def layer_table(network: ir.Network) -> str:
    """Return one line per branch and gate; the further branches of a block are marked with `+`, gates with `x`.

    `delay` counts the steps by which a branch is delayed on top of its synapse's one, or a gate at
    all; `weight` and `membrane` the bits of a weight and of a neuron's state. A gate's line holds the
    shape and the name of the block whose spikes it reads.

    Examples
    --------
    >>> block = ir.Block("b", (ir.Branch(ir.Dense([[1, -1]], 1), [40]),), ir.QLif(2048, 64), bias=[0])
    >>> print(layer_table(ir.Network(ir.InputSpec((2,)), (block,))))
    |   Type   |  W  |  H  |  C  | ker | str | pad | dil | grp |delay|weight|neuron |membrane|
    |Dense     |    1|    1|    1|     |     |     |     |     |    0|     1|   qlif|      24|
    """
    lines = ["".join(f"|{name:^{width}}" for name, width in zip(_COLUMNS, _WIDTHS, strict=True)) + "|"]
    timing = ir.Timing(pipelined=True)
    for index, block in enumerate(network.blocks):
        for position, branch in enumerate(block.branches):
            extra = timing.delay(network, index, branch) - (not isinstance(branch.synapse, ir.Identity))
            cells = _cells(block, branch, network.shapes[index], extra, first=position == 0)
            lines.append(_line(cells))
        for gate in block.gates:
            delay = timing.delay(network, index, gate)
            lines.append(_line(_gate_cells(network.blocks[gate.source].name, network.shapes[gate.source], delay)))
    return "\n".join(lines)


def _line(cells: list[str]) -> str:
    return "".join(f"|{cell}" for cell in cells) + "|"


def _gate_cells(name: str, shape: ir.Shape, delay: int) -> list[str]:
    # The columns of a synapse's geometry, which a gate has not, make room for a name.
    room = sum(_WIDTHS[4:9]) + 4
    by = f"by {name}"
    return [
        f"{'x Gate':<{_WIDTHS[0]}}",
        *(f"{n:>{w}}" for n, w in zip(_extent(shape), _WIDTHS[1:4], strict=True)),
        f"{by if len(by) <= room else by[: room - 3] + '...':<{room}}",
        f"{delay:>{_WIDTHS[9]}}",
        *(" " * w for w in _WIDTHS[10:]),
    ]


def _extent(shape: ir.Shape) -> tuple[int, int, int]:
    """Width, height and channels."""
    channels, height, width = shape if len(shape) == 3 else (shape[0], 1, 1)
    return width, height, channels


def _cells(block: ir.Block, branch: ir.Branch, shape: ir.Shape, delay: int, *, first: bool) -> list[str]:
    kind = _type(branch)
    geometry = _geometry(branch.synapse)
    bits = branch.synapse.weight_bits
    values = [
        kind if first else f"+ {kind}",
        *_extent(shape),
        *geometry,
        delay,
        f"{bits:g}" if bits else "",
        block.neuron.kind if first else "",
        block.neuron.state_bits if first else "",
    ]
    return [f"{values[0]:<{_WIDTHS[0]}}", *(f"{v!s:>{w}}" for v, w in zip(values[1:], _WIDTHS[1:], strict=True))]


def _type(branch: ir.Branch) -> str:
    if isinstance(branch.synapse, ir.Identity):
        return "Input" if branch.source == ir.INPUT else "Skip"
    return {"conv": "Conv", "dense": "Dense", "pool": "Pool"}.get(branch.synapse.kind, branch.synapse.kind)


def _geometry(synapse: ir.Synapse) -> tuple[str, ...]:
    """Kernel, stride, padding and dilation as `width,height`, and the groups."""
    if isinstance(synapse, ir.Conv):
        return (*map(_pair, (synapse.kernel, synapse.stride, synapse.padding, synapse.dilation)), str(synapse.groups))
    if isinstance(synapse, ir.SumPool):
        return (*map(_pair, (synapse.kernel, synapse.steps, synapse.padding)), "", "")
    return ("",) * 5


def _pair(pair: tuple[int, int]) -> str:
    return f"{pair[1]:2d},{pair[0]:2d}"
