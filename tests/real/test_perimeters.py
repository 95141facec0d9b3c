"""The official lists against their published counts and areas."""

import csv

import numpy as np
import pytest
import shapely
from pyproj import Geod

from zonage.sources.perimeters import read_perimeters
from zonage.sources.territories import read_territories

MEL = "200093201"


@pytest.fixture(scope="module")
def list_2015(shared):
    return read_perimeters(shared / "qpv" / "QP_METROPOLE_LB93.shp")


@pytest.fixture(scope="module")
def list_2024(shared):
    return read_perimeters(shared / "qpv" / "qpv2024_simplified.geojson")


@pytest.fixture(scope="module")
def mel(shared):
    folder = shared / "communes" / "decoupage-administratif"
    territories = read_territories(folder / "communes.json", epci=folder / "epci.json")
    return territories.communes_of(epci=MEL)


def in_the_mel(quarters, mel, shared):
    """Quarters that lie mostly in the outlines of the MEL's communes."""
    communes = read_perimeters(
        shared / "communes" / "communes-59-nord.geojson", code="code", name="nom"
    )
    area = shapely.union_all(communes.select(codes=mel).geometry)
    inside = shapely.area(shapely.intersection(quarters.geometry, area)) / 1e6
    with np.errstate(invalid="ignore"):
        return quarters.select(
            codes=np.array(quarters.codes)[inside > 0.5 * quarters.areas_km2].tolist()
        )


def in_lambert_93_km2(quarters):
    """Area as the ANCT's own files give it: 0.35 % too large this far north."""
    return quarters.table.to_crs(2154).area.sum() / 1e6


def on_the_ellipsoid_km2(quarters):
    geod = Geod(ellps="GRS80")
    shapes = quarters.table.to_crs(4258).geometry
    return sum(abs(geod.geometry_area_perimeter(shape)[0]) for shape in shapes) / 1e6


def test_list_of_2015(list_2015, mel, shared):
    assert len(list_2015) == 1296
    assert list_2015.vintage == 2015
    assert list_2015.source_crs == "EPSG:2154"
    assert len(list_2015.repaired) == 25
    assert list_2015.collapsed == ()
    assert shapely.is_valid(list_2015.geometry).all()
    ours = in_the_mel(list_2015, mel, shared)
    assert len(ours) == 26
    assert ours.areas_km2.sum() == pytest.approx(on_the_ellipsoid_km2(ours), rel=1e-4)
    assert in_lambert_93_km2(ours) == pytest.approx(18.2, abs=0.05)
    areas = dict(zip(ours.names, ours.areas_km2, strict=True))
    # INSEE, statistiques 4308329: 0.06 and 6.71 square kilometres.
    assert areas["La Briquetterie"] == pytest.approx(0.06, abs=0.005)
    assert max(areas.values()) * 1.0035 == pytest.approx(6.71, abs=0.01)  # in Lambert-93


def test_list_of_2024(list_2024, mel, shared):
    assert len(list_2024) == 1609
    assert (
        sum(not code.startswith("QN97") and not code.startswith("QN98") for code in list_2024.codes)
        == 1362
    )
    assert list_2024.vintage == 2024
    assert len(list_2024.repaired) == 85
    # The simplified copy at hand shrank three quarters near Paris to one point each.
    assert list_2024.collapsed == ("QN09105I", "QN09113I", "QN09503I")
    ours = list_2024.select(communes=mel)
    assert len(ours) == 26
    assert ours.codes == in_the_mel(list_2024, mel, shared).codes
    assert ours.areas_km2.sum() == pytest.approx(on_the_ellipsoid_km2(ours), rel=1e-4)
    assert in_lambert_93_km2(ours) == pytest.approx(23.3, abs=0.05)
    assert [code for code in ours.codes if code.endswith("N")] == ["QN05991N"]
    assert ours.select(codes=["QN05991N"]).names == ("Le Parc",)


def test_names_keep_their_accents(list_2015, list_2024, shared):
    official = {}
    with open(shared / "qpv" / "pop_qp_2013.csv", encoding="utf-8-sig", newline="") as stream:
        for row in csv.DictReader(stream, delimiter=";"):
            official[row["qp"]] = row["nom_qp"]
    differ = [
        (code, name, official[code])
        for code, name in zip(list_2015.codes, list_2015.names, strict=True)
        if code in official and name != official[code]
    ]
    assert len(differ) < 20, differ[:5]
    names = dict(zip(list_2015.codes, list_2015.names, strict=True))
    assert names["QP059084"] == "La Mouchonnière"
    assert names["QP059005"] == "Flers En Escrebieux Pont De La Deûle - Dorignies"
    assert not any(
        "\ufffd" in text or "\x80" <= character <= "\x9f"
        for text in (*list_2015.names, *list_2015.communes)
        for character in text
    )
    assert "Marcq-en-Barœul" in list_2024.communes


def test_overseas(shared):
    reunion = read_perimeters(shared / "qpv" / "QP_LAREUNION_RGR92_UTM40S.shp", crs=2975)
    assert len(reunion) == 49
    assert reunion.source_crs == "EPSG:2975"
    assert "Bois D’Olives" in reunion.names  # the apostrophe that ISO-8859-1 lacks
    world = read_perimeters(shared / "qpv" / "QP_METROPOLEOUTREMER_WGS84_EPSG4326.shp", crs=2975)
    assert len(world) == 1514
    same = world.select(codes=reunion.codes)
    by_code = dict(zip(same.codes, same.areas_km2, strict=True))
    expected = [by_code[code] for code in reunion.codes]
    np.testing.assert_allclose(reunion.areas_km2, expected, rtol=1e-3)
