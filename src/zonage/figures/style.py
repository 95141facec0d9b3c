"""One look for all figures: colours, letters, the parts of a page, and its bytes."""

from __future__ import annotations

import functools
import io
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, ParamSpec, TypeVar

from zonage.texts.figures import FIGURE_TEXTS
from zonage.texts.language import Language

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from zonage.pipeline import Run

# Colours that a colour-blind reader tells apart: two of Okabe and Ito's and a dark red, chosen by
# their distances in CIELAB as protanopes, deuteranopes and tritanopes see them.
GROUND, PEOPLE = "#f7f6f2", "#c9c6bd"
FOUND, EXTRA, MISSED = "#0072b2", "#e69f00", "#8c1d40"
INK, QUIET, FRAME = "#202020", "#555555", "#8a8a8a"

WIDTH, MARGIN = 9.0, 0.3
"""Inches: of a page, and around what is on it."""

TITLE, BODY, SMALL = 13.0, 9.5, 8.0
"""Sizes of the letters, in points."""

STYLE: dict[Any, Any] = {
    "figure.dpi": 120,
    "savefig.dpi": "figure",
    "font.family": ["DejaVu Sans"],
    "font.size": SMALL,
    "axes.facecolor": "white",
    "axes.edgecolor": FRAME,
    "axes.linewidth": 0.6,
    "axes.labelcolor": INK,
    "axes.labelsize": SMALL,
    "axes.titlesize": BODY,
    "axes.axisbelow": True,
    "grid.color": "#e4e2dc",
    "grid.linewidth": 0.6,
    "xtick.color": FRAME,
    "ytick.color": FRAME,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "legend.frameon": False,
    "legend.fontsize": SMALL,
    # A name is a name, whatever signs it has.
    "text.parse_math": False,
    # The same bytes on every run, and the same letters on every machine.
    "svg.hashsalt": "zonage",
    "svg.fonttype": "path",
}

METADATA: dict[str, dict[str, None]] = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None},
}
"""What the libraries would write into a file besides the picture."""

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


@contextmanager
def _styled() -> Iterator[None]:
    """Work in our style, whatever the user's own settings of matplotlib are."""
    import warnings

    import matplotlib

    with matplotlib.rc_context(), warnings.catch_warnings():
        # A title may hold a sign that the font lacks: it is drawn as a box, and the run is not to
        # say so in the middle of its progress.
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(STYLE)
        yield


