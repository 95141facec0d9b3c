"""How figures and tables are set."""

from __future__ import annotations

from collections.abc import Sequence

NAMES = 36
"""Width of a column of names."""


def aligned(rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> str:
    """Rows as columns of equal width; the numbers of `right` name columns to align right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def thousands(value: float | None, digits: int = 0) -> str:
    return "-" if value is None else f"{value:,.{digits}f}".replace(",", " ")


def exactly(line: float) -> str:
    """A line with as many digits as it takes to use it again."""
    return thousands(line, 0 if line == round(line) else 2)


def percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f} %"
