"""Make the outputs of a manifest again, and say whether their bytes agree."""

from __future__ import annotations

import json
import math
import reprlib
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from zonage.batch.keys import input_files
from zonage.errors import BadInput, suggestion
from zonage.outputs import usable_folder, write, write_change, write_margins, write_sweep
from zonage.outputs.folder import MANIFEST
from zonage.outputs.writing import digest
from zonage.pipeline import run
from zonage.project import Project, parse_project
from zonage.provenance import code_digest, version_of
from zonage.scenarios import change, reform
from zonage.scenarios.what_if import Value

MAX_BYTES = 64 << 20
"""Largest manifest that is read."""

MOST = 1_000_000
"""Largest number of draws or samples that is taken from a manifest."""

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Rerun:
    """What came out of making the outputs of a manifest again.

    Attributes
    ----------
    command : str
        What the manifest is of.
    outputs : mapping of str to str
        By name of the output: ``"same"``, ``"differs"``, ``"missing"`` (was made then, not now) or
        ``"new"`` (the other way round).
    versions : mapping of str to pair of str or None
        Libraries, zonage and its code whose versions then and now differ; None where not known.
    folder : Path or None
        Where the outputs are; None where they were removed.
    """

    command: str
    outputs: Mapping[str, str]
    versions: Mapping[str, tuple[str | None, str | None]]
    folder: Path | None

    @property
    def agrees(self) -> bool:
        """Whether every output has the same bytes."""
        return set(self.outputs.values()) <= {"same"}


def rerun(
    manifest: str | Path,
    *,
    inputs: Path | None = None,
    output: str | Path | None = None,
    tell: Tell = lambda text: None,
) -> Rerun:
    """Run again what a manifest describes and compare the outputs byte by byte.

    Parameters
    ----------
    manifest : str or Path
        The ``manifest.json`` of a run, a simulation, a sweep, margins, an uncertainty, a
        sensitivity analysis, a comparison of vintages, figures or complementary perimeters.
    inputs : Path, optional
        A folder to look in, by name, for inputs that are not where the manifest says.
    output : str or Path, optional
        A folder to keep the outputs in; they are removed if none is given.
    tell : callable, optional
        Called with a line of progress.

    Raises
    ------
    BadInput
        If the manifest is not one, does not say enough, or an input is missing or has another
        content than it had then.
    """
    path = Path(manifest)
    content = _read(path)
    name = content.get("command", "run")
    if not isinstance(name, str) or name not in _MAKERS:
        raise BadInput(
            "not a manifest that can be run again",
            file=path,
            column="command",
            found=reprlib.repr(name),
            hint=suggestion(name, _MAKERS),
        )
    recorded = _Record(path, content)
    projects = [
        _found(recorded.project(key), recorded, inputs)
        for key in ("project", "against")
        if key == "project" or name == "compare" or key in content
    ]
    with tempfile.TemporaryDirectory(prefix="zonage-rerun-") as scratch:
        folder = Path(scratch) / "rerun" if output is None else usable_folder(output)
        _refuse_original(folder, path)
        _MAKERS[name](projects, recorded, folder, tell)
        made = json.loads((folder / MANIFEST).read_bytes())["outputs"]
        outputs = _compared(recorded.outputs(), {key: one["sha256"] for key, one in made.items()})
    return Rerun(name, outputs, _versions(content), None if output is None else folder)


def _refuse_original(folder: Path, manifest: Path) -> None:
    if folder.resolve() == manifest.resolve().parent:
        raise BadInput(
            "the rerun would replace the outputs that it is to be compared with",
            file=folder,
            hint="name another folder",
        )


def _compared(then: Mapping[str, str], now: Mapping[str, str]) -> dict[str, str]:
    found = {}
    for name in sorted({*then, *now}):
        if name not in now:
            found[name] = "missing"
        elif name not in then:
            found[name] = "new"
        else:
            found[name] = "same" if then[name] == now[name] else "differs"
    return found


