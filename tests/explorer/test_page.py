"""The page of the embedded tiles in a real browser, held against the engine."""

import csv
import io
import json

import numpy as np
import pytest
import shapely
from pyproj import Transformer

from tests.explorer.browser import Opened
from tests.projects import demo_run
from zonage.explorer import explorer_page
from zonage.scenarios import reform
from zonage.scenarios.margins import shifted
from zonage.variables import FIXED_POINT
from zonage.zoning import REASON_TEXTS, Reason

POSITIONS = [
    (0.0, 1000),
    (-700.0, 1000),
    (450.0, 1000),
    (3000.0, 1000),
    (0.0, 500),
    (-1500.0, 1900),
]
"""Shifts of the line, EUR a year, and minimum populations."""


@pytest.fixture(scope="module")
def run():
    return demo_run()


@pytest.fixture(scope="module")
def probability(run):
    return np.linspace(0, 1, len(run.zoning.tiles))


@pytest.fixture(scope="module")
def opened(browser, run, probability, tmp_path_factory):
    file = tmp_path_factory.mktemp("page") / "explorer.html"
    file.write_text(explorer_page(run, probability=probability), encoding="utf-8")
    page = Opened(browser, file)
    yield page
    page.context.close()


@pytest.fixture
def page(opened):
    opened.restore()
    return opened


def engine(run, shift, minimum):
    """The engine's own zoning at a position of the sliders."""
    return reform(shifted(run.zoning, shift), {"qpv.min_population": minimum})


@pytest.mark.parametrize(("shift", "minimum"), POSITIONS)
def test_the_sliders_show_what_the_engine_finds(page, run, shift, minimum):
    page.line(shift)
    page.minimum(minimum)
    zoning = engine(run, shift, minimum)
    totals = page.totals()
    assert totals["quarters"] == zoning.zone_count
    assert totals["tiles"] == zoning.inside.sum()
    for name in ("population", "households", "poor_households", "social_dwellings"):
        assert totals[name] == zoning.zone_sums(name).sum()
    assert page.labels() == zoning.label.tolist()
    assert page.tab.evaluate("() => Array.from(explorer.shown().reason)") == zoning.reason.tolist()


def test_the_text_of_the_totals_is_that_of_the_engine(page, run):
    zoning = run.zoning
    text = page.tab.locator("#totals").inner_text()
    assert f"{round(zoning.zone_population.sum() / FIXED_POINT):,}" in text
    assert f"\t{zoning.zone_count}\t" in text
    line = page.tab.locator("#line-value").inner_text()
    assert line == "€12,800 declared · in force"
    page.line(-3000.0)
    assert "Back to the law in force" in page.tab.locator("#reset").inner_text()
    page.tab.locator("#reset").click()
    page.settle()
    assert page.tab.locator("#line-value").inner_text() == line


def test_every_position_has_as_many_quarters_as_the_engine_found(page):
    differing = page.tab.evaluate(
        """() => {
          const { content, zoningAt, views } = explorer, wrong = [];
          for (let step = 0; step < content.shifts.length; step += 9) {
            for (let minimum = 0; minimum < content.minima.length; minimum += 3) {
              const found = zoningAt(0, step, minimum).count;
              const known = views[0].zoneCounts[minimum * content.shifts.length + step];
              if (found !== known) wrong.push([step, minimum, found, known]);
            }
          }
          return wrong;
        }"""
    )
    assert differing == []


def test_the_response_curve_passes_through_the_engine_s_totals(page, run):
    curve = page.tab.evaluate("() => Array.from(explorer.responseCurve(explorer.views[0], 5))")
    assert page.tab.evaluate("() => explorer.content.minima[5]") == 1000
    shifts = page.tab.evaluate("() => explorer.content.shifts")
    for shift in (-2000.0, -50.0, 0.0, 1950.0):
        expected = int(shifted(run.zoning, shift).zone_population.sum())
        assert curve[shifts.index(shift)] == expected


def test_the_agreement_is_the_engine_s(page, run):
    shown = float(page.tab.locator("#agreement").get_attribute("data-value"))
    assert shown == pytest.approx(run.comparison.majority.f1, rel=1e-12)


def test_what_changes_is_listed_as_the_engine_lists_it(page, run):
    from zonage.scenarios import change

    page.line(-700.0)
    found = change(run.zoning, engine(run, -700.0, 1000))
    shown = page.tab.locator("#changes li").evaluate_all(
        "(items) => items.map((item) => item.dataset.status)"
    )
    assert shown == [one.status for one in found.quarters if one.status != "unchanged"]


def test_the_language_switches(page):
    page.tab.locator("[data-language=fr]").click()
    page.settle()
    assert page.tab.locator("html").get_attribute("lang") == "fr"
    assert "Ce qui est dedans" in page.tab.locator(".panel").inner_text()
    assert page.tab.locator("#line-value").inner_text().endswith("de revenu déclaré · en vigueur")
    page.tab.locator("[data-language=en]").click()
    page.settle()
    assert "What is inside" in page.tab.locator(".panel").inner_text()


