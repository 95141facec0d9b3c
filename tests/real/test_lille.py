"""The core of the MEL against the official outlines: published figures, and two of the design."""

import geopandas
import numpy as np
import pytest
import scipy.ndimage
import shapely

import zonage as zn
from zonage.calibration import calibrate
from zonage.mergetree import MergeTree
from zonage.sources.income_tables import income_model
from zonage.variables import FIXED_POINT

MEL = "200093201"


@pytest.fixture(scope="module")
def tiles(shared):
    read = zn.read_tiles(shared / "tiles" / "carreaux_200m_lille_2019.csv", vintage=2019)
    communes = shared / "communes" / "decoupage-administratif" / "communes.json"
    units = shared / "communes" / "UU2020_au_01-01-2021.xlsx"
    return zn.read_territories(communes, urban_units=units).locate(read)


@pytest.fixture(scope="module")
def official(shared):
    return zn.read_perimeters(shared / "qpv" / "qpv2024_simplified.geojson")


@pytest.fixture(scope="module")
def table(tiles, official):
    return zn.coverage(official, tiles)


@pytest.fixture(scope="module")
def law():
    return zn.law("qpv", on="2024-01-01")


@pytest.fixture(scope="module")
def reference():
    return zn.read_reference("declared", 2019)


@pytest.fixture(scope="module")
def default(tiles, law, reference):
    return zn.qpv(tiles, law, reference)


class Grids:
    """The same block by pandas, shapely and scipy alone: no code of ours."""

    def __init__(self, shared):
        import pandas

        frame = pandas.read_csv(shared / "tiles" / "carreaux_200m_lille_2019.csv")
        north, east = (
            frame.idcar_200m.str.extract(pattern)[0].astype(int) // 200
            for pattern in (r"mN(\d+)E", r"E(\d+)$")
        )
        self.row, self.column = north.max() - north + 8, east - east.min() + 8
        shape = self.row.max() + 9, self.column.max() + 9
        self.people, self.income, self.share = np.zeros((3, *shape))
        self.people[self.row, self.column] = frame.ind
        self.income[self.row, self.column] = frame.ind_snv
        outlines = geopandas.read_file(shared / "qpv" / "qpv2024_simplified.geojson")
        outlines = outlines.set_crs(4326, allow_override=True)
        outlines["geometry"] = outlines.geometry.make_valid()
        squares = shapely.box(east * 200, north * 200, east * 200 + 200, north * 200 + 200)
        union = outlines.to_crs(3035).clip(shapely.total_bounds(squares)).union_all()
        self.share[self.row, self.column] = shapely.area(shapely.intersection(squares, union)) / 4e4
        self.official = self.share >= 0.5

    def best(self, mean):
        """Line, F1 and zones of the best line in steps of 100 EUR, by scipy."""
        found = max(self.at(mean, line) for line in range(15_000, 20_001, 100))
        return found[1], found[0], found[2]

    def at(self, mean, line):
        labels, count = scipy.ndimage.label((mean < line) & (self.people > 0), np.ones((3, 3)))
        people = scipy.ndimage.sum_labels(self.people, labels, np.arange(count + 1))
        keep = people >= 1000
        keep[0] = False
        inside = keep[labels]
        both = self.people[inside & self.official].sum()
        f1 = 2 * both / (self.people[inside].sum() + self.people[self.official].sum())
        return f1, line, int(keep.sum())


@pytest.fixture(scope="module")
def grids(shared):
    return Grids(shared)


def plain_mean(tiles, law, reference, line, smoothing):
    # The estimator makes a median of each mean, by one factor for all tiles.
    factor = float(np.exp(-(income_model(2019).sigma ** 2) / 2))
    method = zn.Method.plain(estimator="mean", smoothing=smoothing, within_units=False)
    line *= factor
    return factor, zn.qpv(
        tiles, law.reform(uu_min_population=0), reference, method=method, line=line
    )


@pytest.mark.parametrize(
    ("smoothing", "line", "f1", "zones"), [(0.0, 17_900, 0.776, 28), (0.6, 18_100, 0.799, 18)]
)
def test_the_plain_mean_gives_the_figures_of_the_design(
    tiles, table, grids, law, reference, smoothing, line, f1, zones
):
    sums = [grids.people, grids.income]
    if smoothing:
        sums = [scipy.ndimage.gaussian_filter(grid, smoothing, mode="constant") for grid in sums]
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = sums[1] / sums[0]
    assert grids.best(mean) == (line, pytest.approx(f1, abs=5e-4), zones)

    factor, zoning = plain_mean(tiles, law, reference, line, smoothing)
    assert zoning.zone_count == zones
    assert zoning.compare(table).majority.f1 == pytest.approx(f1, abs=5e-4)
    north, east = tiles.northing, tiles.easting
    row, column = north.max() - north + 8, east - east.min() + 8
    np.testing.assert_allclose(zoning.criterion, factor * mean[row, column], rtol=1e-12)


def test_shares_of_tiles_equal_those_of_one_union_of_all_outlines(tiles, table, grids):
    north, east = tiles.northing, tiles.easting
    row, column = north.max() - north + 8, east - east.min() + 8
    np.testing.assert_allclose(table.share_of(tiles), grids.share[row, column], atol=2e-5)


