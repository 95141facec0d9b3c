"""What a benchmark run finds: races against peers, measures without a peer, and their table."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

LIBRARIES = (
    "numpy", "numba", "scipy", "connected-components-3d", "opencv-python-headless", "higra",
    "numbagg", "polars", "pandas", "pyarrow", "xarray-spatial", "btbpy", "exactextract",
)  # fmt: skip


@dataclass(frozen=True)
class Race:
    """An operation and one peer: `ratio` is the peer's time over zonage's; `test` measures it."""

    operation: str
    size: str
    seconds: float
    peer: str
    peer_seconds: float
    ratio: float
    target: float
    test: str = ""

    @property
    def key(self) -> str:
        """What the race is known by from one run to another."""
        return f"{self.operation} / {self.size} / {self.peer}"

    @property
    def met(self) -> bool:
        """Whether the target is reached; a target of 0 always is."""
        return self.ratio >= self.target


@dataclass(frozen=True)
class Measure:
    """A figure without a peer; `at_most` is its target, where it has one; `test` measures it."""

    name: str
    value: float
    unit: str
    at_most: float | None = None
    detail: str = ""
    test: str = ""

    @property
    def key(self) -> str:
        """What the measure is known by from one run to another."""
        return self.name

    @property
    def met(self) -> bool:
        """Whether the target is kept; without one it always is."""
        return self.at_most is None or self.value <= self.at_most


@dataclass(frozen=True)
class Results:
    """All that a run found, and the machine it ran on."""

    machine: dict[str, Any]
    races: tuple[Race, ...]
    measures: tuple[Measure, ...]

    @classmethod
    def read(cls, path: Path) -> Results:
        """Read what :meth:`write` wrote."""
        content = json.loads(path.read_text(encoding="utf-8"))
        return cls(
            content["machine"],
            tuple(Race(**race) for race in content["races"]),
            tuple(Measure(**measure) for measure in content["measures"]),
        )

    def pooled(self, other: Results) -> Results:
        """Return these results with the best times and lowest values of both."""
        races = {race.key: race for race in other.races}
        measures = {measure.key: measure for measure in other.measures}
        return replace(
            self,
            races=tuple(_best(race, races.get(race.key, race)) for race in self.races),
            measures=tuple(
                min(one, measures.get(one.key, one), key=lambda either: either.value)
                for one in self.measures
            ),
        )

    def write(self, path: Path) -> None:
        """Write the results as JSON."""
        path.write_text(json.dumps(self.to_dict(), indent=1) + "\n", encoding="utf-8")

    def to_dict(self) -> dict[str, Any]:
        """Return the results as plain values."""
        return {
            "machine": self.machine,
            "races": [asdict(race) for race in self.races],
            "measures": [asdict(measure) for measure in self.measures],
        }


def _best(one: Race, other: Race) -> Race:
    seconds = min(one.seconds, other.seconds)
    peer = min(one.peer_seconds, other.peer_seconds)
    return replace(one, seconds=seconds, peer_seconds=peer, ratio=peer / seconds)


def this_machine() -> dict[str, Any]:
    """Return processor, cores, Python and the versions of what is measured."""
    versions = {}
    for name in LIBRARIES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            versions[name] = "not installed"
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "libraries": versions,
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def markdown(results: Results) -> str:
    """Return the table of a run as Markdown, losses included."""
    lines = [
        "| operation | size | zonage | peer | peer's time | ratio | target | met |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for race in results.races:
        cells = [
            race.operation,
            race.size,
            milliseconds(race.seconds),
            race.peer,
            milliseconds(race.peer_seconds),
            figure(race.ratio),
            f"{race.target:.3g}" if race.target else "none",
            verdict(race),
        ]
        lines.append("| " + " | ".join(cells) + " |")
    lines += ["", "| measure | value | at most | met |", "|---|---|---|---|"]
    for measure in results.measures:
        target = "none" if measure.at_most is None else f"{measure.at_most:g} {measure.unit}"
        value = f"{figure(measure.value)} {measure.unit}".strip()
        name = f"{measure.name} ({measure.detail})" if measure.detail else measure.name
        lines.append(f"| {name} | {value} | {target.strip()} | {verdict(measure)} |")
    return "\n".join(lines)


def headline(results: Results) -> str:
    """Return the races that have a target and the measures that have a limit, short."""
    lines = ["| operation | peer | ratio | target |", "|---|---|---|---|"]
    groups: dict[tuple[str, str], list[Race]] = {}
    for race in results.races:
        if race.target:
            groups.setdefault((race.operation, race.size), []).append(race)
    for (operation, size), races in groups.items():
        ratios = (figure(race.ratio) if race.met else f"**{figure(race.ratio)}**" for race in races)
        cells = [
            f"{operation} ({size})",
            " / ".join(race.peer for race in races),
            " / ".join(ratios),
            " / ".join(f"{race.target:.3g}" for race in races),
        ]
        lines.append("| " + " | ".join(cells) + " |")
    lines += ["", "| measure | value | at most |", "|---|---|---|"]
    for measure in results.measures:
        if measure.at_most is not None and not measure.name.startswith("exponent"):
            value = f"{figure(measure.value)} {measure.unit}"
            value = value if measure.met else f"**{value}**"
            lines.append(f"| {measure.name} | {value} | {measure.at_most:g} {measure.unit} |")
    return "\n".join(lines)


def plain(results: Results) -> str:
    """Return the table of a run as aligned text, for a terminal."""
    rows: list[list[str]] = []
    for line in markdown(results).splitlines():
        rows.append([cell.strip() for cell in line.strip("|").split("|")] if line else [])
    parts = []
    for wide in (8, 4):
        table = [row for row in rows if len(row) == wide and not row[0].startswith("---")]
        widths = [max(len(row[place]) for row in table) for place in range(wide)]
        for row in table:
            cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            parts.append("  ".join(cells).rstrip())
        parts.append("")
    return "\n".join(parts)


def verdict(one: Race | Measure) -> str:
    """Say whether a target is met; nothing where there is none."""
    if isinstance(one, Race) and not one.target:
        return "slower" if one.ratio < 1 else ""
    if isinstance(one, Measure) and one.at_most is None:
        return ""
    return "yes" if one.met else "**no**"


def milliseconds(seconds: float) -> str:
    """A time in milliseconds, with three digits that count."""
    return f"{figure(seconds * 1e3)} ms"


def figure(value: float) -> str:
    """A figure with three digits that count and no exponent."""
    if value == 0:
        return "0"
    digits = max(0, 2 - int(f"{abs(value):e}".rpartition("e")[2]))
    return f"{value:,.{digits}f}".replace(",", " ")


def missed(results: Results) -> list[Race | Measure]:
    """Return what misses its target."""
    every: Iterable[Race | Measure] = (*results.races, *results.measures)
    return [one for one in every if not one.met]
