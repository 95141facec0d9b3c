"""Tile ids such as ``CRS3035RES200mN2893400E3763200``, to lattice indices and back.

An id names the EPSG code, the resolution in metres, and the northing and easting in metres of the
tile's south-west corner (INSPIRE Data Specification on Geographical Grid Systems, D2.8.I.2, as
INSEE uses it). A coordinate may be negative and may be padded with zeros. Ids are read straight
from the buffers of an Arrow string column: the bytes, and where each of them starts.
"""

import numpy as np
import numpy.typing as npt
from numba import prange

from zonage.kernels._jit import kernel, parallel_kernel

GOOD = 0
MALFORMED = 1
OTHER_CRS = 2
OTHER_RESOLUTION = 3
OFF_LATTICE = 4
OVERFLOW = 5

# Ten digits for each of code and resolution, a sign and nineteen digits for each coordinate.
LONGEST_ID = len("CRSRESmNE") + 2 * 10 + 2 * 20

ROWS_PER_BLOCK = 1 << 14
LARGEST_INT32 = 2**31 - 1
LARGEST_INT64 = 2**63 - 1
SATURATION = 9 * 10**17  # ten times this and nine still fit

Bytes = npt.NDArray[np.uint8]
Offsets = npt.NDArray[np.int64] | npt.NDArray[np.int32]
Indices = npt.NDArray[np.int32]


@kernel
def _read_digits(data: Bytes, first: int, last: int) -> tuple[int, int]:
    """Return the number that starts at `first` (saturated, -1 without a digit) and its end."""
    value = 0
    position = first
    while position < last:
        digit = int(data[position]) - 48
        if digit < 0 or digit > 9:
            break
        value = value * 10 + digit if value < SATURATION else LARGEST_INT64
        position += 1
    if position == first:
        value = -1
    return value, position


@kernel
def _read_letters(data: Bytes, first: int, last: int, letters: bytes) -> int:
    """Return the end of `letters` at `first`, or -1 if something else stands there."""
    if last - first < len(letters):
        return -1
    for i in range(len(letters)):
        if data[first + i] != letters[i]:
            return -1
    return first + len(letters)


@kernel
def _read_header(data: Bytes, first: int, last: int) -> tuple[int, int, int]:
    """Return EPSG code, resolution and the end of ``CRS..RES..mN``, which is -1 if malformed."""
    position = _read_letters(data, first, last, b"CRS")
    if position < 0:
        return 0, 0, -1
    crs, position = _read_digits(data, position, last)
    position = _read_letters(data, position, last, b"RES")
    if position < 0:
        return 0, 0, -1
    resolution, position = _read_digits(data, position, last)
    position = _read_letters(data, position, last, b"mN")
    if crs < 0 or resolution < 1 or crs > LARGEST_INT32 or resolution > LARGEST_INT32:
        position = -1
    return crs, resolution, position


@kernel
def _lattice_index(value: int, negative: bool, resolution: int) -> tuple[int, int]:
    """Return a coordinate's lattice index and its code."""
    if value > resolution * LARGEST_INT32:
        return 0, OVERFLOW
    # Rounding a product and checking it back is exact here and spares an integer division.
    index = int(value * (1.0 / resolution) + 0.5)
    if index * resolution != value:
        return 0, OFF_LATTICE
    return (-index if negative else index), GOOD


@kernel
def _header_code(data: Bytes, first: int, last: int, crs: int, resolution: int) -> tuple[int, int]:
    """Return the code of a header that is not spelled as the first one, and its end."""
    row_crs, row_resolution, position = _read_header(data, first, last)
    if position < 0:
        return MALFORMED, position
    if row_crs != crs:
        return OTHER_CRS, position
    if row_resolution != resolution:
        return OTHER_RESOLUTION, position
    return GOOD, position


@kernel
def _parse_row(
    data: Bytes, first: int, last: int, header: Bytes, crs: int, resolution: int
) -> tuple[int, int, int]:
    """Return northing index, easting index and code of one id."""
    position = first + header.size
    same = position < last
    for i in range(header.size):
        if not same:
            break
        same = data[first + i] == header[i]
    header_code = GOOD
    if not same:
        header_code, position = _header_code(data, first, last, crs, resolution)
        if header_code == MALFORMED:
            return 0, 0, MALFORMED
    south = position < last and data[position] == 45
    north, position = _read_digits(data, position + south, last)
    if north < 0 or position >= last or data[position] != 69:
        return 0, 0, MALFORMED
    position += 1
    west = position < last and data[position] == 45
    east, position = _read_digits(data, position + west, last)
    if east < 0 or position != last:
        return 0, 0, MALFORMED
    if header_code != GOOD:
        return 0, 0, header_code
    row, row_code = _lattice_index(north, south, resolution)
    column, column_code = _lattice_index(east, west, resolution)
    return row, column, max(row_code, column_code)


@kernel
def _parse_block(
    data: Bytes,
    offsets: Offsets,
    start: int,
    stop: int,
    header: Bytes,
    crs: int,
    resolution: int,
    northing: Indices,
    easting: Indices,
) -> tuple[int, int]:
    """Parse rows `start` to `stop`; return the first bad row and its code, or (-1, GOOD)."""
    for i in range(start, stop):
        first = int(offsets[i])
        last = int(offsets[i + 1])
        if first < 0 or last < first or last > data.size:
            return i, MALFORMED
        row, column, code = _parse_row(data, first, last, header, crs, resolution)
        if code != GOOD:
            return i, code
        northing[i] = row
        easting[i] = column
    return -1, GOOD


