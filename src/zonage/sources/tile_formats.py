"""Files of tiles of any format, opened as a header and batches of rows."""

from __future__ import annotations

import csv
import glob
import re
import struct
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from zonage.errors import BadInput
from zonage.sources.archives import is_archive, open_archive

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow import parquet

FORMATS = {
    ".csv": "CSV",
    ".parquet": "Parquet",
    ".gpkg": "GeoPackage",
    ".geojson": "GeoJSON",
    ".json": "GeoJSON",
    ".shp": "shapefile",
}
"""Formats of tile files, by the ending of the name."""

MAX_HEADER = 1 << 20
"""Bytes of a CSV header; the longest of INSEE's takes 500."""

CORNERS = ("zonage_north", "zonage_east")
"""Columns that only our own Parquet tables have: metres of the tiles' south-west corners."""

Box = tuple[float, float, float, float]
"""West, south, east and north in metres."""

_BATCH_ROWS = 1 << 16
_CSV_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Table:
    """An open file: its header, and its rows in batches of the asked columns.

    ``names`` are the file names that may tell the vintage, the archive's first. ``comma_list``
    says that commas separate columns, so that one inside a number may be an English thousand.
    ``near`` gives the batches that may have tiles in a box, each with the number of rows before
    it, where the file can tell.
    """

    source: str
    names: tuple[str, ...]
    format: str
    columns: list[str]
    batches: Callable[[list[str]], Iterator[pa.RecordBatch]]
    comma_list: bool = False
    near: Callable[[list[str], Box], Iterator[tuple[int, pa.RecordBatch]]] | None = None


@contextmanager
def open_table(path: Path, member: str | None) -> Iterator[Table]:
    """Open a tile file, inside an archive if need be."""
    existing_file(path)
    if not is_archive(path):
        yield _open_file(path, str(path), (path.name,), member)
        return
    with open_archive(path) as archive:
        name = _choose_member(str(path), archive.names, member)
        files = archive.unpack([name, *_beside(name, archive.names)])
        yield _open_file(files[0], f"{path}/{name}", (path.name, *PurePosixPath(name).parts), None)


def _beside(name: str, names: list[str]) -> list[str]:
    """Return the other parts of a shapefile in an archive; nothing for other formats."""
    path = PurePosixPath(name)
    if path.suffix.lower() != ".shp":
        return []
    bare = path.with_suffix("")
    return [part for part in names if part != name and PurePosixPath(part).with_suffix("") == bare]


def existing_file(path: Path) -> Path:
    """Return a path, or refuse it where it is not that of a file."""
    if path.is_dir():
        raise BadInput("a folder, not a file", file=path, expected="the path of a table")
    if not path.is_file():
        raise BadInput("no such file", file=path)
    return path


def _choose_member(source: str, names: list[str], member: str | None) -> str:
    """Choose the tile file of an archive."""
    files = [
        name
        for name in names
        if PurePosixPath(name).suffix.lower() in FORMATS
        and not PurePosixPath(name).name.startswith("._")
    ]
    stems = {name: PurePosixPath(name).stem for name in files}
    chosen = files
    if member is not None:
        exact = [name for name in files if member in (name, PurePosixPath(name).name, stems[name])]
        ending = "_" + member.lstrip("_")
        chosen = exact or [name for name in files if stems[name].endswith(ending)]
    elif len(files) > 1:
        home = [name for name in files if re.search(r"_met(ropole)?$", stems[name])]
        overseas = [name for name in files if re.search(r"_(mart|reun)[a-z]*$", stems[name])]
        chosen = home if len(home) + len(overseas) == len(files) and len(home) == 1 else files
    if len(chosen) != 1:
        raise BadInput(
            "several files to choose from" if chosen else "no such file in the archive",
            file=source,
            found=", ".join(chosen or files or names[:20]) or "nothing",
            expected="one table" if member is None else f"one named {member}",
            hint="choose with member=" if files else None,
        )
    return chosen[0]


def _open_file(path: Path, source: str, names: tuple[str, ...], member: str | None) -> Table:
    """Open a plain file by the ending of its name; its content must agree."""
    name = FORMATS.get(path.suffix.lower())
    if name is None:
        raise BadInput(
            "not a format of tables",
            file=source,
            found=path.suffix or "no ending",
            expected=", ".join(FORMATS) + ", .zip or .7z",
        )
    if path.stat().st_size == 0:
        raise BadInput("the file is empty", file=source, expected="a table of tiles")
    if member is not None and name != "GeoPackage":
        raise BadInput("the file has no members to choose from", file=source, found=member)
    if name == "CSV":
        return _open_csv(path, source, names)
    if name == "Parquet":
        return _open_parquet(path, source, names)
    return _open_vector(path, source, names, name, member)


