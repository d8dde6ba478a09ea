"""`lava-spquant export` and `lava-spquant import-nir`: networks as files, ours and those of others."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Optional

import typer
from rich.text import Text

from lava_spquant import netx, workflow
from lava_spquant.cli.opening import load_training, open_source
from lava_spquant.cli.options import Debug, Json, Quiet, Source
from lava_spquant.cli.session import Session, session
from lava_spquant.workflow.loading import CHECKPOINT_SUFFIX

__all__ = ["export", "import_nir"]

FORMATS = ("net", "nir")


def export(
    source: Source,
    out: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--out", "-o", metavar="FILE", help="Where to; by default beside the source, under its name."),
    ] = None,
    file_format: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option("--format", help="net (NetX) or nir; by default as the suffix of --out says, else net."),
    ] = None,
    profile: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="Of a .net: stock (runs on lava-dl as it is) or spquant; by default stock where it fits."),
    ] = None,
    dt: Annotated[float, typer.Option(help="Of a .nir: seconds per step, for its time constants.")] = 1e-3,
    json_output: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Write the integers of a trained network as a .net file, or as a .nir file for other frameworks.

    Example: lava-spquant export runs/digits-cnn/last.ckpt -o digits.net

    Example: lava-spquant export digits.net -o digits.nir --dt 1e-4
    """
    with session(json_output, quiet, debug) as now:
        chosen = file_format or ("nir" if out is not None and out.suffix == ".nir" else "net")
        if chosen not in FORMATS:
            raise ValueError(f"--format: found {chosen!r}, expected one of {', '.join(FORMATS)}")
        if chosen == "nir" and profile is not None:
            raise ValueError(f"--profile: found {profile!r}, expected none for a .nir file")
        if chosen == "nir":
            _export_nir(now, source, out, dt, debug)
        else:
            _export_net(now, source, out, profile, debug)


def _export_net(now: Session, source: Path, out: Path | None, profile: str | None, debug: bool) -> None:
    if source.suffix != CHECKPOINT_SUFFIX:
        raise ValueError(f"{source}: found no checkpoint, expected one ({CHECKPOINT_SUFFIX}), or --format nir")
    load_training(debug)
    from lava_spquant.workflow.loading import open_checkpoint

    target = out or source.parent / f"{open_checkpoint(source).recipe}.net"
    path = workflow.export(source, target, profile)  # type: ignore[arg-type]  # checked by netx.save
    about = netx.info(path)
    size = path.stat().st_size
    values: dict[str, Any] = {"ok": True, "path": str(path), "profile": about.profile, "bytes": size}
    now.finish({**values, "metadata": about.metadata}, Text(f"{path}: {size:,} bytes, profile {about.profile}"))


def _export_nir(now: Session, source: Path, out: Path | None, dt: float, debug: bool) -> None:
    from lava_spquant import nir

    found = open_source(source, dataset=None, steps=None, input_shape=None, input_bits=None, debug=debug)
    stem = source.stem if source.suffix != CHECKPOINT_SUFFIX else found.recipe
    target = out or source.parent / f"{stem}.nir"
    target.parent.mkdir(parents=True, exist_ok=True)
    nir.save(found.network, target, dt)
    size = target.stat().st_size
    values = {"ok": True, "path": str(target), "dt": dt, "bytes": size}
    now.finish(values, Text(f"{target}: {size:,} bytes, time constants for steps of {dt:g} s"))


def import_nir(
    source: Annotated[Path, typer.Argument(metavar="NIR", help="A .nir file, of this library or of another.")],
    out: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--out", "-o", metavar="FILE", help="The .net file; beside the source by default."),
    ] = None,
    dt: Annotated[
        Optional[float],  # noqa: UP045
        typer.Option(help="Seconds per step, which files of other frameworks do not hold."),
    ] = None,
    rule: Annotated[str, typer.Option(help="How equations are stepped: euler, exponential.")] = "euler",
    reset: Annotated[str, typer.Option(help="At a spike: hard (to 0) or soft (by the threshold).")] = "hard",
    weight: Annotated[str, typer.Option(help="Quantiser of the weights; none is up to 16 bits.")] = "none",
    membrane: Annotated[str, typer.Option(help="Quantiser of the potentials; none is 24 bits.")] = "none",
    input_bits: Annotated[int, typer.Option(min=1, help="Width of the input; 1 is spikes.")] = 1,
    input_scale: Annotated[
        Optional[float],  # noqa: UP045
        typer.Option(help="What one unit of a wider input stands for; by default its largest value is 1."),
    ] = None,
    json_output: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Write a NIR graph as a .net file.

    A file that this library exported gives back its exact integers; of other files, the equations become integers.

    Example: lava-spquant import-nir cnn.nir --dt 1 --reset soft -o cnn.net
    """
    with session(json_output, quiet, debug) as now:
        from lava_spquant import nir

        graph = nir.read(source)
        exact = nir.has_integers(graph)
        if exact:
            network = nir.to_network(graph, source.name)
        else:
            if dt is None:
                raise ValueError(f"{source.name}: found no time step, expected --dt: NIR files do not hold it")
            load_training(debug)
            config = nir.ImportConfig(
                dt,
                rule,
                reset,
                weight,
                membrane,
                input_bits=input_bits,
                input_scale=input_scale,
            )
            network = nir.to_model(graph, config, source.stem).to_ir()
        target = out or source.with_suffix(".net")
        target.parent.mkdir(parents=True, exist_ok=True)
        netx.save(network, target)
        kind = "the integers that were exported" if exact else "integers of its equations"
        values = {"ok": True, "path": str(target), "exact": exact, "blocks": len(network.blocks)}
        now.finish(values, Text(f"{target}: {len(network.blocks)} blocks, {kind}"))