def _versions(content: Mapping[str, Any]) -> dict[str, tuple[str | None, str | None]]:
    """Versions that are not those of then; of the code its digest."""
    libraries = content.get("libraries")
    then = dict(libraries) if isinstance(libraries, dict) else {}
    then["zonage"] = content.get("zonage")
    now: dict[str, str | None] = {name: version_of(str(name)) for name in then}
    if "code" in content:
        then["code"], now["code"] = content["code"], code_digest()
    return {
        str(name): (None if version is None else str(version), now[name])
        for name, version in sorted(then.items())
        if version != now[name]
    }


# --------------------------------------------------------------------------------------------------
# The manifest, which may have been written by anybody


def _read(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise BadInput("too large for a manifest", file=path, found=path.stat().st_size)
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadInput("no such manifest", file=path) from None
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput("the manifest cannot be read", file=path, found=error) from None
    except (ValueError, RecursionError) as error:
        raise BadInput(f"not a JSON file: {error}", file=path) from None
    if not isinstance(content, dict):
        raise BadInput("not a manifest", file=path, expected="an object with project and outputs")
    return content


@dataclass(frozen=True)
class _Record:
    """What a manifest says, each part checked when it is asked for."""

    file: Path
    content: Mapping[str, Any]

    def error(self, message: str, key: str, **details: Any) -> BadInput:
        return BadInput(message, file=self.file, column=key, **details)

    def take(self, key: str, kinds: type | tuple[type, ...], expected: str) -> Any:
        """A value of the manifest; its absence is said as what it is."""
        if key not in self.content:
            raise self.error("the manifest does not say it", key, expected=expected)
        value = self.content[key]
        if not isinstance(value, kinds) or isinstance(value, bool):
            raise self.error("wrong type", key, found=type(value).__name__, expected=expected)
        return value

    def whole(self, key: str, most: int = 1 << 62) -> int:
        number: int = self.take(key, int, "a whole number")
        if not 0 <= number <= most:
            raise self.error("out of range", key, found=number, expected=f"0 to {most}")
        return number

    def settings(self, key: str = "settings") -> dict[str, Value]:
        """Values by path; none where the manifest has no such key."""
        if key not in self.content:
            return {}
        settings: dict[str, Value] = self.take(key, dict, "values by path")
        for path, value in settings.items():
            self._value(f"{key}.{path}", value)
        return settings

    def ranges(self) -> dict[str, list[Value]]:
        ranges: dict[str, list[Value]] = self.take("ranges", dict, "lists of values by path")
        for path, values in ranges.items():
            if not isinstance(values, list):
                raise self.error("wrong type", f"ranges.{path}", expected="a list of values")
            for value in values:
                self._value(f"ranges.{path}", value)
        return ranges

    def texts(self, key: str) -> list[str]:
        """A list of texts."""
        found: list[str] = self.take(key, list, "a list of texts")
        if not all(isinstance(text, str) for text in found):
            raise self.error("wrong type", key, expected="a list of texts")
        return found

    def _value(self, key: str, value: object) -> None:
        finite = not isinstance(value, float) or math.isfinite(value)
        if not (isinstance(value, bool | int | float | str) and finite):
            raise self.error("not a value", key, expected="a number or a word")

    def project(self, key: str) -> Project:
        content = dict(self.take(key, dict, "a project"))
        law = content.get("law")
        if isinstance(law, dict) and isinstance(law.get("on"), str):
            try:
                content["law"] = law | {"on": date.fromisoformat(law["on"])}
            except ValueError:
                raise self.error("not a day", f"{key}.law.on", found=law["on"]) from None
        folder = self.file.resolve().parent
        project = parse_project(content, folder=folder, file=self.file)
        if "project_file" in self.content:
            # The account of a run names the file that it was asked by.
            name = self.take("project_file", str, "the name of the project file")
            project = parse_project(content, folder=folder, file=name)
        return project

    def outputs(self) -> dict[str, str]:
        return self._digests("outputs")

    def inputs(self) -> dict[str, str]:
        return self._digests("inputs")

    def _digests(self, key: str) -> dict[str, str]:
        """Digests by name or path."""
        found = {}
        for name, entry in self.take(key, dict, "files with their sha256").items():
            if not (isinstance(entry, dict) and isinstance(entry.get("sha256"), str)):
                raise self.error("a file without its sha256", f"{key}.{name}")
            found[name] = entry["sha256"]
        return found


def _found(project: Project, record: _Record, folder: Path | None) -> Project:
    """The project with every input where it is now, after a check that it is what it was."""
    known = record.inputs()
    changes: dict[str, dict[str, Path]] = {}
    for key, path in input_files(project).items():
        if str(path) not in known:
            raise record.error("the manifest has no digest of this input", key, found=path)
        section, _, name = key.partition(".")
        changes.setdefault(section, {})[name] = _same_file(path, known[str(path)], folder)
    sections = {
        section: getattr(project, section).model_copy(update=paths)
        for section, paths in changes.items()
    }
    return project.model_copy(update=sections)


def _same_file(path: Path, sha256: str, folder: Path | None) -> Path:
    places = [path] if folder is None else [path, folder / path.name]
    files = [place for place in places if place.is_file()]
    for place in files:
        if digest(place)["sha256"] == sha256:
            return place
    if files:
        raise BadInput(
            "the input is not what it was",
            file=files[-1],
            found=f"sha256 {digest(files[-1])['sha256'][:16]}...",
            expected=f"sha256 {sha256[:16]}...",
        )
    raise BadInput(
        "an input is missing", file=path, hint="give --inputs FOLDER if it is somewhere else"
    )


# --------------------------------------------------------------------------------------------------
# How each kind of outputs is made


def _make_run(projects: list[Project], record: _Record, folder: Path, tell: Tell) -> None:
    write(run(projects[0], tell), folder)


def _make_change(projects: list[Project], record: _Record, folder: Path, tell: Tell) -> None:
    settings = record.settings()
    base = run(projects[0], tell)
    freeze = record.content.get("freeze")
    frozen = None
    if freeze == "computed":
        frozen = base.zoning.inside
    elif freeze == "official" and base.comparison is not None:
        frozen = base.comparison.official
    elif freeze is not None:
        raise record.error("not a way to freeze", "freeze", found=reprlib.repr(freeze))
    found = change(base.zoning, reform(base.zoning, settings, freeze=frozen))
    write_change(base, found, settings, folder)


def _make_sweep(projects: list[Project], record: _Record, folder: Path, tell: Tell) -> None:
    from zonage.scenarios.sweep import sweep

    ranges, settings = record.ranges(), record.settings()
    base = run(projects[0], tell)
    zoning = reform(base.zoning, settings) if settings else base.zoning
    write_sweep(base, sweep(zoning, ranges), folder)


def _make_margins(projects: list[Project], record: _Record, folder: Path, tell: Tell) -> None:
    from zonage.scenarios.margins import quarter_margins, zone_margins

    base = run(projects[0], tell)
    official = base.official
    quarters = quarter_margins(base.zoning, official.coverage) if official is not None else ()
    write_margins(base, zone_margins(base.zoning), quarters, folder)


def _make_uncertainty(projects: list[Project], record: _Record, folder: Path, tell: Tell) -> None:
    from zonage.outputs import write_uncertainty
    from zonage.scenarios.uncertainty import Errors, monte_carlo, reliability

    draws, seed = record.whole("draws", MOST), record.whole("seed")
    errors = Errors()
    if "errors" in record.content:
        errors = _errors(record, errors)
    base = run(projects[0], tell)
    found = monte_carlo(base.zoning, draws=draws, seed=seed, errors=errors)
    curve = None
    if base.comparison is not None:
        curve = reliability(
            found.probability,
            base.comparison.official,
            base.zoning.tiles.values("population"),
            zoning=base.zoning.inside,
        )
    write_uncertainty(base, found, curve, folder)


def _errors(record: _Record, default: Any) -> Any:
    sizes = record.take("errors", dict, "sizes of errors")
    known = default.to_dict()
    for name, value in sizes.items():
        wanted = list if name in ("connectivity", "bridge") else int | float
        if name not in known or not isinstance(value, wanted) or isinstance(value, bool):
            raise record.error("not the size of an error", f"errors.{name}")
    typed = {name: tuple(v) if isinstance(v, list) else float(v) for name, v in sizes.items()}
    return replace(default, **typed)


def _make_sensitivity(projects: list[Project], record: _Record, folder: Path, tell: Tell) -> None:
    from zonage.outputs import write_sensitivity
    from zonage.scenarios.sensitivity import sensitivity

    samples, seed = record.whole("samples", MOST), record.whole("seed")
    analysis = record.take("analysis", str, "sobol or morris")
    if analysis not in ("sobol", "morris"):
        raise record.error("not an analysis", "analysis", found=analysis, expected="sobol, morris")
    base = run(projects[0], tell)
    found = sensitivity(base.zoning, samples=samples, seed=seed, method=analysis)
    write_sensitivity(base, found, folder)


def _make_vintages(projects: list[Project], record: _Record, folder: Path, tell: Tell) -> None:
    from zonage.outputs.vintages import write_vintages
    from zonage.vintages import compare_vintages

    before, after = (run(project, tell) for project in projects)
    official = after.official.coverage if after.official is not None else None
    found = compare_vintages(before.zoning, after.zoning, official=official)
    write_vintages(before, after, found, folder)


def _make_figures(projects: list[Project], record: _Record, folder: Path, tell: Tell) -> None:
    from zonage.outputs.figures import write_figures
    from zonage.scenarios.uncertainty import monte_carlo
    from zonage.vintages import compare_vintages

    draws, seed = record.whole("draws", MOST), record.whole("seed")
    base, *others = (run(project, tell) for project in projects)
    against = None
    if others:
        against = (others[0], compare_vintages(base.zoning, others[0].zoning))
    found = monte_carlo(base.zoning, draws=draws, seed=seed)
    write_figures(base, found, folder, against=against)


def _make_complement(projects: list[Project], record: _Record, folder: Path, tell: Tell) -> None:
    from zonage.complement_job import complement_run
    from zonage.complementary.changes import sweep
    from zonage.complementary.stability import stability
    from zonage.outputs.complement import write_complement
    from zonage.project_section import paths_of
    from zonage.scenarios.sweep import parse_range

    asked: dict[str, Any] = {"settings": record.settings(), "vary": record.texts("vary"),
             "draws": record.whole("draws", MOST), "seed": record.whole("seed")}  # fmt: skip
    known = record.inputs()
    for path in paths_of(projects[0].complement):
        _same_file(path, known.get(str(path), ""), None)
    found = complement_run(run(projects[0], tell), tell)
    if asked["settings"]:
        found = replace(found, found=found.found.reform(asked["settings"]))
    tables = {}
    if asked["vary"]:
        tables["sweep"] = sweep(found.found, dict(parse_range(text) for text in asked["vary"]))
    firm = stability(found.found, draws=asked["draws"], seed=asked["seed"])
    write_complement(found, firm, folder, tables=tables, asked=asked)


Maker = Callable[[list[Project], _Record, Path, Tell], None]

_MAKERS: dict[str, Maker] = {
    "run": _make_run,
    "simulate": _make_change,
    "sweep": _make_sweep,
    "margin": _make_margins,
    "uncertainty": _make_uncertainty,
    "sensitivity": _make_sensitivity,
    "compare": _make_vintages,
    "figures": _make_figures,
    "complement": _make_complement,
}
"""How the outputs are made, by the command of the manifest."""
