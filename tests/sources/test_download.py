"""Fetching: what arrives is whole, checked and pinned, whatever the site and the disk do."""

import argparse
import errno
import gzip
import hashlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import numpy as np
import pytest

from tests.sources import served
from tests.sources.served import Site, chunked, file, redirect, status, tile_archive, zipped
from zonage.commands import fetch as commands
from zonage.errors import BadInput
from zonage.sources.download import (
    Cache,
    Entry,
    NotFetched,
    Rules,
    catalogue,
    default_cache,
    fetch,
    names_for,
    parse_catalogue,
    resolve,
    tile_tables,
)
from zonage.sources.download import parts as making
from zonage.sources.download import transfer as transfers
from zonage.sources.insee import read_tiles
from zonage.sources.perimeters import read_perimeters
from zonage.sources.tables import data_folder
from zonage.tiles import Tiles
from zonage.variables import counts

RULES = Rules(schemes=("http",), attempts=3, first_wait=0.01, longest_wait=0.05, timeout=5)
DATA = random.Random(7).randbytes(300_000)
TABLE = b"uai,ips\n" + b"".join(b"0590001A,%d\n" % row for row in range(20_000))


@pytest.fixture(autouse=True)
def nothing_outside(monkeypatch):
    """No test may reach a site outside this machine, directly or by a proxy."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name in ("ZONAGE_CACHE", "XDG_CACHE_HOME"):
            monkeypatch.delenv(name)
    connect = socket.socket.connect

    def guarded(self, address):
        if address[0] != served.HOME:
            pytest.fail(f"a connection to {address}")
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture
def site():
    site = Site()
    yield site
    site.close()


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


def entry(*addresses, name="table", formats=("csv",), **more):
    values = {
        "name": name,
        "title": "A published table",
        "producer": "A producer",
        "licence": "Licence Ouverte 2.0",
        "page": "https://example.org/the-page",
        "addresses": addresses,
        "certainty": "seen" if addresses else "unknown",
        "formats": formats,
        "limit": 10,
    }
    return Entry.model_validate(values | more)


def tiles_entry(address, vintage, **more):
    parts = {"met": "*_met*.csv", "mart": "*_mart*.csv", "reun": "*_reun*.csv"}
    name = f"insee-tiles-{vintage}"
    more = {"formats": ("zip", "7z"), "parts": parts, "tiles": True, "vintage": vintage} | more
    return entry(address, name=name, **more)


def get(one, cache, part="", **options):
    entries = {one.name: one}
    return fetch(one.name + part, cache=cache, entries=entries, **({"rules": RULES} | options))


def tree(folder):
    """Every file below a folder with its content and time."""
    return {
        str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


# ---- what arrives --------------------------------------------------------------------------------


def test_a_file_arrives_once_with_its_manifest(site, cache):
    one = entry(site.at("/t.csv", file(TABLE)), licence="Licence Ouverte 2.0", vintage=2024)
    path = get(one, cache)
    assert path.read_bytes() == TABLE
    assert get(one, cache) == path
    assert len(site.asked) == 1
    manifest = json.loads((path.parent / "manifest.json").read_text())
    assert manifest["published"]["sha256"] == hashlib.sha256(TABLE).hexdigest()
    assert (manifest["licence"], manifest["vintage"]) == ("Licence Ouverte 2.0", 2024)
    assert datetime.fromisoformat(manifest["fetched"]) <= datetime.now(UTC)
    assert manifest["origin"]["address"].endswith("/t.csv")
    pins = json.loads((cache / "pins.json").read_text())
    assert pins["table"]["sha256"] == manifest["published"]["sha256"]
    assert not list(cache.rglob("partial*")) + list(cache.rglob(".draft*"))


def test_the_agent_is_honest(site, cache):
    get(entry(site.at("/t.csv", file(TABLE))), cache)
    assert site.headers("User-Agent")[0].startswith("zonage/")


def test_a_broken_connection_is_gone_on_with(site, cache):
    address = site.at("/t.csv", file(TABLE, stop=100_000), file(TABLE, stop=90_000), file(TABLE))
    path = get(entry(address), cache)
    assert path.read_bytes() == TABLE
    assert site.headers("Range") == [None, "bytes=100000-", "bytes=190000-"]
    assert site.headers("If-Range") == [None, '"one"', '"one"']


def test_a_date_serves_where_there_is_no_strong_etag(site, cache):
    date = "Tue, 20 Jan 2026 10:00:00 GMT"
    address = site.at(
        "/t.csv",
        file(TABLE, etag='W/"weak"', modified=date, stop=100_000),
        lambda handler: file(TABLE, etag=None, modified=date)(handler),
    )
    assert get(entry(address), cache).read_bytes() == TABLE
    assert site.headers("If-Range") == [None, date]


def test_a_fetch_that_was_given_up_is_gone_on_with_by_the_next(site, cache):
    one = entry(site.at("/t.csv", file(TABLE, stop=1000)))
    with pytest.raises(NotFetched, match="the connection ended at 3000 of"):
        get(one, cache)
    site.at("/t.csv", file(TABLE))
    assert get(one, cache).read_bytes() == TABLE
    assert site.headers("Range")[-1] == "bytes=3000-"


@pytest.mark.parametrize(
    "second",
    [
        pytest.param(file(TABLE.swapcase(), etag='"two"'), id="the site sends it whole"),
        pytest.param(
            file(TABLE.swapcase(), etag='"two"', check=False), id="the site sends a rest anyway"
        ),
        pytest.param(file(TABLE.swapcase(), etag='"two"', ranges=False), id="no ranges"),
    ],
)
def test_two_versions_are_never_joined(site, cache, second):
    one = entry(site.at("/t.csv", file(TABLE, stop=100_000), second))
    assert get(one, cache).read_bytes() == TABLE.swapcase()


def test_without_a_name_of_the_version_it_starts_over(site, cache):
    address = site.at("/t.csv", file(TABLE, etag=None, stop=100_000), file(TABLE, etag=None))
    assert get(entry(address), cache).read_bytes() == TABLE
    assert site.headers("Range") == [None, None]


def test_a_rest_that_does_not_exist(site, cache):
    address = site.at("/t.csv", file(TABLE, stop=100_000), status(416), file(TABLE))
    assert get(entry(address), cache).read_bytes() == TABLE
    assert site.headers("Range") == [None, "bytes=100000-", None]


def test_a_file_without_a_length(site, cache):
    address = site.at("/t.csv", chunked(TABLE, whole=False), chunked(TABLE))
    assert get(entry(address), cache).read_bytes() == TABLE
    assert len(site.asked) == 2


def test_a_site_that_falls_silent(site, cache):
    one = entry(site.at("/t.csv", file(TABLE, pause=0.6), file(TABLE)))
    rules = Rules(schemes=("http",), first_wait=0.01, timeout=0.2)
    assert get(one, cache, rules=rules).read_bytes() == TABLE


def test_a_long_file_may_break_often_if_it_gets_on(site, cache, monkeypatch):
    monkeypatch.setattr(transfers, "_PROGRESS", 10_000)
    one = entry(site.at("/t.csv", file(TABLE, stop=20_000)))
    assert get(one, cache).read_bytes() == TABLE
    assert len(site.asked) > RULES.attempts


def test_no_progress_is_made_by_sending_the_same_start_again(site, cache, monkeypatch):
    monkeypatch.setattr(transfers, "_PROGRESS", 10_000)
    one = entry(site.at("/t.csv", file(TABLE, stop=20_000, ranges=False)))
    with pytest.raises(NotFetched, match="ended at 20000 of"):
        get(one, cache)
    assert len(site.asked) == RULES.attempts + 1


def test_a_length_that_is_too_long(site, cache):
    one = entry(site.at("/t.csv", file(TABLE, announced=len(TABLE) + 5, ranges=False)))
    with pytest.raises(NotFetched, match=f"ended at {len(TABLE)} of {len(TABLE) + 5} bytes"):
        get(one, cache)
    assert not (cache / "pins.json").exists()


def test_a_length_that_is_too_short_cuts_an_archive(site, cache):
    data = zipped({"a.csv": TABLE})
    one = entry(
        site.at("/t.zip", file(data, announced=len(data) - 30)), formats=("zip",), parts={"a": "a*"}
    )
    with pytest.raises(BadInput, match="damaged, cut short"):
        get(one, cache)
    assert not (cache / "pins.json").exists()


@pytest.mark.parametrize("announced", [None, "nothing"])
def test_a_file_above_the_limit(site, cache, announced):
    big = b"x" * 1_500_000
    one = entry(site.at("/t.csv", file(big, announced=announced)), limit=1)
    with pytest.raises(NotFetched, match=r"can have 1\.0 MB at most"):
        get(one, cache)
    assert not list(cache.rglob("partial*"))


# ---- redirects and refusals ----------------------------------------------------------------------


def test_a_redirect_is_followed_and_noted(site, cache):
    site.at("/real.csv", file(TABLE))
    path = get(entry(site.at("/t", redirect("/real.csv", 307))), cache)
    manifest = json.loads((path.parent / "manifest.json").read_text())
    assert manifest["origin"]["final_address"].endswith("/real.csv")


def test_a_loop_of_redirects(site, cache):
    one = entry(site.at("/a", redirect("/a")))
    with pytest.raises(NotFetched, match="redirect"):
        get(one, cache)
    assert len(site.asked) <= RULES.redirects + 1


def test_a_long_chain_of_redirects(site, cache):
    for step in range(10):
        site.at(f"/{step}", redirect(f"/{step + 1}"))
    with pytest.raises(NotFetched, match="redirect"):
        get(entry(site.at("/start", redirect("/0"))), cache)
    assert len(site.asked) <= RULES.redirects + 1


@pytest.mark.parametrize(
    "to", ["https://example.org/t.csv", "ftp://example.org/t.csv", "file:///etc/passwd", "//"]
)
def test_a_redirect_elsewhere_than_allowed(site, cache, to):
    with pytest.raises(NotFetched, match=r"redirect|address|connection|answer"):
        get(entry(site.at("/t", redirect(to))), cache)
    assert not (cache / "pins.json").exists()


def test_only_https_by_default(site, cache):
    one = entry(site.at("/t.csv", file(TABLE)))
    with pytest.raises(NotFetched, match="http, not https"):
        get(one, cache, rules=Rules())
    assert site.asked == []


@pytest.mark.parametrize("code", [401, 403, 404, 410, 451])
def test_a_refusal_is_final_and_says_the_way_on(site, cache, code):
    one = entry(site.at("/t.csv", status(code)))
    with pytest.raises(NotFetched) as caught:
        get(one, cache)
    text = str(caught.value)
    assert f"answers {code}" in text
    assert "https://example.org/the-page" in text
    assert "zonage fetch table --from FILE" in text
    assert str(cache / "inbox") in text
    assert len(site.asked) == 1


@pytest.mark.parametrize("code", [408, 429, 500, 502, 503, 504])
def test_a_failure_that_passes(site, cache, code):
    one = entry(site.at("/t.csv", status(code), status(code), file(TABLE)))
    assert get(one, cache).read_bytes() == TABLE


def test_a_failure_that_stays(site, cache):
    one = entry(site.at("/t.csv", status(500)))
    with pytest.raises(NotFetched, match=r"answers 500.*3 times in a row"):
        get(one, cache)
    assert len(site.asked) == RULES.attempts


def test_a_wait_that_is_asked_for_is_kept(site, cache, monkeypatch):
    waits = []
    monkeypatch.setattr(transfers.time, "sleep", waits.append)
    one = entry(site.at("/t.csv", status(429, Retry_After=7), status(503), file(TABLE)))
    get(one, cache, rules=Rules(schemes=("http",), first_wait=0.5, longest_wait=60))
    assert waits == [7, 1.0]


def test_a_wait_until_a_date(site, cache, monkeypatch):
    waits = []
    monkeypatch.setattr(transfers.time, "sleep", waits.append)
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    one = entry(site.at("/t.csv", status(429, Retry_After=date), file(TABLE)))
    get(one, cache, rules=Rules(schemes=("http",), longest_wait=60))
    assert waits == [pytest.approx(29, abs=2)]


def test_a_wait_that_is_too_long_is_not_waited(site, cache):
    one = entry(site.at("/t.csv", status(429, Retry_After=3600)))
    with pytest.raises(NotFetched, match="asks to wait 3600 s"):
        get(one, cache)
    assert len(site.asked) == 1


def test_the_next_address_is_tried(site, cache):
    gone, here = site.at("/old.csv", status(404)), site.at("/t.csv", file(TABLE))
    assert get(entry(gone, here), cache).read_bytes() == TABLE


def test_nobody_answers(cache):
    with socket.socket() as taken:
        taken.bind((served.HOME, 0))
        address = f"http://{served.HOME}:{taken.getsockname()[1]}/t.csv"
    with pytest.raises(NotFetched, match="no connection"):
        get(entry(address), cache)


def test_no_address_is_known(cache):
    with pytest.raises(NotFetched, match="no address is known for scripts; open https://example"):
        get(entry(), cache)


PAGE = b"<!DOCTYPE html><html><body>Access denied</body></html>"
WRONG = {
    "a page that says so": (file(PAGE, kind="text/html; charset=utf-8"), ("csv",)),
    "a page that calls itself a file": (file(PAGE), ("zip",)),
    "a page for a table": (file(PAGE), ("csv",)),
    "an error in JSON for a table": (file(b'{"error": "quota"}'), ("csv",)),
    "something binary": (file(DATA), ("csv",)),
    "nothing": (file(b""), ("csv",)),
    "another table": (file(b"code,name\n1,2\n"), ("csv",)),
    "a JSON file cut short": (file(b'[{"code": "01001"'), ("json",)),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_not_the_file_is_refused(site, cache, case):
    answer, formats = WRONG[case]
    columns = ("uai", "ips") if formats == ("csv",) else ()
    one = entry(site.at("/t", answer), formats=formats, columns=columns)
    with pytest.raises(NotFetched, match=r"page|not the published|cut short"):
        get(one, cache)
    assert not (cache / "pins.json").exists()
    assert not list(cache.rglob("partial*"))
    assert len(site.asked) == 1


# ---- digests -------------------------------------------------------------------------------------


def test_a_known_digest_is_held_to(site, cache):
    address = site.at("/t.csv", file(TABLE))
    with pytest.raises(BadInput, match="its digest is another"):
        get(entry(address, sha256="0" * 64), cache, refresh=True)
    assert not (cache / "pins.json").exists()
    get(entry(address, sha256=hashlib.sha256(TABLE).hexdigest()), cache)


def test_a_file_that_changes_later_is_taken_only_when_told(site, cache):
    one = entry(site.at("/t.csv", file(TABLE)))
    first = get(one, cache)
    site.at("/t.csv", file(TABLE + b"0590002B,99\n", etag='"two"'))
    assert get(one, cache) == first
    kept = first.read_bytes()
    first.unlink()
    with pytest.raises(BadInput, match=r"no longer the one that came first.*--refresh"):
        get(one, cache)
    first.write_bytes(kept)
    second = get(one, cache, refresh=True)
    assert second.read_bytes() == TABLE + b"0590002B,99\n"
    assert get(one, cache) == second
    assert first.read_bytes() == TABLE


def test_a_refresh_of_what_did_not_change(site, cache):
    one = entry(site.at("/t.csv", file(TABLE)))
    path = get(one, cache)
    before, said = tree(cache), []
    assert get(one, cache, refresh=True, tell=said.append) == path
    assert tree(cache) == before
    assert any("the same as in the cache" in line for line in said)


def test_what_was_damaged_in_the_cache_comes_again(site, cache):
    one = entry(site.at("/t.csv", file(TABLE)))
    path = get(one, cache)
    path.write_bytes(TABLE.replace(b"5", b"6"))
    with pytest.raises(BadInput, match="changed in the cache"):
        resolve("fetched:table", cache, entries={"table": one})
    assert get(one, cache).read_bytes() == TABLE
    path.touch()
    assert get(one, cache) == path
    assert len(site.asked) == 2


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content.pop("published"),
        lambda content: content.update(parts=[1]),
        lambda content: content["published"].update(file="../../pins.json"),
        lambda content: content["published"].pop("bytes"),
    ],
)
def test_a_manifest_that_was_tampered_with_counts_for_nothing(site, cache, change):
    one = entry(site.at("/t.csv", file(TABLE)))
    path = get(one, cache)
    manifest = path.parent / "manifest.json"
    content = json.loads(manifest.read_text())
    change(content)
    manifest.write_text(json.dumps(content))
    with pytest.raises(BadInput, match="not in the cache"):
        resolve("fetched:table", cache, entries={"table": one})
    assert get(one, cache) == path
    assert resolve("fetched:table", cache, entries={"table": one}) == path


def test_a_damaged_list_of_digests(site, cache):
    one = entry(site.at("/t.csv", file(TABLE)))
    get(one, cache)
    for text in ('{"table": 3}', "{", '{"table": {"sha256": "../x", "bytes": 1, "date": ""}}'):
        (cache / "pins.json").write_text(text)
        with pytest.raises(BadInput, match="list of trusted digests is damaged"):
            get(one, cache)


# ---- by hand -------------------------------------------------------------------------------------


def test_a_file_brought_by_hand(cache, tmp_path):
    own = tmp_path / "Download (3).bin"
    own.write_bytes(TABLE)
    path = get(entry(), cache, source=own)
    assert path.read_bytes() == TABLE
    assert own.exists()
    assert get(entry(), cache) == path


def test_a_file_dropped_into_the_inbox(cache):
    one = entry(file="indices.csv")
    with pytest.raises(NotFetched, match=r"put it as indices\.csv into"):
        get(one, cache)
    (cache / "inbox" / "indices.csv").write_bytes(TABLE)
    assert get(one, cache).name == "indices.csv"
    assert list((cache / "inbox").iterdir()) == []


def test_a_wrong_file_brought_by_hand_stays_where_it_is(cache, tmp_path):
    own = tmp_path / "page.html"
    own.write_bytes(PAGE)
    with pytest.raises(BadInput, match="a page of the site") as caught:
        get(entry(), cache, source=own)
    assert caught.value.file == str(own)
    one = entry(name="archive", formats=("zip",), parts={"a": "a.csv"})
    with pytest.raises(NotFetched):
        get(one, cache)
    dropped = cache / "inbox" / "archive.zip"
    dropped.write_bytes(zipped({"a.csv": TABLE})[:-10])
    with pytest.raises(BadInput, match="cut short"):
        get(one, cache)
    assert dropped.exists()
    assert [path.name for path in (cache / "archive").iterdir() if path.is_file()] == []
    with pytest.raises(BadInput, match="cannot be read"):
        get(entry(), cache, source=tmp_path / "nowhere.csv")


# ---- archives and tables of tiles ----------------------------------------------------------------


def same_tiles(first, second):
    for one in fields(Tiles):
        if one.name in ("source", "counts", "commune", "urban_unit"):
            continue
        np.testing.assert_array_equal(getattr(first, one.name), getattr(second, one.name))
    assert first.counts.keys() == second.counts.keys()
    for name, column in first.counts.items():
        np.testing.assert_array_equal(column, second.counts[name])
    assert first.commune.labels == second.commune.labels
    np.testing.assert_array_equal(first.commune.index, second.commune.index)


EVERYTHING = tuple(variable.name for variable in counts())


@pytest.mark.parametrize("vintage", served.LAYOUTS)
def test_tiles_from_the_table_are_those_of_the_archive(site, cache, tmp_path, vintage):
    data = tile_archive(vintage)
    archive = tmp_path / f"Filosofi{vintage}_carreaux_200m_csv.zip"
    archive.write_bytes(data)
    one = tiles_entry(site.at("/t.zip", file(data)), vintage)
    for part, crs in (("", 3035), ("/mart", 5490), ("/reun", 2975)):
        path = get(one, cache, part)
        assert path.suffix == ".parquet"
        member = "metropole" if vintage == 2015 and not part else part.lstrip("/") or "met"
        published = read_tiles(archive, member=member, variables=EVERYTHING)
        kept = read_tiles(path, variables=EVERYTHING)
        same_tiles(published, kept)
        assert (kept.vintage, kept.crs) == (vintage, crs)
        assert resolve(f"fetched:{one.name}{part}", cache, entries={one.name: one}) == path
    assert len(site.asked) == 1
    manifest = json.loads((path.parent / "manifest.json").read_text())
    assert manifest["parts"]["met"]["rows"] == 40
    assert manifest["parts"]["met"]["columns"][-1] == "groupe"
    assert manifest["made_by"].keys() == {"zonage", "pyarrow"}


def test_the_table_of_the_demo_tiles_gives_the_same_tiles(tmp_path):
    source = data_folder("demo") / "tiles_2019.csv"
    target = tmp_path / "tiles-2019.parquet"
    found = tile_tables.write_tile_table(source, target, source.name)
    kept = read_tiles(target, variables=EVERYTHING)
    same_tiles(read_tiles(source, variables=EVERYTHING), kept)
    assert found["rows"] == len(kept)


def test_a_place_out_of_the_table(tmp_path, monkeypatch):
    monkeypatch.setattr(tile_tables, "_ROW_GROUP", 500)
    source = data_folder("demo") / "tiles_2019.csv"
    target = tmp_path / "tiles-2019.parquet"
    tile_tables.write_tile_table(source, target, source.name)
    for box in (
        (3_820_000, 3_080_000, 3_825_000, 3_090_000),
        (3_820_000, 3_080_000, 3_820_200, 3_098_000),
        (0, 0, 10_000_000, 10_000_000),
    ):
        published = read_tiles(source, variables=EVERYTHING, bbox=box)
        same_tiles(published, read_tiles(target, variables=EVERYTHING, bbox=box))
    with pytest.raises(BadInput, match="no tile of the file is in the selection"):
        read_tiles(target, bbox=(0, 0, 200, 200))


def test_rows_of_a_place_are_those_of_the_published_file(tmp_path, monkeypatch):
    monkeypatch.setattr(tile_tables, "_ROW_GROUP", 10)
    source, target = tmp_path / "t_2021.csv", tmp_path / "t-2021.parquet"
    lines = served.tile_csv(2021).splitlines()
    lines[36] = lines[36].replace(",14.5,", ",-14.5,", 1)
    source.write_text("\n".join(lines) + "\n")
    tile_tables.write_tile_table(source, target, source.name)
    with pytest.raises(BadInput, match="negative count") as caught:
        read_tiles(target, bbox=(3_816_000 + 200 * 33, 0, 10_000_000, 10_000_000))
    assert (caught.value.row, caught.value.column) == (36, "men")


def test_rows_of_the_table_are_those_of_the_published_file(site, cache):
    text = served.tile_csv(2021).replace(",27.5,", ",-27.5,", 1)
    one = tiles_entry(site.at("/t.zip", file(zipped({"carreaux_200m_met.csv": text}))), 2021)
    path = get(one, cache)
    with pytest.raises(BadInput, match="negative count") as caught:
        read_tiles(path)
    assert caught.value.row == 1
    with pytest.raises(BadInput, match="holds no such part"):
        get(one, cache, "/reun")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text.replace(",27.5,", ",many,", 1), "row 1, column ind: not a number"),
        (lambda text: text.replace("idcar_200m", "place", 1), "no layout"),
        (lambda text: text.partition("\n")[0] + "\n", "header without rows"),
        (lambda text: text + "a,b\n", "too many or too few columns"),
        (lambda text: text.replace("3816000,", "3816001,", 1), "row 1, column idcar_200m"),
        (lambda text: text.replace("idcar_1km", "zonage_east", 1), "a column comes twice"),
    ],
)
def test_a_table_that_is_none(site, cache, change, message):
    data = zipped({"carreaux_200m_met.csv": change(served.tile_csv(2021))})
    one = tiles_entry(site.at("/t.zip", file(data)), 2021)
    with pytest.raises(BadInput, match=message):
        get(one, cache)
    assert not (cache / "pins.json").exists()


def test_a_table_of_an_older_way_is_made_again(site, cache, monkeypatch):
    one = tiles_entry(site.at("/t.zip", file(tile_archive(2021))), 2021)
    path = get(one, cache)
    manifest = path.parent / "manifest.json"
    content = json.loads(manifest.read_text())
    for part in content["parts"].values():
        part["layout"] = 0
    manifest.write_text(json.dumps(content))
    path.unlink()
    assert get(one, cache) == path
    assert json.loads(manifest.read_text())["parts"]["met"]["layout"] == tile_tables.TABLE_LAYOUT
    assert len(site.asked) == 1


def test_a_damaged_archive(site, cache):
    data = bytearray(tile_archive(2021))
    data[60:90] = bytes(30)
    one = tiles_entry(site.at("/t.zip", file(bytes(data))), 2021)
    with pytest.raises(BadInput, match="damaged, cut short or encrypted") as caught:
        get(one, cache)
    assert caught.value.file.endswith("/t.zip")
    assert not (cache / "pins.json").exists()
    site.at("/t.zip", file(tile_archive(2021)))
    assert len(read_tiles(get(one, cache))) == 40


def test_a_member_that_climbs_out(site, cache, tmp_path):
    one = tiles_entry(site.at("/t.zip", file(zipped({"../x_met.csv": "x"}))), 2021)
    with pytest.raises(BadInput, match="climbs out"):
        get(one, cache)
    assert not list(tmp_path.rglob("x_met.csv"))


def test_a_part_that_is_not_there_or_twice(site, cache):
    none = tiles_entry(site.at("/t.zip", file(zipped({"readme.csv": "x"}))), 2021)
    with pytest.raises(BadInput, match=r"lacks the part; found readme\.csv"):
        get(none, cache)
    text = served.tile_csv(2021)
    twice = zipped({"a_met.csv": text, "b_met.csv": text})
    with pytest.raises(BadInput, match="several members"):
        get(tiles_entry(site.at("/t.zip", file(twice)), 2021), cache)


def test_a_shapefile_comes_with_all_its_files(site, cache, tmp_path):
    import geopandas
    from shapely.geometry import box

    frame = geopandas.GeoDataFrame(
        {"CODE_QP": ["QP059001"], "NOM_QP": ["Le Parc"], "COMMUNE_QP": ["Lille"]},
        geometry=[box(700_000, 7_050_000, 701_000, 7_051_000)],
        crs=2154,
    )
    frame.to_file(tmp_path / "QP_METROPOLE_LB93.shp")
    members = {f"qp/{path.name}": path.read_bytes() for path in tmp_path.glob("QP_METROPOLE*")}
    one = entry(
        site.at("/qp.zip", file(zipped(members))), formats=("zip",), parts={"met": "QP_METRO*.shp"}
    )
    path = get(one, cache)
    assert read_perimeters(path).codes == ("QP059001",)
    path.with_suffix(".dbf").unlink()
    assert read_perimeters(get(one, cache)).names == ("Le Parc",)


def test_a_gz_file_within_limits(site, cache, monkeypatch):
    whole = gzip.compress(b'{"type": "FeatureCollection", "features": []}')
    one = entry(
        site.at("/o.geojson.gz", file(whole)), formats=("gz",), parts={"all": "outlines.geojson"}
    )
    assert json.loads(get(one, cache).read_text())["features"] == []
    site.at("/o.geojson.gz", file(whole[:-5], etag='"two"'))
    with pytest.raises(BadInput, match="cut short"):
        get(one, cache, refresh=True)
    monkeypatch.setattr(making, "RATIO_FROM", 1 << 16)
    monkeypatch.setattr(making, "MAX_RATIO", 2)
    site.at("/o.geojson.gz", file(gzip.compress(bytes(1 << 20)), etag='"three"'))
    with pytest.raises(BadInput, match="too large once unpacked"):
        get(one, cache, refresh=True)
    assert json.loads(get(one, cache).read_text())["features"] == []


def test_a_file_that_comes_bare_or_packed(site, cache):
    outlines = b'{"type": "FeatureCollection", "features": []}'
    one = entry(
        site.at("/q", file(outlines)),
        formats=("zip", "json"),
        file="quarters.zip",
        parts={"all": "*.geojson"},
    )
    assert get(one, cache).name == "quarters.json"
    assert get(one, cache, "/all").read_bytes() == outlines
    site.at("/q", file(zipped({"GEOJSON/q.geojson": outlines}), etag='"two"'))
    assert get(one, cache, refresh=True).name == "q.geojson"


# ---- the disk, and others at the same time -------------------------------------------------------


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
def test_a_full_disk_while_it_arrives_loses_nothing(site, cache, monkeypatch):
    one = entry(site.at("/t.csv", file(TABLE, stop=100_000), file(TABLE)))
    really_open = Path.open

    def full_from_then_on(self, mode="r", *rest, **options):
        return really_open(Path("/dev/full") if mode == "ab" else self, mode, *rest, **options)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "open", full_from_then_on)
        with pytest.raises(BadInput, match="disk of the cache is full") as caught:
            get(one, cache)
    assert caught.value.file == str(cache)
    assert get(one, cache).read_bytes() == TABLE
    assert site.headers("Range")[-1] == "bytes=100000-"


def test_a_disk_known_to_be_too_full(site, cache, monkeypatch):
    one = entry(site.at("/t.csv", file(TABLE)))
    usage = transfers.shutil.disk_usage(cache.parent)
    with monkeypatch.context() as patched:
        small = usage._replace(free=len(TABLE) - 1)
        patched.setattr(transfers.shutil, "disk_usage", lambda _: small)
        with pytest.raises(BadInput, match="too full for the file"):
            get(one, cache)
    assert not list(cache.rglob("partial*"))
    assert get(one, cache).read_bytes() == TABLE


def test_a_full_disk_while_it_is_unpacked_costs_no_second_download(site, cache, monkeypatch):
    one = tiles_entry(site.at("/t.zip", file(tile_archive(2021))), 2021)

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(tile_tables._TileTable, "_converted", full)
        with pytest.raises(BadInput, match="disk of the cache is full"):
            get(one, cache)
    with monkeypatch.context() as patched:
        from zonage.sources import archives

        patched.setattr(archives.shutil, "copyfileobj", full)
        with pytest.raises(BadInput, match="the disk is full"):
            get(one, cache)
    assert not (cache / "pins.json").exists()
    assert len(read_tiles(get(one, cache))) == 40
    assert len(site.asked) == 1


@pytest.mark.parametrize("code", [errno.EROFS, errno.EACCES])
def test_a_cache_that_cannot_be_written_to(site, cache, monkeypatch, code):
    one = entry(site.at("/t.csv", file(TABLE)))

    def refuse(*_args, **_options):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(BadInput, match=r"cache (is on a read-only disk|cannot be written to)"):
        get(one, cache)
    assert site.asked == []


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is read-only to root")
def test_a_folder_that_is_read_only(site, cache):
    cache.mkdir(mode=0o500)
    with pytest.raises(BadInput, match="cannot be written to"):
        get(entry(site.at("/t.csv", file(TABLE))), cache)


def test_a_cache_whose_path_is_a_file(site, cache):
    cache.write_text("")
    with pytest.raises(BadInput, match="part of the cache's path is a file"):
        get(entry(site.at("/t.csv", file(TABLE))), cache)


def test_what_is_there_is_used_without_writing(site, cache):
    one = tiles_entry(site.at("/t.zip", file(tile_archive(2021))), 2021)
    path = get(one, cache)
    before = tree(cache)
    assert get(one, cache) == resolve(f"fetched:{one.name}", cache, entries={one.name: one}) == path
    assert tree(cache) == before


def test_an_interruption_at_any_moment_leaves_the_old_or_the_new(site, cache, monkeypatch):
    one = tiles_entry(site.at("/t.zip", file(tile_archive(2021))), 2021)
    first = get(one, cache)
    old = tree(first.parent)
    new = tile_archive(2021, rows=30)
    replace, moment, finished = Path.replace, 0, False
    while not finished:
        moment += 1
        site.at("/t.zip", file(new, etag='"two"'))
        calls = iter(range(1, 1000))

        def interrupted(self, target, calls=calls, moment=moment):
            if next(calls) == moment:
                raise KeyboardInterrupt
            return replace(self, target)

        with monkeypatch.context() as patched:
            patched.setattr(Path, "replace", interrupted)
            try:
                get(one, cache, refresh=True)
                finished = True
            except KeyboardInterrupt:
                assert len(read_tiles(get(one, cache))) in (40, 30)
        assert tree(first.parent) == old
    assert moment > 6
    assert len(read_tiles(get(one, cache))) == 30
    assert not list(cache.rglob(".draft*")) + list(cache.rglob("partial*"))


SCRIPT = textwrap.dedent("""
    import sys
    from zonage.sources.download import Rules, fetch, parse_catalogue
    entries = parse_catalogue(open(sys.argv[1]).read(), file="entries.yaml")
    rules = Rules(schemes=("http",), attempts=3, first_wait=0.01, timeout=20)
    print(fetch("table", cache=sys.argv[2], entries=entries, rules=rules, tell=lambda text:
        print(text, file=sys.stderr, flush=True)))
