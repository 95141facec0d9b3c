"""A real headless Chromium for the tests of the page, and what they ask of it."""

import contextlib
import os
import shutil

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
OWN = ("file:", "data:", "blob:")
"""Beginnings of addresses that leave the page for no network."""


def missing(what):
    """Skip where a browser cannot be expected, fail where continuous integration has none."""
    if os.environ.get("CI"):
        pytest.fail(f"{what} is absent: apt-get install chromium, pip install playwright")
    pytest.skip(f"{what} is absent")


@contextlib.contextmanager
def chromium():
    """Start the Chromium of this machine."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("playwright")
    executable = next(filter(None, map(shutil.which, NAMES)), None)
    if executable is None:
        missing("Chromium")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        yield browser
        browser.close()


class Opened:
    """A page of the explorer in a tab without network, with all that it says and asks for."""

    def __init__(self, browser, file, width=1400, height=900):
        self.context = browser.new_context(
            viewport={"width": width, "height": height}, accept_downloads=True, offline=True
        )
        self.file = file
        self.said, self.asked = [], []
        self.context.on("request", lambda request: self.asked.append(request.url))
        self.tab = self.open()

    def open(self, fragment=""):
        tab = self.context.new_page()
        tab.on("console", lambda message: self.said.append(message.text))
        tab.on("pageerror", lambda error: self.said.append(str(error)))
        tab.goto(f"{self.file.as_uri()}{fragment}")
        tab.wait_for_selector("html[data-ready]")
        tab.wait_for_selector("html:not([data-busy])")
        return tab

    def settle(self):
        """Wait until all is drawn."""
        self.tab.wait_for_selector("html:not([data-busy])")

    def restore(self):
        """Bring the page back to how it opens."""
        self.tab.evaluate("() => { location.hash = '#x=' + Math.random(); }")
        self.tab.evaluate("() => new Promise((done) => setTimeout(done, 30))")
        self.tab.mouse.move(0, 0)
        self.settle()

    def slide(self, name, value):
        """Set a slider, as a reader does, by its position."""
        self.tab.locator(f"#{name}").fill(str(value))
        self.settle()

    def line(self, shift):
        """Move the line by some EUR."""
        self.slide("line", self.tab.evaluate("(s) => explorer.content.shifts.indexOf(s)", shift))

    def minimum(self, people):
        """Set the minimum population."""
        place = self.tab.evaluate("(m) => explorer.content.minima.indexOf(m)", people)
        self.slide("minimum", place)

    def totals(self):
        """The shown totals, by name, as the page holds them: whole thousandths, or a number."""
        return self.tab.evaluate(
            "() => Object.fromEntries([...document.querySelectorAll('[data-total]')]"
            ".map((cell) => [cell.dataset.total, Number(cell.dataset.value)]))"
        )

    def labels(self):
        """The number of the quarter of each tile."""
        return self.tab.evaluate("() => Array.from(explorer.shown().label)")

    def point(self, northing, easting, press=False):
        """Move the mouse to a tile given by its lattice indices; press it."""
        x, y = self.tab.evaluate(
            """([north, east]) => {
              const { grid, state } = explorer;
              const box = document.getElementById("map").getBoundingClientRect();
              const [x, y, width] = state.range, scale = box.width / width;
              return [box.x + box.width / 2 + ((east + 0.5) * grid.resolution - x) * scale,
                      box.y + box.height / 2 - ((north + 0.5) * grid.resolution - y) * scale];
            }""",
            [int(northing), int(easting)],
        )
        self.tab.mouse.move(x, y)
        if press:
            self.tab.mouse.click(x, y)
            self.tab.wait_for_selector("html[data-busy]")  # a press waits for a second one
            self.settle()

    def download(self, button):
        """Press a button and return the text of the file that it gives."""
        with self.tab.expect_download() as waiting:
            self.tab.locator(f"#{button}").click()
        return waiting.value.path().read_text(encoding="utf-8")

    def strangers(self):
        """Addresses asked for that are not the page's own."""
        return [url for url in self.asked if not url.startswith(OWN)]
