from __future__ import annotations

from lava_spquant import ir
from lava_spquant.netx.kinds import SIZES
from lava_spquant.netx.schema import NEURON_SCHEMAS, SYNAPSE_SCHEMAS


def test_schemas_hold_exactly_the_registered_kinds() -> None:
    assert {kind: schema.cls for kind, schema in NEURON_SCHEMAS.items()} == ir.NEURONS
    assert {kind: schema.cls for kind, schema in SYNAPSE_SCHEMAS.items()} == ir.SYNAPSES


def test_every_synapse_with_weights_says_its_sizes() -> None:
    weighted = {kind for kind, schema in SYNAPSE_SCHEMAS.items() if any(e.name == "weight" for e in schema.entries)}
    assert set(SIZES) == weighted


def test_names_in_files_are_unique_and_not_lava_words_of_other_meaning() -> None:
    for schema in (*NEURON_SCHEMAS.values(), *SYNAPSE_SCHEMAS.values()):
        names = [entry.name for entry in schema.entries]
        assert len(set(names)) == len(names)
        # lava-dl's threshold counts 64 membrane units, its bias too, and delays are axonal.
        assert not {"vThMant", "bias", "delay", "theta"} & set(names)
