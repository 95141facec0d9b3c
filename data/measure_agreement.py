"""Print how far each method agrees with the official outlines: the tables of docs/method.md.

    python data/measure_agreement.py              # the embedded tiles of the MEL
    python data/measure_agreement.py FOLDER       # Albi and Hauts-de-Seine as well

FOLDER holds the public files under the names of docs/data.md. The legal line is used but for the
column "best line", which is fitted on the outlines that it is judged on.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

import zonage as zn
from zonage.calibration import calibrate

DEMO = Path(__file__).parent / "demo"

METHODS = {
    "plain: mean alone": zn.Method.plain(estimator="mean"),
    "plain: log-normal of mean and poor households": zn.Method.plain(estimator="log-normal"),
    "plain: blend": zn.Method.plain(),
    "blend, kernel mean of 0.6 tile": zn.Method.plain(smoothing=0.6),
    "blend, border rule": zn.Method.plain(border_share=0.375),
    "blend, completion": zn.Method.plain(complete_from=0.5),
    "default: blend, border rule, completion, zone test": zn.Method(),
    "default, log-normal": zn.Method(estimator="log-normal"),
    "default, mean alone": zn.Method(estimator="mean"),
    "default, kernel mean of 0.4 tile": zn.Method(smoothing=0.4),
    "default without completion, kernel mean of 0.4 tile": zn.Method(
        smoothing=0.4, complete_from=1.0, zone_median=False
    ),
    "default, border 2/8": zn.Method(border_share=0.25),
    "default, border 4/8": zn.Method(border_share=0.5),
    "default, margin 10 %": zn.Method(border_margin=0.10),
    "default, margin 20 %": zn.Method(border_margin=0.20),
    "default, 4 neighbours": zn.Method(connectivity=4),
}


def main(arguments: list[str]) -> None:
    """Print one table a territory and list."""
    tiles = zn.read_tiles(DEMO / "tiles_2019.csv", vintage=2019)
    tiles = zn.read_territories(DEMO / "communes.csv").locate(tiles)
    for year in (2024, 2015):
        table = zn.read_coverage(DEMO / f"coverage_{year}.csv", DEMO / f"quarters_{year}.csv")
        report(f"Core of the MEL, tiles of 2019, list of {year}", tiles, table)
        uncertainty(tiles, table)
    for folder in arguments:
        for title, name in (
            ("Albi", "albi_carreaux_200m.geojson"),
            ("Four communes of Hauts-de-Seine", "hautsdeseine4_carreaux_geo.geojson"),
        ):
            other(title, name, Path(folder))


def other(title: str, name: str, folder: Path) -> None:
    """Report on a small territory of which the tiles and the outlines are at hand."""
    communes = folder / "communes" / "decoupage-administratif" / "communes.json"
    units = folder / "communes" / "UU2020_au_01-01-2021.xlsx"
    territories = zn.read_territories(communes, urban_units=units)
    tiles = territories.locate(zn.read_tiles(folder / "tiles" / name, vintage=2019))
    official = zn.read_perimeters(folder / "qpv" / "qpv2024_simplified.geojson")
    report(f"{title}, list of 2024", tiles, zn.coverage(official, tiles))


def report(title: str, tiles: zn.Tiles, table: zn.Coverage) -> None:
    """Print the agreement of every method on one territory."""
    law = zn.law("qpv", on="2024-01-01")
    reference = zn.read_reference("declared", 2019)
    print(f"\n{title}\n")
    print("| method | F1 | precision | recall | zones | quarters found | best line | F1 there |")
    print("|---|---|---|---|---|---|---|---|")
    for name, method in METHODS.items():
        zoning = zn.qpv(tiles, law, reference, method=method)
        comparison = zoning.compare(table)
        found = calibrate(zoning, table.share_of(tiles))
        best = zn.qpv(tiles, law, reference, method=method, line=found.line)
        some = sum(quarter.status != "missed" for quarter in comparison.quarters)
        agreement = comparison.majority
        print(
            f"| {name} | {agreement.f1:.3f} | {agreement.precision:.3f} | {agreement.recall:.3f} "
            f"| {zoning.zone_count} | {some} of {len(comparison.quarters)} "
            f"| {found.line:.0f} | {best.compare(table).majority.f1:.3f} |"
        )


SHARES, MARGINS = (0.25, 0.375, 0.5), (0.1, 0.15, 0.2, 0.3)
"""Border rules among which a quadrant's three neighbours may choose."""

BLOCK = 15
"""Side of a bootstrap block, in tiles: 3 km."""


def uncertainty(tiles: zn.Tiles, table: zn.Coverage) -> None:
    """Print what the agreement would be on ground that the border rule was not chosen on."""
    law = zn.law("qpv", on="2024-01-01")
    reference = zn.read_reference("declared", 2019)
    people = tiles.values("population")
    official = table.share_of(tiles) >= 0.5
    rules = [(share, margin) for share in SHARES for margin in MARGINS]
    inside = {
        (share, margin): zn.qpv(
            tiles, law, reference, method=zn.Method(border_share=share, border_margin=margin)
        ).inside
        for share, margin in rules
    }
    halves = [
        axis > np.average(axis[official], weights=people[official])
        for axis in (tiles.northing, tiles.easting)
    ]
    quadrant = halves[0] * 2 + halves[1]
    chosen = np.zeros(len(tiles), bool)
    for part in range(4):
        here = quadrant == part
        best = max(rules, key=lambda rule: f1(inside[rule], official, people * ~here))
        chosen[here] = inside[best][here]
    print(
        f"\nborder rule of {len(rules)} chosen on three quadrants, judged on the fourth: "
        f"F1 {f1(chosen, official, people):.3f}"
    )
    default = zn.qpv(tiles, law, reference).inside
    block = np.unique(
        (tiles.northing // BLOCK).astype(np.int64) << 32 | tiles.easting // BLOCK,
        return_inverse=True,
    )[1]
    stream = np.random.default_rng(0)
    size = block.max() + 1
    draws = [
        f1(
            default,
            official,
            people * np.bincount(stream.integers(size, size=size), minlength=size)[block],
        )
        for _ in range(1000)
    ]
    print(f"standard error of the default's F1 over blocks of 3 km: {np.std(draws):.3f}")


def f1(inside: np.ndarray, official: np.ndarray, people: np.ndarray) -> float:
    """F1 by weighted inhabitants."""
    return float(
        2 * people[inside & official].sum() / (people[inside].sum() + people[official].sum())
    )


if __name__ == "__main__":
    main(sys.argv[1:])
