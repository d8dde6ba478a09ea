"""The command in this process, with what it wrote to either stream."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lava_spquant import ir, netx
from lava_spquant.cli import main
from lava_spquant.slayer.models import ConvNetConfig, build_convnet
from tests.workflow.tiny_model import tiny_model

STEPS = 2


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str

    @property
    def values(self) -> dict[str, Any]:
        """The one JSON object that standard output holds."""
        lines = self.out.splitlines()
        assert len(lines) == 1, self.out
        loaded = json.loads(lines[0])
        assert isinstance(loaded, dict)
        return loaded


Shell = Callable[..., Outcome]


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str]) -> Shell:
    def call(*arguments: object) -> Outcome:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return Outcome(code, out, err)

    return call


@pytest.fixture(scope="session")
def digits_net(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small network that knows that it reads digits for two steps."""
    path = tmp_path_factory.mktemp("net") / "tiny.net"
    netx.save(tiny_model().to_ir(), path, metadata={"recipe": "tiny", "dataset": "digits", "steps": str(STEPS)})
    return path


@pytest.fixture(scope="session")
def gated_net(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with a convolution whose channels a predictor opens."""
    path = tmp_path_factory.mktemp("net") / "gated.net"
    model = build_convnet(ConvNetConfig("4s2-6-FC", gates="channel"), ir.InputSpec((1, 8, 8), 8), 10).eval()
    netx.save(model.to_ir(), path, metadata={"recipe": "tiny", "dataset": "digits", "steps": str(STEPS)})
    return path