def _open_csv(path: Path, source: str, names: tuple[str, ...]) -> Table:
    with path.open("rb") as file:
        line = file.readline(MAX_HEADER)
    if b"\0" in line or len(line) == MAX_HEADER:
        raise BadInput("not a CSV file in UTF-8", file=source, hint="save it as CSV, UTF-8")
    try:
        header = line.decode("utf-8-sig")
    except UnicodeDecodeError:  # an accent in the name of a column that nobody needs
        header = line.decode("latin-1")
    delimiter = max(",;\t|", key=header.count)
    try:
        columns = next(csv.reader([header.rstrip("\r\n")], delimiter=delimiter), [])
    except csv.Error as error:
        raise BadInput("not the header of a CSV file", file=source, found=error) from error
    columns = [column.strip() for column in columns]
    rows = path.stat().st_size > len(line)

    def batches(wanted: list[str]) -> Iterator[pa.RecordBatch]:
        return _csv_batches(path, source, delimiter, columns, wanted) if rows else iter(())

    return Table(source, names, "CSV", columns, batches, comma_list=delimiter == ",")


def _csv_batches(
    path: Path,
    source: str,
    delimiter: str,
    columns: list[str],
    wanted: list[str],
    use_threads: bool = True,
) -> Iterator[pa.RecordBatch]:
    """Stream columns of a CSV file as bytes: what they mean is judged where the row is known."""
    import pyarrow as pa
    from pyarrow import csv as pa_csv

    unique = [name if columns.count(name) == 1 else f"{i}" for i, name in enumerate(columns)]
    try:
        with pa_csv.open_csv(
            path,
            pa_csv.ReadOptions(
                column_names=unique, skip_rows=1, block_size=_CSV_BLOCK, use_threads=use_threads
            ),
            pa_csv.ParseOptions(delimiter=delimiter),
            pa_csv.ConvertOptions(
                include_columns=wanted, column_types=dict.fromkeys(wanted, pa.binary())
            ),
        ) as reader:
            yield from _gathered(reader)
    except pa.ArrowInvalid as error:
        if use_threads:  # threads lose count of the rows: read again without
            for _ in _csv_batches(path, source, delimiter, columns, wanted, use_threads=False):
                pass
        raise _csv_error(source, str(error)) from error


