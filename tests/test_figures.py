"""The figures: what they show, in which words, and that no name or territory breaks them."""

import io
import re
import warnings
from string import Formatter

import numpy as np
import pytest
from matplotlib.colors import to_rgba
from PIL import Image

from tests.projects import DEMO, command, contents, demo_run, small_run
from zonage import figures
from zonage.figures import labels, result_map, style
from zonage.mergetree import MergeTree
from zonage.pipeline import run as run_project
from zonage.project import read_project
from zonage.scenarios.curves import respond
from zonage.scenarios.margins import shifted
from zonage.texts.figures import FIGURE_TEXTS, OPTION_TEXTS
from zonage.texts.language import NARROW, NOUNS, Language
from zonage.vintages import compare_vintages
from zonage.zoning import Method, rezone
from zonage.zoning.method import BEYOND_TREE


def drawn(figure):
    """The pixels of a figure."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        content = figures.rendered(figure, "png")
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))


def texts(figure):
    written = [text.get_text() for text in figure.texts]
    place = next(number for number, text in enumerate(written) if text.startswith("Source"))
    return {
        "title": written[0],
        "lines": " ".join(written[1:place]),
        "source": " ".join(written[place:]),
        "names": [text.get_text() for text in figure.axes[0].texts],
        "legend": [text.get_text() for text in figure.legends[0].get_texts()],
    }


@pytest.fixture(scope="module")
def figure():
    return result_map(demo_run())


@pytest.fixture(scope="module")
def vintages():
    """The runs of both vintages of the embedded tiles, and what changes."""
    after = run_project(read_project(DEMO / "project_2021.toml"))
    return demo_run(), after, compare_vintages(demo_run().zoning, after.zoning)


def colours_of(figure, tiles):
    """The colour of each tile on a map, from 0 to 255."""
    picture = figure.axes[0].images[0].get_array()
    return picture[tiles.grid(margin=2).rows_columns(tiles.northing, tiles.easting)]


def paint(colour):
    return np.rint(255 * np.array(to_rgba(colour)))


# ---- maps ----------------------------------------------------------------------------------------


def test_every_tile_has_the_colour_of_what_it_is(figure):
    run = demo_run()
    tiles = run.zoning.tiles
    inside, official = run.zoning.inside, run.comparison.official
    colours = colours_of(figure, tiles)
    for which, colour in (
        (inside & official, style.FOUND),
        (inside & ~official, style.EXTRA),
        (~inside & official, style.MISSED),
    ):
        assert which.any()
        assert (colours[which] == paint(colour)).all()
    picture = figure.axes[0].images[0]
    assert (picture.get_array()[..., 3] > 0).sum() == len(tiles)
    west, east, south, north = picture.get_extent()
    assert [edge * 1000 for edge in (west, south, east, north)] == list(tiles.grid(margin=2).bounds)


def test_the_colours_are_on_the_page(figure):
    pixels = drawn(figure).reshape(-1, 3)
    for colour in (style.FOUND, style.EXTRA, style.MISSED):
        assert (np.abs(pixels - paint(colour)[:3]).max(axis=1) <= 1).sum() > 500
    margin = round(style.MARGIN * 120)
    across = (drawn(figure) < 255).any(axis=(0, 2)).nonzero()[0]
    assert margin - 2 <= across[0] <= margin + 2
    assert across[-1] <= drawn(figure).shape[1] - margin + 2


def test_the_numbers_of_the_quarters_stand_beside_them():
    run = demo_run()
    figure = figures.quarters_map(run)
    numbers = {text.get_text(): text for text in figure.axes[0].texts if text.get_text().isdigit()}
    assert set(numbers) == {str(zone) for zone in run.zoning.table["zone"]}
    for zone, outline in zip(run.zoning.table["zone"], run.zoning.zones.geometry, strict=True):
        x, y = (1000 * place for place in numbers[str(zone)].get_position())
        west, south, east, north = outline.bounds
        assert west <= x <= east
        assert south <= y <= north


def test_a_map_without_official_outlines_is_that_of_the_quarters(tmp_path):
    run = small_run(tmp_path)
    found = texts(result_map(run))
    assert "numbered as in the table" in found["lines"]
    colours = colours_of(result_map(run), run.zoning.tiles)
    assert (colours[run.zoning.inside] == paint(style.FOUND)).all()


def test_the_entry_map_tells_at_the_line_what_is_inside(tmp_path):
    run = demo_run()
    figure = figures.entry_map(run)
    colours = colours_of(figure, run.zoning.tiles).astype(int)
    blue = colours[:, 2] > colours[:, 0]
    np.testing.assert_array_equal(blue, MergeTree.of(run.zoning).entry < run.zoning.line)
    assert "without completion and the test of the zone's median" in texts(figure)["lines"]
    plain = small_run(tmp_path, method={"complete_from": 1.0, "zone_median": False})
    figure = figures.entry_map(plain)
    colours = colours_of(figure, plain.zoning.tiles).astype(int)
    np.testing.assert_array_equal(colours[:, 2] > colours[:, 0], plain.zoning.inside)
    assert "Rule: that of the run" in texts(figure)["lines"]
    assert "without" not in texts(figure)["lines"]


def test_a_lower_entry_is_a_darker_blue():
    run = demo_run()
    shift = MergeTree.of(run.zoning).entry - run.zoning.line
    light = colours_of(figures.entry_map(run), run.zoning.tiles).astype(float).sum(axis=1)
    steps = [light[(low <= shift) & (shift < low + 500)] for low in range(-3000, 0, 500)]
    assert all(len(set(step)) == 1 for step in steps)
    assert [step[0] for step in steps] == sorted({step[0] for step in steps})


def test_the_map_of_two_vintages_tells_moves_only_where_both_hold(vintages):
    before, after, found = vintages
    figure = figures.vintages_map(before, after, found)
    tiles, change = found.change.after.tiles, found.change
    colours = colours_of(figure, tiles)
    was, now = (side.values("population") > 0 for side in (found.union.before, found.union.after))
    for which, colour in (
        (change.before.inside & change.after.inside & was & now, style.FOUND),
        ((change.step > 0) & was & now, style.EXTRA),
        ((change.step < 0) & was & now, style.MISSED),
        ((change.before.inside | change.after.inside) & ~(was & now), style.FRAME),
    ):
        assert which.any()
        assert (colours[which] == paint(colour)).all()
    found_texts = texts(figure)
    assert "From the tiles of 2019 to those of 2021" in found_texts["lines"]
    assert f"15{NARROW}546" in found_texts["lines"]
    assert f"16{NARROW}130" in found_texts["lines"]
    assert "Estimated without households, poor households" in found_texts["lines"]
    assert "Filosofi 2019" in found_texts["source"]
    assert "Filosofi 2021" in found_texts["source"]


def test_the_arrow_leans_to_the_true_north():
    """Lille lies 7 degrees west of the middle of the European grid, at 50.6 degrees north."""
    lean = figures.ground.convergence(demo_run().zoning.tiles)
    # On a sphere, an azimuthal projection turns by about the longitude times a mean sine.
    assert 5.0 < lean < 5.8


# ---- curves --------------------------------------------------------------------------------------


@pytest.mark.parametrize("shift", [-700.0, 0.0, 300.0])
def test_the_curves_are_those_of_the_rule(shift):
    base = demo_run().zoning
    found = respond(base)
    place = found.line.values.tolist().index(shift)
    zoning = shifted(base, shift)
    assert found.whole
    assert found.line.quarters[place] == zoning.zone_count
    assert found.line.population[place] == zoning.zone_population.sum() / 1000
    minimum = 1000 + int(shift)
    place = found.minimum.values.tolist().index(minimum)
    zoning = rezone(base, law=base.law.reform(min_population=minimum))
    assert found.minimum.quarters[place] == zoning.zone_count
    assert found.minimum.population[place] == zoning.zone_population.sum() / 1000


def test_the_tree_gives_the_same_curves_where_it_holds_the_rule():
    base = rezone(demo_run().zoning, method=Method(complete_from=1.0, zone_median=False))
    found = respond(base)
    assert found.whole
    for shift in (-1500.0, 0.0, 900.0):
        place = found.line.values.tolist().index(shift)
        zoning = shifted(base, shift)
        assert found.line.quarters[place] == zoning.zone_count
        assert found.line.population[place] == zoning.zone_population.sum() / 1000


def test_curves_of_the_tree_say_what_they_leave_out():
    found = respond(demo_run().zoning, whole=False)
    assert not found.whole
    figure = figures.response_figure(figures.Sheet.of(demo_run()), found)
    assert "without completion" in texts(figure)["lines"]
    curve = figure.axes[0].lines[0]
    assert curve.get_ydata().tolist() == found.line.quarters.tolist()


def test_the_bars_are_the_lives_of_the_quarters():
    run = demo_run()
    figure = figures.persistence_figure(run)
    bars = figure.axes[0].patches
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    tree = MergeTree.of(run.zoning)
    alive = [bar for bar in bars if bar.get_facecolor() == to_rgba(style.FOUND)]
    units = tree.tiles.unit_start[:-1]
    assert len(alive) == tree.zones(np.nan_to_num(run.zoning.line[units]))
    assert all(bar.get_x() < 0 < bar.get_x() + bar.get_width() for bar in alive)
    tallest = bars[next(place for place, name in enumerate(names) if "Mons-en-Bar" in name)]
    born = tree.quarters.birth - run.zoning.line[tree.quarters.seed]
    assert np.abs(born - tallest.get_x()).min() < 1e-6
    assert any(name.startswith("no. 1 Roubaix") for name in names)


def test_figures_of_a_territory_without_quarters_are_drawn(tmp_path):
    run = small_run(tmp_path, line=100.0)
    assert run.zoning.zone_count == 0
    for figure in (
        result_map(run),
        figures.entry_map(run),
        figures.persistence_figure(run),
        figures.response_figure(figures.Sheet.of(run), respond(run.zoning)),
    ):
        drawn(figure)


# ---- words ---------------------------------------------------------------------------------------


def test_the_words_are_english(figure):
    found = texts(figure)
    assert found["title"] == "Métropole Européenne de Lille (core), quarters of 2024"
    assert f"legal line: 12{NARROW}800 EUR declared" in found["lines"]
    assert "computed and official" in found["legend"]
    assert "a model, not a legal zoning" in found["source"]
    assert {"Lille", "Roubaix", "Tourcoing", "5 km", "N"} <= set(found["names"])


def test_the_words_are_french_when_asked(tmp_path):
    run = small_run(tmp_path, output={"language": "fr"})
    found = texts(result_map(run))
    assert f"seuil légal\N{NO-BREAK SPACE}: 12{NARROW}800 euros déclarés" in found["lines"]
    assert found["legend"] == [
        "quartier calculé",
        "contour d'un quartier calculé",
        "carreaux habités",
    ]
    assert "un modèle, non un zonage légal" in found["source"]


def fields(template):
    return {name for _, name, _, _ in Formatter().parse(template) if name}


def test_both_languages_have_the_same_texts():
    english, french = FIGURE_TEXTS["en"], FIGURE_TEXTS["fr"]
    assert set(english) == set(french)
    assert [key for key in english if fields(english[key]) != fields(french[key])] == []
    assert set(OPTION_TEXTS["en"]) == set(OPTION_TEXTS["fr"]) == set(BEYOND_TREE)
    assert set(NOUNS["en"]) == set(NOUNS["fr"])


def test_numbers_and_plurals_follow_the_language():
    english, french = Language("en"), Language("fr")
    plain = {NARROW: " ", "\N{NO-BREAK SPACE}": " "}

    def said(text):
        return "".join(plain.get(sign, sign) for sign in text)

    assert said(english.number(1234567.891, 2)) == "1 234 567.89"
    assert said(french.number(-1234.5, 1)) == "\N{MINUS SIGN}1 234,5"
    assert english.number(-0.2) == "0"
    assert english.number(float("nan")) == english.number(None) == "-"
    assert [french.signed(value) for value in (500, 0)] == ["+500", "0"]
    assert said(french.percent(0.2056)) == "20,6 %"
    counts = [said(language.count(n, "tile")) for n in (0, 1, 2) for language in (english, french)]
    assert counts == ["0 tiles", "0 carreau", "1 tile", "1 carreau", "2 tiles", "2 carreaux"]
    assert english.listed(["a", "b", "c"]) == "a, b and c"
    assert said(french.set("que dire ? « rien » : non")) == "que dire ? « rien » : non"
    assert french.set("que dire ?") == "que dire\N{NO-BREAK SPACE}?"


def test_a_calibrated_line_is_not_called_the_legal_one(tmp_path):
    for language, words in (("en", "not the legal one"), ("fr", "non le seuil légal")):
        run = small_run(tmp_path, line=16_000.0, output={"language": language})
        assert words in texts(result_map(run))["lines"]


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
    assert found["title"] == name
    assert name in found["source"]
    assert name in found["names"]
    bars = figures.persistence_figure(run)
    drawn(bars)
    assert any(name[:20] in label.get_text() for label in bars.axes[0].get_yticklabels())


@pytest.mark.parametrize("word", ["word ", "W", "ÉÀ$_"])
def test_a_long_title_is_cut_to_the_page(tmp_path, word):
    figure = result_map(small_run(tmp_path, title=word * 400, source=word * 400))
    pixels = drawn(figure)
    margin = round(style.MARGIN * 120)
    assert (pixels[:, -margin // 2 :] == 255).all()
    assert texts(figure)["title"].endswith("...")


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
    for draw in (result_map, figures.entry_map):
        height, width, _ = drawn(draw(run)).shape
        assert 0.2 < height / width < 3


# ---- the same bytes ------------------------------------------------------------------------------


def test_the_style_of_the_user_changes_nothing(tmp_path):
    import matplotlib

    run = small_run(tmp_path)
    plain = [figures.rendered(result_map(run), kind) for kind in ("png", "svg")]
    with matplotlib.rc_context({"font.size": 30, "axes.facecolor": "red", "svg.hashsalt": "x"}):
        again = [figures.rendered(result_map(run), kind) for kind in ("png", "svg")]
        assert matplotlib.rcParams["font.size"] == 30
    assert again == plain


def test_an_svg_says_neither_when_nor_by_what_it_was_made(figure):
    content = figures.rendered(figure, "svg")
    assert content == figures.rendered(figure, "svg")
    assert not re.search(rb"<dc:date>|Matplotlib v", content)
    # The tiles are one picture of a pixel each, which viewers are told to draw sharp.
    assert b"image-rendering:pixelated" in content.replace(b" ", b"")
    assert len(content) < 1_000_000


def test_the_command_draws_all_figures_in_both_formats(tmp_path):
    folder = tmp_path / "figures"
    asked = ("figures", DEMO / "project.toml", "--language", "fr", "--draws", "20")
    against = ("--against", DEMO / "project_2021.toml")
    result = command(*asked, *against, "--output", folder)
    assert result.code == 0, result.error
    names = ("map", "quarters", "entry", "response", "persistence", "probability", "vintages")
    written = contents(folder)
    assert set(written) == {f"{name}.{kind}" for name in names for kind in ("png", "svg")} | {
        "manifest.json"
    }
    assert all(name in result.out for name in names)
    again = command(*asked, "--output", tmp_path / "again")
    assert again.code == 0, again.error
    for name, content in contents(tmp_path / "again").items():
        assert name == "manifest.json" or content == written[name], name
    assert "vintages.png" not in contents(tmp_path / "again")


# ---- labels and colours --------------------------------------------------------------------------


def test_labels_keep_off_what_is_marked():
    taken = np.zeros((40, 40), bool)
    taken[18:22, 18:22] = True
    row, column = labels.free_place(taken.copy(), 20, 20, (3, 9))
    assert not taken[int(row - 1.5) : int(row + 2), int(column - 4.5) : int(column + 5)].any()


def test_labels_keep_off_each_other_and_inside_the_map():
    taken = np.zeros((40, 40), bool)
    first = labels.free_place(taken, 20, 20, (3, 9))
    second = labels.free_place(taken, 20, 20, (3, 9))
    assert first == (20, 20)
    assert abs(first[0] - second[0]) >= 3 or abs(first[1] - second[1]) >= 9
    row, column = labels.free_place(np.zeros((40, 40), bool), 1, 5, (3, 9))
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
        name: luminance_lab(getattr(style, name), np.array(matrix))
        for name in ("FOUND", "EXTRA", "MISSED", "PEOPLE", "GROUND")
    }
    for name in ("FOUND", "EXTRA", "MISSED"):
        for other in seen.keys() - {name}:
            assert np.linalg.norm(seen[name] - seen[other]) > 35, (name, other)