def test_the_default_method_with_the_legal_line_agrees_with_the_official_outlines(default, table):
    assert {unit.basis for unit in default.units} == {"legal"}
    lille = next(unit for unit in default.units if unit.legal.unit == "59702")
    assert lille.legal.threshold == 12_800
    assert 15_500 < lille.line < 15_600
    assert default.compare(table).majority.f1 >= 0.80


def test_at_least_22_of_the_25_official_quarters_are_found_at_least_in_part(default, table):
    comparison = default.compare(table)
    assert len(comparison.quarters) == 25
    found = [quarter for quarter in comparison.quarters if quarter.status != "missed"]
    assert len(found) >= 22
    missed = [quarter for quarter in comparison.quarters if quarter.status == "missed"]
    assert all(quarter.missed_because for quarter in missed)


def test_official_figures_of_the_contract(tiles, table):
    official = table.share_of(tiles) >= 0.5
    population = tiles.count("population")
    assert population[official].sum() / population.sum() == pytest.approx(0.193, abs=5e-4)
    poor, households = tiles.count("poor_households"), tiles.count("households")
    assert poor.sum() / households.sum() == pytest.approx(0.181, abs=5e-4)
    assert poor[official].sum() / households[official].sum() == pytest.approx(0.381, abs=5e-4)


def test_the_best_calibrated_method_reaches_083(tiles, law, reference, table):
    method = zn.Method(smoothing=0.4, complete_from=1.0, zone_median=False)
    zoning = zn.qpv(tiles, law, reference, method=method)
    calibration = calibrate(zoning, table.share_of(tiles))
    assert calibration.left_out == ()
    assert calibration.best.f1 >= 0.83
    again = zn.qpv(tiles, law, reference, method=method, line=calibration.line)
    assert again.compare(table).majority.f1 == calibration.best.f1


def test_one_pass_gives_the_zoning_at_every_line(tiles, law, reference, table):
    method = zn.Method(complete_from=1.0, zone_median=False)
    zoning = zn.qpv(tiles, law, reference, method=method)
    calibration = calibrate(zoning, table.share_of(tiles))
    for line in np.linspace(13_000, 19_000, 40):
        at_line = zn.qpv(tiles, law, reference, method=method, line=line)
        np.testing.assert_array_equal(at_line.inside, calibration.entry < line)
        assert at_line.compare(table).majority.f1 == pytest.approx(calibration.at(line).f1, 1e-12)


def test_the_tree_is_the_zoning_at_every_one_of_200_lines(tiles, law, reference):
    method = zn.Method(complete_from=1.0, zone_median=False)
    base = zn.qpv(tiles, law, reference, method=method)
    tree = MergeTree.of(base)
    exact = np.unique(tree.entry[np.isfinite(tree.entry)])
    lines = np.concatenate((np.linspace(12_000, 22_000, 160), exact[:: len(exact) // 40]))
    assert len(lines) >= 200
    for line in lines:
        zoning = zn.qpv(tiles, law, reference, method=method, line=line)
        np.testing.assert_array_equal(zoning.inside, tree.entry < line)
        assert zoning.zone_count == tree.zones(line)
        assert int(zoning.zone_population.sum()) / FIXED_POINT == tree.population(line)


def test_2015_against_2024_in_the_mel(shared, official):
    territories = zn.read_territories(
        shared / "communes" / "decoupage-administratif" / "communes.json",
        epci=shared / "communes" / "decoupage-administratif" / "epci.json",
    )
    communes = [territories.communes[code] for code in territories.communes_of(epci=MEL)]
    words = [word for commune in communes for word in (commune.code, commune.name)]
    before = zn.read_perimeters(shared / "qpv" / "QP_METROPOLE_LB93.shp").select(communes=words)
    changes = zn.compare_perimeters(before, official.select(communes=words))
    assert sum(len(change.before) for change in changes) == 26
    assert sum(len(change.after) for change in changes) == 26
    statuses = {change.name: change.status for change in changes}
    assert "gone" not in statuses.values()
    assert [name for name, status in statuses.items() if status == "new"] == ["Le Parc"]
    merged = [change for change in changes if change.status == "merged"]
    assert [change.name for change in merged] == ["Résidence-Poste-Triolo"]
    extended = {
        commune
        for change in changes
        if change.status in ("extended", "merged")
        for commune in change.communes.split(", ")
    }
    assert {"Villeneuve-d'Ascq", "Tourcoing", "Roubaix"} <= extended


def test_sums_over_zones_are_those_of_the_tiles(default):
    for name in ("population", "households", "poor_households", "social_dwellings"):
        inside = int(default.tiles.count(name)[default.inside].sum())
        assert int(default.zone_sums(name).sum()) == inside
    assert (default.zone_population >= 1000 * FIXED_POINT).all()
    assert (np.diff(default.zone_population) <= 0).all()
    np.testing.assert_allclose(default.zones.geometry.area / 1e6, default.table["area_km2"])


def test_every_zone_meets_the_criteria_of_the_law(default):
    assert (default.zone_median < np.array(default.table["threshold"])).all()
    for zone in range(1, default.zone_count + 1):
        assert len(set(default.tiles.urban_unit.index[default.label == zone])) == 1
