"""What starting costs: names are loaded when they are used."""

import subprocess
import sys

import pytest

import zonage

HEAVY = {"numpy", "numba", "pydantic", "polars", "pyarrow", "xarray", "matplotlib", "geopandas"}
COMMANDS = (
    "demo", "run", "compare", "calibrate", "info", "simulate", "sweep", "margin", "uncertainty",
    "sensitivity", "complement", "explore", "figures", "fetch", "batch", "rerun",
)  # fmt: skip


def imported(*arguments):
    """Top-level modules that a Python process imports."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *arguments], capture_output=True, text=True, check=True
    )
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    return {line.rpartition("|")[2].strip().partition(".")[0] for line in lines}


@pytest.mark.parametrize("command", [(), ("demo",)])
def test_help_imports_nothing_heavy(command):
    modules = imported("-m", "zonage.cli", *command, "--help")
    assert "argparse" in modules
    assert not modules & HEAVY


def test_the_package_alone_imports_nothing_heavy():
    assert not imported("-c", "import zonage; zonage.__all__") & HEAVY


def test_a_project_is_refused_before_anything_is_compiled(tmp_path):
    script = (
        "import sys; from zonage import cli\n"
        f"code = cli._run(['run', {str(tmp_path / 'none.toml')!r}])\n"
        "print(code, 'matplotlib' in sys.modules, 'geopandas' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.split() == ["2", "False", "False"]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command):
    done = subprocess.run(
        [sys.executable, "-m", "zonage.cli", command, "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"Example: zonage {command}" in " ".join(done.stdout.split())


@pytest.mark.parametrize("name", sorted({*zonage.__all__, *zonage._HOMES}))
def test_every_public_name_is_there_and_documented(name):
    assert getattr(zonage, name).__doc__


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'qvp'"):
        zonage.qvp  # noqa: B018


def test_the_law_is_both_a_module_and_the_way_to_load_one():
    assert zonage.law("qpv", on="2024-01-01").min_population == 1000
    assert set(zonage.__all__) <= set(dir(zonage))
