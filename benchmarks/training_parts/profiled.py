"""Where the time of a training step goes: torch's profiler, with its operators sorted into kinds of work."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import torch

from training_parts.breakdown import KINDS
from training_parts.step import Training

__all__ = ["kind_of", "profiled"]

STEPS = 3
LARGEST = 15
"""Operators that are listed by name."""

_PATTERNS = (
    (r"^Optimizer|^aten::_foreach|^aten::_fused_adam", "weights"),
    (r"convolution_backward|cudnn_convolution.*backward|ConvolutionBackward|slow_conv.*backward", "conv backward"),
    (r"conv", "conv forward"),
    (r"batch_norm|BatchNorm", "batch-norm"),
    (r"pool|Pool|linear|Linear|addmm|::mm$|bmm|matmul|softmax|Softmax|nll|Nll|cross_entropy", "read-out"),
    (r"::copy_$|::clone$|::contiguous$|::cat$|::stack$|::_to_copy$|Memcpy", "copies"),
)


def kind_of(name: str, shapes: Iterable[Sequence[int]], weights: frozenset[tuple[int, ...]]) -> str:
    """Return the kind of work of an operator, by its name and the shapes of what it reads."""
    for pattern, kind in _PATTERNS[:-1]:
        if re.search(pattern, name):
            return kind
    if any(tuple(shape) in weights for shape in shapes if isinstance(shape, list | tuple)):
        return "weights"
    pattern, kind = _PATTERNS[-1]
    return kind if re.search(pattern, name) else "neuron"


def profiled(training: Training, device: str) -> dict[str, Any]:
    """Return milliseconds per training step and kind of work, what the profiler did not see, and the largest."""
    weights = frozenset(tuple(p.shape) for p in training.model.parameters() if p.ndim > 1)
    activities = [torch.profiler.ProfilerActivity.CPU]
    if device == "cuda":
        activities.append(torch.profiler.ProfilerActivity.CUDA)
    with torch.profiler.profile(activities=activities, record_shapes=True) as profile:
        steps = [training.step().step for _ in range(STEPS)]
    found = dict.fromkeys(KINDS, 0.0)
    top: list[tuple[float, str]] = []
    for event in profile.key_averages(group_by_input_shape=True):
        time = event.self_cuda_time_total if device == "cuda" else event.self_cpu_time_total
        milliseconds = time / 1e3 / STEPS
        found[kind_of(event.key, event.input_shapes, weights)] += milliseconds
        top.append((milliseconds, f"{event.key} {event.input_shapes}"[:120]))
    step = 1e3 * sum(steps) / STEPS
    largest = [{"ms": ms, "operator": name} for ms, name in sorted(top, reverse=True)[:LARGEST]]
    return {"step_ms": step, "kinds_ms": found, "unseen_ms": step - sum(found.values()), "largest": largest}