def _gathered(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Join small batches: a compiled parallel pass over a few thousand rows costs its start."""
    import pyarrow as pa

    held: list[pa.RecordBatch] = []
    for batch in batches:
        held.append(batch)
        if sum(map(len, held)) >= _BATCH_ROWS:
            yield from pa.Table.from_batches(held).combine_chunks().to_batches()
            held = []
    if held:
        yield from pa.Table.from_batches(held).combine_chunks().to_batches()


def _csv_error(source: str, text: str) -> BadInput:
    """Read the row and the columns of a ragged row from Arrow's message."""
    ragged = re.search(r"Row #(\d+): Expected (\d+) columns, got (\d+): (.*)", text)
    if ragged is None:
        return BadInput("not a CSV table", file=source, found=shortened(text))
    return BadInput(
        "a row with too many or too few columns",
        file=source,
        row=int(ragged[1]) - 1,
        found=f"{ragged[3]} columns: {shortened(ragged[4])}",
        expected=f"{ragged[2]} columns, as in the header",
    )


def _open_parquet(path: Path, source: str, names: tuple[str, ...]) -> Table:
    import pyarrow as pa
    from pyarrow import parquet

    @contextmanager
    def clear_errors() -> Iterator[None]:
        try:
            yield
        except (pa.ArrowException, OSError, UnicodeError) as error:
            raise BadInput("not a sound Parquet file", file=source, found=error) from error

    def batches(wanted: list[str]) -> Iterator[pa.RecordBatch]:
        with clear_errors(), parquet.ParquetFile(path) as file:
            yield from file.iter_batches(_BATCH_ROWS, columns=wanted)

    def near(wanted: list[str], box: Box) -> Iterator[tuple[int, pa.RecordBatch]]:
        with clear_errors(), parquet.ParquetFile(path) as file:
            places = [file.schema_arrow.get_field_index(name) for name in CORNERS]
            before = 0
            for number in range(file.num_row_groups):
                group = file.metadata.row_group(number)
                if _may_touch([group.column(place).statistics for place in places], box):
                    rows = file.read_row_group(number, columns=wanted).combine_chunks()
                    yield from ((before, batch) for batch in rows.to_batches())
                before += group.num_rows

    with clear_errors(), parquet.ParquetFile(path) as file:
        columns = list(file.schema_arrow.names)
    placed = set(CORNERS) <= set(columns)
    columns = [name for name in columns if name not in CORNERS]
    return Table(source, names, "Parquet", columns, batches, near=near if placed else None)


def _may_touch(corners: list[parquet.Statistics | None], box: Box) -> bool:
    """Whether rows may have tiles in a box, by the statistics of their norths and easts."""
    west, south, east, north = box
    return all(
        found is None or not found.has_min_max or (found.max >= low and found.min < high)
        for found, low, high in zip(corners, (south, west), (north, east), strict=True)
    )


_MAGIC = {
    "GeoPackage": b"SQLite format 3\0",
    "GeoJSON": b"{",
    "shapefile": b"\x00\x00\x27\x0a",
}
"""How a layer's file starts: GDAL goes by content and must not be led to another driver."""


def _open_vector(
    path: Path, source: str, names: tuple[str, ...], format_name: str, member: str | None
) -> Table:
    with path.open("rb") as file:
        start = file.read(1024).removeprefix(b"\xef\xbb\xbf")
    if format_name == "GeoJSON":
        start = start.lstrip()
    if not start.startswith(_MAGIC[format_name]):
        raise BadInput(f"not a {format_name}", file=source, found=repr(start[:16]))
    if format_name == "shapefile":
        _check_shapefile(path, source)
    with _clear_vector_errors(source, format_name), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # what matters is raised, in one message
        layer, columns = _layer(path, source, member)

    def batches(wanted: list[str]) -> Iterator[pa.RecordBatch]:
        from pyogrio.raw import open_arrow

        with (
            _clear_vector_errors(source, format_name),
            open_arrow(
                path,
                layer=layer,
                columns=wanted,
                read_geometry=False,
                batch_size=_BATCH_ROWS,
                use_pyarrow=True,
            ) as (_, reader),
        ):
            yield from (batch.select(wanted) for batch in _without_warning(reader, source))

    return Table(source, names, format_name, columns, batches)


def _check_shapefile(path: Path, source: str) -> None:
    """Check that the parts are there and that the table is whole: GDAL reads a part as all."""
    parts = {file.suffix.lower(): file for file in path.parent.glob(glob.escape(path.stem) + ".*")}
    for part in (".dbf", ".shx"):
        if part not in parts:
            raise BadInput(
                f"a shapefile without its {part}", file=source, expected=f"{path.stem}{part}"
            )
    with parts[".dbf"].open("rb") as file:
        start = file.read(32)
    records, head, width = struct.unpack_from("<IHH", start.ljust(32, b"\0"), 4)
    size = parts[".dbf"].stat().st_size
    if size < 32 or size < head + records * width:
        raise BadInput(
            "the shapefile's .dbf is cut short",
            file=source,
            found=f"{size} bytes",
            expected=f"{head + records * width} bytes for {records} rows",
        )


def _without_warning(reader: pa.RecordBatchReader, source: str) -> Iterator[pa.RecordBatch]:
    """Read batches; GDAL makes numbers out of damaged text and only warns."""
    while True:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", RuntimeWarning)
            batch = next(reader, None)
        if caught:
            raise BadInput("the layer is damaged", file=source, found=caught[0].message)
        if batch is None:
            return
        yield batch


@contextmanager
def _clear_vector_errors(source: str, format_name: str) -> Iterator[None]:
    import pyarrow as pa
    from pyogrio.errors import DataLayerError, DataSourceError, FieldError

    gdal = (DataLayerError, DataSourceError, FieldError)
    try:
        yield
    except (*gdal, pa.ArrowException, OSError, UnicodeError) as error:
        raise BadInput(f"not a sound {format_name}", file=source, found=error) from error


def _layer(path: Path, source: str, member: str | None) -> tuple[str, list[str]]:
    """Choose the layer, the only one or the one named, and return it with its columns."""
    import pyogrio

    layers = [str(name) for name in pyogrio.list_layers(path)[:, 0]]
    chosen = layers if member is None else [name for name in layers if name == member]
    if len(chosen) != 1:
        raise BadInput(
            "several layers in the file" if chosen else "no such layer in the file",
            file=source,
            found=", ".join(layers) or "no layer",
            expected="one layer" if member is None else member,
            hint="choose with member=" if layers else None,
        )
    return chosen[0], [str(name) for name in pyogrio.read_info(path, layer=chosen[0])["fields"]]


def shortened(text: str) -> str:
    """Return the start of a text from outside, short enough for a message."""
    return text if len(text) <= 60 else text[:60] + "..."
