"""Texts with headings, lists, tables and pictures, as Markdown and as a page of their own.

Both are made of the same blocks. A text in a block is a text: whatever a name holds, it shows as it
is, in both.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from string import Formatter
from urllib.parse import quote


@dataclass(frozen=True)
class Link:
    """A text that leads to an address; only its text where that is no address of the web."""

    text: str
    address: str


@dataclass(frozen=True)
class Code:
    """A text to be typed or copied as it is."""

    text: str


Part = str | Link | Code
Text = str | Sequence[Part]
"""A text, or parts of one in their order."""


@dataclass(frozen=True)
class Heading:
    """A heading, of level 1 for the title."""

    text: Text
    level: int = 2


@dataclass(frozen=True)
class Paragraph:
    """Some sentences."""

    text: Text


@dataclass(frozen=True)
class Listing:
    """Sentences that stand one below the other."""

    items: Sequence[Text]


@dataclass(frozen=True)
class Table:
    """Rows below a header; the numbers of `right` name columns of figures."""

    header: Sequence[Text]
    rows: Sequence[Sequence[Text]]
    right: frozenset[int] = field(default_factory=frozenset)


@dataclass(frozen=True)
class Picture:
    """A picture beside the Markdown under its name; the page holds its content."""

    name: str
    content: bytes
    text: str


Block = Heading | Paragraph | Listing | Table | Picture


def filled(template: str, **values: Text) -> tuple[Part, ...]:
    """Fill the fields of a template with texts and links.

    Examples
    --------
    >>> filled("see {law}.", law=[Link("article 4", "https://example.org")])
    ('see ', Link(text='article 4', address='https://example.org'), '.')
    """
    parts: list[Part] = []
    for literal, name, _, _ in Formatter().parse(template):
        if literal:
            parts.append(literal)
        if name:
            parts.extend(_parts(values[name]))
    return tuple(parts)


def _parts(text: Text) -> Sequence[Part]:
    return [text] if isinstance(text, str) else text


def _plain(text: str) -> str:
    """A text on one line, without signs that nobody sees or that turn the others round."""
    line = re.sub(r"[ \t\n\r\f\v]+", " ", text)
    return "".join(sign for sign in line if sign.isprintable() or sign in _GAPS)


_GAPS = "\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}"


# --------------------------------------------------------------------------------------------------
# HTML

_STYLE = """
:root { color-scheme: light; }
body { font: 16px/1.55 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; color: #202020;
  background: #fff; max-width: 60rem; margin: 0 auto; padding: 1.5rem 1.25rem 3rem; }
h1 { font-size: 1.75rem; line-height: 1.25; margin: .5rem 0 1rem; }
h2 { font-size: 1.25rem; margin: 2.4rem 0 .6rem; padding-top: .9rem;
  border-top: 1px solid #c9c6bd; }
p, li { max-width: 44rem; overflow-wrap: anywhere; }
li { margin: .35rem 0; }
a { color: #005a8c; }
code { font: .875em ui-monospace, "DejaVu Sans Mono", monospace; background: #f7f6f2;
  padding: .1em .3em; overflow-wrap: anywhere; }
figure { margin: 1.2rem 0; }
img { max-width: 100%; height: auto; }
figcaption { font-size: .875rem; color: #555; }
.table { overflow-x: auto; margin: .8rem 0 1.2rem; }
table { border-collapse: collapse; font-size: .875rem; line-height: 1.35; }
th, td { padding: .3rem 1rem .3rem 0; text-align: left; vertical-align: top;
  border-bottom: 1px solid #e4e2dc; }
td code { overflow-wrap: normal; }
th { border-bottom: 2px solid #8a8a8a; vertical-align: bottom; }
.figure { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
th.figure { white-space: normal; }
@media (max-width: 40rem) { body { font-size: 15px; padding: 1rem .9rem 2rem; }
  h1 { font-size: 1.4rem; } table { font-size: .8125rem; } }
@media print { @page { margin: 15mm; } body { max-width: none; padding: 0; font-size: 10pt; }
  h2, figure { break-after: auto; } h2 { break-after: avoid; } figure, tr { break-inside: avoid; }
  thead { display: table-header-group; } .table { overflow: visible; } table { font-size: 8pt; }
  img { max-height: 200mm; } a { color: inherit; } }
"""

_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
"""What the page may load: nothing but what it holds."""


def html_page(title: str, blocks: Sequence[Block], language: str) -> str:
    """Return blocks as a page that needs nothing else.

    Parameters
    ----------
    title : str
        Of the window.
    blocks : sequence of Block
    language : str
        Of the texts, such as ``"fr"``.

    Examples
    --------
    >>> "<h2>a &lt; b</h2>" in html_page("t", [Heading("a < b")], "en")
    True
    """
    body = "\n".join(map(_html, blocks))
    return (
        f'<!doctype html>\n<html lang="{escape(language)}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(_POLICY)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(_plain(title))}</title>\n<style>{_STYLE}</style>\n</head>\n"
        f"<body>\n{body}\n</body>\n</html>\n"
    )


def _html(block: Block) -> str:
    if isinstance(block, Heading):
        return f"<h{block.level}>{_html_text(block.text)}</h{block.level}>"
    if isinstance(block, Paragraph):
        return f"<p>{_html_text(block.text)}</p>"
    if isinstance(block, Listing):
        items = "\n".join(f"<li>{_html_text(item)}</li>" for item in block.items)
        return f"<ul>\n{items}\n</ul>"
    if isinstance(block, Picture):
        content = b64encode(block.content).decode("ascii")
        words = escape(_plain(block.text))
        return (
            f'<figure><img alt="{words}" src="data:image/png;base64,{content}">\n'
            f"<figcaption>{words}</figcaption></figure>"
        )
    head = _html_row("th", block.header, block.right)
    rows = "\n".join(_html_row("td", row, block.right) for row in block.rows)
    return (
        f'<div class="table"><table>\n<thead>\n{head}\n</thead>\n<tbody>\n{rows}\n</tbody>\n'
        "</table></div>"
    )


def _html_row(tag: str, cells: Sequence[Text], right: frozenset[int]) -> str:
    scope = ' scope="col"' if tag == "th" else ""
    marked = (
        f"<{tag}{scope}{' class=' + chr(34) + 'figure' + chr(34) if place in right else ''}>"
        f"{_html_text(cell)}</{tag}>"
        for place, cell in enumerate(cells)
    )
    return f"<tr>{''.join(marked)}</tr>"


def _html_text(text: Text) -> str:
    return "".join(map(_html_part, _parts(text)))


def _html_part(part: Part) -> str:
    if isinstance(part, Code):
        return f"<code>{escape(_plain(part.text))}</code>"
    if isinstance(part, Link):
        words = escape(_plain(part.text))
        return f'<a href="{escape(part.address)}">{words}</a>' if _of_the_web(part) else words
    return escape(_plain(part))


def _of_the_web(link: Link) -> bool:
    return re.match(r"https?://", link.address) is not None


# --------------------------------------------------------------------------------------------------
# Markdown


def markdown_page(blocks: Sequence[Block]) -> str:
    r"""Return blocks as Markdown.

    Parameters
    ----------
    blocks : sequence of Block

    Examples
    --------
    >>> print(markdown_page([Table(["a"], [["x|y"]])]), end="")
    | a |
    |---|
    | x\|y |
    """
    return "\n\n".join(map(_markdown, blocks)) + "\n"


def _markdown(block: Block) -> str:
    if isinstance(block, Heading):
        return f"{'#' * block.level} {_markdown_text(block.text)}"
    if isinstance(block, Paragraph):
        return _begun(_markdown_text(block.text))
    if isinstance(block, Listing):
        return "\n".join(f"- {_begun(_markdown_text(item))}" for item in block.items)
    if isinstance(block, Picture):
        return f"![{_marked(_plain(block.text))}]({quote(block.name)})"
    rule = ["---:" if place in block.right else "---" for place in range(len(block.header))]
    lines = [f"| {' | '.join(map(_markdown_text, row))} |" for row in (block.header, *block.rows)]
    return "\n".join([lines[0], f"|{'|'.join(rule)}|", *lines[1:]])


def _markdown_text(text: Text) -> str:
    return "".join(map(_markdown_part, _parts(text))).strip(" ")


def _begun(line: str) -> str:
    """A line that does not begin with what would make a list, a heading or a rule of it."""
    return re.sub(r"^(\d+)?([-+#=.)])", r"\1\\\2", line)


def _markdown_part(part: Part) -> str:
    if isinstance(part, Code):
        return _markdown_code(_plain(part.text))
    if isinstance(part, Link) and _of_the_web(part):
        return f"[{_marked(_plain(part.text))}](<{quote(part.address, safe=_ADDRESS)}>)"
    return _marked(_plain(part.text if isinstance(part, Link) else part))


_ADDRESS = ":/?#[]@!$&'()*+,;=%~-._"


def _markdown_code(text: str) -> str:
    """Code, or plain text where it holds what ends code or the cell of a table."""
    return _marked(text) if set(text) & set("`|") or not text.strip() else f"`{text}`"


def _marked(text: str) -> str:
    """Text in which no sign of Markdown, and no address, means anything."""
    text = re.sub(r"([\\`*_<>|\[\]~$&@])", r"\\\1", text)
    return re.sub(r"(?i)\b(https?|ftp)(?=:)|\b(www)(?=\.)", _unlinked, text)


def _unlinked(found: re.Match[str]) -> str:
    """An address with its first sign written by its number: no reader makes a link of it."""
    word = found.group()
    return f"&#{ord(word[0])};{word[1:]}"
