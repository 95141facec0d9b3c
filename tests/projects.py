"""Small projects for the tests of the outer layer: a corner of the embedded tiles, and its runs."""

import contextlib
import functools
import io
from pathlib import Path
from typing import Any, NamedTuple

from zonage import cli
from zonage.pipeline import Run, run
from zonage.project import parse_project, read_project
from zonage.sources.tables import data_folder

DEMO = data_folder("demo")
OFFICIAL = f"""
[official]
coverage = "{DEMO}/coverage_2024.csv"
quarters = "{DEMO}/quarters_2024.csv"
vintage = 2024
"""

RUN_FILES = {
    "dataset.nc",
    "entry.png",
    "layers.tif",
    "manifest.json",
    "map.png",
    "official.csv",
    "persistence.png",
    "quarters.png",
    "report.html",
    "report.md",
    "response.png",
    "summary.json",
    "tiles.parquet",
    "zones.csv",
    "zones.gpkg",
}
"""What a run with official outlines writes."""

OFFICIAL_FILES = {"official.csv", "quarters.png"}
"""What only such a run writes."""


class Result(NamedTuple):
    """What a command printed, and its exit code."""

    code: int
    out: str
    error: str


def command(*arguments: object) -> Result:
    """Run the command line in this process."""
    out, error = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(error):
        try:
            cli.main([str(part) for part in arguments])
        except SystemExit as end:
            code = int(end.code or 0)
    return Result(code, out.getvalue(), error.getvalue())


@functools.cache
def roubaix() -> tuple[str, tuple[tuple[str, ...], ...]]:
    """Header and rows of the tiles of Roubaix and Tourcoing."""
    lines = (DEMO / "tiles_2019.csv").read_text(encoding="utf-8").splitlines()
    rows = tuple(tuple(line.split(",")) for line in lines[1:])
    place = lines[0].split(",").index("lcog_geo")
    return lines[0], tuple(row for row in rows if row[place][:5] in ("59512", "59599"))


def write_tiles(path: Path, changes: dict[tuple[int, str], str] | None = None) -> Path:
    """Write the tiles of `roubaix`, with some fields (by row from 1 and column) changed."""
    header, rows = roubaix()
    columns = header.split(",")
    table = [list(row) for row in rows]
    for (row, column), value in (changes or {}).items():
        table[row - 1][columns.index(column)] = value
    path.write_text("\n".join([header, *map(",".join, table)]) + "\n", encoding="utf-8")
    return path


def write_project(
    folder: Path,
    *,
    top: str = "",
    tiles: str = 'path = "tiles.csv"\nvintage = 2019',
    territory: str = f'communes_table = "{DEMO}/communes.csv"',
    rest: str = OFFICIAL,
) -> Path:
    """Write a project file beside its tiles, which are written too unless they are there."""
    if not (folder / "tiles.csv").exists():
        write_tiles(folder / "tiles.csv")
    path = folder / "project.toml"
    text = f"{top}\n[tiles]\n{tiles}\n[territory]\n{territory}\n{rest}\n"
    path.write_text(text, encoding="utf-8")
    return path


@functools.cache
def demo_run() -> Run:
    """Return the run of the embedded project."""
    return run(read_project(DEMO / "project.toml"))


def small_run(folder: Path, **sections: Any) -> Run:
    """Return the run of Roubaix and Tourcoing, with top-level values or sections changed."""
    content = {
        "tiles": {"path": str(write_tiles(folder / "tiles.csv")), "vintage": 2019},
        "territory": {"communes_table": str(DEMO / "communes.csv")},
        **sections,
    }
    return run(parse_project(content, folder=folder, file="project.toml"))


def contents(folder: Path) -> dict[str, bytes]:
    """Return the files of a folder, by name."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
