from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from lava_spquant.ir import Conv, NetworkError, SumPool

pairs = st.tuples(st.integers(1, 3), st.integers(1, 3))
paddings = st.tuples(st.integers(0, 2), st.integers(0, 2))


@given(
    seed=st.integers(0, 2**16),
    groups=st.sampled_from([1, 2, 3]),
    per_group=st.tuples(st.integers(1, 2), st.integers(1, 2)),
    size=st.tuples(st.integers(1, 7), st.integers(1, 7)),
    kernel=pairs,
    stride=pairs,
    padding=paddings,
    dilation=pairs,
    sign=st.sampled_from(["any", "zero", "positive", "negative"]),
)
def test_equals_torch(seed, groups, per_group, size, kernel, stride, padding, dilation, sign) -> None:
    reach = [d * (k - 1) + 1 for d, k in zip(dilation, kernel, strict=True)]
    assume(all(n + 2 * p >= r for n, p, r in zip(size, padding, reach, strict=True)))
    rng = np.random.default_rng(seed)
    weight = rng.integers(-127, 128, (groups * per_group[0], per_group[1], *kernel))
    weight = {"any": weight, "zero": 0 * weight, "positive": abs(weight), "negative": -abs(weight)}[sign]
    x = rng.integers(-128, 128, (2, groups * per_group[1], *size))
    conv = Conv(weight, 8, stride, padding, dilation, groups)

    acc = conv.accumulate(x)

    wanted = torch.nn.functional.conv2d(
        torch.from_numpy(x).double(), torch.from_numpy(weight).double(), None, stride, padding, dilation, groups
    )
    np.testing.assert_array_equal(acc, wanted.numpy())
    assert acc.dtype == np.int32
    assert acc.shape[1:] == conv.output_shape(x.shape[1:])
    low, high = conv.acc_bounds((-128, 127))
    assert np.all(low[:, None, None] <= acc)
    assert np.all(acc <= high[:, None, None])


def test_an_asymmetric_kernel_by_hand() -> None:
    """Cross-correlation: the kernel is not flipped.

    Image 2 x 3: 1 2 3 / 4 5 6, kernel 1 x 2: 10 -1.
    Row 0: 10*1 - 2 = 8, 10*2 - 3 = 17. Row 1: 40 - 5 = 35, 50 - 6 = 44.
    """
    conv = Conv([[[[10, -1]]]], 5)
    assert conv.accumulate(np.array([[[[1, 2, 3], [4, 5, 6]]]])).tolist() == [[[[8, 17], [35, 44]]]]


def test_every_option_along_one_axis_by_hand() -> None:
    """Height 1; width 5: 1 2 3 4 5 padded by 1: 0 1 2 3 4 5 0. Kernel 1 -2 dilated by 2, stride 3.

    Position 0: 0 - 2*2 = -4. Position 3: 3 - 2*5 = -7. Position 6 does not fit.
    """
    conv = Conv([[[[1, -2]]]], 3, stride=(1, 3), padding=(0, 1), dilation=(1, 2))
    assert conv.accumulate(np.array([[[[1, 2, 3, 4, 5]]]])).tolist() == [[[[-4, -7]]]]


def test_depthwise_by_hand() -> None:
    conv = Conv([[[[2]]], [[[-3]]]], 3, groups=2)
    assert conv.accumulate(np.array([[[[1]], [[5]]]])).ravel().tolist() == [2, -15]


@given(st.integers(0, 2**16), pairs, pairs, paddings)
def test_pooling_is_a_depthwise_convolution_with_ones(seed, kernel, stride, padding) -> None:
    x = np.random.default_rng(seed).integers(-9, 10, (2, 3, 4, 5))
    ones = Conv(np.ones((3, 1, *kernel), int), 1, stride, padding, groups=3)
    pool = SumPool(kernel, stride, padding)
    np.testing.assert_array_equal(pool.accumulate(x), ones.accumulate(x))
    assert pool.output_shape((3, 4, 5)) == ones.output_shape((3, 4, 5))


def test_brute_force() -> None:
    rng = np.random.default_rng(1)
    weight, x = rng.integers(-7, 8, (2, 3, 2, 3)), rng.integers(0, 4, (1, 3, 4, 6))
    acc = Conv(weight, 4, stride=(1, 2)).accumulate(x)
    for o, y, z in product(range(2), range(3), range(2)):
        wanted = sum(
            int(weight[o, c, i, j]) * int(x[0, c, y + i, 2 * z + j])
            for c, i, j in product(range(3), range(2), range(3))
        )
        assert acc[0, o, y, z] == wanted


def test_one_number_means_both_axes() -> None:
    conv = Conv(np.ones((1, 1, 2, 2), int), 1, stride=2, padding=1, dilation=1)
    assert (conv.stride, conv.padding, conv.dilation) == ((2, 2), (1, 1), (1, 1))
    assert conv.kernel == (2, 2)
    assert conv.num_weights == 4


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"stride": 0}, "stride: found 0"),
        ({"stride": (1, 1, 1)}, "stride"),
        ({"padding": -1}, "padding: found -1"),
        ({"dilation": (1, 0)}, "dilation"),
        ({"groups": 3}, "groups: found 3, expected a divisor of C_out = 2"),
        ({"groups": 0}, "groups: found 0"),
        ({"groups": 1.0}, "groups: found 1.0"),
    ],
)
def test_options_out_of_range(options: dict[str, object], message: str) -> None:
    with pytest.raises(NetworkError, match=f"^conv: {message}"):
        Conv(np.ones((2, 1, 2, 2), int), 1, **options)


@pytest.mark.parametrize("shape", [(2, 2), (1, 1, 1, 1, 1), (1, 1, 0, 1)])
def test_weight_must_have_four_axes(shape: tuple[int, ...]) -> None:
    with pytest.raises(NetworkError, match="^conv: weight: found"):
        Conv(np.ones(shape, int), 1)


@pytest.mark.parametrize("shape", [(3, 4, 4), (2,), (2, 4)])
def test_source_channels_must_match(shape: tuple[int, ...]) -> None:
    with pytest.raises(NetworkError, match=r"^conv: input shape: .*expected \(2, H, W\)"):
        Conv(np.ones((2, 1, 2, 2), int), 1, groups=2).output_shape(shape)


def test_the_kernel_must_fit() -> None:
    conv = Conv(np.ones((1, 1, 3, 3), int), 1, dilation=2)
    assert conv.output_shape((1, 5, 6)) == (1, 1, 2)
    with pytest.raises(NetworkError, match="^conv: kernel: .*expected a kernel that fits"):
        conv.output_shape((1, 6, 4))


@pytest.mark.parametrize("groups", [1, 3])
def test_no_samples_give_no_sums(groups: int) -> None:
    conv = Conv(np.ones((3, 3 // groups, 1, 2), int), 2, (2, 1), (1, 2), (1, 2), groups)
    assert conv.accumulate(np.zeros((0, 3, 5, 6), np.int32)).shape == (0, *conv.output_shape((3, 5, 6)))
