"""The account of a run: true figures, in both languages, whatever the names hold."""

import base64
import csv
import hashlib
import html.parser
import json
import re
from string import Formatter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from tests.projects import DEMO, contents, demo_run, small_run
from zonage import outputs
from zonage.report import html_page, markdown_page, quarters
from zonage.report.pages import Code, Heading, Link, Listing, Paragraph, Picture, Table, filled
from zonage.scenarios.margins import zone_margins
from zonage.texts.language import FIXED, NARROW
from zonage.texts.report import REPORT_TEXTS, WORD_TEXTS
from zonage.zoning import Reason

VOID = {"meta", "img"}


class Page(html.parser.HTMLParser):
    """What a reader of HTML makes of a page."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.tags, self.open, self.attributes, self.texts, self.rows = set(), [], [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.attributes += [(tag, name, value) for name, value in attributes]
        if tag not in VOID:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag):
        assert tag in VOID or self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] == "style":
            return
        self.texts.append(data)
        if {"td", "th"} & set(self.open):
            self.rows[-1][-1] += data

    @property
    def text(self):
        return plain("".join(self.texts))


def plain(text):
    return text.replace(NARROW, " ").replace(FIXED, " ")


def accounts(run, folder):
    """The account as a page that was read, and as Markdown."""
    outputs.write(run, folder)
    read = {
        name: (folder / name).read_text(encoding="utf-8") for name in ("report.html", "report.md")
    }
    return Page(read["report.html"]), plain(read["report.md"])


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report") / "out"
    page, text = accounts(demo_run(), folder)
    return folder, page, text


# ---- what it says --------------------------------------------------------------------------------


def test_the_first_sentences_give_the_figures_of_the_run(demo):
    run = demo_run()
    people = f"{run.zoning.zone_population.sum() / 1000:,.0f}".replace(",", " ")
    lead = f"zonage computed {run.zoning.zone_count} quarters with {people} inhabitants, 20.6 % of"
    assert lead in demo[1].text
    assert lead in demo[2]
    recall = 100 * run.comparison.majority.recall
    assert f"hold {recall:.1f} % of the inhabitants of the official ones" in demo[1].text
    assert "1 January 2024" in demo[1].text
    assert "a decree does" in demo[1].text


def test_page_and_markdown_say_the_same(demo):
    _, page, text = demo
    rendered = Page(MarkdownIt("commonmark").enable("table").render(text))
    assert "".join(rendered.text.split()) == page_without_captions(page)
    assert rendered.rows == [[plain(cell) for cell in row] for row in page.rows]


def page_without_captions(page):
    """The text of a page but for its title and its captions, which Markdown has in its pictures."""
    text = page.text.split("\n")
    captions = {value for tag, name, value in page.attributes if (tag, name) == ("img", "alt")}
    title = next(place for place, line in enumerate(text) if line.strip())
    kept = [line for place, line in enumerate(text) if place != title and line not in captions]
    return "".join(" ".join(kept).split())


def test_every_quarter_has_its_row_with_its_margin(demo):
    folder, page, _ = demo
    run = demo_run()
    with (folder / "zones.csv").open(encoding="utf-8", newline="") as file:
        zones = list(csv.DictReader(file))
    header = next(row for row in page.rows if row[0] == "no.")
    place = page.rows.index(header) + 1
    rows = [[plain(cell) for cell in row] for row in page.rows[place : place + len(zones)]]
    for row, zone, margin in zip(rows, zones, zone_margins(run.zoning), strict=True):
        shown = dict(zip(header, row, strict=True))
        assert shown["no."] == zone["zone"]
        assert shown["communes"] == zone["commune_names"]
        assert shown["inhabitants"] == f"{float(zone['population']):,.0f}".replace(",", " ")
        assert shown["estimated median"] == f"{float(zone['income_median']):,.0f}".replace(",", " ")
        assert shown["official quarters"] == (", ".join(zone["official"].split()) or "-")
        near = "over 3 000" if margin.eur is None else f"{-margin.eur:,.0f}".replace(",", " ")
        assert shown["margin"] == near


def test_every_official_quarter_is_accounted_for(demo):
    _, page, _ = demo
    found = demo_run().comparison
    for quarter in found.quarters:
        row = next(row for row in page.rows if row[0] == quarter.code)
        assert row[1] == quarter.name
        assert row[4] == quarter.status
        assert plain(row[5]) == f"{100 * quarter.found_share:.1f} %"
    counts = {row[0]: int(row[2]) for row in page.rows if row[1].startswith(("at least", "less"))}
    for status, count in found.statuses().items():
        if status not in ("merged",):
            assert counts[status] == count
    alone = ", ".join(str(zone.zone) for zone in found.without_counterpart)
    assert f"without an official counterpart: {alone}." in page.text


def test_the_law_is_quoted_with_its_texts(demo):
    _, page, text = demo
    law = demo_run().zoning.law
    links = {value for tag, name, value in page.attributes if (tag, name) == ("a", "href")}
    assert links == {parameter.link for parameter in law.parameters}
    assert all(f"](<{link}>)" in text for link in links)
    row = next(row for row in page.rows if row[0] == "Minimum population of a quarter")
    assert [plain(cell) for cell in row[1:3]] == ["1 000 inhabitants", "2-I-2°"]
    assert "12 800 EUR declared, is brought to 15 546 EUR disposable" in page.text


def test_it_says_how_to_make_it_again(demo):
    folder, page, _ = demo
    manifest = json.loads((folder / "manifest.json").read_text())
    assert f"With zonage {manifest['zonage']}: zonage run project.toml." in page.text
    for path in demo_run().inputs:
        row = next(row for row in page.rows if row[0] == path.name)
        assert row[2] == hashlib.sha256(path.read_bytes()).hexdigest()
    others = set(contents(folder)) - {"report.html", "report.md"}
    assert all(name in page.text for name in others)


def test_what_is_uncertain_is_named(demo):
    _, page, _ = demo
    run = demo_run()
    margins = zone_margins(run.zoning)
    close = ", ".join(one.quarter for one in margins if one.eur is not None and one.eur > -100)
    assert close
    assert f"would be enough to lose these quarters: {close}." in page.text
    people = run.zoning.tiles.count("population")
    out = (run.zoning.reason == Reason.NO_LINE) & (run.zoning.tiles.urban_unit.index < 0)
    count = f"{people[out].sum() / 1000:,.0f}".replace(",", " ")
    assert f"{count} inhabitants live where no quarter can be computed" in page.text
    assert "too small for the law: " in page.text
    assert "are estimates, not published figures" in page.text


# ---- other runs ----------------------------------------------------------------------------------


def test_the_account_is_french_when_asked(tmp_path):
    run = small_run(tmp_path, output={"language": "fr"})
    page, text = accounts(run, tmp_path / "out")
    assert ("html", "lang", "fr") in page.attributes
    assert f"zonage a calculé {run.zoning.zone_count} quartiers avec" in page.text
    for words in ("Droit et seuil", "Points d'attention", "Pour refaire ce calcul", "1er janvier"):
        assert words in page.text
        assert words in text
    assert re.search(r"\d,\d %", page.text)
    assert not re.search(r"\d\.\d %", page.text)
    assert " : " in page.text


def test_one_quarter_is_not_quarters(tmp_path):
    run = small_run(tmp_path, law={"reform": {"min_population": 60_000}})
    assert run.zoning.zone_count == 1
    page, _ = accounts(run, tmp_path / "out")
    assert "zonage computed 1 quarter with" in page.text
    assert "The run departs from the law: Minimum population of a quarter 60 000 inhabitants" in (
        page.text
    )
    assert "60 000 inhabitants (law: 1 000 inhabitants)" in page.text


def test_a_run_without_quarters_has_an_account(tmp_path):
    official = {
        "coverage": str(DEMO / "coverage_2024.csv"),
        "quarters": str(DEMO / "quarters_2024.csv"),
    }
    run = small_run(tmp_path, line=100.0, official=official)
    page, text = accounts(run, tmp_path / "out")
    assert "zonage computed no quarter" in page.text
    assert "This run does not use the legal line" in page.text
    assert "The line is not the legal one." in page.text
    assert "nan" not in page.text
    assert "](quarters.png)" not in text


def test_tiles_without_households_are_said_to_be_so(tmp_path):
    run = small_run(tmp_path, tiles={"path": str(DEMO / "tiles_2021.csv"), "vintage": 2021})
    page, _ = accounts(run, tmp_path / "out")
    assert "estimated from the mean alone" in page.text
    assert "The tiles are of 2021, the incomes behind the line of 2019." in page.text
    assert "poor households" not in [cell for row in page.rows for cell in row]


def test_long_tables_are_cut_and_say_so(tmp_path, monkeypatch):
    monkeypatch.setattr(quarters, "MAX_ROWS", 3)
    page, _ = accounts(demo_run(), tmp_path / "out")
    assert "27 more are in zones.csv." in page.text
    rows = [row for row in page.rows if row[0].isdigit() and len(row) == 9]
    assert [row[0] for row in rows] == ["1", "2", "3"]


def test_on_large_territories_margins_are_left_to_their_command(tmp_path, monkeypatch):
    monkeypatch.setattr("zonage.scenarios.curves.WHOLE", 10)
    page, _ = accounts(demo_run(), tmp_path / "out")
    assert "zonage margin" in page.text
    assert "margin" not in [cell for row in page.rows for cell in row]
    assert "These figures leave out completion and the test of the zone's median." in page.text


# ---- names ---------------------------------------------------------------------------------------

HOSTILE = (
    "<script>alert(1)</script>\" onload='x' [a](javascript:b) ![c](d) `e` **f** | $g$ &lt; www.h.fr"
)


def test_a_hostile_name_is_text_wherever_it_stands(tmp_path):
    quoted = '"' + HOSTILE.replace('"', '""') + '"'
    tables = {}
    for name, old in (("communes", ",Roubaix,"), ("quarters_2024", ",La Bourgogne,")):
        text = (DEMO / f"{name}.csv").read_text(encoding="utf-8")
        assert old in text
        tables[name] = tmp_path / f"{name}.csv"
        tables[name].write_text(text.replace(old, f",{quoted},"), encoding="utf-8")
    official = {
        "coverage": str(DEMO / "coverage_2024.csv"),
        "quarters": str(tables["quarters_2024"]),
    }
    run = small_run(
        tmp_path,
        title=HOSTILE,
        source=HOSTILE,
        territory={"communes_table": str(tables["communes"])},
        official=official,
    )
    page, text = accounts(run, tmp_path / "out")
    assert page.text.count(HOSTILE) >= 4
    check_is_harmless(page)
    rendered = MarkdownIt("commonmark", {"html": True}).enable("table").render(text)
    again = Page(rendered)
    assert again.text.count(HOSTILE) >= 3
    check_is_harmless(again, pictures=("map.png", "quarters.png", "response.png", "entry.png"))


def check_is_harmless(page, pictures=()):
    """Nothing in a page runs, and nothing but the texts of the law is linked or loaded."""
    assert not page.tags & {"script", "iframe", "object", "b", "strong", "svg"}
    law = {parameter.link for parameter in demo_run().zoning.law.parameters}
    for tag, name, value in page.attributes:
        assert not name.startswith("on")
        if name == "href":
            assert value in law
        if name == "src":
            assert tag == "img"
            assert value.startswith("data:image/png;base64,") or value in pictures


def test_the_page_holds_its_pictures_and_loads_nothing(demo):
    folder, page, text = demo
    sources = [value for tag, name, value in page.attributes if (tag, name) == ("img", "src")]
    held = [base64.b64decode(source.partition(",")[2]) for source in sources]
    names = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", text)
    assert held == [(folder / name).read_bytes() for name in names]
    assert names == ["map.png", "quarters.png", "response.png", "entry.png"]
    policy = next(
        value for _, name, value in page.attributes if name == "content" and "default" in value
    )
    assert policy.startswith("default-src 'none'")
    check_is_harmless(page)


SIGNS = st.text(
    st.sampled_from("ab1 .-+#=>*_`|[]()<>!&;:/~$@\\\"'\n\tw") | st.characters(codec="utf-8"),
    max_size=40,
)


@settings(max_examples=150, deadline=None)
@given(SIGNS, SIGNS)
def test_any_text_shows_as_it_is(first, second):
    blocks = [
        Heading([first]),
        Paragraph([first, second]),
        Listing([first, [Link(second, "https://example.org/a b)<c")]]),
        Table(["h", first], [[second, [Code(first)]]]),
    ]

    def shown(*parts):
        text = re.sub(r"[ \t\n\r\f\v]+", " ", "".join(parts))
        return "".join(sign for sign in text if sign.isprintable() or sign in NARROW + FIXED)

    want = [
        shown(text).strip()
        for text in (first, first + second, first, second, "h", first, second, first)
    ]
    rendered = (
        MarkdownIt("commonmark", {"html": True}).enable("table").render(markdown_page(blocks))
    )
    for page in (Page(html_page("t", blocks, "en").partition("</head>")[2]
                      .removesuffix("</html>\n").strip()), Page(rendered)):  # fmt: skip
        assert "".join(page.text.split()) == plain("".join("".join(want).split()))
        assert not page.tags & {"script", "hr", "blockquote", "em", "strong", "h1"}


def test_a_link_leads_to_the_web_or_nowhere():
    bad = [Paragraph([Link("click", "javascript:alert(1)")])]
    assert "javascript" not in html_page("t", bad, "en") + markdown_page(bad)
    good = [Paragraph([Link("law", 'https://example.org/?a="b"&c')])]
    assert 'href="https://example.org/?a=&quot;b&quot;&amp;c"' in html_page("t", good, "en")
    assert "[law](<https://example.org/?a=%22b%22&c>)" in markdown_page(good)


def test_a_picture_with_a_strange_name_is_found():
    block = Picture("a b).png", b"x", "words [1]")
    assert markdown_page([block]) == "![words \\[1\\]](a%20b%29.png)\n"


# ---- the texts -----------------------------------------------------------------------------------


def test_both_languages_have_the_same_texts():
    english, french = REPORT_TEXTS["en"], REPORT_TEXTS["fr"]
    assert set(english) == set(french)

    def fields(template):
        return {name for _, name, _, _ in Formatter().parse(template) if name}

    for key in english:
        assert fields(english[key]) == fields(french[key]), key
        assert english[key].count("|") == french[key].count("|"), key
    assert not re.search("[\N{EM DASH}\N{EN DASH}]", json.dumps([english, french, WORD_TEXTS]))


def test_fields_are_filled_with_texts_and_links():
    link = Link("b", "https://example.org")
    assert filled("a {x} c {y}", x=[link, "!"], y="{z}") == ("a ", link, "!", " c ", "{z}")
