"""Writing a whole network to a file, all of it or nothing."""

from __future__ import annotations

import json
import logging
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import h5py

from lava_spquant import ir
from lava_spquant.netx.errors import NetXError, Place
from lava_spquant.netx.header import Profile, format_version, write_header, write_texts
from lava_spquant.netx.limits import METADATA_MAX
from lava_spquant.netx.stock_check import check_stock, needs_message_bits
from lava_spquant.netx.stock_write import write_stock
from lava_spquant.netx.storage import LIBVER
from lava_spquant.netx.write import check_name, write_input, write_name, write_network

__all__ = ["save"]

_log = logging.getLogger(__name__)


def save(
    network: ir.Network,
    path: str | os.PathLike[str],
    *,
    profile: Profile | None = None,
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Write `network` to a `.net` file, replacing `path` only once everything is written.

    Parameters
    ----------
    network : Network
    path : path-like
    profile : {"spquant", "stock"}, optional
        "stock" files run on lava-dl's own NetX as they are; "spquant" files hold every network. Where the input is
        graded, with neurons behind synapses, lava-dl has to be told: `hdf5.Network(path, input_message_bits=bits)`.
        Its default, 0, takes every value that is not 0 for a spike.
        By default a network that the stock profile holds without any change is written as such, and
        every other one as "spquant". Asking for "stock" also folds gains of 64 times an integer
        into the weights. Files with gates have format version 2, which older releases refuse, all others 1.
    metadata : mapping of str to str, optional
        Kept with the network, and returned by `info`.

    Raises
    ------
    NetXError
        If "stock" is asked for and Lava would not run this network exactly, naming block and
        reason; if a name or the metadata cannot be written; or if the folder cannot.

    Examples
    --------
    >>> import tempfile
    >>> from lava_spquant.ir import Block, Branch, Dense, InputSpec, Network, QLif
    >>> block = Block("only", (Branch(Dense([[1, -1]], 1), gain=[40]),), QLif(decay=0, vth=64), bias=[0])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(Network(InputSpec((2,)), (block,)), f"{folder}/tiny.net")
    """
    target = Path(path)
    place = Place(target.name)
    good = profile in (None, "spquant", "stock")
    place.expect(good, "profile", found=repr(profile), expected="'spquant', 'stock' or None")
    chosen = profile or ("stock" if _fits_stock(network, place) else "spquant")
    if chosen == "stock":
        check_stock(network, place)
    for name in (network.name, *(block.name for block in network.blocks)):
        check_name(name, place)
    with _replacing(target, place) as file:
        write_name(file, network.name)
        write_header(file, format_version(network), chosen)
        _write_metadata(file, dict(metadata or {}), place)
        layers = file.create_group("layer")
        if chosen == "stock":
            write_stock(layers, network)
        else:
            write_input(layers.create_group("0"), network.input)
            write_network(layers, network, first=1)
    _log.debug("wrote %s in profile %s", target, chosen)
    if chosen == "stock" and needs_message_bits(network):
        _log.info("%s: for lava-dl, hdf5.Network(..., input_message_bits=%d)", target, network.input.bits)


def _fits_stock(network: ir.Network, place: Place) -> bool:
    try:
        check_stock(network, place, unchanged=True)
    except NetXError:
        return False
    return True


def _write_metadata(file: h5py.File, metadata: dict[str, str], place: Place) -> None:
    good = all(isinstance(k, str) and isinstance(v, str) for k, v in metadata.items())
    place.expect(good, "metadata", found="other types", expected="text by text")
    raw = json.dumps(metadata, sort_keys=True).encode("ascii")
    place.expect(len(raw) <= METADATA_MAX, "metadata", found=f"{len(raw)} bytes", expected=f"at most {METADATA_MAX}")
    write_texts(file, {"metadata": raw.decode("ascii")})


@contextmanager
def _replacing(target: Path, place: Place) -> Iterator[h5py.File]:
    """Yield a new file in the target's folder that takes the target's place when all went well."""
    place.expect(target.parent.is_dir(), "", found=f"no folder {target.parent}", expected="a folder")
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
    try:
        with h5py.File(temporary, "x", libver=LIBVER) as file:
            yield file
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        temporary.replace(target)
    except OSError as error:
        raise place.error("", found=f"{error}", expected="a folder that can be written") from error
    finally:
        temporary.unlink(missing_ok=True)