@pytest.mark.parametrize("layer", ["quarters", "official", "communes", "names"])
def test_a_layer_that_is_switched_off_leaves_the_map(page, layer):
    stage = page.tab.locator("#plot")
    before = stage.screenshot()
    page.tab.locator(f"[data-layer={layer}]").uncheck()
    page.settle()
    assert stage.screenshot() != before
    page.tab.locator(f"[data-layer={layer}]").check()
    page.settle()
    assert stage.screenshot() == before


@pytest.mark.parametrize("colouring", ["income", "entry", "probability", "poverty"])
def test_tiles_are_coloured_by_a_value(page, colouring):
    before = page.tab.locator("#plot").screenshot()
    page.tab.locator("#colouring").select_option(colouring)
    page.settle()
    assert page.tab.locator("#plot").screenshot() != before
    assert page.tab.locator("#legend .ramp").count() == 1


def test_hovering_says_the_tile_and_why(page, run, probability):
    zoning = run.zoning
    for reason in (Reason.INSIDE, Reason.INCOME_NOT_BELOW, Reason.ZONE_TOO_SMALL):
        tile = int(np.flatnonzero(zoning.reason == reason)[7])
        page.point(zoning.tiles.northing[tile], zoning.tiles.easting[tile])
        text = page.tab.locator("#tip").inner_text()
        code = zoning.tiles.commune.labels[zoning.tiles.commune.index[tile]]
        assert run.territories.communes[code].name in text
        assert REASON_TEXTS[reason][0] in text
        assert f"€{zoning.criterion[tile]:,.0f}" in text
        assert f"{zoning.tiles.values('population')[tile]:,g} inhabitants" in text
        assert f"{100 * probability[tile]:.1f}".rstrip("0").rstrip(".") + "%" in text


def test_a_press_opens_the_card_of_a_quarter(page, run, probability):
    zoning = run.zoning
    zone = 24
    tile = int(np.flatnonzero(zoning.label == zone)[0])
    page.point(zoning.tiles.northing[tile], zoning.tiles.easting[tile], press=True)
    card = page.tab.locator("#card")
    assert card.locator("h2").inner_text().startswith(f"Quarter {zone} · ")
    values = dict(
        card.locator("dl").evaluate(
            "(list) => [...list.querySelectorAll('dt')].map((name) =>"
            " [name.textContent, name.nextElementSibling.dataset.value"
            " ?? name.nextElementSibling.textContent])"
        )
    )
    members = zoning.label == zone
    people = zoning.tiles.values("population")[members]
    match = run.comparison.zones[zone - 1]
    assert float(values["inhabitants"]) == people.sum()
    assert float(values["Tiles"]) == members.sum()
    assert float(values["Estimated median"]) == pytest.approx(zoning.zone_median[zone - 1], abs=0.1)
    assert float(values["Line"]) == zoning.line[tile]
    assert float(values["Probability"]) == pytest.approx(
        probability[members] @ people / people.sum(), abs=1e-6
    )
    assert float(values["Inhabitants in official quarters"]) == pytest.approx(match.official_share)
    assert all(f"({code})" in values["Official counterpart"] for code in match.codes)
    assert_margin(values["Margin"], zoning, members)
    page.tab.locator("#close").click()
    page.settle()
    assert card.is_hidden()


def assert_margin(text, zoning, members):
    """The step named is the first one down the ladder at which no tile of the quarter is left."""
    gone = float(text.split("€")[1].split(";")[0].replace(",", ""))
    assert "\N{MINUS SIGN}" in text
    assert shifted(zoning, 50.0 - gone).inside[members].any()
    assert not shifted(zoning, -gone).inside[members].any()


def test_the_outlines_taken_home_are_the_engine_s(page, run):
    page.line(450.0)
    zoning = engine(run, 450.0, 1000)
    content = json.loads(page.download("save-geojson"))
    assert content["type"] == "FeatureCollection"
    back = Transformer.from_crs(4326, zoning.tiles.crs, always_xy=True)
    assert len(content["features"]) == zoning.zone_count
    for feature, expected in zip(content["features"], zoning.zones.geometry, strict=True):
        degrees = shapely.geometry.shape(feature["geometry"])
        assert degrees.is_valid
        assert all(part.exterior.is_ccw for part in degrees.geoms)
        metres = shapely.transform(degrees, lambda x, y: back.transform(x, y), interleaved=False)
        assert metres.symmetric_difference(expected).area < 20  # of at least 40 000 square metres


def test_the_table_taken_home_is_the_engine_s(page, run):
    text = page.download("save-csv")
    assert text.startswith("\ufeffzone,")
    rows = list(csv.DictReader(io.StringIO(text[1:], newline="")))
    table = run.zoning.table
    for name in ("zone", "tiles", "population", "households", "poor_households", "threshold"):
        assert [float(row[name]) for row in rows] == table[name]
    for name in ("communes", "urban_unit"):
        assert [row[name] for row in rows] == table[name]
    medians = [float(row["income_median"]) for row in rows]
    assert medians == pytest.approx(table["income_median"], abs=0.1)
    shares = [float(row["official_share"]) for row in rows]
    assert shares == pytest.approx([one.official_share for one in run.comparison.zones], abs=1e-6)


