from __future__ import annotations

from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from hypothesis import given

from lava_spquant.ir import Block, Branch, Conv, Dense, Identity, InputSpec, Network, NetworkError, QLif, Readout
from tests.ir.scalar_oracle import depths_of
from tests.strategies import networks


def dense(name: str, source: int = -1, output: str | None = None, inputs: int = 2) -> Block:
    branch = Branch(Dense(np.ones((2, inputs), int), 1), [1, 1], source=source, output=output)
    return Block(name, (branch,), QLif(0, 1), [0, 0])


class TestInputSpec:
    @pytest.mark.parametrize(
        ("fields", "message"),
        [
            (((),), "shape"),
            (((2, 3),), r"shape: found \(2, 3\), expected \(C,\) or \(C, H, W\)"),
            (((1, 2, 3, 4),), "shape"),
            (((0,),), "shape"),
            (((1, -2, 3),), "shape"),
            (((2.5,),), "shape"),
            (((2,), 0), "bits: found 0, expected 1..16"),
            (((2,), 17), "bits: found 17"),
            (((2,), 1.5), "bits: found 1.5"),
            (((2,), 1, True), "bits: found 1 bit, signed"),
        ],
    )
    def test_refuses(self, fields: tuple[object, ...], message: str) -> None:
        with pytest.raises(NetworkError, match=f"^input: {message}"):
            InputSpec(*fields)

    @pytest.mark.parametrize(
        ("bits", "signed", "bounds"),
        [(1, False, (0, 1)), (8, False, (0, 255)), (8, True, (-128, 127)), (2, True, (-2, 1))],
    )
    def test_bounds(self, bits: int, signed: bool, bounds: tuple[int, int]) -> None:
        spec = InputSpec((1, 2, 3), bits, signed)
        assert spec.bounds == bounds
        x = np.zeros((2, 1, 1, 2, 3), int)
        x.flat[:2] = bounds
        assert spec.check(x).dtype == np.int32
        for beyond in (bounds[0] - 1, bounds[1] + 1):
            x.flat[0] = beyond
            with pytest.raises(NetworkError, match=f"^input: values: found .*expected {bounds[0]}..{bounds[1]}"):
                spec.check(x)

    def test_bits_of_any_integer_type_have_the_same_bounds(self) -> None:
        # 2 to the power of a uint64 is a float.
        bounds = InputSpec((1,), np.uint64(16)).bounds
        assert bounds == (0, 65535)
        assert all(isinstance(edge, int) for edge in bounds)

    @pytest.mark.parametrize("shape", [(3, 1, 1, 2, 4), (1, 1, 2, 3), (0, 1, 1, 2, 3), (1, 2, 3), (1, 1, 1, 3, 2), ()])
    def test_shape_of_an_input(self, shape: tuple[int, ...]) -> None:
        with pytest.raises(NetworkError, match=r"^input: shape: .*expected \(T, N, 1, 2, 3\) with T >= 1"):
            InputSpec((1, 2, 3)).check(np.zeros(shape, int))

    @pytest.mark.parametrize("value", [0.5, np.nan, np.inf, "1", 1j, None])
    def test_values_of_an_input(self, value: object) -> None:
        with pytest.raises(NetworkError, match="^input: values: found"):
            InputSpec((1,)).check(np.full((1, 1, 1), value))

    def test_whole_floats_and_booleans_are_whole_numbers(self) -> None:
        for x in (np.ones((1, 1, 1)), np.ones((1, 1, 1), bool), np.ones((1, 1, 1), np.uint8)):
            out = InputSpec((1,)).check(x)
            assert out.tolist() == [[[1]]]
            assert out is not x


class TestNetwork:
    @pytest.mark.parametrize(
        ("blocks", "message"),
        [
            ((), "network: blocks: found 0"),
            ((dense("a"), dense("a", 0)), r"network: block names: found \['a', 'a'\]"),
            ((dense("a", 0),), "block 'a': source: found 0, expected an earlier block than 0"),
            ((dense("a"), dense("b", 2)), "block 'b': source: found 2, expected an earlier block than 1"),
            ((dense("a"), dense("b", 0, "graded")), "block 'a': output: found graded"),
            ((dense("a", -1, "spikes"),), "block 'a': output: found spikes, expected none: the input has one stream"),
            ((dense("a", inputs=3),), r"dense: inputs: found \(2,\), expected 3 values"),
            ((dense("a"), dense("b", 0, inputs=5)), r"dense: inputs: found \(2,\), expected 5 values"),
        ],
    )
    def test_refuses(self, blocks: tuple[Block, ...], message: str) -> None:
        with pytest.raises(NetworkError, match=f"^{message}"):
            Network(InputSpec((2,)), blocks)

    def test_frozen(self) -> None:
        network = Network(InputSpec((2,)), [dense("a")])
        assert isinstance(network.blocks, tuple)
        with pytest.raises(FrozenInstanceError):
            network.name = "b"

    def test_shapes(self) -> None:
        conv = Block("a", (Branch(Conv(np.ones((3, 2, 1, 2), int), 1), [1] * 3),), QLif(0, 1), [0] * 3)
        flat = dense("b", 0, inputs=3 * 4 * 4)
        network = Network(InputSpec((2, 4, 5)), (conv, flat))
        assert network.shapes == ((3, 4, 4), (2,))
        assert network.output_shape == (2,)
        assert network.num_neurons == 50

    def test_the_number_of_neurons_does_not_wrap(self) -> None:
        """274177 * 67280421310721 = 2**64 + 1; whoever limits the size of a network must not see 1."""
        block = Block("a", (Branch(Identity(), [1]),), Readout(), [0])
        assert Network(InputSpec((1, 274177, 67280421310721)), (block,)).num_neurons == 2**64 + 1

    def test_depths_count_the_longest_path(self) -> None:
        """a <- input; b <- a; c <- b and a and input: 1, 2, 3. An input straight into neurons costs no step."""
        paths = tuple(dense("any", source).branches[0] for source in (1, 0, -1))
        last = Block("c", paths, Readout(), [0, 0])
        assert Network(InputSpec((2,)), (dense("a"), dense("b", 0), last)).depths == (1, 2, 3)
        straight = Block("i", (Branch(Identity(), [1, 1]),), QLif(0, 1), [0, 0])
        skip = Block("s", (Branch(Identity(), [1, 1], source=0),), QLif(0, 1), [0, 0])
        assert Network(InputSpec((2,)), (straight, skip)).depths == (0, 1)

    @given(networks())
    def test_depths_and_bounds_of_random_networks(self, network: Network) -> None:
        assert list(network.depths) == depths_of(network)
        assert [len(b) for b in network.stream_bounds()] == [len(b.branches) for b in network.blocks]
