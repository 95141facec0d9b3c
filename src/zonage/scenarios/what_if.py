"""What if the rule were another: a base zoning under changed parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zonage.errors import BadInput, suggestion
from zonage.zoning import Method, Zoning, rezone

Value = bool | int | float | str

METHOD = "method"
"""First part of the paths of the method's options; that of the law's parameters is its name."""


@dataclass(frozen=True)
class Settings:
    """Changed parameters, those of the law apart from those of the method.

    Attributes
    ----------
    law, method : tuple of pairs of name and value
        In the order given.
    """

    law: tuple[tuple[str, Value], ...]
    method: tuple[tuple[str, Value], ...]

    @classmethod
    def of(cls, base: Zoning, changes: Mapping[str, Value]) -> Settings:
        """Check paths such as ``qpv.min_population`` and ``method.bridge`` and sort them.

        Raises
        ------
        BadInput
            For a path that neither the law of that day nor the method has, with the nearest ones.
        """
        law, method = [], []
        for path, value in changes.items():
            section, dot, name = path.partition(".")
            if dot and section == METHOD:
                method.append((_option(name), value))
            elif dot and section == base.law.name:
                law.append((base.law.parameter(name).name, value))
            else:
                raise BadInput(
                    "unknown parameter",
                    column=path,
                    expected=f"{base.law.name}.<parameter> or {METHOD}.<option>",
                    hint=suggestion(path, paths(base)),
                )
        return cls(tuple(law), tuple(method))


def paths(base: Zoning) -> list[str]:
    """Return the paths of all parameters that a scenario on this zoning may change."""
    law = [f"{base.law.name}.{parameter.name}" for parameter in base.law.parameters]
    return law + [f"{METHOD}.{name}" for name in Method().to_dict()]


def _option(name: str) -> str:
    known = Method().to_dict()
    if name not in known:
        raise BadInput("unknown option", column=f"{METHOD}.{name}", hint=suggestion(name, known))
    return name


def reform(
    base: Zoning,
    changes: Mapping[str, Value],
    *,
    freeze: NDArray[np.bool_] | None = None,
) -> Zoning:
    """Zone the tiles of a base under changed parameters; the base stays as it is.

    Parameters
    ----------
    base : Zoning
        The zoning to start from.
    changes : mapping of str to value
        By path: ``qpv.<parameter>`` for the law, ``method.<option>`` for the method.
    freeze : bool array, shape (n,), optional
        Tiles of quarters that are kept whatever the tests say, as a derogation keeps them.

    Returns
    -------
    Zoning

    Raises
    ------
    BadInput
        For an unknown parameter, one that the law does not have on its day, or a value of the
        wrong type or out of range.

    Examples
    --------
    >>> import zonage as zn
    >>> from zonage.synthetic import metropolis
    >>> town = metropolis(0, inhabitants=50_000, size=40, truth=True)
    >>> law = zn.law("qpv", on="2024-01-01").reform(uu_min_population=0)
    >>> base = zn.qpv(town.tiles, law, town.reference)
    >>> fewer = reform(base, {"qpv.min_population": 2000})
    >>> fewer.law.min_population, base.law.min_population
    (2000, 1000)
    """
    settings = Settings.of(base, changes)
    law = base.law.reform(dict(settings.law)) if settings.law else base.law
    method = with_options(base.method, dict(settings.method))
    told = base.told if freeze is None else replace(base.told, frozen=freeze)
    return rezone(base, law=law, method=method, told=told)


def with_options(method: Method, options: Mapping[str, Value]) -> Method:
    """Return a method with other options, each of the type of the option it replaces.

    Examples
    --------
    >>> with_options(Method(), {"bridge": 2}).bridge
    2
    """
    known = method.to_dict()
    typed: dict[str, Any] = {}
    for name, value in options.items():
        typed[name] = _typed(f"{METHOD}.{name}", value, type(known[name]))
    return replace(method, **typed)


def _typed(path: str, value: Value, wanted: type) -> Value:
    if wanted is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not wanted:
        raise BadInput(
            "wrong type", column=path, found=repr(value), expected=f"a {wanted.__name__}"
        )
    return value


def parse_settings(texts: Sequence[str]) -> dict[str, Value]:
    """Read settings of the command line, such as ``qpv.min_population=800``.

    Raises
    ------
    BadInput
        For a text that is not PATH=VALUE, or a path given twice.

    Examples
    --------
    >>> parse_settings(["qpv.factor=0.65", "method.zone_median=false"])
    {'qpv.factor': 0.65, 'method.zone_median': False}
    """
    changes: dict[str, Value] = {}
    for text in texts:
        path, equals, value = (part.strip() for part in text.partition("="))
        if not (path and equals and value):
            raise BadInput("not a setting", found=text, expected="PATH=VALUE")
        if path in changes:
            raise BadInput("the same parameter is set twice", column=path)
        changes[path] = parse_value(value)
    return changes


def parse_value(text: str) -> Value:
    """Read true, false, a whole number, a number, or a word.

    Examples
    --------
    >>> parse_value("800"), parse_value("0.65"), parse_value("false"), parse_value("strict")
    (800, 0.65, False, 'strict')
    """
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
