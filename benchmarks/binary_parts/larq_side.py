"""The same binary layers in Larq Compute Engine, whose weights and activations are -1 and 1: XNOR and popcount.

Needs `pip install ".[xnor]"`. Its kernels are made for ARM; on other processors it computes bits in portable C++.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np

from binary_parts.sizes import ADDED, CHANNELS, SIDE

__all__ = ["installed", "larq_calls"]


def installed() -> bool:
    """Say whether everything that it needs can be imported."""
    return all(find_spec(name) for name in ("larq", "larq_compute_engine", "tensorflow", "tf_keras"))


def larq_calls(name: str, batch: int, threads: int) -> dict[str, Callable[[], object]]:
    """Return what runs a workload once, on random inputs: "larq", and for the single convolution "larq part".

    Parameters
    ----------
    name : str
        Among `workloads.WORKLOADS`.
    batch, threads : int
    """
    # Larq was written for Keras 2.
    os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if name == "conv":
        return {
            "larq": _runner(_chain(batch, 1 + ADDED), threads),
            "larq part": _runner(_chain(batch, 1), threads),
        }
    return {"larq": _runner((_vgg if name == "bit-vgg-small" else _resnet)(batch), threads)}


def _runner(model: Any, threads: int) -> Callable[[], object]:
    import larq_compute_engine as lce
    from larq_compute_engine.tflite.python.interpreter import Interpreter

    made = Interpreter(lce.convert_keras_model(model), num_threads=threads)
    x = np.random.default_rng(0).standard_normal(model.input_shape).astype(np.float32)
    # Its own `predict` hands on one sample at a time.
    return lambda: made.interpreter.predict([x])


def _binary(x: Any, channels: int, stride: int = 1) -> Any:
    import larq

    convolution = larq.layers.QuantConv2D(
        channels,
        3,
        strides=stride,
        padding="same",
        pad_values=1.0,
        input_quantizer="ste_sign",
        kernel_quantizer="ste_sign",
        kernel_constraint="weight_clip",
        use_bias=False,
    )
    return convolution(x)


def _chain(batch: int, convolutions: int) -> Any:
    from tensorflow import keras

    x = start = keras.layers.Input((SIDE, SIDE, CHANNELS), batch_size=batch)
    for _ in range(convolutions):
        x = keras.layers.BatchNormalization()(_binary(x, CHANNELS))
    return keras.Model(start, x)


def _vgg(batch: int) -> Any:
    from tensorflow import keras

    start = keras.layers.Input((32, 32, 3), batch_size=batch)
    x = keras.layers.BatchNormalization()(keras.layers.Conv2D(128, 3, padding="same", use_bias=False)(start))
    for width, pooled in ((128, True), (256, False), (256, True), (512, False), (512, True)):
        x = _binary(x, width)
        x = keras.layers.MaxPool2D(2)(x) if pooled else x
        x = keras.layers.BatchNormalization()(x)
    return keras.Model(start, keras.layers.Dense(10)(keras.layers.Flatten()(x)))


def _resnet(batch: int) -> Any:
    import tensorflow as tf
    from tensorflow import keras

    start = keras.layers.Input((32, 32, 3), batch_size=batch)
    x = keras.layers.BatchNormalization()(keras.layers.Conv2D(16, 3, padding="same", use_bias=False)(start))
    x, channels = tf.clip_by_value(x, -1.0, 1.0), 16
    for width in (16, 32, 64):
        for position in range(6):
            stride = 2 if width > 16 and position == 0 else 1
            y = keras.layers.BatchNormalization()(_binary(x, width, stride))
            if stride > 1:
                x = tf.pad(keras.layers.AvgPool2D(2)(x), [[0, 0], [0, 0], [0, 0], [0, width - channels]])
            x, channels = tf.clip_by_value(x + y, -1.0, 1.0), width
    x = keras.layers.Flatten()(keras.layers.AvgPool2D(8)(x))
    return keras.Model(start, keras.layers.Dense(10)(x))
