"""Arrays and texts of the page, in forms that are small and cannot be taken for markup."""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

ALIGNMENT = 8
"""Bytes on whose multiples arrays begin, as typed arrays ask for."""

_WHOLE = ("uint8", "uint16", "uint32", "int8", "int16", "int32")
"""Dtypes of whole numbers, the first that holds an array is taken."""

_ESCAPED = {sign: f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"}
"""Signs by which a text could leave its script element, as JSON escapes."""


class Pack:
    """Collects arrays into one buffer; the page finds each by its place in it."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size = 0

    def add(self, values: ArrayLike) -> dict[str, Any]:
        """Add an array, flattened, and return where it is: type, offset in bytes and length.

        Whole numbers and flags take the narrowest type that holds them, floats keep theirs.

        Examples
        --------
        >>> Pack().add([0, 300])
        {'type': 'uint16', 'at': 0, 'length': 2}
        """
        array = _narrowed(np.ascontiguousarray(values).reshape(-1))
        place = {"type": array.dtype.name, "at": self._size, "length": len(array)}
        data = array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()
        data += bytes(-len(data) % ALIGNMENT)
        self._parts.append(data)
        self._size += len(data)
        return place

    def text(self) -> str:
        """Return the buffer, deflated, in base64."""
        packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
        data = packer.compress(b"".join(self._parts)) + packer.flush()
        return base64.b64encode(data).decode("ascii")


def _narrowed(array: np.ndarray) -> np.ndarray:
    if array.dtype.kind == "b":
        return array.astype(np.uint8)
    if array.dtype.kind == "f":
        return array
    low, high = (int(array.min()), int(array.max())) if len(array) else (0, 0)
    for name in _WHOLE:
        limits = np.iinfo(name)
        if limits.min <= low and high <= limits.max:
            return array.astype(name)
    return array.astype(np.float64)  # whole numbers up to 2 ** 53 are exact


def safe_json(value: Any) -> str:
    r"""Return JSON that can stand in a script element, whatever its texts hold.

    Examples
    --------
    >>> safe_json({"name": "</script>"})
    '{"name": "\\u003c/script\\u003e"}'
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    return "".join(_ESCAPED.get(sign, sign) for sign in text)