def styled(draw: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Make a function that draws do it in our style."""

    @functools.wraps(draw)
    def drawing(*arguments: Parameters.args, **options: Parameters.kwargs) -> Result:
        with _styled():
            return draw(*arguments, **options)

    return drawing


def rendered(figure: Figure, kind: Literal["png", "svg"]) -> bytes:
    """Return a figure as the bytes of a file: the same for the same figure.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        The figure.
    kind : {"png", "svg"}
        The format.
    """
    buffer = io.BytesIO()
    with _styled():
        figure.savefig(buffer, format=kind, metadata=METADATA[kind])
    return buffer.getvalue()


@dataclass(frozen=True)
class Sheet:
    """What every figure of a territory says.

    Attributes
    ----------
    title : str
        Of the territory.
    source : str
        Of the data.
    language : {"en", "fr"}
    communes : mapping of str to str
        Names of communes by code; a code without one is shown as it is.
    """

    title: str
    source: str
    language: Literal["en", "fr"] = "en"
    communes: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, run: Run) -> Sheet:
        """What the figures of a run say."""
        known = {} if run.territories is None else run.territories.communes
        names = {code: commune.name for code, commune in known.items()}
        title, source = (" ".join(text.split()) for text in (run.project.title, run.project.source))
        return cls(title, source, run.project.output.language, names)

    @property
    def says(self) -> Language:
        """How numbers and plurals are written."""
        return Language(self.language)

    def text(self, key: str, **values: str) -> str:
        """Return a text of :data:`zonage.texts.figures.FIGURE_TEXTS` with its fields filled in."""
        return self.says.set(FIGURE_TEXTS[self.language][key]).format(**values)


@dataclass(frozen=True)
class Box:
    """A part of a page, in inches from its lower left corner."""

    left: float
    bottom: float
    width: float
    height: float

    def axes(self, figure: Figure) -> Axes:
        """Put axes there."""
        across, up = figure.get_size_inches()
        return figure.add_axes(
            (self.left / across, self.bottom / up, self.width / across, self.height / up)
        )

    def grid(self, rows: int, columns: int, gap: tuple[float, float]) -> list[Box]:
        """Cut into boxes with gaps (across, up) between them, row by row from the top."""
        width = (self.width - (columns - 1) * gap[0]) / columns
        height = (self.height - (rows - 1) * gap[1]) / rows
        return [
            Box(
                self.left + column * (width + gap[0]),
                self.bottom + (rows - 1 - row) * (height + gap[1]),
                width,
                height,
            )
            for row in range(rows)
            for column in range(columns)
        ]

    def within(self, left: float = 0, bottom: float = 0, right: float = 0, top: float = 0) -> Box:
        """Leave room at its edges."""
        return Box(
            self.left + left,
            self.bottom + bottom,
            self.width - left - right,
            self.height - bottom - top,
        )


@dataclass(frozen=True)
class Page:
    """A figure with its title above and its source below; what is between is to be drawn.

    Attributes
    ----------
    figure : matplotlib.figure.Figure
    body, key : Box
        Where the picture and, below it, its key belong.
    """

    figure: Figure
    body: Box
    key: Box


def page(sheet: Sheet, lines: Sequence[str], height: float, *, key: float = 0.0,
         width: float = WIDTH) -> Page:  # fmt: skip
    """Lay out a page: title, lines below it, a body, a key, the source.

    Parameters
    ----------
    sheet : Sheet
        Title, source and language.
    lines : sequence of str
        What the figure shows, and by which line.
    height, key : float
        Of body and key, in inches.
    width : float
        Of the page, in inches.
    """
    from matplotlib.figure import Figure

    inner = width - 2 * MARGIN
    title = _wrapped(sheet.title, TITLE, inner, 1)
    above = [text for line in lines for text in _wrapped(line, BODY, inner, 3)]
    below = _wrapped(sheet.text("source", source=sheet.source), SMALL, inner, 4)
    head = _leading(TITLE) + len(above) * _leading(BODY) + 0.1
    foot = 0.1 + len(below) * _leading(SMALL)
    whole = 2 * MARGIN + head + height + (key + 0.1 if key else 0) + foot
    figure = Figure(figsize=(width, whole), facecolor="white")
    top = whole - MARGIN
    for texts, size, colour in ((title, TITLE, INK), (above, BODY, INK)):
        top = _write(figure, texts, top, size, colour)
    _write(figure, below, MARGIN + len(below) * _leading(SMALL), SMALL, QUIET)
    strip = Box(MARGIN, MARGIN + foot, inner, key)
    bottom = strip.bottom + (key + 0.1 if key else 0)
    return Page(figure, Box(MARGIN, bottom, inner, height), strip)


def _wrapped(text: str, size: float, width: float, most: int) -> list[str]:
    """Lines of a text that fit a width in inches, the last one cut if there are too many."""
    signs = max(int(0.95 * width / _width(text, size) * len(text)), 8) if text.strip() else 8
    return textwrap.wrap(text, signs, max_lines=most, placeholder=" ...") or [""]


def _width(text: str, size: float) -> float:
    """Width of a text on one line, in inches."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    letters = FontProperties(size=size, weight=_weight(size))
    width, _, _ = text_to_path.get_text_width_height_descent(text, letters, False)
    return float(width) / 72


def _weight(size: float) -> str:
    return "bold" if size == TITLE else "normal"


def _leading(size: float) -> float:
    """Height of a line of letters of a size in points, in inches."""
    return 1.45 * size / 72


def _write(figure: Figure, texts: Sequence[str], top: float, size: float, colour: str) -> float:
    """Write lines from the left margin downwards and return where the next one begins."""
    across, up = figure.get_size_inches()
    for text in texts:
        figure.text(
            MARGIN / across,
            top / up,
            text,
            ha="left",
            va="top",
            fontsize=size,
            fontweight=_weight(size),
            color=colour,
        )
        top -= _leading(size)
    return top


ROW = _leading(SMALL) + 0.03
"""Height of a row of a legend, in inches."""


def legend(target: Page, handles: Sequence[Any], columns: int) -> None:
    """Draw a legend in the key of a page, row by row from its top left corner."""
    across, up = target.figure.get_size_inches()
    box = target.key
    rows = -(-len(handles) // columns)
    # matplotlib fills column by column; a reader goes row by row.
    order = [row * columns + column for column in range(columns) for row in range(rows)]
    target.figure.legend(
        handles=[handles[place] for place in order if place < len(handles)],
        loc="upper left",
        bbox_to_anchor=(box.left / across, (box.bottom + box.height) / up),
        borderaxespad=0,
        borderpad=0,
        ncols=columns,
        columnspacing=2.0,
    )


def open_frame(axes: Axes) -> None:
    """Leave the two lower edges of a diagram, and lines to read values by."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(visible=True)


def decimals(value: float) -> int:
    """Decimals that a figure along an axis needs.

    Examples
    --------
    >>> decimals(0.25), decimals(3.0)
    (2, 0)
    """
    return next((digits for digits in (0, 1, 2) if round(value, digits) == round(value, 6)), 3)
