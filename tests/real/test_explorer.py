"""The page of the Lille block on the files as published, with the official outlines as polygons."""

import numpy as np
import pytest

from tests.explorer.browser import Opened, chromium
from zonage.explorer import explorer_page
from zonage.pipeline import run
from zonage.project import parse_project

MEGABYTES = 1_000_000


@pytest.fixture(scope="module")
def lille(shared):
    content = {
        "title": "Lille",
        "tiles": {"path": f"{shared}/tiles/carreaux_200m_lille_2019.csv"},
        "territory": {
            "communes_table": f"{shared}/communes/decoupage-administratif/communes.json",
            "epci_table": f"{shared}/communes/decoupage-administratif/epci.json",
            "urban_units_table": f"{shared}/communes/UU2020_au_01-01-2021.xlsx",
            "outlines": f"{shared}/communes/communes-59-nord.geojson",
        },
        "official": {"perimeters": f"{shared}/qpv/qpv2024_simplified.geojson", "vintage": 2024},
    }
    return run(parse_project(content, folder=shared, file="project.toml"))


@pytest.fixture(scope="module")
def page(lille, tmp_path_factory):
    file = tmp_path_factory.mktemp("page") / "explorer.html"
    file.write_text(explorer_page(lille), encoding="utf-8")
    with chromium() as browser:
        opened = Opened(browser, file)
        yield opened
        opened.context.close()


def test_the_page_is_small_and_shows_what_the_engine_finds(lille, page):
    assert page.file.stat().st_size < 5 * MEGABYTES
    assert page.totals()["population"] == lille.zoning.zone_population.sum()
    assert page.labels() == lille.zoning.label.tolist()
    assert page.said == []
    assert page.strangers() == []


def test_outlines_are_those_of_the_files(lille, page):
    drawn = page.tab.evaluate(
        "() => explorer.content.official.quarters.filter((one) => one.lines).length"
    )
    assert drawn == len(lille.comparison.quarters)
    note = page.tab.locator("#drawn").inner_text()
    assert note == ""  # nothing is drawn along the tiles


def test_moving_the_line_keeps_up_with_the_engine(lille, page):
    from zonage.scenarios.margins import shifted

    for shift in (-1200.0, 350.0, 2000.0):
        page.line(shift)
        expected = shifted(lille.zoning, shift)
        assert page.totals()["population"] == expected.zone_population.sum()
        assert np.array_equal(page.labels(), expected.label)
