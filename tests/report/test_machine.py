"""What a measurement was made on."""

from __future__ import annotations

import json
import platform

from lava_spquant.report.machine import Machine, _cpu_model, machine


def test_one_line() -> None:
    assert str(Machine("Some CPU", 2, "Linux x86_64", "3.10.1")) == "Some CPU, 2 cores, Linux x86_64, Python 3.10.1"
    assert "1 core," in str(Machine("Some CPU", 1, "Linux x86_64", "3.10.1"))


def test_this_machine() -> None:
    here = machine()
    assert here.cpu
    assert here.cores >= 1
    assert here.python == platform.python_version()
    assert json.loads(json.dumps(here.values())) == here.values()


def test_the_model_name_is_read_from_the_file(tmp_path) -> None:
    info = tmp_path / "cpuinfo"
    info.write_text("processor\t: 0\nmodel name\t: Fine  CPU @ 3 GHz\nmodel name\t: Another\n", encoding="utf-8")
    assert _cpu_model(info) == "Fine CPU @ 3 GHz"


def test_without_a_model_name_python_is_asked(tmp_path) -> None:
    info = tmp_path / "cpuinfo"
    info.write_text("processor\t: 0\nmodel name\t:\n", encoding="utf-8")
    told = platform.processor() or platform.machine() or "unknown CPU"
    assert _cpu_model(info) == told
    assert _cpu_model(tmp_path / "absent") == told
