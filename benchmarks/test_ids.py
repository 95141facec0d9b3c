"""Parsing the ids of 2.25 million records."""

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from benchmarks.inputs import national
from zonage.kernels.ids import format_ids, parse_ids

PATTERN = r"^CRS(\d+)RES(\d+)mN(\d+)E(\d+)$"


@pytest.fixture(scope="module")
def columns():
    """Return the Arrow buffers of all ids, their array, and the indices they stand for."""
    country = national()
    n = len(country.row)
    northing, easting = country.row + 10_000, country.column + 15_000
    data, offsets = format_ids(3035, 200, northing, easting)
    buffers = [pa.py_buffer(buffer) for buffer in (offsets, data)]
    return data, offsets, pa.LargeStringArray.from_buffers(n, *buffers), northing, easting


def parser(columns):
    data, offsets, _, expected_northing, expected_easting = columns
    northing, easting = np.empty_like(expected_northing), np.empty_like(expected_easting)

    def run():
        return parse_ids(data, offsets, northing, easting)

    assert run() == (3035, 200, -1, 0)
    np.testing.assert_array_equal(northing, expected_northing)
    np.testing.assert_array_equal(easting, expected_easting)
    return run


@pytest.mark.short
def test_parse_ids_against_polars(race, columns):
    frame = pl.DataFrame({"id": pl.Series(columns[2])})

    def extract():
        indices = frame.select(
            pl.col("id").str.extract(PATTERN, group).cast(pl.Int32).alias(name) // 200
            for group, name in ((3, "northing"), (4, "easting"))
        )
        return [index.to_numpy() for index in indices]

    def extract_groups():
        parts = frame.select(pl.col("id").str.extract_groups(PATTERN)).unnest("id")
        indices = parts.select(pl.col("3", "4").cast(pl.Int32) // 200)
        return [index.to_numpy() for index in indices]

    for peer in (extract, extract_groups):
        np.testing.assert_array_equal(peer(), columns[3:])
    race(
        "parse ids",
        f"{len(columns[2])} ids",
        parser(columns),
        {"polars, two extracts": (extract, 5), "polars, extract_groups": (extract_groups, 5)},
    )


def test_parse_ids_against_pandas(race, columns):
    series = columns[2].to_pandas()

    def extract():
        parts = series.str.extract(PATTERN)
        return [parts[group].astype(np.int32).to_numpy() // 200 for group in (2, 3)]

    np.testing.assert_array_equal(extract(), columns[3:])
    peers = {"pandas str.extract": (extract, 50)}
    race("parse ids", f"{len(series)} ids", parser(columns), peers, rounds=1)
