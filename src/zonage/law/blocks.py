"""Blocks of keys in YAML, each key of which must be asked for; what laws and models share."""

from __future__ import annotations

import reprlib
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from zonage.errors import BadInput, suggestion
from zonage.law.parameters import Domain

KINDS = ("integer", "number", "flag", "choice", "text")
MAXIMUM_DEPTH = 20  # levels of a file, which needs seven


def load_yaml(text: str, file: str) -> object:
    """Read YAML in which no key comes twice and nothing is nested too deep."""
    import yaml

    class UniqueKeys(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> Any:
            seen = set()
            for key, _ in node.value:
                if not isinstance(key, yaml.ScalarNode):
                    continue
                if key.value in seen:
                    raise BadInput(
                        f"key given twice (line {key.start_mark.line + 1})",
                        file=file,
                        column=str(key.value),
                    )
                seen.add(key.value)
            return super().construct_mapping(node, deep=deep)

    try:
        _check_depth(yaml.parse(text, Loader=UniqueKeys), file)
        return yaml.load(text, Loader=UniqueKeys)  # a subclass of the safe loader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = "" if mark is None else f" (line {mark.line + 1})"
        raise BadInput(f"not valid YAML{line}: {error.problem}", file=file) from None
    except (yaml.YAMLError, ValueError) as error:
        raise BadInput(f"not valid YAML: {error}", file=file) from None


def _check_depth(events: Iterable[Any], file: str) -> None:
    """Refuse a text nested so deep that the compiled loader would overflow its stack."""
    depth = 0
    for event in events:
        kind = type(event).__name__
        depth += kind in ("MappingStartEvent", "SequenceStartEvent")
        depth -= kind in ("MappingEndEvent", "SequenceEndEvent")
        if depth > MAXIMUM_DEPTH:
            raise BadInput(
                "blocks nested too deep", file=file, expected=f"at most {MAXIMUM_DEPTH} levels"
            )


class Block:
    """A mapping of a file with its place in it; every key must be asked for."""

    def __init__(self, file: str, place: str, data: object) -> None:
        self.file, self.place = file, place
        if not isinstance(data, dict):
            raise self.error("not a block of keys", found=reprlib.repr(data))
        self.data: dict[Any, Any] = data
        self.asked: dict[str, None] = {}

    def error(self, message: str, key: str | None = None, **details: Any) -> BadInput:
        """Return an error at this place, or at one of its keys."""
        path = ".".join(part for part in (self.place, key) if part)
        return BadInput(message, file=self.file, column=path or None, **details)

    def names(self) -> list[str]:
        """Return the keys of a block whose keys the file chooses; they need not be asked for."""
        for key in self.data:
            if not isinstance(key, str) or not key.isidentifier() or key.startswith("_"):
                raise self.error("not a name", str(key), expected="letters, digits and _")
            self.asked[key] = None
        return list(self.data)

    def take(self, key: str, kinds: type | tuple[type, ...], expected: str) -> Any:
        """Return the value of a required key."""
        value = self.optional(key, kinds, expected)
        if value is None:
            raise self.error("missing value", key, expected=expected)
        return value

    def optional(self, key: str, kinds: type | tuple[type, ...], expected: str) -> Any:
        """Return the value of a key, None where it is not given."""
        self.asked[key] = None
        value = self.data.get(key)
        moment = isinstance(value, datetime)  # a date with hours is also a date to Python
        flag = isinstance(value, bool) and kinds is not object
        if value is not None and (moment or flag or not isinstance(value, kinds)):
            raise self.error("wrong type", key, found=reprlib.repr(value), expected=expected)
        return value

    def text(self, key: str) -> str:
        """Return a required text that is not empty."""
        value = str(self.take(key, str, "a text"))
        if not value.strip():
            raise self.error("empty text", key)
        return value

    def block(self, key: str) -> Block:
        """Return a required block of keys."""
        place = f"{self.place}.{key}" if self.place else key
        return Block(self.file, place, self.take(key, dict, "a block of keys"))

    def end(self) -> None:
        """Refuse the keys that nobody asked for."""
        for key in self.data:
            if key not in self.asked:
                raise self.error("unknown key", str(key), hint=suggestion(key, self.asked))


def titles_of(block: Block) -> tuple[str, str]:
    """Return the title of a block in French and in English."""
    title = block.block("title")
    texts = title.text("fr"), title.text("en")
    title.end()
    return texts


def domain_of(block: Block) -> Domain:
    """Return the values that a parameter may take, as its block says."""
    kind = block.text("kind")
    if kind not in KINDS:
        raise block.error("unknown kind", "kind", found=kind, expected="one of " + ", ".join(KINDS))
    choices: list[Any] = []
    minimum = maximum = None
    if kind == "choice":
        choices = block.take("choices", list, "a list of words")
        if not choices or not all(isinstance(item, str) for item in choices):
            raise block.error(
                "wrong type", "choices", found=reprlib.repr(choices), expected="texts"
            )
    elif kind in ("integer", "number"):
        minimum = block.optional("minimum", (int, float), "a number")
        maximum = block.optional("maximum", (int, float), "a number")
    return Domain(kind, minimum, maximum, tuple(choices))  # type: ignore[arg-type]


def as_date(on: str | date) -> date:
    """Return a day, given as such or as YYYY-MM-DD."""
    if isinstance(on, datetime):
        return on.date()
    if isinstance(on, date):
        return on
    try:
        return date.fromisoformat(on)
    except (TypeError, ValueError):
        raise BadInput(
            "not a day", column="on", found=reprlib.repr(on), expected="YYYY-MM-DD"
        ) from None
