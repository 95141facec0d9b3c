"""The project file: which tiles, which law, which method, which outputs, in TOML.

Paths in it are relative to the file. Every key is checked; an unknown one is an error that names
it and the nearest known key.
"""

from __future__ import annotations

import reprlib
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, PrivateAttr, ValidationError, model_validator

from zonage.errors import BadInput, suggestion
from zonage.project_complement import ComplementSection
from zonage.project_section import Relative, Section, absolute
from zonage.zoning import Method

Metres = Annotated[float, Field(strict=True, allow_inf_nan=False)]
"""An edge of a bounding box."""

MAX_LINE = 1_000_000
"""EUR a year that no line reaches; what is above is a slip of the keyboard."""


class TilesSection(Section):
    """The tile file."""

    path: Relative
    vintage: int | None = None
    crs: int | None = None
    member: str | None = None


class TerritorySection(Section):
    """The table of communes, and which of them to zone; the whole tile file if nothing is said."""

    communes_table: Relative | None = None
    epci_table: Relative | None = None
    urban_units_table: Relative | None = None
    outlines: Relative | None = None
    epci: str | None = None
    urban_units: tuple[str, ...] = Field(default=(), strict=False)
    communes: tuple[str, ...] = Field(default=(), strict=False)
    bbox: tuple[Metres, Metres, Metres, Metres] | None = Field(default=None, strict=False)

    @model_validator(mode="after")
    def _needs_table(self) -> TerritorySection:
        chosen = [name for name in ("epci", "urban_units", "communes") if getattr(self, name)]
        if len(chosen) > 1:
            raise ValueError(f"choose by one of {' and '.join(chosen)}, not by both")
        tables = ("epci_table", "urban_units_table", "outlines")
        for name in (*chosen, *(name for name in tables if getattr(self, name))):
            if name != "communes" and self.communes_table is None:
                raise ValueError(
                    f"{name} needs a communes_table that says which communes there are"
                )
        return self


class LawSection(Section):
    """The law, the day on which it is taken, and what a reform changes in it."""

    name: str = "qpv"
    on: date = date(2024, 1, 1)
    territory: str = "metropole"
    reform: dict[str, Any] = Field(default_factory=dict)


class ReferenceSection(Section):
    """The median incomes that the line is drawn from; the packaged tables if no path is given."""

    concept: Literal["declared", "disposable"] = "declared"
    year: int = 2019
    national: Relative | None = None
    units: Relative | None = None


class OfficialSection(Section):
    """The official outlines to compare with: polygons, or a table of tile shares."""

    perimeters: Relative | None = None
    coverage: Relative | None = None
    quarters: Relative | None = None
    vintage: int | None = None

    @model_validator(mode="after")
    def _one_of(self) -> OfficialSection:
        if (self.perimeters is None) == (self.coverage is None):
            raise ValueError("give either perimeters (polygons) or coverage (a table of shares)")
        if self.coverage is not None and self.quarters is None:
            raise ValueError("coverage needs quarters, the table of codes and names")
        return self


class OutputSection(Section):
    """Where the results go, and in which language their texts are."""

    folder: Relative = Path("out/run")
    language: Literal["en", "fr"] = "en"


