"""What the sections of a project file share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


class Section(BaseModel):
    """A table of a project file: no key that it does not know, no value of another type."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def _without_nul(path: Path) -> Path:
    if "\0" in str(path):
        raise ValueError("no path holds the character NUL")
    return path


Relative = Annotated[Path, Field(strict=False), AfterValidator(_without_nul)]
"""A path of the project file."""

Part = TypeVar("Part", bound=BaseModel)


def absolute(section: Part, folder: Path) -> Part:
    """Resolve every path of a section, and of those in it, against a folder."""
    names = type(section).model_fields
    return section.model_copy(
        update={name: _absolute(getattr(section, name), folder) for name in names}
    )


def _absolute(value: Any, folder: Path) -> Any:
    if isinstance(value, Path):
        return _located(value, folder)
    if isinstance(value, BaseModel):
        return absolute(value, folder)
    if isinstance(value, tuple):
        return tuple(_absolute(item, folder) for item in value)
    return value


def _located(path: Path, folder: Path) -> Path:
    """A path of the file: ``fetched:NAME`` is a file of the cache, any other lies beside it."""
    if str(path).startswith("fetched:"):
        from zonage.sources.download import resolve

        return resolve(path)
    return folder / path


def paths_of(value: Any) -> Iterator[Path]:
    """Iterate over the paths in a section and in those in it, in the order of the file."""
    if isinstance(value, Path):
        yield value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from paths_of(getattr(value, name))
    elif isinstance(value, tuple):
        for item in value:
            yield from paths_of(item)