@parallel_kernel
def parse_ids(
    data: Bytes, offsets: Offsets, northing: Indices, easting: Indices
) -> tuple[int, int, int, int]:
    """Read tile ids into lattice indices.

    Every id must have the first one's EPSG code and resolution, and a corner on that lattice.

    Parameters
    ----------
    data
        Bytes of all ids, one after the other.
    offsets
        Shape (n + 1,): id i is ``data[offsets[i]:offsets[i + 1]]``.
    northing, easting
        Output, shape (n,): corner coordinates divided by the resolution.

    Returns
    -------
    crs, resolution, bad_row, bad_code
        EPSG code and resolution in metres; the first row that is wrong, or -1, and what is wrong
        with it: `MALFORMED`, `OTHER_CRS`, `OTHER_RESOLUTION`, `OFF_LATTICE` or `OVERFLOW` (index
        beyond int32). Output rows from the first bad one on are undefined.

    Raises
    ------
    ValueError
        If the outputs are not one shorter than `offsets`.

    Examples
    --------
    >>> import numpy as np
    >>> data = np.frombuffer(b"CRS3035RES200mN2893400E3763200", dtype=np.uint8)
    >>> northing, easting = np.empty(1, np.int32), np.empty(1, np.int32)
    >>> parse_ids(data, np.array([0, 30]), northing, easting)
    (3035, 200, -1, 0)
    >>> int(northing[0]), int(easting[0])
    (14467, 18816)
    """
    if offsets.size != northing.size + 1 or easting.size != northing.size:
        raise ValueError("parse_ids: northing and easting must be one shorter than offsets")
    n = northing.size
    if n == 0:
        return 0, 0, -1, GOOD
    first = int(offsets[0])
    last = int(offsets[1])
    if first < 0 or last < first or last > data.size:
        return 0, 0, 0, MALFORMED
    crs, resolution, end = _read_header(data, first, last)
    if end < 0:
        return 0, 0, 0, MALFORMED
    header = data[first:end]

    blocks = (n + ROWS_PER_BLOCK - 1) // ROWS_PER_BLOCK
    bad_row = np.empty(blocks, np.int64)
    bad_code = np.empty(blocks, np.int64)
    for unsigned_block in prange(blocks):
        block = np.int64(unsigned_block)
        start = block * ROWS_PER_BLOCK
        stop = min(start + ROWS_PER_BLOCK, n)
        bad_row[block], bad_code[block] = _parse_block(
            data, offsets, start, stop, header, crs, resolution, northing, easting
        )
    for i in range(blocks):
        if bad_code[i] != GOOD:
            return crs, resolution, bad_row[i], bad_code[i]
    return crs, resolution, -1, GOOD


@kernel
def _write_digits(data: Bytes, position: int, value: int) -> int:
    """Write a number at `position`; return its end."""
    if value < 0:
        data[position] = 45
        position += 1
        value = -value
    digits = 1
    power = 10
    while digits < 19 and value >= power:
        digits += 1
        if digits < 19:
            power *= 10
    for i in range(digits):
        data[position + digits - 1 - i] = 48 + value % 10
        value //= 10
    return position + digits


@kernel
def _write_letters(data: Bytes, position: int, letters: bytes) -> int:
    """Write letters at `position`; return their end."""
    for i in range(len(letters)):
        data[position + i] = letters[i]
    return position + len(letters)


@kernel
def _write_ids(
    crs: int,
    resolution: int,
    northing: Indices,
    easting: Indices,
    data: Bytes,
    offsets: npt.NDArray[np.int64],
) -> None:
    """Write all ids one after the other."""
    position = 0
    offsets[0] = 0
    for i in range(northing.size):
        position = _write_letters(data, position, b"CRS")
        position = _write_digits(data, position, crs)
        position = _write_letters(data, position, b"RES")
        position = _write_digits(data, position, resolution)
        position = _write_letters(data, position, b"mN")
        position = _write_digits(data, position, np.int64(northing[i]) * resolution)
        position = _write_letters(data, position, b"E")
        position = _write_digits(data, position, np.int64(easting[i]) * resolution)
        offsets[i + 1] = position


def format_ids(
    crs: int, resolution: int, northing: Indices, easting: Indices
) -> tuple[Bytes, npt.NDArray[np.int64]]:
    """Write lattice indices as tile ids, the inverse of `parse_ids`.

    Parameters
    ----------
    crs
        EPSG code, at least 0.
    resolution
        Metres, at least 1.
    northing, easting
        Shape (n,): corner coordinates divided by the resolution.

    Returns
    -------
    data, offsets
        Bytes of all ids and, shape (n + 1,), where each starts: the buffers of an Arrow
        ``large_string`` array.

    Raises
    ------
    ValueError
        If lengths differ, or if code or resolution is outside int32 or below its minimum.

    Examples
    --------
    >>> import numpy as np
    >>> one = np.array([14467], np.int32), np.array([18816], np.int32)
    >>> data, offsets = format_ids(3035, 200, *one)
    >>> data.tobytes().decode()
    'CRS3035RES200mN2893400E3763200'
    """
    if northing.size != easting.size:
        raise ValueError("format_ids: northing and easting differ in length")
    if not 0 <= crs <= LARGEST_INT32 or not 1 <= resolution <= LARGEST_INT32:
        raise ValueError(f"format_ids: no such grid: EPSG:{crs}, {resolution} m")
    data = np.empty(northing.size * LONGEST_ID, np.uint8)
    offsets = np.empty(northing.size + 1, np.int64)
    _write_ids(crs, resolution, northing, easting, data, offsets)
    return data[: offsets[-1]], offsets
