"""The published files that can be fetched: where each lies, what it is, and its traps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib import resources
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from zonage.errors import BadInput, suggestion

Format = Literal["zip", "7z", "gz", "csv", "json"]
"""What a published file can be, by its content."""

Certainty = Literal["verified", "seen", "recalled", "unknown"]
"""How sure an address is; the words are explained at the head of the catalogue."""

_NAME = r"[a-z0-9]+(-[a-z0-9]+)*"
_FILE = r"[A-Za-z0-9][A-Za-z0-9._-]{0,120}"

PartName = Annotated[str, Field(pattern=f"^{_NAME}$")]
Text = Annotated[str, Field(min_length=1)]


class Entry(BaseModel):
    """A published file.

    Attributes
    ----------
    name, title, producer, licence : str
        What it is called here and there, whose it is, and on which terms it is used.
    page : str
        The page of the file, for a human.
    vintage : int or None
        Year of the figures; None where the file goes on growing.
    addresses : tuple of str
        Where it lies, tried in turn; empty where no address is known.
    certainty : str
        How sure the addresses are.
    file : str
        Name that it has in the cache and, dropped by hand, in the inbox.
    formats : tuple of str
        What may arrive; the content decides which.
    columns : tuple of str
        Columns that a csv file must have.
    parts : mapping of str to str
        Names of what is taken out of an archive, and the pattern of the member's name.
    tiles : bool
        Whether the parts are tables of tiles, which become Parquet.
    limit : int
        Megabytes above which it is refused.
    sha256 : str or None
        Its digest, where known.
    notes : tuple of str
        Traps.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(pattern=f"^{_NAME}$")]
    title: Text
    producer: Text
    licence: Text
    page: Text
    vintage: Annotated[int, Field(ge=1900, le=2200)] | None = None
    addresses: tuple[str, ...] = ()
    certainty: Certainty
    file: Annotated[str, Field(pattern=f"^{_FILE}$")] = ""
    formats: tuple[Format, ...] = Field(min_length=1)
    columns: tuple[str, ...] = ()
    parts: dict[PartName, Text] = {}
    tiles: bool = False
    limit: Annotated[int, Field(gt=0, le=100_000)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    notes: tuple[str, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _named_file(cls, content: Any) -> Any:
        """A file that nobody knows the name of is called after its entry."""
        if isinstance(content, dict) and "file" not in content and content.get("formats"):
            return {**content, "file": f"{content.get('name')}.{content['formats'][0]}"}
        return content

    @model_validator(mode="after")
    def _consistent(self) -> Entry:
        for address in (*self.addresses, self.page):
            parts = urlsplit(address)
            if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
                raise ValueError(f"not an address: {address}")
        if bool(self.addresses) == (self.certainty == "unknown"):
            raise ValueError("certainty is unknown where there is no address, and only there")
        if self.tiles and not self.parts:
            raise ValueError("tiles are parts of an archive")
        return self

    @property
    def limit_bytes(self) -> int:
        """Bytes above which the file is refused."""
        return self.limit * 1_000_000

    def checked_part(self, part: str) -> str:
        """Return the name of a part, or refuse it.

        Raises
        ------
        BadInput
            If the file has no such part.
        """
        if part not in self.parts:
            raise BadInput(
                "no such part of a published file",
                file=self.name,
                found=part,
                hint=suggestion(part, self.parts) if self.parts else "it has no parts",
            )
        return part


@lru_cache(maxsize=1)
def catalogue() -> Mapping[str, Entry]:
    """Return the published files by name.

    Examples
    --------
    >>> catalogue()["insee-tiles-2019"].vintage
    2019
    """
    text = (resources.files("zonage.sources.download") / "catalogue.yaml").read_text("utf-8")
    return parse_catalogue(text, file="catalogue.yaml")


def parse_catalogue(text: str, *, file: str) -> Mapping[str, Entry]:
    """Read and check a catalogue.

    Raises
    ------
    BadInput
        If it is not YAML, or an entry has a key or a value that does not belong.
    """
    import yaml

    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise BadInput("not a catalogue in YAML", file=file, found=error) from None
    if not isinstance(content, dict) or not all(isinstance(it, dict) for it in content.values()):
        raise BadInput("not a catalogue", file=file, expected="names, each with a block of keys")
    entries = {}
    for name, values in content.items():
        try:
            entries[name] = Entry.model_validate({"name": name, **values})
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(str(part) for part in (name, *first["loc"]))
            raise BadInput(first["msg"], file=file, column=key) from None
    return entries


def entry_of(name: str, entries: Mapping[str, Entry] | None = None) -> Entry:
    """Return the entry of a name.

    Raises
    ------
    BadInput
        If there is none, with the nearest names.
    """
    entries = catalogue() if entries is None else entries
    if name not in entries:
        raise BadInput("no published file of this name", found=name, hint=suggestion(name, entries))
    return entries[name]


def names_for(words: Iterable[str], entries: Mapping[str, Entry] | None = None) -> list[str]:
    """Return the names that words stand for: a name, or the beginning that several share.

    Raises
    ------
    BadInput
        If a word stands for nothing.

    Examples
    --------
    >>> names_for(["ips", "communes"])
    ['ips-ecoles', 'ips-colleges', 'communes']
    """
    entries = catalogue() if entries is None else entries
    names: dict[str, None] = {}
    for word in words:
        shared = [name for name in entries if name.startswith(word.rstrip("-") + "-")]
        names |= dict.fromkeys(shared if word not in entries and shared else [word])
    for name in names:
        entry_of(name, entries)
    return list(names)
