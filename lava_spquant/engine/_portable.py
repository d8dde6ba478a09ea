"""The same row operations as plain loops: for processors without wide vectors, and to check the vectors by."""

from __future__ import annotations

import numpy as np

from lava_spquant.engine._jit import jit
from lava_spquant.ir.limits import STATE_MAX

__all__ = [
    "cuba_row",
    "decay",
    "driven",
    "graded_row",
    "note_spikes",
    "qlif_row",
    "rescale_row",
    "scaled",
    "sum_rows",
    "threshold_row",
]


@jit
def sum_rows(weight, base, stride, rows, values, graded, count, acc, at, width):
    """`acc[at:at+width] = sum of weight rows`, times `values` where graded."""
    for k in range(width):
        acc[at + k] = 0
    for i in range(count):
        place = base + np.int64(rows[i]) * stride
        factor = values[i] if graded else 1
        for k in range(width):
            acc[at + k] += np.int32(weight[place + k]) * factor


@jit
def scaled(acc, gain, gain_at, half, shift, i):
    """Return `(acc * gain + half) >> shift` for neuron `i`."""
    return (np.int64(acc[i]) * gain[gain_at + i] + half) >> shift


@jit
def driven(acc, gain, gain_at, half, shift, bias, bias_at, i):
    """Return current plus bias."""
    return scaled(acc, gain, gain_at, half, shift, i) + bias[bias_at + i]


@jit
def rescale_row(acc, gain, gain_at, half, shift, current, count, add):
    """Do `current (+)= (acc * gain + half) >> shift`."""
    for i in range(count):
        current[i] = (current[i] if add else 0) + scaled(acc, gain, gain_at, half, shift, i)


@jit
def decay(x, keep):
    """`x * keep / 4096` rounded toward zero."""
    product = np.int64(x) * keep
    return -((-product) >> 12) if product < 0 else product >> 12


@jit
def note_spikes(i, spiking, found, events, events_at, masks, counts):
    """Append place `i` to the list where `spiking`; keep mask and count of every sixteen places."""
    if i % 16 == 0:
        masks[i // 16] = 0
        counts[i // 16] = found
    if spiking:
        events[events_at + found] = i
        masks[i // 16] |= 1 << (i % 16)
        return found + 1
    return found


@jit
def qlif_row(
    acc,
    gain,
    gain_at,
    half,
    shift,
    bias,
    bias_at,
    u,
    v,
    state_at,
    par,
    at,
    events,
    events_at,
    masks,
    counts,
    flags,
    flags_at,
    write_flags,
    count,
):
    """`ir.qlif_step` over a row; returns the number of spikes."""
    keep, vth, soft, rounding, exponent, low, high, quantised = par[at : at + 8]
    found = 0
    for i in range(count):
        m = decay(v[state_at + i], keep) + driven(acc, gain, gain_at, half, shift, bias, bias_at, i)
        m = min(max(m, -STATE_MAX), STATE_MAX)
        spiking = m > vth
        after = ((m - vth) if soft else 0) if spiking else m
        if quantised:
            after = min(max((after + rounding) >> exponent, low), high) << exponent
        v[state_at + i] = after
        if write_flags:
            flags[flags_at + i] = spiking
        found = note_spikes(i, spiking, found, events, events_at, masks, counts)
    return found


@jit
def cuba_row(
    acc,
    gain,
    gain_at,
    half,
    shift,
    bias,
    bias_at,
    u,
    v,
    state_at,
    par,
    at,
    events,
    events_at,
    masks,
    counts,
    flags,
    flags_at,
    write_flags,
    count,
):
    """`ir.cuba_step` over a row; returns the number of spikes."""
    keep_u, keep_v, vth = par[at : at + 3]
    limit = STATE_MAX + 1
    found = 0
    for i in range(count):
        w = decay(u[state_at + i], keep_u) + scaled(acc, gain, gain_at, half, shift, i)
        if w > limit:
            w -= 2 * limit
        elif w <= -limit:
            w += 2 * limit
        u[state_at + i] = w
        m = min(max(decay(v[state_at + i], keep_v) + w + bias[bias_at + i], -STATE_MAX), STATE_MAX)
        spiking = m > vth
        v[state_at + i] = 0 if spiking else m
        if write_flags:
            flags[flags_at + i] = spiking
        found = note_spikes(i, spiking, found, events, events_at, masks, counts)
    return found


@jit
def graded_row(
    acc,
    gain,
    gain_at,
    half,
    shift,
    bias,
    bias_at,
    v,
    state_at,
    keeps,
    par,
    par_at,
    events,
    events_at,
    values,
    values_at,
    masks,
    counts,
    dense,
    dense_at,
    count,
):
    """Run a read-out (keeps state), relay or clip over a row; return the number of values other than 0."""
    low, high = par[par_at], par[par_at + 1]
    found = 0
    for i in range(count):
        out = driven(acc, gain, gain_at, half, shift, bias, bias_at, i)
        if keeps:
            out += v[state_at + i]
        out = min(max(out, low), high)
        if keeps:
            v[state_at + i] = out
        dense[dense_at + i] = out
        if out != 0:
            values[values_at + found] = out
        found = note_spikes(i, out != 0, found, events, events_at, masks, counts)
    return found


@jit
def threshold_row(
    acc,
    gain,
    gain_at,
    half,
    shift,
    bias,
    bias_at,
    u,
    v,
    state_at,
    par,
    at,
    events,
    events_at,
    masks,
    counts,
    flags,
    flags_at,
    write_flags,
    count,
):
    """`ir.threshold_step` over a row; returns the number of spikes."""
    found = 0
    for i in range(count):
        spiking = driven(acc, gain, gain_at, half, shift, bias, bias_at, i) > par[at]
        if write_flags:
            flags[flags_at + i] = spiking
        found = note_spikes(i, spiking, found, events, events_at, masks, counts)
    return found
