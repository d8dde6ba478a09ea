"""SpikingJelly: multi-step mode, so that convolution and batch-norm see all time steps at once."""

from __future__ import annotations

from spikingjelly.activation_based import functional, layer, neuron, surrogate
from torch import Tensor, nn

from training_parts.trainee import Placed, Trainee, placed_layers
from training_parts.workload import CLASSES, Workload

__all__ = ["CuPySpikingJelly", "SpikingJelly"]


class SpikingJelly(Trainee):
    """`LIFNode` behind `layer.Conv2d` and `layer.BatchNorm2d`."""

    spiking = (neuron.LIFNode,)
    backend = "torch"

    def __init__(self, workload: Workload) -> None:
        super().__init__()
        made = [module for placed in placed_layers(workload) for module in self._modules_of(placed)]
        self.network = nn.Sequential(*made)
        functional.set_step_mode(self.network, "m")
        functional.set_backend(self.network, self.backend, neuron.LIFNode)

    @staticmethod
    def _modules_of(placed: Placed) -> list[nn.Module]:
        kind = placed.layer
        if kind.kind == "conv":
            conv = layer.Conv2d(placed.channels, kind.size, kind.kernel, kind.stride, placed.padding, bias=False)
            lif = neuron.LIFNode(tau=2.0, decay_input=False, surrogate_function=surrogate.ATan())
            return [conv, layer.BatchNorm2d(kind.size), lif]
        if kind.kind == "pool":
            return [layer.AvgPool2d(kind.size)]
        return [layer.Flatten(), layer.Linear(placed.features, CLASSES)]

    def forward(self, x: Tensor) -> Tensor:
        """Return the mean over time of a linear read-out."""
        functional.reset_net(self.network)
        out: Tensor = self.network(x)
        return out.mean(0)


class CuPySpikingJelly(SpikingJelly):
    """With the fused neuron that SpikingJelly compiles through CuPy."""

    backend = "cupy"

    def __init__(self, workload: Workload) -> None:
        import cupy  # noqa: F401 (SpikingJelly itself says too late, and not why)

        super().__init__(workload)
