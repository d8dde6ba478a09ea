r"""From the differential equations of NIR's neurons to one step of ours.

NIR's files hold time constants in seconds, but neither the time step nor the rule by which the framework that wrote
them steps. Both change what a network computes, so whoever imports states them.

With time step :math:`\Delta`, a linear unit :math:`\tau \dot v = (v_{leak} - v) + R I`, and `I` constant over the step,

.. math:: v_{t+1} = (1 - a) v_t + a (v_{leak} + R I_{t+1})

where

========================  ======================================  ==================================================
`rule`                    :math:`a`                               who steps so
========================  ======================================  ==================================================
``"euler"``               :math:`\Delta / \tau`                   Norse, snnTorch, Spyx, lava-dl; NIR's paper
``"exponential"``         :math:`1 - e^{-\Delta / \tau}`          sinabs, Rockpool, Nengo: exact for this equation
========================  ======================================  ==================================================

`LIF` is this unit, so that in units of the threshold :math:`\theta`, potential :math:`m`, input current :math:`x` and
with :math:`s = 1[m > 1]`,

.. math:: m_{t+1} = (1 - a) m_t + \frac{a R}{\theta} x_{t+1} + \frac{a v_{leak}}{\theta}

which is our neuron with `voltage_decay` :math:`a`, weights and biases multiplied by :math:`a R / \theta`, and a bias.
`IF`, :math:`\dot v = R I`, has :math:`a = 0` and :math:`R \Delta / \theta` in that place under both rules. `CubaLIF`
steps its current first, :math:`u_{t+1} = (1 - a_s) u_t + a_s w_{in} x_{t+1}`, and feeds the new one to the membrane
(snnTorch's order, and Loihi's), so that weights are multiplied by :math:`a_s w_{in} a_m R / \theta`. `Threshold` keeps
nothing: :math:`a = 1`, weights over :math:`\theta`. `I` is `IF` without a threshold.

The leaks are rounded to 1/4096, as the hardware holds them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import nir
import numpy as np
from numpy.typing import NDArray

from lava_spquant.ir.arrays import Shape
from lava_spquant.nir.errors import NirError, expect

__all__ = ["DYNAMICS", "RULES", "Clock", "Dynamics", "dynamics", "per_channel"]

Reals = NDArray[np.float64]

RULES = ("euler", "exponential")

SAME = 1e-6
"""Parameters that differ by less, relatively, are one: float32 computes them from each other."""


@dataclass(frozen=True)
class Clock:
    """How time is cut into steps.

    Parameters
    ----------
    dt : float
        Seconds per step; 1 where a framework counts in steps (sinabs' integrate-and-fire).
    rule : {"euler", "exponential"}
        See the module.

    Raises
    ------
    NirError
        If `dt` is not positive or there is no such rule.

    Examples
    --------
    >>> Clock(1e-4).leak(0.0025, "lif"), round(Clock(1e-4, "exponential").leak(0.0025, "lif"), 6)
    (0.04, 0.039211)
    """

    dt: float
    rule: str = "euler"

    def __post_init__(self) -> None:
        expect(0 < self.dt < math.inf, "time step", "dt", found=self.dt, expected="a positive number of seconds")
        expect(self.rule in RULES, "time step", "rule", found=repr(self.rule), expected=f"one of {', '.join(RULES)}")

    def leak(self, tau: float, where: str) -> float:
        """Return the share of a unit with time constant `tau` that leaks in one step, 0..1.

        Raises
        ------
        NirError
            If Euler's rule does not converge: the step is longer than the time constant.
        """
        expect(tau > 0, where, "time constant", found=tau, expected="a positive number of seconds")
        ratio = self.dt / tau
        if self.rule == "exponential":
            return -math.expm1(-ratio)
        expected = f"at least dt = {self.dt:g}; give the dt of the framework that wrote the file"
        expect(ratio <= 1 + SAME, where, "time constant", found=f"{tau:g}", expected=expected)
        return min(ratio, 1.0)


@dataclass(frozen=True, eq=False)
class Dynamics:
    """One step of a group of neurons, in units of its threshold.

    Attributes
    ----------
    leak : float
        Of the potential, 0..1.
    scale : numpy.ndarray of float, shape (C,)
        Thresholds per unit of input.
    offset : numpy.ndarray of float, shape (C,)
        Thresholds that are added at every step.
    current_leak : float or None
        Of the synaptic current, where there is one.
    spikes : bool
        Without, there is no threshold and units are those of the file.
    """

    leak: float
    scale: Reals
    offset: Reals
    current_leak: float | None = None
    spikes: bool = True


def dynamics(node: nir.NIRNode, where: str, shape: Shape, clock: Clock) -> Dynamics:
    """Return one step of the neurons of `node`.

    Parameters
    ----------
    node : nir.NIRNode
        Of a type in `DYNAMICS`.
    where : str
        Named in errors.
    shape : tuple of int
        Of what it receives, (C, H, W) or (C,).
    clock : Clock

    Raises
    ------
    NirError
        If parameters have another shape, vary where we have one, or describe another reset than to 0.
    """
    return DYNAMICS[type(node)](_Reader(node, where, shape), clock)


@dataclass(frozen=True)
class _Reader:
    """Parameters of one node."""

    node: Any
    where: str
    shape: Shape

    def channels(self, name: str) -> Reals:
        return per_channel(getattr(self.node, name), self.shape, self.where, name)

    def one(self, name: str) -> float:
        values = self.channels(name)
        low, high = float(values.min()), float(values.max())
        found = f"{low:g}..{high:g}"
        same = high - low <= SAME * max(abs(low), abs(high))
        expect(same, self.where, name, found=found, expected="one value for all neurons of a node")
        return float(values[0])

    def threshold(self, name: str = "v_threshold") -> Reals:
        values = self.channels(name)
        expect(bool(values.min() > 0), self.where, name, found=values.min(), expected="positive thresholds")
        if name == "v_threshold":
            largest = float(np.abs(np.asarray(self.node.v_reset, dtype=np.float64)).max(initial=0))
            expect(largest == 0, self.where, "v_reset", found=largest, expected="0, to which deployed neurons reset")
        return values


def per_channel(values: Any, shape: Shape, where: str, what: str) -> Reals:
    """Return one value per channel of neuron parameters of shape `shape`, (1,) or ().

    Raises
    ------
    NirError
        If the parameters vary within a channel, or belong to another shape.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.size == 1:
        return np.full(shape[0], float(array.reshape(-1)[0]))
    expect(array.shape == shape, where, f"{what} of shape", found=array.shape, expected=shape)
    flat = array.reshape(shape[0], -1)
    same = np.ptp(flat, axis=1) <= SAME * np.abs(flat).max(axis=1)
    expect(bool(same.all()), where, what, found="values that vary within a channel", expected="one per channel")
    return np.ascontiguousarray(flat[:, 0])


def _lif(read: _Reader, clock: Clock) -> Dynamics:
    leak, threshold = clock.leak(read.one("tau"), read.where), read.threshold()
    return Dynamics(leak, leak * read.channels("r") / threshold, leak * read.channels("v_leak") / threshold)


def _if(read: _Reader, clock: Clock) -> Dynamics:
    scale = clock.dt * read.channels("r") / read.threshold()
    return Dynamics(0.0, scale, np.zeros_like(scale))


def _cuba_lif(read: _Reader, clock: Clock) -> Dynamics:
    leak, current_leak = (clock.leak(read.one(name), read.where) for name in ("tau_mem", "tau_syn"))
    threshold = read.threshold()
    scale = current_leak * read.channels("w_in") * leak * read.channels("r") / threshold
    return Dynamics(leak, scale, leak * read.channels("v_leak") / threshold, current_leak)


def _threshold(read: _Reader, clock: Clock) -> Dynamics:
    scale = 1 / read.threshold("threshold")
    return Dynamics(1.0, scale, np.zeros_like(scale))


def _integrator(read: _Reader, clock: Clock) -> Dynamics:
    scale = clock.dt * read.channels("r")
    return Dynamics(0.0, scale, np.zeros_like(scale), spikes=False)


def _leaky_integrator(read: _Reader, clock: Clock) -> Dynamics:
    raise NirError(
        f"{read.where}: type: found a leaky integrator ({type(read.node).__name__}), expected an integrator (I) or "
        "nothing behind the last weights: a deployed read-out does not leak"
    )


DYNAMICS: dict[type[nir.NIRNode], Callable[[_Reader, Clock], Dynamics]] = {
    nir.LIF: _lif,
    nir.IF: _if,
    nir.CubaLIF: _cuba_lif,
    nir.Threshold: _threshold,
    nir.I: _integrator,
    nir.LI: _leaky_integrator,
    nir.CubaLI: _leaky_integrator,
}
"""One function per neuron of NIR."""
