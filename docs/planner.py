"""A planner's questions, put to the core of the MEL: `python docs/planner.py`.

Every answer is printed. The tiles are those of `data/demo/`; nothing else is needed.
"""

import zonage as zn
from zonage.scenarios import change, reform
from zonage.scenarios.margins import (
    minimum_for_quarters,
    quarter_margins,
    shift_for_share,
    zone_margins,
)
from zonage.scenarios.sweep import sweep
from zonage.sources.tables import data_folder
from zonage.mergetree import MergeTree

demo = data_folder("demo")
tiles = zn.read_tiles(demo / "tiles_2019.csv", vintage=2019)
tiles = zn.read_territories(demo / "communes.csv").locate(tiles)
law = zn.law("qpv", on="2024-01-01")
base = zn.qpv(tiles, law, zn.read_reference("declared", 2019))
official = zn.read_coverage(demo / "coverage_2024.csv", demo / "quarters_2024.csv")

print("Which quarters does the law name?")
print(f"  {base.zone_count} with {int(base.zone_population.sum()) // 1000} inhabitants")
print(f"  F1 against the official list of 2024: {base.compare(official).majority.f1:.3f}\n")

print("If the minimum fell from 1 000 to 800 inhabitants?")
found = change(base, reform(base, {"qpv.min_population": 800}))
print(f"  {found.statuses()}")
print(f"  {found.totals['entering']['population']:.0f} inhabitants enter\n")

print("If the line rose by 300 EUR declared?")
higher = reform(base, {"qpv.factor": 0.615})
lille = next(unit for unit in higher.units if unit.legal.unit == "59702")
found = change(base, higher)
print(f"  line of Lille {lille.legal.threshold} EUR declared: {found.statuses()}\n")

print("Which line puts 20 % of the inhabitants in quarters, which minimum keeps 26 quarters?")
answer = shift_for_share(base, 0.20)
print(f"  the line moved by {answer.value:.0f} EUR: {answer.zoning.zone_count} quarters")
print(f"  a minimum of {minimum_for_quarters(base, 26).value:.0f} inhabitants\n")

print("Which quarters hang by a thread?")
near = [margin for margin in zone_margins(base) if margin.eur is not None and margin.eur > -100]
for margin in near:
    print(f"  zone {margin.quarter} ({margin.name}): {margin.eur:.0f} EUR")
outside = [margin for margin in quarter_margins(base, official) if not margin.inside]
for margin in outside:
    print(f"  {margin.name}, official, not found: {margin.eur:+.0f} EUR")

print("\nHow do the totals respond to the factor of the law?")
curve = sweep(base, {"qpv.factor": [0.55, 0.6, 0.65]})
for factor, share in zip(curve.ranges["qpv.factor"], curve.cube["population_share"].values):
    print(f"  {factor}: {100 * share:.1f} % of inhabitants ({curve.plan})")

print("\nOver which lines does each quarter exist? (the five longest-lived)")
quarters = MergeTree.of(base).quarters
for index in (-quarters.persistence).argsort(kind="stable")[:5]:
    print(f"  from {quarters.birth[index]:.0f} EUR to {quarters.death[index]:.0f} EUR")