class Project(Section):
    """A run, as its file describes it.

    Examples
    --------
    >>> Project.model_validate({"tiles": {"path": "tiles.csv"}}).law.name
    'qpv'
    """

    title: str = "Priority quarters"
    source: str = "INSEE, Filosofi"
    tiles: TilesSection
    territory: TerritorySection = TerritorySection()
    law: LawSection = LawSection()
    reference: ReferenceSection = ReferenceSection()
    method: dict[str, Any] = Field(default_factory=dict)
    line: float | None = Field(default=None, gt=0, le=MAX_LINE)
    official: OfficialSection | None = None
    complement: ComplementSection | None = None
    output: OutputSection = OutputSection()
    _file: str | None = PrivateAttr(default=None)

    @property
    def file(self) -> str | None:
        """The file that the project was read from, for messages."""
        return self._file

    def options(self) -> Method:
        """The method of the run: the default with the options of the file.

        Raises
        ------
        BadInput
            For an unknown option or a value out of range.
        """
        known = Method().to_dict()
        for name, value in self.method.items():
            if name not in known:
                raise BadInput("unknown key", column=f"method.{name}", hint=suggestion(name, known))
            expected = type(known[name])
            number = expected is float and isinstance(value, int) and not isinstance(value, bool)
            if not number and type(value) is not expected:
                raise BadInput(
                    "wrong type",
                    column=f"method.{name}",
                    found=repr(value),
                    expected=f"{expected.__name__}, such as {known[name]!r}",
                )
        return Method(**self.method)


def read_project(path: str | Path) -> Project:
    """Read and validate a project file; its paths become absolute.

    Parameters
    ----------
    path : str or Path
        A TOML file.

    Raises
    ------
    BadInput
        If the file is absent, not TOML, or has a key or value that does not belong; the error
        names the key, what was found and what was expected.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise BadInput("no such project file", file=path) from None
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput("the project file cannot be read", file=path, found=error) from None
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"not a TOML file: {error}", file=path) from None
    except RecursionError:
        raise BadInput("not a project file: values nested too deep", file=path) from None
    return parse_project(content, folder=path.resolve().parent, file=path)


def parse_project(content: Mapping[str, Any], *, folder: Path, file: str | Path) -> Project:
    """Validate the content of a project file and make its paths absolute.

    Examples
    --------
    >>> parse_project({"tiles": {"path": "t.csv"}}, folder=Path("/data"), file="p.toml").tiles.path
    PosixPath('/data/t.csv')
    """
    try:
        project = Project.model_validate(dict(content))
    except ValidationError as error:
        raise _first_problem(error, file) from None
    try:
        project.options()
    except BadInput as error:
        raise error.located(file=file) from None
    project = absolute(project, folder)
    project._file = str(file)
    return project


def _first_problem(error: ValidationError, file: str | Path) -> BadInput:
    """Say the first problem that pydantic found in the words of the project file."""
    problem = error.errors()[0]
    key = ".".join(str(part) for part in problem["loc"]) or "(whole file)"
    others = error.error_count() - 1
    more = f" (and {others} more problem{'s' * (others > 1)})" if others else ""
    if problem["type"] == "extra_forbidden":
        return BadInput(
            "unknown key" + more,
            file=file,
            column=key,
            hint=suggestion(problem["loc"][-1], _known_keys(problem["loc"][:-1])),
        )
    if problem["type"] == "missing":
        return BadInput("missing key" + more, file=file, column=key)
    expected = next(
        (text for kind, text in _EXPECTED.items() if problem["type"].startswith(kind)), None
    )
    message = "wrong type" if expected else problem["msg"].removeprefix("Value error, ")
    found = None if isinstance(problem["input"], dict) else reprlib.repr(problem["input"])
    return BadInput(message + more, file=file, column=key, found=found, expected=expected)


_EXPECTED = {
    "model": "a table, such as [tiles]",
    "dict": "a table",
    "tuple": 'a list, such as ["59350", "59512"]',
    "string": 'a text in quotes, such as "59350"',
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "date": "a day without quotes, such as 2024-01-01",
    "path": "a path in quotes",
}
"""What is expected where pydantic found another type, by the start of its name for the error."""


def _known_keys(section: tuple[int | str, ...]) -> list[str]:
    """The keys of the section at a place of the file."""
    model: Any = Project
    for part in section:
        if isinstance(part, str):
            model = next(_sections_in(model.model_fields[part].annotation), Project)
    return list(model.model_fields)


def _sections_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """The sections that a type of a field names, in a list or beside others."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for option in getattr(annotation, "__args__", ()):
        yield from _sections_in(option)
