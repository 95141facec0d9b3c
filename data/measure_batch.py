"""Print what a batch costs: `python data/measure_batch.py`.

The core of the Métropole Européenne de Lille in both vintages of `data/demo/`, fifty scenarios on
each: all new, nothing changed, one scenario more, one vintage replaced. Seconds of one process,
after a first batch that loads the compiled code.
"""

import shutil
import tempfile
import time
from pathlib import Path

from zonage.batch import read_batch, run_batch
from zonage.sources.tables import data_folder

BATCH = """
territories.mel = "{demo}/project.toml"
[vintages]
2019 = "2019.csv"
2021 = "2021.csv"
[scenarios]
line.qpv.factor = "0.553:0.647:0.002"
small.qpv.min_population = 800
"""


def report(name: str, file: Path) -> None:
    """Run a batch and print its row."""
    begun = time.perf_counter()
    outcome = run_batch(read_batch(file))
    spent = time.perf_counter() - begun
    print(f"| {name} | {len(outcome.listing.works)} | {outcome.done} | {spent:.2f} s |")


def main() -> None:
    """Time the four batches."""
    demo = data_folder("demo")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        file = folder / "batch.toml"
        for year in (2019, 2021):
            shutil.copy(demo / f"tiles_{year}.csv", folder / f"{year}.csv")
        text = BATCH.format(demo=demo)
        file.write_text(text.replace("small.qpv.min_population = 800", ""), encoding="utf-8")
        run_batch(read_batch(file, folder / "first"))
        print("| batch | works | computed | time |\n|---|---:|---:|---:|")
        file.write_text(text, encoding="utf-8")
        report("all new", file)
        report("nothing changed", file)
        file.write_text(text + "smaller.qpv.min_population = 700\n", encoding="utf-8")
        report("one scenario more", file)
        tiles = (folder / "2021.csv").read_text(encoding="utf-8").splitlines(keepends=True)
        (folder / "2021.csv").write_text("".join(tiles[:-1]), encoding="utf-8")
        report("one vintage replaced", file)


if __name__ == "__main__":
    main()
