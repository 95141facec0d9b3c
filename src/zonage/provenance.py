"""What a result was computed with: the code and the versions of its libraries."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import zonage
from zonage.sources.tables import data_folder

COMPUTING = ("numpy", "numba", "llvmlite", "scipy", "polars", "pyarrow", "shapely", "pyproj",
             "pyogrio", "geopandas")  # fmt: skip
"""Libraries whose versions count as code."""

NOT_COMPUTING = ("batch/", "cli.py", "cluster.py", "commands/", "complement", "explorer/",
                 "figures", "outputs/", "project_complement.py", "report/", "rerun.py",
                 "scenarios/curves.py", "sources/download/", "synthetic/", "texts/",
                 "vintages/")  # fmt: skip
"""Parts of the package that no result depends on, but for the module that makes results."""

MAKES_RESULTS = "batch/work.py"


@cache
def code_digest() -> str:
    """Return the sha256 of the code that results depend on.

    That is the version of the package, the sources of its computing modules, its reference tables
    and the versions of the libraries in :data:`COMPUTING`. The law is not in it: its values are in
    the key of each result.

    Examples
    --------
    >>> len(code_digest())
    64
    """
    package = Path(zonage.__file__).parent
    names = {path.relative_to(package).as_posix(): path for path in package.rglob("*.py")}
    sources = {
        name: path
        for name, path in names.items()
        if name == MAKES_RESULTS or not name.startswith(NOT_COMPUTING)
    }
    sources |= {f"reference/{path.name}": path for path in data_folder("reference").glob("*.csv")}
    digests = {
        name: hashlib.sha256(path.read_bytes()).hexdigest()
        for name, path in sorted(sources.items())
    }
    libraries = {name: version_of(name) for name in ("zonage", *COMPUTING)}
    text = json.dumps({"sources": digests, "libraries": libraries}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def version_of(name: str) -> str | None:
    """Return the version of an installed distribution, None where it is not installed."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None
