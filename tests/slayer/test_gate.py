"""Masks in training are those of the integer network and of pruning; samples have the gradients of Gumbel's."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lava_spquant.ir.gate import opened
from lava_spquant.prune.statistics import target_mask as pruned
from lava_spquant.slayer.gate import GATES, GateConfig, gumbel, open_mask, part_of_batch, target_mask

MASSES = st.integers(1, 3).flatmap(
    lambda rows: st.integers(1, 9).flatmap(
        lambda width: st.lists(
            st.lists(st.sampled_from([0, 0, 1, 1, 2, 3, 7, 50]), min_size=width, max_size=width),
            min_size=rows,
            max_size=rows,
        )
    )
)
"""Rows of whole numbers with ties and zeros."""


@given(MASSES, st.sampled_from([0.0, 0.25, 0.5, 0.85, 0.99, 1.0]))
def test_the_target_is_that_of_pruning(mass: list[list[int]], share: float) -> None:
    values = np.array(mass, dtype=np.float64)
    found = target_mask(torch.from_numpy(values), share)
    assert found.dtype == torch.float64
    np.testing.assert_array_equal(found.numpy() > 0, pruned(values, share))
    np.testing.assert_array_equal(target_mask(torch.from_numpy(values)[None], share)[0].numpy(), found.numpy())


@pytest.mark.parametrize("width", [3, 37, 500])
def test_the_target_is_that_of_pruning_however_sums_are_rounded(width: int) -> None:
    rng = np.random.default_rng(width)
    values = rng.random((50, width)) ** 3
    values[:, ::5] = 0
    values[0] = 0
    for share in (1.0, 1.5):
        np.testing.assert_array_equal(pruned(values, share), values > 0)
        np.testing.assert_array_equal(target_mask(torch.from_numpy(values), share).numpy() > 0, values > 0)
    for row in values[1:]:
        # What some of them hold, up to rounding: a sum in another order may lie on the other side.
        running = np.sort(row)[::-1].cumsum()
        for share in running[rng.integers(0, width, 5)] / running[-1]:
            found = target_mask(torch.from_numpy(row), float(share)).numpy() > 0
            np.testing.assert_array_equal(found, pruned(row, float(share)))


def test_the_target_of_everything_is_what_is_above_zero() -> None:
    mass = torch.rand(200, 37, generator=torch.Generator().manual_seed(0))
    mass[:, ::5] = 0
    # In float32 running sum and total differ by rounding.
    assert torch.equal(target_mask(mass, 1.0) > 0, mass > 0)
    assert not target_mask(torch.zeros(3, 4), 1.0).any()


def running_sums(mass: torch.Tensor, share: float) -> torch.Tensor:
    """The rule as it reads, by torch's own running sum."""
    ranked, order = mass.double().sort(dim=-1, descending=True, stable=True)
    running = ranked.cumsum(-1)
    kept = (running <= share * running[..., -1:]) | (share >= 1)
    kept[..., 0] = True
    return torch.zeros_like(mass).scatter(-1, order, (kept & (ranked > 0)).to(mass.dtype))


@given(
    st.integers(1, 70).flatmap(lambda width: st.lists(st.integers(0, 4000), min_size=width, max_size=width)),
    st.floats(0, 1),
    st.sampled_from([torch.float32, torch.float64]),
)
def test_the_target_takes_no_running_sum_that_a_gpu_refuses(mass: list[int], share: float, dtype: torch.dtype) -> None:
    values = torch.tensor(mass, dtype=dtype) / 64  # sums are exact
    expected = running_sums(values, share)

    def refused(*args: object, **options: object) -> None:
        raise RuntimeError("cumsum does not have a deterministic implementation")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.Tensor, "cumsum", refused)
        patch.setattr(torch, "cumsum", refused)
        found = target_mask(values.expand(2, -1), share)
    assert found.dtype == dtype
    assert torch.equal(found, expected.expand(2, -1))


GATED_SHAPES = st.tuples(st.integers(1, 4), st.integers(1, 7), st.integers(1, 6))


