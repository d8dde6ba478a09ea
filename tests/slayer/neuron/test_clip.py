"""The clip: hardtanh forward and backward, on whole numbers."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lava_spquant import ir
from lava_spquant.slayer.branch import Branch
from lava_spquant.slayer.neuron import ClipConfig, ClipNeuron
from lava_spquant.slayer.stream import Stream
from lava_spquant.slayer.weightless import IdentitySynapse


@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize(("bits", "bound"), [(8, 1.0), (2, 1.0), (5, 2.5)])
def test_a_hardtanh_of_whole_numbers(bits: int, bound: float, signed: bool) -> None:
    neuron = ClipNeuron(ClipConfig(bits, bound, signed))
    low = -bound if signed else 0.0
    current = torch.linspace(-3, 3, 61).reshape(1, 1, 61).requires_grad_()
    out = neuron.respond(current)
    stream = neuron.stream(Stream())
    assert torch.equal(out, out.round())
    assert (int(out.min()), int(out.max())) == stream.bounds
    real = torch.nn.functional.hardtanh(current.detach(), low, bound)
    assert float((out.detach() * stream.scale - real).abs().max()) <= stream.scale / 2 + 1e-6
    (grad,) = torch.autograd.grad((out * stream.scale).sum(), current)
    inside = (current.detach() > low + 1e-4) & (current.detach() < bound - 1e-4)
    torch.testing.assert_close(grad[inside], torch.ones_like(grad[inside]))
    assert not grad[(current.detach() < low - 1e-4) | (current.detach() > bound + 1e-4)].any()


def test_a_stream_passes_a_skip_connection_unchanged() -> None:
    neuron = ClipNeuron(ClipConfig(8))
    branch = Branch(IdentitySynapse(), 3, reads=neuron.stream(Stream()))
    block = neuron.to_ir("b", [branch], [ir.INPUT])
    network = ir.Network(ir.InputSpec((3,), 8, signed=True), (block,))
    x = np.arange(-127, 128).repeat(3).reshape(1, 255, 3)
    assert np.array_equal(ir.reference.run(network, x).output, x)


@pytest.mark.parametrize(
    ("options", "message"),
    [({"bits": 1}, "bits: found 1"), ({"bits": 17}, "bits: found 17"), ({"bound": 0.0}, "bound: found 0.0")],
)
def test_configurations_check_themselves(options: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ClipConfig(**options)  # type: ignore[arg-type]
