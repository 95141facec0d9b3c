"""The batch file: which territories, vintages, laws and scenarios, in TOML.

Paths in it are relative to the file. Every territory is zoned in every vintage under every law,
and every scenario is a change of each of these bases.
"""

from __future__ import annotations

import reprlib
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationError

from zonage.errors import BadInput, suggestion
from zonage.project import (
    LawSection,
    OfficialSection,
    Project,
    ReferenceSection,
    TilesSection,
    parse_project,
    read_project,
)
from zonage.project_section import Part, Relative, Section, absolute
from zonage.scenarios.sweep import parse_range
from zonage.scenarios.what_if import Value

BASE = "base"
"""Name of the scenario that changes nothing."""

OWN = "project"
"""Name of the vintage and of the law of the project itself, where the batch file names none."""

MAX_WORKS = 200_000
"""Works of one batch; more is a slip in a range."""


def _printable(name: str) -> str:
    if not (name.isprintable() and name.strip() and len(name) <= 100):
        raise ValueError("a name is a line of at most 100 characters")
    return name


Name = Annotated[str, AfterValidator(_printable)]
"""Name of a territory, vintage, law or scenario."""


class VintageSection(Section):
    """What a vintage puts in the place of a project's own: tiles and outlines whole."""

    tiles: TilesSection
    reference: ReferenceSection = ReferenceSection()
    official: OfficialSection | None = None


class TerritorySection(Section):
    """A territory: its project file, or the tables of one, and vintages of its own."""

    project: Relative | dict[str, Any]
    vintages: dict[Name, VintageSection] = Field(default_factory=dict)


class OutputSection(Section):
    """Where the report goes, where results are kept, and the language of the report."""

    folder: Relative = Path("out/batch")
    results: Relative | None = None
    language: Literal["en", "fr"] = "en"


class BatchFile(Section):
    """A batch, as its file describes it.

    Examples
    --------
    >>> BatchFile.model_validate({"territories": {"lille": {"project": "lille.toml"}}}).title
    'Batch'
    """

    title: Name = "Batch"
    territories: dict[Name, TerritorySection] = Field(min_length=1)
    vintages: dict[Name, VintageSection] = Field(default_factory=dict)
    laws: dict[Name, LawSection] = Field(default_factory=dict)
    scenarios: dict[Name, dict[str, Any]] = Field(default_factory=dict)
    output: OutputSection = OutputSection()


@dataclass(frozen=True)
class Base:
    """A territory in one vintage under one law: what scenarios start from.

    Attributes
    ----------
    territory, vintage, law : str
        Names in the batch file.
    project : Project or BadInput
        The run that makes it, or why there is none.
    """

    territory: str
    vintage: str
    law: str
    project: Project | BadInput


@dataclass(frozen=True)
class Batch:
    """What a batch file asks for, its paths absolute.

    Attributes
    ----------
    file : Path
        The batch file.
    title : str
        Of the report.
    bases : tuple of Base
        Territories by vintages by laws, in the order of the file.
    scenarios : mapping of str to mapping of str to value
        Changed parameters by path, by name of the scenario; the first one changes nothing.
    folder, results : Path
        Where the report goes, and where results are kept.
    language : str
        Of the report.
    """

    file: Path
    title: str
    bases: tuple[Base, ...]
    scenarios: Mapping[str, Mapping[str, Value]]
    folder: Path
    results: Path
    language: str


def read_batch(path: str | Path, output: str | Path | None = None) -> Batch:
    """Read and validate a batch file and the project files that it names.

    A project file that cannot be used is no error of the batch: its bases say so.

    Parameters
    ----------
    path : str or Path
        A TOML file.
    output : str or Path, optional
        Folder of the report in place of that of the file.

    Raises
    ------
    BadInput
        If the file is absent, not TOML, or has a key, value or scenario that does not belong.
    """
    path = Path(path)
    content = _normal(_toml(path))
    try:
        asked = BatchFile.model_validate(content)
    except ValidationError as error:
        raise _problem(error, path) from None
    home = path.resolve().parent
    scenarios = _scenarios(asked, path)
    bases = tuple(_bases(asked, home, path))
    if len(bases) * len(scenarios) > MAX_WORKS:
        count = len(bases) * len(scenarios)
        raise BadInput("too many works", file=path, found=count, expected=f"at most {MAX_WORKS}")
    folder = Path(output).absolute() if output is not None else home / asked.output.folder
    kept = asked.output.results
    results = folder.with_name(f"{folder.name}.results") if kept is None else home / kept
    if folder == results or folder in results.parents:
        raise BadInput(
            "results inside the folder of the report, which is replaced as a whole",
            file=path,
            column="output.results",
            found=results,
        )
    return Batch(
        file=path,
        title=asked.title,
        bases=bases,
        scenarios=scenarios,
        folder=folder,
        results=results,
        language=asked.output.language,
    )


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadInput("no such batch file", file=path) from None
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput("the batch file cannot be read", file=path, found=error) from None
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"not a TOML file: {error}", file=path) from None
    except RecursionError:
        raise BadInput("not a batch file: values nested too deep", file=path) from None


def _normal(content: dict[str, Any]) -> dict[str, Any]:
    """Write out the short forms: a path alone for a territory or for the tiles of a vintage."""
    content = dict(content)
    if isinstance(content.get("vintages"), dict):
        content["vintages"] = _vintages(content["vintages"])
    if isinstance(territories := content.get("territories"), dict):
        content["territories"] = {
            name: {"project": entry} if isinstance(entry, str) else _territory(entry)
            for name, entry in territories.items()
        }
    return content


def _territory(entry: Any) -> Any:
    if isinstance(entry, dict) and isinstance(entry.get("vintages"), dict):
        return entry | {"vintages": _vintages(entry["vintages"])}
    return entry


