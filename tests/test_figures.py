"""The map: what it shows, in which words, and that no name or territory breaks it."""

import io
import warnings

import numpy as np
import pytest
from matplotlib.colors import to_rgba
from PIL import Image

from tests.projects import DEMO, demo_run, small_run
from zonage import figures
from zonage.figures import result_map


def drawn(figure):
    """The pixels of a figure."""
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure.savefig(buffer, bbox_inches="tight")
    return np.asarray(Image.open(buffer).convert("RGB"))


def texts(figure):
    axes = figure.axes[0]
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    return {
        "title": axes.get_title(loc="left"),
        "source": axes.get_xlabel(),
        "names": [text.get_text() for text in axes.texts],
        "legend": legend,
    }


@pytest.fixture(scope="module")
def figure():
    return result_map(demo_run())


def test_every_tile_has_the_colour_of_what_it_is(figure):
    run = demo_run()
    picture = figure.axes[0].images[0].get_array()
    tiles = run.zoning.tiles
    grid = tiles.grid(margin=2)
    inside, official = run.zoning.inside, run.comparison.official
    for which, colour in (
        (inside & official, figures.FOUND),
        (inside & ~official, figures.EXTRA),
        (~inside & official, figures.MISSED),
    ):
        row, column = grid.rows_columns(tiles.northing[which], tiles.easting[which])
        assert len(row)
        want = np.rint(255 * np.array(to_rgba(colour)))
        assert (picture[row, column] == want).all()
    assert (picture[..., 3] > 0).sum() == len(tiles)
    west, east, south, north = figure.axes[0].images[0].get_extent()
    assert [edge * 1000 for edge in (west, south, east, north)] == list(grid.bounds)


def test_the_colours_are_on_the_page(figure):
    pixels = drawn(figure).reshape(-1, 3)
    for colour in (figures.FOUND, figures.EXTRA, figures.MISSED):
        want = np.rint(255 * np.array(to_rgba(colour)[:3]))
        assert (np.abs(pixels - want).max(axis=1) <= 1).sum() > 500
    assert (drawn(figure)[-40:] < 250).any()  # no white band at the bottom


def test_the_words_are_english(figure):
    found = texts(figure)
    space = "\N{NARROW NO-BREAK SPACE}"
    assert found["title"].startswith("Métropole Européenne de Lille (core), quarters of 2024\n")
    assert f"legal line 12{space}800 EUR declared" in found["title"]
    assert "computed and official" in found["legend"]
    assert "a model, not a legal zoning" in found["source"]
    assert {"Lille", "Roubaix", "Tourcoing", "5 km"} <= set(found["names"])


def test_the_words_are_french_when_asked(tmp_path):
    run = small_run(tmp_path, output={"language": "fr"})
    found = texts(result_map(run))
    assert "seuil légal de" in found["title"]
    assert found["legend"] == [
        "quartier calculé",
        "contour d'un quartier calculé",
        "carreaux habités",
    ]
    assert "un modèle, non un zonage légal" in found["source"]


def test_both_languages_have_the_same_texts():
    assert set(figures.TEXTS["en"]) == set(figures.TEXTS["fr"])


def test_a_calibrated_line_is_not_called_the_legal_one(tmp_path):
    for language, words in (("en", "not the legal one"), ("fr", "non le seuil légal")):
        run = small_run(tmp_path, line=16_000.0, output={"language": language})
        assert words in texts(result_map(run))["title"]


def test_names_that_look_like_formulas_are_written_as_they_are(tmp_path):
    name = '$\\frac{a$ {b} <i> & "é" %s'
    table = tmp_path / "communes.csv"
    communes = (DEMO / "communes.csv").read_text(encoding="utf-8")
    quoted = '"' + name.replace('"', '""') + '"'
    table.write_text(communes.replace(",Roubaix,", f",{quoted},"), encoding="utf-8")
    run = small_run(tmp_path, title=name, source=name, territory={"communes_table": str(table)})
    figure = result_map(run)
    drawn(figure)
    found = texts(figure)
    assert found["title"].startswith(name)
    assert name in found["source"]
    assert name in found["names"]


def test_a_long_title_is_cut(tmp_path):
    figure = result_map(small_run(tmp_path, title="word " * 200))
    assert len(texts(figure)["title"].splitlines()[0]) <= 90


@pytest.mark.parametrize(
    "bbox",
    [
        (3836000, 3092000, 3837200, 3092200),  # a strip of a few tiles, one tile high
        (3836000, 3088000, 3836200, 3094000),  # and one tile wide
        (3836200, 3092000, 3836400, 3092200),  # a single tile
    ],
)
def test_narrow_territories_are_drawn(tmp_path, bbox):
    run = small_run(
        tmp_path,
        tiles={"path": str(DEMO / "tiles_2019.csv")},
        territory={"communes_table": str(DEMO / "communes.csv"), "bbox": list(bbox)},
    )
    height, width, _ = drawn(result_map(run)).shape
    assert 0.2 < height / width < 3


def test_labels_keep_off_what_is_marked():
    taken = np.zeros((40, 40), bool)
    taken[18:22, 18:22] = True
    row, column = figures._free_place(taken.copy(), 20, 20, (3, 9))
    assert not taken[int(row - 1.5) : int(row + 2), int(column - 4.5) : int(column + 5)].any()


def test_labels_keep_off_each_other_and_inside_the_map():
    taken = np.zeros((40, 40), bool)
    first = figures._free_place(taken, 20, 20, (3, 9))
    second = figures._free_place(taken, 20, 20, (3, 9))
    assert first == (20, 20)
    assert abs(first[0] - second[0]) >= 3 or abs(first[1] - second[1]) >= 9
    row, column = figures._free_place(np.zeros((40, 40), bool), 1, 5, (3, 9))
    assert row >= 1.5
    assert column >= 4.5


def luminance_lab(colour, matrix):
    """CIELAB of a colour as an eye sees it whose response to linear RGB is a matrix."""
    red_green_blue = np.array(to_rgba(colour)[:3])
    linear = np.where(
        red_green_blue <= 0.04045, red_green_blue / 12.92, ((red_green_blue + 0.055) / 1.055) ** 2.4
    )
    to_xyz = np.array(
        [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750],
         [0.0193339, 0.1191920, 0.9503041]]
    )  # fmt: skip
    x, y, z = to_xyz @ np.clip(matrix @ linear, 0, 1) / np.array([0.95047, 1.0, 1.08883])
    a, b, c = (np.cbrt(t) if t > 0.008856 else 7.787 * t + 16 / 116 for t in (x, y, z))
    return np.array([116 * b - 16, 500 * (a - b), 200 * (b - c)])


@pytest.mark.parametrize(
    "matrix",
    [
        np.eye(3),
        # Machado, Oliveira, Fernandes (2009), severity 1: protanopia, deuteranopia, tritanopia.
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
         [-0.003882, -0.048116, 1.051998]],
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
         [-0.011820, 0.042940, 0.968881]],
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
         [0.004733, 0.691367, 0.303900]],
    ],
)  # fmt: skip
def test_colour_blind_readers_tell_the_colours_apart(matrix):
    seen = {
        name: luminance_lab(getattr(figures, name), np.array(matrix))
        for name in ("FOUND", "EXTRA", "MISSED", "PEOPLE", "GROUND")
    }
    for name in ("FOUND", "EXTRA", "MISSED"):
        for other in seen.keys() - {name}:
            assert np.linalg.norm(seen[name] - seen[other]) > 35, (name, other)
