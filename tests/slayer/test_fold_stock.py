"""Folding into what lava-dl and Loihi 2 run: 8-bit weights, one threshold, a bias."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from lava_spquant import ir
from lava_spquant.ir.limits import CUBA_CURRENT_MAX
from lava_spquant.slayer import SpikingNetwork, block
from lava_spquant.slayer.branch import Branch
from lava_spquant.slayer.fold_stock import BIAS_TOP, VTH_TOP, StockFold, fold_stock
from lava_spquant.slayer.synapse import DenseSynapse

CUBA = {"threshold": 1.25, "current_decay": 0.25, "voltage_decay": 0.1}


def branch(weight: list[list[float]], quantiser: str = "slayer8", **options: bool) -> Branch:
    rows = torch.tensor(weight)
    synapse = DenseSynapse(rows.shape[1], rows.shape[0], quantiser)
    synapse.weight.data = rows
    made = Branch(synapse, rows.shape[0], **options)
    if made.norm is not None:
        made.norm.eps = 0.0
    return made


def real(folded: StockFold, threshold: float) -> np.ndarray:
    """Weights and bias in units of the current, from the integers and the threshold alone."""
    unit = threshold / folded.vth
    gain = folded.branch.gain.astype(np.float64)[:, None]
    weight = folded.branch.synapse.weight * gain * unit  # type: ignore[union-attr]
    return np.concatenate([weight, folded.bias[:, None] * unit], axis=1)


def test_slayers_weights_keep_their_integers() -> None:
    # Step 1/32; doubled, in Lava's scale of 64 per unit.
    folded = fold_stock("b", branch([[0.5, -127 / 32, 0.02]]), -1, 1.25)
    assert folded.branch.synapse.weight.tolist() == [[16, -127, 1]]  # type: ignore[union-attr]
    assert folded.branch.gain.tolist() == [128]
    assert folded.vth == 80 << 6
    assert folded.bias.tolist() == [0]


def test_small_integers_are_scaled_up_for_the_threshold() -> None:
    folded = fold_stock("b", branch([[0.3, -0.3, 0.0]], "ternary"), -1, 0.7)
    assert folded.branch.synapse.weight.tolist() == [[1, -1, 0]]  # type: ignore[union-attr]
    assert folded.branch.gain.tolist() == [128 << 6]
    assert folded.vth == round(0.7 / 0.3 * 128) << 6


def test_batch_norm_by_hand() -> None:
    # Slopes 2 and -0.5; offsets 1 - 2 * 0.25 = 0.5 and 0 + 0.5 * 0.5 = 0.25.
    made = branch([[1.0, 0.5], [1.0, -1.0]], "int8-channel", batch_norm=True)
    made.norm.running_mean, made.norm.running_var = torch.tensor([0.25, 0.5]), torch.tensor([1.0, 4.0])
    made.norm.weight.data, made.norm.bias.data = torch.tensor([2.0, -1.0]), torch.tensor([1.0, 0.0])
    found = real(fold_stock("b", made, -1, 1.0), 1.0)
    # One unit of weight is 2 / 127: halves of it are the error allowed.
    np.testing.assert_allclose(found, [[2.0, 1.0, 0.5], [-0.5, 0.5, 0.25]], atol=1.2 / 127)


@given(
    seed=st.integers(0, 2**16),
    quantiser=st.sampled_from(["ternary", "binary", "sawb4", "int8", "none"]),
    spread=st.floats(1e-3, 10),
    threshold=st.floats(0.02, 50),
)
def test_everything_fits_its_field_and_keeps_its_proportions(
    seed: int, quantiser: str, spread: float, threshold: float
) -> None:
    rng = np.random.default_rng(seed)
    made = branch((spread * rng.normal(size=(3, 8))).tolist(), quantiser, bias=True)
    made.bias.data = torch.tensor(rng.normal(0, threshold, 3), dtype=torch.float32)
    try:
        folded = fold_stock("named", made, -1, threshold)
    except ir.NetworkError as error:
        # A threshold or bias out of all proportion to the weights is refused, by name.
        assume(not str(error).startswith(("block 'named': threshold: found", "block 'named': bias: found")))
        raise
    deployed = folded.branch.synapse.weight.astype(int) * (folded.branch.gain.astype(int) >> 6)[:, None]  # type: ignore[union-attr]
    assert np.abs(deployed).max() <= 254
    assert folded.vth % 64 == 0
    assert 1 <= folded.vth >> 6 <= VTH_TOP
    assert np.abs(folded.bias >> 6).max() <= BIAS_TOP
    factor, offset = made.affine()
    wanted = np.concatenate([made.synapse.integer_weight().values.numpy() * factor[:, None], offset[:, None]], axis=1)
    # Half a unit of weight, and half a unit of threshold in proportion.
    unit = threshold / (folded.vth >> 6) * (int(folded.branch.gain[0]) >> 6)
    slack = 0.51 * unit + np.abs(wanted) * 0.51 / (folded.vth >> 6)
    assert bool(np.all(np.abs(real(folded, threshold) - wanted) <= slack + 1e-9))


def test_wide_layers_are_not_scaled_up_beyond_the_current() -> None:
    # 4608 synapses of one sign: 128 times a ternary weight would leave what Lava's current can wrap.
    torch.manual_seed(0)
    dense = block.Dense(CUBA, 4608, 2, weight="ternary")
    dense.synapse.weight.data.fill_(0.01)
    model = SpikingNetwork([dense], ir.InputSpec((4608,)))
    deployed = model.to_ir().blocks[0].branches[0]
    assert 4608 * int(deployed.gain[0]) <= CUBA_CURRENT_MAX
    assert deployed.gain[0] > 64
    x = (np.random.default_rng(0).random((4, 1, 4608)) < 0.05).astype(int)
    assert model.trace(x).output.any()


def test_a_pool_into_cuba_neurons_keeps_the_fraction_of_its_threshold() -> None:
    pool = block.Pool({**CUBA, "current_decay": 1.0, "voltage_decay": 1.0}, 2)
    part = pool.to_ir_block("p", [(1, 4, 4)])
    assert part.neuron.vth / part.branches[0].gain[0] == 1.25
    x = torch.zeros(1, 1, 2, 2, 3)
    x[..., 0, 0, :] = 1
    x[0, 0, 1, 1, 1:] = 1
    assert pool.eval()(x).flatten().tolist() == pool.train()(x).flatten().tolist() == [0, 1, 1]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda b: b.synapse.weight.data.fill_(float("nan")), "block 'named': weight: found NaN or infinity"),
        (lambda b: b.bias.data.fill_(float("inf")), "block 'named': scale: found NaN or infinity"),
        (lambda b: b.bias.data.fill_(1e6), "block 'named': bias: found .* weight units, expected at most 32767"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(change, message: str) -> None:
    made = branch([[0.5, -0.5]], bias=True)
    change(made)
    with pytest.raises(ir.NetworkError, match=message):
        fold_stock("named", made, -1, 1.0)


def test_a_threshold_beyond_its_field_is_refused_by_name() -> None:
    with pytest.raises(ir.NetworkError, match="block 'named': threshold: found 320000 weight units"):
        fold_stock("named", branch([[0.5, -0.5]]), -1, 10_000.0)