@given(GATED_SHAPES, st.integers(1, 4), st.integers(1, 4), st.integers(0, 99))
def test_masks_are_the_integer_networks(shape: tuple[int, int, int], rows: int, columns: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    cells = (1, -(-shape[1] // rows), -(-shape[2] // columns))
    gates = [rng.integers(0, 2, (2, 3, *gate)) for gate in (cells, (shape[0], 1, 1), (shape[0],))]
    expected = np.ones((2, 3, *shape), bool)
    for gate in gates:
        found = open_mask([torch.from_numpy(gate).float()], shape)
        one = opened(gate, shape)
        np.testing.assert_array_equal(
            np.broadcast_to(found.numpy() > 0, expected.shape), np.broadcast_to(one, expected.shape)
        )
        expected &= one
    together = open_mask([torch.from_numpy(gate).float() for gate in gates], shape)
    np.testing.assert_array_equal(np.broadcast_to(together.numpy() > 0, expected.shape), expected)


def test_masks_pass_gradients_to_their_cells() -> None:
    gate = torch.ones(1, 1, 1, 2, 2, requires_grad=True)
    open_mask([gate], (2, 3, 4)).expand(1, 1, 2, 3, 4).sum().backward()
    # Two channels; rows 0 and 1, then 2; two columns each.
    assert gate.grad is not None
    assert gate.grad.flatten().tolist() == [8, 8, 4, 4]


@pytest.mark.parametrize("temperature", [0.1, 0.4, 2.0])
def test_samples_open_as_often_as_the_sigmoid_says(temperature: float) -> None:
    torch.manual_seed(0)
    logits = torch.tensor([-20.0, -1.0, 0.0, 0.5, 2.0, 20.0]).repeat(20_000, 1)
    mask, soft = gumbel(logits, temperature)
    assert set(mask.unique().tolist()) == {0, 1}
    assert torch.equal(mask > 0.5, soft > 0.5)
    torch.testing.assert_close(mask.mean(0), torch.sigmoid(logits[0]), atol=0.015, rtol=0)
    torch.manual_seed(0)
    assert torch.equal(gumbel(logits, temperature)[0], mask)


def test_samples_have_the_gradient_of_the_soft_mask() -> None:
    torch.manual_seed(0)
    logits = torch.zeros(1000, requires_grad=True)
    mask, soft = gumbel(logits, 0.5)
    mask.sum().backward()
    torch.testing.assert_close(logits.grad, (soft * (1 - soft) / 0.5).detach())


@pytest.mark.parametrize("shape", [(3, 7, 5, 1, 1), (2, 7, 1, 3, 2)])
def test_parts_of_a_batch_draw_what_the_batch_does(shape: tuple[int, ...]) -> None:
    torch.manual_seed(1)
    logits = torch.randn(shape)
    torch.manual_seed(0)
    whole = gumbel(logits, 0.4)[1]
    # Without parts, numbers are those that torch draws for the logits.
    torch.manual_seed(0)
    noise = torch.rand_like(logits).clamp(1e-6, 1 - 1e-6).logit()
    assert torch.equal(whole, torch.sigmoid((logits + noise) / 0.4))
    parts, states = [], []
    for start, stop in ((0, 3), (3, 7)):
        torch.manual_seed(0)
        with part_of_batch(start, 7):
            parts.append(gumbel(logits[:, start:stop], 0.4)[1])
        states.append(torch.get_rng_state())
    # Slices are computed in other strides, and so rounded a little differently.
    torch.testing.assert_close(torch.cat(parts, 1), whole)
    assert torch.equal(*states)  # and so the next draw is of one batch too
    # Behind a part, a batch is of any size again.
    assert gumbel(torch.zeros(2, 9, 5), 0.4)[0].shape == (2, 9, 5)


def test_a_low_temperature_is_steep() -> None:
    spread = []
    for temperature in (4.0, 1.0, 0.25, 0.01):
        torch.manual_seed(0)
        soft = gumbel(torch.zeros(1000), temperature)[1]
        spread.append(float((soft - 0.5).abs().mean()))
    assert spread == sorted(spread)
    assert spread[-1] == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"kind": "channels"}, "gates: kind: found 'channels', expected one of none, channel, spatial, both"),
        ({"cell": 0}, "gates: cell: found 0, expected at least 1"),
        ({"temperature": 0.0}, "gates: temperature: found 0.0, expected a positive number"),
        ({"temperature": float("nan")}, "gates: temperature: found nan"),
    ],
)
def test_configs_are_checked(fields: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        GateConfig(**fields)  # type: ignore[arg-type]
    assert all(GateConfig(kind).kind == kind for kind in GATES)