def _vintages(entries: dict[str, Any]) -> dict[str, Any]:
    """A path is that of the tiles; a name that is a year is their vintage unless one is given."""
    written: dict[str, Any] = {}
    for name, entry in entries.items():
        if isinstance(entry, str):
            entry = {"tiles": {"path": entry}}
        tiles = entry.get("tiles") if isinstance(entry, dict) else None
        if isinstance(tiles, dict) and len(name) == 4 and name.isascii() and name.isdigit():
            entry = entry | {"tiles": {"vintage": int(name)} | tiles}
        written[name] = entry
    return written


def _problem(error: ValidationError, file: Path) -> BadInput:
    """Say the first problem that pydantic found, by the key that holds it."""
    problem = error.errors()[0]
    place = [str(part) for part in problem["loc"] if part not in ("dict[str,any]", "[key]")]
    key = ".".join(place) or "(whole file)"
    if problem["type"] == "extra_forbidden":
        known = [
            name
            for model in (BatchFile, TerritorySection, VintageSection, OutputSection, TilesSection,
                          ReferenceSection, OfficialSection, LawSection)
            for name in model.model_fields
        ]  # fmt: skip
        return BadInput("unknown key", file=file, column=key, hint=suggestion(place[-1], known))
    if problem["type"] == "missing":
        return BadInput("missing key", file=file, column=key)
    message = problem["msg"].removeprefix("Value error, ")
    found = None if isinstance(problem["input"], dict) else reprlib.repr(problem["input"])
    return BadInput(message, file=file, column=key, found=found)


# --------------------------------------------------------------------------------------------------
# Bases


def _bases(asked: BatchFile, home: Path, file: Path) -> Iterator[Base]:
    for name, section in asked.territories.items():
        project: Project | BadInput
        try:
            project = _project(name, section, home, file)
        except BadInput as error:
            if isinstance(section.project, dict):
                raise
            project = error
        vintages = asked.vintages | section.vintages
        for vintage, law in product(vintages or [OWN], asked.laws or [OWN]):
            made = project
            if isinstance(made, Project) and vintage in vintages:
                made = _with_vintage(made, vintages[vintage], home)
            if isinstance(made, Project) and law in asked.laws:
                made = _with_law(made, asked.laws[law])
            yield Base(name, vintage, law, made)


def _project(name: str, section: TerritorySection, home: Path, file: Path) -> Project:
    if isinstance(section.project, Path):
        return read_project(home / section.project)
    try:
        return parse_project(section.project, folder=home, file=file)
    except BadInput as error:
        place = f"territories.{name}.project"
        key = place if error.column is None else f"{place}.{error.column}"
        raise BadInput(
            error.message,
            file=file,
            column=key,
            found=error.found,
            expected=error.expected,
            hint=error.hint,
        ) from None


def _with_vintage(project: Project, vintage: VintageSection, home: Path) -> Project | BadInput:
    """The project with another vintage, or that a published file of it was not fetched."""
    try:
        found = absolute(vintage, home)
    except BadInput as error:
        return error
    given = vintage.reference.model_fields_set
    changes: dict[str, Any] = {
        "tiles": found.tiles,
        "reference": _over(project.reference, found.reference, given),
    }
    if found.official is not None:
        changes["official"] = found.official
    return project.model_copy(update=changes)


def _with_law(project: Project, law: LawSection) -> Project:
    return project.model_copy(update={"law": _over(project.law, law, law.model_fields_set)})


def _over(section: Part, other: Part, given: set[str]) -> Part:
    """A section with the given keys of another one in the place of its own."""
    return section.model_copy(update={name: getattr(other, name) for name in given})


# --------------------------------------------------------------------------------------------------
# Scenarios


def _scenarios(asked: BatchFile, file: Path) -> dict[str, dict[str, Value]]:
    scenarios: dict[str, dict[str, Value]] = {BASE: {}}
    for name, settings in asked.scenarios.items():
        if name == BASE:
            raise BadInput(
                "this scenario is there by itself", file=file, column=f"scenarios.{name}"
            )
        try:
            for full, changes in _expanded(name, dict(_flat(settings))):
                if full in scenarios:
                    raise BadInput("two scenarios of one name", found=full)
                scenarios[full] = changes
        except BadInput as error:
            place = f"scenarios.{name}" + (f".{error.column}" if error.column else "")
            raise BadInput(
                error.message, file=file, column=place, found=error.found, expected=error.expected
            ) from None
    return scenarios


def _flat(settings: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Settings by path, whether the file writes ``qpv.factor = 0.6`` or ``"qpv.factor" = 0.6``."""
    for name, value in settings.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _expanded(name: str, settings: dict[str, Any]) -> Iterator[tuple[str, dict[str, Value]]]:
    """One scenario, or one for each combination of the values of lists and ranges in it."""
    if not settings:
        raise BadInput("a scenario that changes nothing", expected="PATH = VALUE")
    values = {path: _values(path, given) for path, given in settings.items()}
    if any(not given for given in values.values()):
        raise BadInput("an empty list of values")
    varied = [path for path, given in values.items() if len(given) > 1]
    for row in product(*values.values()):
        changes = dict(zip(values, row, strict=True))
        marks = ", ".join(f"{path}={changes[path]}" for path in varied)
        yield (f"{name}: {marks}" if marks else name), changes


def _values(path: str, given: Any) -> tuple[Value, ...]:
    if isinstance(given, str) and given.count(":") == 2:
        return parse_range(f"{path}={given}")[1]
    values = tuple(given) if isinstance(given, list) else (given,)
    for value in values:
        if not isinstance(value, bool | int | float | str):
            raise BadInput(
                "not a value", column=path, found=reprlib.repr(value), expected="a number or a word"
            )
    return values