def test_the_search_goes_to_a_commune_or_a_quarter(page):
    page.tab.locator("#search").fill("villeneuve-d'ascq")
    page.tab.locator("#search").press("Enter")
    page.settle()
    assert page.tab.locator("#card h2").is_visible()
    assert "map=" in page.tab.evaluate("() => explorer.fragment()")
    page.tab.locator("#search").fill("nowhere at all")
    page.tab.locator("#search").press("Enter")
    assert page.tab.locator("#search").get_attribute("aria-invalid") == "true"


def test_a_link_opens_the_same_view(page):
    page.line(-700.0)
    page.minimum(800)
    page.tab.locator("[data-layer=official]").uncheck()
    page.tab.locator("#colouring").select_option("income")
    page.tab.locator("[data-language=fr]").click()
    page.tab.locator("#nearer").click()
    page.settle()
    page.tab.wait_for_function("() => location.hash.slice(1) === explorer.fragment()")
    link = page.tab.evaluate("() => location.hash")
    other = page.open(link)
    try:
        same = "() => [explorer.fragment(), document.querySelector('.panel').innerText]"
        assert other.evaluate(same) == page.tab.evaluate(same)
        assert "line=-700" in link
    finally:
        other.close()


@pytest.mark.parametrize(
    "fragment", ["#line=abc&minimum=&view=99&selected=-1&map=1 2&tiles=__proto__", "#line=1e999"]
)
def test_a_broken_link_opens_the_page_all_the_same(page, fragment):
    other = page.open(fragment)
    try:
        assert other.evaluate("() => explorer.shown().count") == 30
    finally:
        other.close()


def test_the_map_is_read_by_keyboard(page, run):
    page.tab.locator("#map").focus()
    for _ in range(3):
        page.tab.keyboard.press("+")
    page.tab.keyboard.press("ArrowRight")
    assert page.tab.locator("#spoken").inner_text()
    width = page.tab.evaluate("() => explorer.state.range[2]")
    page.tab.keyboard.press("-")
    assert page.tab.evaluate("() => explorer.state.range[2]") > width
    page.tab.locator("#line").focus()
    page.tab.keyboard.press("ArrowLeft")
    page.settle()
    assert page.totals()["population"] == shifted(run.zoning, -50.0).zone_population.sum()


def test_it_fits_a_narrow_screen_and_paper(page):
    page.tab.set_viewport_size({"width": 420, "height": 800})
    page.tab.wait_for_timeout(100)
    assert page.tab.evaluate("() => document.documentElement.scrollWidth") <= 420
    page.tab.emulate_media(media="print")
    assert page.tab.locator("#save-csv").is_hidden()
    assert page.tab.locator("#totals").is_visible()
    page.tab.evaluate("() => dispatchEvent(new Event('beforeprint'))")
    assert page.tab.locator("#printed canvas").is_visible()
    page.tab.evaluate("() => dispatchEvent(new Event('afterprint'))")
    page.tab.emulate_media(media="screen")
    page.tab.set_viewport_size({"width": 1400, "height": 900})


def test_texts_stand_out_from_their_ground(page):
    """At least 4.5 to 1, as WCAG 2.2 asks of small texts."""
    worst = page.tab.evaluate(
        """() => {
          const parse = (text) => text.match(/[\\d.]+/g).map(Number);
          const light = ([r, g, b]) => [r, g, b].map((value) => value / 255).map((value) =>
            value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4)
            .reduce((sum, value, k) => sum + value * [0.2126, 0.7152, 0.0722][k], 0);
          const ground = (element) => {
            for (let at = element; at; at = at.parentElement) {
              const colour = parse(getComputedStyle(at).backgroundColor);
              if (colour.length < 4 || colour[3] > 0.9) return colour;
            }
            return [255, 255, 255];
          };
          const found = [];
          for (const element of document.body.querySelectorAll("*")) {
            const own = [...element.childNodes].some((node) =>
              node.nodeType === 3 && node.textContent.trim());
            if (!own || !element.checkVisibility() || element.disabled) continue;
            const style = getComputedStyle(element);
            const ink = element.namespaceURI.includes("svg") ? style.fill : style.color;
            const pair = [light(parse(ink)), light(ground(element))].sort((a, b) => b - a);
            found.push([(pair[0] + 0.05) / (pair[1] + 0.05), element.outerHTML.slice(0, 80)]);
          }
          return found.sort((a, b) => a[0] - b[0])[0];
        }"""
    )
    assert worst[0] >= 4.5, worst


def test_nothing_was_complained_of_and_nothing_asked_for(page):
    assert page.said == []
    assert page.strangers() == []
