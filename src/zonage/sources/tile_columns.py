"""Columns of a batch: what INSEE's texts, numbers, codes and marks mean, whatever their type."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pyarrow as pa

COMMUNE_CODES = re.compile(r"(?:(?:[0-9]{2}|2[AB])[0-9]{3})+")
"""Codes of communes, one or several strung together."""

_MISSING = ("", "ns", "nd", "s", "so", "na", "n/a", "null", "none")
_NUMBER = r"^-?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?$|^-?(nan|inf|infinity)$"
_NARROW_SPACE = "[\u00a0\u2009\u202f]"


def _is_text(column: pa.Array) -> bool:
    from pyarrow import types

    kinds = (types.is_string, types.is_large_string, types.is_binary, types.is_large_binary)
    return any(kind(column.type) for kind in kinds)


def plain_column(batch: pa.RecordBatch, name: str) -> pa.Array:
    """Return a column without the dictionary that it may be packed with."""
    import pyarrow as pa

    column = batch.column(name)
    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column


def as_bytes(column: pa.Array) -> pa.Array:
    """Return a column as bytes, whatever they spell; anything else becomes text first."""
    import pyarrow as pa

    if not _is_text(column):
        column = column.cast(pa.string())
    large = pa.types.is_large_string(column.type) or pa.types.is_large_binary(column.type)
    return column.cast(pa.large_binary() if large else pa.binary())


def value_at(column: pa.Array, position: Any) -> Any:
    """Return a value of a column for a message; text as bytes, since it may not be UTF-8."""
    one = column.slice(int(position), 1)
    return (as_bytes(one) if _is_text(column) else one)[0].as_py()


def buffers(ids: pa.Array) -> tuple[NDArray[np.uint8], NDArray[Any]]:
    """Bytes and offsets of an Arrow column of bytes, without a copy."""
    from pyarrow import types

    _, offsets, data = ids.buffers()
    starts = np.frombuffer(offsets, np.int64 if types.is_large_binary(ids.type) else np.int32)
    content = np.frombuffer(data, np.uint8) if data else np.empty(0, np.uint8)
    return content, starts[ids.offset : ids.offset + len(ids) + 1]


def as_texts(column: pa.Array) -> pa.Array:
    """Return a column as strings, nulls kept; integers regain the zero at the start of a code."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_integer(column.type):
        text = column.cast(pa.string())
        short = pc.match_substring_regex(text, "^(?:[0-9]{5})*[0-9]{4}$")
        return pc.if_else(short, pc.binary_join_element_wise("0", text, ""), text)
    texts = as_bytes(column)
    try:
        return texts.cast(pa.string())
    except pa.ArrowInvalid:  # not UTF-8: the sign for what cannot be read shows in the message
        replaced = (
            one if one is None else one.decode("utf-8", "replace") for one in texts.to_pylist()
        )
        return pa.array(replaced, pa.string())


def as_numbers(column: pa.Array, comma_list: bool) -> pa.Array:
    """Read a column as float64, null where there is no number.

    A comma is the decimal sign, except in a comma-separated file where it may be a thousand's.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if not _is_text(column):
        try:
            return column.cast(pa.float64(), safe=False)
        except pa.ArrowException:
            return pa.nulls(len(column), pa.float64())
    text = as_texts(column)
    try:
        return text.cast(pa.float64())
    except pa.ArrowInvalid:
        pass
    text = pc.replace_substring_regex(pc.utf8_trim_whitespace(text), _NARROW_SPACE, "")
    point = pc.replace_substring(text, ",", ".", max_replacements=1)
    if comma_list:
        point = pc.if_else(pc.match_substring_regex(text, ",[0-9]{3}$"), text, point)
    readable = pc.match_substring_regex(point, _NUMBER, ignore_case=True)
    return pc.if_else(readable, point, pa.scalar(None, pa.string())).cast(pa.float64())


def is_missing(column: pa.Array) -> NDArray[np.bool_]:
    """Whether each value is absent, or one of INSEE's marks for what it does not publish."""
    import pyarrow as pa
    import pyarrow.compute as pc

    missing = column.is_null()
    if _is_text(column):
        text = pc.utf8_lower(pc.utf8_trim_whitespace(as_texts(column)))
        missing = pc.or_(missing, pc.is_in(text, value_set=pa.array(_MISSING)))
    return missing.to_numpy(zero_copy_only=False)


@lru_cache(maxsize=1 << 17)
def first_commune(text: str | None) -> str | None:
    """Return the first of the codes that INSEE strings together, "" for none, None if malformed.

    Examples
    --------
    >>> first_commune("9137792002"), first_commune("81218,81004"), first_commune("1004")
    ('91377', '81218', None)
    """
    codes = re.sub(r"[\s,;/|]+", "", text or "")
    return codes[:5] if not codes or COMMUNE_CODES.fullmatch(codes) else None
