"""How fast the page opens and moves here: ``python -m tests.explorer.measure``."""

import argparse
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from tests.explorer.browser import Opened, chromium
from tests.projects import demo_run
from zonage.explorer import explorer_page

SECONDS = 3

SLIDE = """async (seconds) => {
  const count = explorer.content.shifts.length;
  let frames = 0, going = true;
  const next = () => {
    explorer.change({ step: frames % count });
    frames += 1;
    if (going) requestAnimationFrame(next);
  };
  requestAnimationFrame(next);
  await new Promise((done) => setTimeout(done, 1000 * seconds));
  going = false;
  return frames / seconds;
}"""

COUNT = """() => {
  window.frames_seen = 0;
  const next = () => { window.frames_seen += 1; requestAnimationFrame(next); };
  requestAnimationFrame(next);
}"""


def departement():
    """A run of 100 000 synthetic tiles in twelve urban units."""
    import zonage as zn
    from zonage.synthetic import metropolis

    made = metropolis(0, inhabitants=12_600_000, size=500, units=12, truth=True)
    law = zn.law("qpv", on="2024-01-01").reform(uu_min_population=0)
    zoning = zn.qpv(made.tiles, law, made.reference)
    return replace(demo_run(), zoning=zoning, territories=None, official=None, comparison=None)


def measured(browser, run, file):
    """Size in megabytes, seconds to make and to open, frames a second of slider and pan."""
    begun = time.perf_counter()
    file.write_text(explorer_page(run), encoding="utf-8")
    made = time.perf_counter() - begun
    begun = time.perf_counter()
    page = Opened(browser, file)
    opened = time.perf_counter() - begun
    slide = page.tab.evaluate(SLIDE, SECONDS)
    page.settle()
    page.tab.evaluate(COUNT)
    page.tab.mouse.move(500, 400)
    page.tab.mouse.down()
    begun, moves = time.perf_counter(), 0
    while time.perf_counter() - begun < SECONDS:
        page.tab.mouse.move(500 + moves % 100, 400 + moves % 70)
        moves += 1
    pan = page.tab.evaluate("() => window.frames_seen") / (time.perf_counter() - begun)
    page.context.close()
    return file.stat().st_size / 1e6, made, opened, slide, pan


def main():
    """Print the figures of the embedded tiles and of a synthetic département."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    print("tiles    size MB  made s  opened s  slider frames/s  pan frames/s")
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        for run in (demo_run(), departement()):
            size, made, opened, slide, pan = measured(browser, run, Path(folder) / "page.html")
            print(
                f"{len(run.zoning.tiles):7d}  {size:7.1f}  {made:6.1f}  {opened:8.1f}  "
                f"{slide:15.0f}  {pan:12.0f}"
            )


if __name__ == "__main__":
    main()