""")


@pytest.fixture
def process(site, cache, tmp_path):
    """Start fetches of the entry `table` in processes of their own."""
    started = []

    def start():
        content = entry(f"http://{served.HOME}:{site.server.server_port}/t.csv").model_dump()
        content.pop("name")
        (tmp_path / "entries.yaml").write_text(json.dumps({"table": content}))
        started.append(
            subprocess.Popen(
                [sys.executable, "-c", SCRIPT, tmp_path / "entries.yaml", cache],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
        return started[-1]

    yield start
    for one in started:
        one.kill()
        one.communicate()


def test_two_fetches_at_once_download_once(site, cache, process):
    site.at("/t.csv", file(TABLE, pause=0.05))
    both = [process(), process()]
    answers = [one.communicate(timeout=60) for one in both]
    assert [one.returncode for one in both] == [0, 0], answers
    assert answers[0][0] == answers[1][0]
    assert Path(answers[0][0].strip()).read_bytes() == TABLE
    assert len(site.asked) == 1
    assert sum("waiting for it" in errors for _, errors in answers) == 1


def test_a_killed_fetch_is_gone_on_with(site, cache, process):
    site.at("/t.csv", file(TABLE * 10, pause=0.1))
    one = process()
    partial = cache / "table" / "partial.csv"
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and not (partial.exists() and partial.stat().st_size):
        time.sleep(0.02)
    one.send_signal(signal.SIGKILL)
    one.wait()
    kept = partial.stat().st_size
    assert 0 < kept < len(TABLE) * 10
    site.at("/t.csv", file(TABLE * 10))
    address = f"http://{served.HOME}:{site.server.server_port}/t.csv"
    assert get(entry(address), cache).read_bytes() == TABLE * 10
    assert site.headers("Range")[-1] == f"bytes={kept}-"


def test_different_files_are_fetched_at_once(site, cache):
    names = [f"table-{number}" for number in range(6)]
    entries = {name: entry(site.at(f"/{name}", file(TABLE)), name=name) for name in names}

    def bring(name):
        fetch(name, cache=cache, entries=entries, rules=RULES)

    threads = [threading.Thread(target=bring, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(Cache(cache).pins()) == names


# ---- names, paths and the command ----------------------------------------------------------------


def test_the_catalogue_that_comes_with_zonage():
    known = catalogue()
    wanted = ["insee-tiles", "insee-tiles-natural", "qpv", "iris-income-2019", "iris-income-2020"]
    wanted += ["iris-income-2021", "filosofi-supra-2019", "ips", "schools-directory", "communes"]
    assert set(names_for([*wanted, "communes-outlines", "epci", "urban-units", "rpls"])) == {*known}
    for one in known.values():
        assert all(address.startswith("https://") for address in one.addresses)
        assert one.page.startswith("https://")
        assert one.certainty != "verified" or one.sha256


def test_a_project_path_needs_no_network(cache):
    assert resolve("data/tiles.csv", cache) == Path("data/tiles.csv")
    with pytest.raises(BadInput, match=r"not in the cache.*zonage fetch insee-tiles-2019"):
        resolve("fetched:insee-tiles-2019", cache)
    with pytest.raises(BadInput, match="did you mean insee-tiles-2019"):
        resolve("fetched:insee-tile-2019", cache)
    with pytest.raises(BadInput, match=r"no such part.*known: met, mart, reun"):
        resolve("fetched:insee-tiles-2019/guyane", cache)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- a\n", "not a catalogue"),
        ("a: {b: c}\n", "Field required"),
        ("a: [\n", "not a catalogue in YAML"),
        ("A b: {title: t}\n", "match pattern"),
    ],
)
def test_a_wrong_catalogue(text, message):
    with pytest.raises(BadInput, match=message):
        parse_catalogue(text, file="c.yaml")


def test_an_entry_is_checked():
    for wrong in ({"page": "javascript:x"}, {"file": "../x"}, {"tiles": True}, {"name": "a/b"}):
        with pytest.raises(ValueError, match=r"not an address|match pattern|parts of an archive"):
            entry("https://example.org/t", **wrong)


def test_where_the_cache_is(monkeypatch, tmp_path):
    monkeypatch.setenv("ZONAGE_CACHE", str(tmp_path / "named"))
    assert default_cache() == tmp_path / "named"
    monkeypatch.delenv("ZONAGE_CACHE")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_cache() == tmp_path / "zonage"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert default_cache() == Path.home() / ".cache" / "zonage"


def command(*arguments):
    parser = argparse.ArgumentParser()
    commands.add_commands(parser.add_subparsers())
    options = parser.parse_args(["fetch", *map(str, arguments)])
    said = []
    result = options.command(options, said.append)
    text, code = result if isinstance(result, tuple) else (result, 0)
    return text, code, said


def test_the_command_lists_what_can_be_fetched(cache):
    text, code, _ = command("--list", "--cache", cache)
    assert code == 0
    assert all(name in text for name in catalogue())
    assert not cache.exists()


def test_the_command_takes_a_file_by_hand(cache, tmp_path):
    own = tmp_path / "tiles.zip"
    own.write_bytes(tile_archive(2021))
    text, code, _ = command("insee-tiles-2021", "--from", own, "--cache", cache)
    assert code == 0
    assert '"fetched:insee-tiles-2021/reun": carreaux_200m_reun.csv, 4 rows' in text
    assert "Licence Ouverte 2.0" in text
    assert len(read_tiles(resolve("fetched:insee-tiles-2021", cache))) == 40
    assert datetime.now(UTC).date().isoformat() in command("--list", "--cache", cache)[0]


def test_one_file_that_does_not_come_stops_no_other(cache, tmp_path):
    own = tmp_path / "tiles.zip"
    own.write_bytes(tile_archive(2021))
    command("insee-tiles-2021", "--from", own, "--cache", cache)
    text, code, said = command("qpv-income-2019", "insee-tiles-2021", "--cache", cache)
    assert code == 1
    assert "not fetched: qpv-income-2019" in text
    assert "insee-tiles-2021-met.parquet" in text
    assert any("open https://www.insee.fr/fr/statistiques/6049692" in line for line in said)
    with pytest.raises(NotFetched):
        command("qpv-income-2019", "--cache", cache)
    with pytest.raises(BadInput, match="one name"):
        command("qpv", "--from", own, "--cache", cache)
