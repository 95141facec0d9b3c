"""Pages with a scenario, another vintage, further layers, and hostile names."""

import csv
from dataclasses import replace

import numpy as np
import pytest
import shapely

from tests.explorer.browser import Opened
from tests.projects import DEMO, small_run
from zonage.errors import BadInput
from zonage.explorer import Overlay, explorer_page
from zonage.scenarios import reform
from zonage.scenarios.margins import shifted
from zonage.zoning.table import union_of_tiles

HOSTILE = "</script><script>window.broken = 1</script><img src=x onerror='broken=1'>\"'&\u2028"


def written(folder, text):
    file = folder / "explorer.html"
    file.write_text(text, encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Two vintages of Roubaix and Tourcoing, and the first under another rule."""
    folder = tmp_path_factory.mktemp("variants")
    rows = (DEMO / "tiles_2021.csv").read_text(encoding="utf-8").splitlines()
    place = rows[0].split(",").index("lcog_geo")
    kept = [row for row in rows[1:] if row.split(",")[place] in ("59512", "59599")]
    (folder / "tiles_2021.csv").write_text("\n".join([rows[0], *kept]) + "\n", encoding="utf-8")
    before = small_run(folder)
    after = small_run(
        folder,
        tiles={"path": str(folder / "tiles_2021.csv"), "vintage": 2021},
        official={"coverage": f"{DEMO}/coverage_2024.csv", "quarters": f"{DEMO}/quarters_2024.csv"},
    )
    settings = {"qpv.min_population": 1250, "method.bridge": 2, "method.bridge_population": 30.0}
    return before, after, reform(before.zoning, settings)


@pytest.fixture(scope="module")
def overlays(runs):
    tiles = runs[0].zoning.tiles
    west = np.arange(len(tiles)) < 150
    return [
        Overlay("masked", "Masked <b>", "Masqué", "#cc79a7", mask=west),
        Overlay("drawn", "Drawn", "Dessiné", "#009e73", geometry=[union_of_tiles(tiles, ~west)]),
    ]


@pytest.fixture(scope="module")
def opened(browser, runs, overlays, tmp_path_factory):
    before, after, scenario = runs
    text = explorer_page(before, against=after, scenario=scenario, overlays=overlays, language="fr")
    page = Opened(browser, written(tmp_path_factory.mktemp("page"), text))
    yield page
    assert page.said == []
    assert page.strangers() == []
    page.context.close()


@pytest.fixture
def page(opened):
    opened.restore()
    return opened


@pytest.mark.parametrize("shift", [0.0, 750.0, -1000.0])
@pytest.mark.parametrize("view", [1, 2])
def test_each_view_shows_its_own_zoning(page, runs, view, shift):
    page.tab.locator(f"input[name=view][value='{view}']").check(force=True)
    page.line(shift)
    zoning = shifted(runs[2] if view == 1 else runs[1].zoning, shift)
    assert page.totals()["population"] == zoning.zone_population.sum()
    assert page.totals()["quarters"] == zoning.zone_count
    assert page.labels() == zoning.label.tolist()


def test_a_scenario_is_named_by_what_it_changes(page):
    label = page.tab.locator("#view-list label").nth(1).inner_text()
    assert "qpv.min_population = 1250" in label
    assert "method.bridge = 2" in label
    assert page.tab.locator("#view-list label").nth(2).inner_text() == "carreaux 2021"


def test_two_views_lie_side_by_side(page, runs):
    page.tab.locator("#beside").select_option("2")
    page.slide("divider", 0)
    alone = page.tab.locator("#plot").screenshot()
    page.slide("divider", 1000)
    assert page.tab.locator("#plot").screenshot() != alone
    both = runs[0].zoning
    tile = int(np.flatnonzero(both.inside)[0])
    page.point(both.tiles.northing[tile], both.tiles.easting[tile])
    assert "2021" in page.tab.locator("#left-name").inner_text()
    households = page.tab.locator("#tip").inner_text()
    assert "pauvres" not in households  # the tiles of 2021 hold none


def test_layers_of_the_caller_are_switched_like_the_others(page):
    assert page.tab.locator("#layers").inner_text().splitlines()[-2:] == ["Masqué", "Dessiné"]
    for name in ("masked", "drawn"):
        before = page.tab.locator("#plot").screenshot()
        page.tab.locator(f"[data-layer=overlay-{name}]").uncheck()
        page.settle()
        assert page.tab.locator("#plot").screenshot() != before


def test_the_base_map_is_asked_for_only_when_it_is_wanted(page):
    page.tab.locator("#ground-on").check()
    page.settle()
    page.tab.wait_for_selector("#ground img", state="attached")
    asked = page.strangers()
    assert asked
    assert all(url.startswith("https://data.geopf.fr/") for url in asked)
    page.tab.locator("#ground-on").uncheck()
    page.settle()
    assert page.tab.locator("#ground img").count() == 0
    page.asked.clear()
    page.said.clear()  # that there was no network


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """A run whose title and names are markup."""
    folder = tmp_path_factory.mktemp("hostile")
    with (DEMO / "quarters_2024.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    with (folder / "quarters.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows({**row, "name": HOSTILE, "communes": HOSTILE} for row in rows)
    run = small_run(
        folder,
        title=HOSTILE,
        source=HOSTILE,
        official={
            "coverage": f"{DEMO}/coverage_2024.csv",
            "quarters": str(folder / "quarters.csv"),
        },
    )
    communes = {
        code: replace(commune, name=HOSTILE) for code, commune in run.territories.communes.items()
    }
    return replace(run, territories=replace(run.territories, communes=communes))


def test_markup_in_names_is_text(browser, hostile, tmp_path):
    overlay = Overlay("x", HOSTILE, HOSTILE, "#000000", mask=hostile.zoning.inside)
    page = Opened(browser, written(tmp_path, explorer_page(hostile, overlays=[overlay])))
    zoning = hostile.zoning
    tile = int(np.flatnonzero(zoning.label == 1)[0])
    page.point(zoning.tiles.northing[tile], zoning.tiles.easting[tile], press=True)
    flat = HOSTILE.replace("\u2028", "")
    for place in ("#title", "#source", "#card h2", "#card dl", "#tip"):
        assert flat in page.tab.locator(place).text_content().replace("\u2028", ""), place
    assert flat in page.tab.title().replace("\u2028", "")
    assert page.tab.evaluate("() => window.broken") is None
    assert page.tab.locator("main img, header img").count() == 0
    assert page.said == []
    assert HOSTILE.split("\u2028")[0].replace('"', '""') in page.download("save-csv")
    page.context.close()


def test_the_same_inputs_give_the_same_page(runs):
    assert explorer_page(runs[0]) == explorer_page(runs[0])


def test_a_plain_method_is_read_from_the_tree(browser, runs, tmp_path):
    zoning = reform(runs[0].zoning, {"method.complete_from": 1.0, "method.zone_median": False})
    page = Opened(browser, written(tmp_path, explorer_page(replace(runs[0], zoning=zoning))))
    assert page.tab.evaluate("() => explorer.views[0].ladder.byTree")
    for shift, minimum in ((0.0, 1000), (-1250.0, 600), (2000.0, 1700)):
        page.line(shift)
        page.minimum(minimum)
        expected = reform(shifted(zoning, shift), {"qpv.min_population": minimum})
        assert page.labels() == expected.label.tolist()
    page.context.close()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"language": "de"}, "not a language of the page"),
        ({"probability": np.zeros(3)}, "not one probability for each tile"),
    ],
)
def test_what_does_not_fit_is_refused(runs, arguments, said):
    with pytest.raises(BadInput, match=said):
        explorer_page(runs[0], **arguments)


def test_a_scenario_of_other_tiles_is_refused(runs):
    with pytest.raises(BadInput, match="not of the tiles of the run"):
        explorer_page(runs[0], scenario=runs[1].zoning)


@pytest.mark.parametrize(
    "wrong",
    [
        {"colour": "red", "mask": np.array([True])},
        {"colour": "#ff0000"},
        {"colour": "#ff0000", "mask": np.array([True]), "geometry": [shapely.box(0, 0, 1, 1)]},
    ],
)
def test_an_overlay_is_checked(wrong):
    with pytest.raises(BadInput):
        Overlay("name", "english", "français", **wrong)


def test_an_overlay_is_named_by_one_word_and_flags_every_tile(runs):
    with pytest.raises(BadInput, match="not the name of a layer"):
        Overlay("two words", "", "", "#ff0000", mask=np.array([True]))
    short = Overlay("short", "", "", "#ff0000", mask=np.array([True]))
    with pytest.raises(BadInput, match="not one flag for each tile"):
        explorer_page(runs[0], overlays=[short])
