"""Small towns drawn as maps of letters, and a rule of three indicators to hold them against."""

import numpy as np

import zonage as zn
from tests.zoning.test_rules import LAW, reference_of
from zonage.complementary.layers import Indicator, Layer
from zonage.complementary.perimeters import complement
from zonage.complementary.rule_file import load_rule
from zonage.tiles import Codes, Tiles

NAMES = ("poverty", "school", "housing")

VALUES = {
    "n": (0.1, 110.0, 0.1),  # nothing holds
    "p": (0.5, 110.0, 0.1),
    "s": (0.1, 80.0, 0.1),
    "h": (0.1, 110.0, 0.6),
    "a": (0.5, 80.0, 0.1),  # two of three
    "b": (0.5, 110.0, 0.6),
    "c": (0.1, 80.0, 0.6),
    "f": (0.5, 80.0, 0.6),  # all three
    "u": (0.5, np.nan, 0.1),  # the school is not known
    "v": (0.5, np.nan, 0.6),
}
"""Poverty, IPS and share of social dwellings by letter; capital letters are State's quarters."""


def indicator(name, direction="high", missing="absent", family=None, unit="1"):
    return Indicator(
        name=name,
        label={"en": name, "fr": name},
        unit=unit,
        direction=direction,
        missing=missing,
        family=family or name,
    )


def layer(name, values, **of_indicator):
    values = np.asarray(values, np.float64)
    return Layer(indicator(name, **of_indicator), values, source="drawn", how="drawn", notes=())


def rule_of(**changes):
    """The rule of the pictures: poverty from 0.4, IPS to 90, social dwellings from 0.5."""
    rule = load_rule()
    packaged = rule.indicators
    for name, cutoff in zip(NAMES, (0.4, 90, 0.5), strict=True):
        rule = rule.adding(indicator(name), cutoff=cutoff)
    unused = {f"{name}.used": False for name in packaged}
    general = {
        "decision": "count", "level_1_families": 3, "level_2_families": 2, "min_population": 100,
        "connectivity": 8, "exclude_quarters": True, "buffer": 200, "buffer_around": "quarters",
        "min_coverage": 0.5, "low_coverage": "leave_out",
    }  # fmt: skip
    return rule.reform(unused | general).reform(changes)


def cells_of(picture):
    return [
        (row, column, letter)
        for row, line in enumerate(picture.split("\n")[1:-1])
        for column, letter in enumerate(line.split())
        if letter != "."
    ]


def tiles_of(picture, people=50.0, units=None):
    cells = cells_of(picture)
    population = np.full(len(cells), people)
    return Tiles.from_columns(
        np.array([100 - row for row, _, _ in cells]),
        np.array([column for _, column, _ in cells]),
        {"population": population, "income_sum": population * 20_000},
        urban_unit=Codes.encode(units or ["A"] * len(cells)),
        commune=Codes.encode(["59001" if column < 3 else "59002" for _, column, _ in cells]),
        vintage=2019,
    )


def zoning_of(tiles):
    return zn.qpv(tiles, LAW, reference_of("A", "B"), method=zn.Method.plain())


def layers_of(letters):
    values = np.array([VALUES[letter.lower()] for letter in letters]).T
    directions = ("high", "low", "high")
    return [
        layer(name, row, direction=direction)
        for name, row, direction in zip(NAMES, values, directions, strict=True)
    ]


def perimeters(picture, people=50.0, **changes):
    """Perimeters of a picture; its tiles are in reading order."""
    letters = [letter for _, _, letter in cells_of(picture)]
    official = np.array([letter.isupper() for letter in letters])
    zoning = zoning_of(tiles_of(picture, people))
    return complement(zoning, layers_of(letters), rule_of(**changes), official=official)


def on_map(found, values):
    """Values of the tiles as the rows of the picture, "." where there is no tile."""
    tiles = found.tiles
    row = 100 - tiles.northing
    grid = np.full((row.max() + 1, tiles.easting.max() + 1), ".", dtype=object)
    grid[row, tiles.easting] = [str(value) for value in np.asarray(values).tolist()]
    return [" ".join(line) for line in grid]
