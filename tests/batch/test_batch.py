"""A batch: what is computed, what is kept, what is said of what changed, and what goes wrong."""

import csv
import errno
import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.batch.territories import NAMES, write_batch_file, write_tiles
from tests.projects import command, contents
from zonage.batch import execution, read_batch, run_batch
from zonage.batch.execution import plan_batch
from zonage.batch.work import do_works
from zonage.outputs.results import Results
from zonage.pipeline import run
from zonage.scenarios import reform

TWO = NAMES[:2]
FEW = """
[scenarios]
lower.qpv.min_population = 600
wider.qpv.factor = [0.62, 0.65]
"""
"""With the base four scenarios."""

REPORT = {
    "batch.json", "changes.csv", "changes.json", "manifest.json", "report.html", "report.md",
    "since.json", "works.csv",
}  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A batch of two territories, two vintages and four scenarios that was run once."""
    folder = tmp_path_factory.mktemp("batch")
    file = write_batch_file(folder, TWO, FEW)
    return file, run_batch(read_batch(file))


@pytest.fixture
def copied(made, tmp_path):
    """The same in a folder of its own, to be changed."""
    shutil.copytree(made[0].parent, tmp_path / "b")
    return tmp_path / "b" / "batch.toml"


def rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def again(file, **options):
    return run_batch(read_batch(file), **options)


# ---- results -------------------------------------------------------------------------------------


def test_every_result_is_that_of_a_run_of_its_own(made):
    file, outcome = made
    batch = read_batch(file)
    listed = {entry.identity: entry for entry in outcome.listing.works}
    assert len(listed) == 2 * 2 * 4
    for base in batch.bases:
        zoning = run(base.project).zoning
        for name, settings in batch.scenarios.items():
            alone = reform(zoning, settings)
            entry = listed[base.territory, base.vintage, base.law, name]
            result = Results(batch.results).get(entry.key)
            assert result["totals"] == entry.totals
            assert entry.totals["quarters"] == alone.zone_count
            tiles = result["tiles"]
            assert sorted(zip(tiles["northing"], tiles["easting"], strict=True)) == sorted(
                zip(
                    alone.tiles.northing[alone.inside].tolist(),
                    alone.tiles.easting[alone.inside].tolist(),
                    strict=True,
                )
            )
            assert sum(tiles["population"]) / 1000 == pytest.approx(entry.totals["population"])


def test_the_report_holds_every_work_and_its_manifest_every_file(made):
    file, outcome = made
    folder = file.parent / "out" / "batch"
    assert outcome.folder == folder
    assert set(contents(folder)) == REPORT
    assert set(json.loads((folder / "manifest.json").read_text())["outputs"]) == REPORT - {
        "manifest.json"
    }
    table = rows(folder / "works.csv")
    assert [row["status"] for row in table] == ["done"] * 16
    assert [row["scenario"] for row in table[:4]] == [
        "base", "lower", "wider: qpv.factor=0.62", "wider: qpv.factor=0.65",
    ]  # fmt: skip
    assert rows(folder / "changes.csv") == []
    assert list(table[0])[7:10] == ["quarters", "tiles", "population"]
    assert int(table[0]["quarters"]) == outcome.listing.works[0].totals["quarters"]
    assert "First batch: 16 works on 2 territories." in (folder / "report.md").read_text()


def test_nothing_changed_is_no_work_and_the_same_bytes(made):
    file, _ = made
    before = contents(file.parent / "out" / "batch")
    outcome = again(file)
    assert outcome.done == 0
    assert outcome.repeated
    assert contents(outcome.folder) == before


def test_the_report_does_not_depend_on_processes_nor_on_the_folder_of_results(made, tmp_path):
    file, _ = made
    outcome = run_batch(read_batch(file, tmp_path / "other"), jobs=2)
    assert outcome.done == 16
    assert contents(tmp_path / "other") == contents(file.parent / "out" / "batch")


def test_the_batch_file_of_the_docs_is_one(tmp_path):
    docs = Path(__file__).parents[2] / "docs" / "batch.md"
    text = docs.read_text(encoding="utf-8").partition("```toml\n")[2].partition("```")[0]
    (tmp_path / "batch.toml").write_text(text, encoding="utf-8")
    batch = read_batch(tmp_path / "batch.toml")
    assert len(batch.bases) == 2 * 2 * 2
    assert len(batch.scenarios) == 1 + 2 + 11 + 1
    assert batch.scenarios["wide"] == {"qpv.factor": 0.65, "method.bridge": 1}
    albi = batch.bases[-1].project
    assert (albi.tiles.vintage, albi.reference.year, albi.law.on.year) == (2021, 2021, 2015)
    assert batch.results == tmp_path / "out" / "batch.results"


# ---- only what changed ---------------------------------------------------------------------------


def test_only_the_dependants_of_a_replaced_vintage_run(copied):
    write_tiles(copied.parent / f"{TWO[0]}_2021.csv", 77)
    plan = plan_batch(read_batch(copied))
    new = {work.identity[:2] for group in plan.new for work in group.works}
    assert new == {(TWO[0], "2021")}
    outcome = again(copied)
    assert outcome.done == 4
    changed = {change.identity[:2] for change in outcome.changes if change.kind == "changed"}
    assert changed == {(TWO[0], "2021")}
    last = contents(outcome.folder)
    assert again(copied).repeated
    assert contents(outcome.folder) == last


def test_a_file_counts_by_its_content_and_not_by_its_times(copied):
    again(copied)
    tiles = copied.parent / f"{TWO[0]}_2019.csv"
    os.utime(tiles, (1, 1))
    assert again(copied).done == 0
    shown = tiles.stat()
    text = tiles.read_bytes()
    place = text.index(b",") - 1
    tiles.write_bytes(text[:place] + bytes([text[place] ^ 1]) + text[place + 1 :])
    os.utime(tiles, ns=(shown.st_atime_ns, shown.st_mtime_ns))
    assert plan_batch(read_batch(copied)).counts()["new"] > 0


def test_a_new_scenario_alone_is_done(copied):
    copied.write_text(copied.read_text() + "kept.qpv.min_population = 1500\n")
    assert again(copied).done == 4


def test_the_code_counts(copied, monkeypatch):
    monkeypatch.setattr("zonage.batch.keys.code_digest", lambda: "another")
    outcome = again(copied)
    assert outcome.done == 16
    assert {change.kind for change in outcome.changes} == {"unchanged"}


def test_a_law_and_a_reform_count_by_their_values(copied):
    own = copied.read_text()
    copied.write_text(own + "\n[laws.project]\nreform = { uu_min_population = 0, factor = 0.6 }\n")
    assert again(copied).done == 0
    copied.write_text(own + "\n[laws.project]\nreform = { uu_min_population = 0, factor = 0.5 }\n")
    assert again(copied).done > 0


def test_two_scenarios_of_one_rule_are_one_work(copied):
    copied.write_text(copied.read_text() + "same.qpv.min_population = 1000\n")
    outcome = again(copied)
    assert outcome.done == 0
    by_name = {entry.identity: entry.key for entry in outcome.listing.works}
    place = (TWO[0], "2019", "project")
    assert by_name[*place, "same"] == by_name[*place, "base"]


def test_only_results_are_ever_removed(copied):
    folder = copied.parent / "out" / "batch.results"
    own = folder / "mine.result"
    own.write_text("a file of the user")
    old = folder / f"{'0' * 64}.result"
    old.write_text("a result that nobody speaks of")
    again(copied)
    assert own.exists()
    assert not old.exists()


def test_a_result_that_was_broken_is_made_again(copied):
    results = sorted((copied.parent / "out" / "batch.results").glob("*.result"))
    whole = results[0].read_bytes()
    results[0].write_bytes(whole[:-5])
    results[1].write_bytes(b"")
    shutil.copy(results[3], results[2])
    assert again(copied).done == 3
    assert results[0].read_bytes() == whole


# ---- what changed --------------------------------------------------------------------------------


def test_changes_are_those_of_the_tiles(copied):
    """The table of quarters holds what a comparison of the sets of tiles gives."""
    old, store = read_batch(copied), Results(read_batch(copied).results)
    before = {entry.identity: store.get(entry.key) for entry in again(copied).listing.works}
    write_tiles(copied.parent / f"{TWO[0]}_2021.csv", 77)
    outcome = again(copied)
    table = rows(outcome.folder / "changes.csv")
    assert {row["territory"] for row in table} == {TWO[0]}
    for entry in outcome.listing.works:
        if entry.identity[:2] != (TWO[0], "2021"):
            continue
        was, now = before[entry.identity], store.get(entry.key)
        mine = [row for row in table if row["scenario"] == entry.scenario]

        def people(result):
            tiles = result["tiles"]
            places = zip(tiles["northing"], tiles["easting"], strict=True)
            return dict(zip(places, tiles["population"], strict=True))

        left, came = people(was), people(now)
        entering = sum(count for place, count in came.items() if place not in left) / 1000
        leaving = sum(count for place, count in left.items() if place not in came) / 1000
        assert sum(float(row["population_entering"]) for row in mine) == pytest.approx(entering)
        assert sum(float(row["population_leaving"]) for row in mine) == pytest.approx(leaving)
        numbers = [int(one) for row in mine for one in row["quarters_after"].split()]
        assert len(numbers) == len(set(numbers))
    assert old.folder == outcome.folder
    report = (outcome.folder / "report.md").read_text()
    assert "4 changed since the last batch, 12 are as before" in report


def test_a_vintage_that_is_new_is_held_against_the_last_one(copied):
    text = copied.read_text()
    copied.write_text(text.replace(f'2021 = "{TWO[1]}_2021.csv"', ""))
    again(copied)
    copied.write_text(text)
    outcome = again(copied)
    found = [c for c in outcome.changes if c.identity[:2] == (TWO[1], "2021")]
    assert [change.against for change in found] == ["2019"] * 4
    assert "held against that of 2019" in (outcome.folder / "report.md").read_text()


def test_the_report_is_french_where_asked_and_escapes_names(copied):
    text = copied.read_text()
    text = text.replace(f'territories."{TWO[0]}"', 'territories."<b>&|x"')
    copied.write_text(f'title = "Lot <1>"\n{text}\n[output]\nlanguage = "fr"\n')
    outcome = again(copied)
    page = (outcome.folder / "report.html").read_text()
    assert '<html lang="fr">' in page
    assert "<h2>&lt;b&gt;&amp;|x</h2>" in page
    assert "<p>Millésime 2019 : " in page
    assert "8 ne sont plus demandés" in page


# ---- what goes wrong -----------------------------------------------------------------------------


def test_the_failure_of_one_territory_is_told_and_the_others_are_done(copied):
    tiles = copied.parent / f"{TWO[0]}_2021.csv"
    good = tiles.read_text()
    tiles.write_text(good.replace("\n", "\n\n", 1).replace(",", ";", 3))
    write_tiles(copied.parent / f"{TWO[1]}_2021.csv", 78)
    result = command("batch", copied)
    assert result.code == 1
    assert "4 works done, 12 kept, 4 failed" not in result.out
    assert "4 failed" in result.out
    folder = copied.parent / "out" / "batch"
    failed = [row for row in rows(folder / "works.csv") if row["status"] == "failed"]
    assert {(row["territory"], row["vintage"]) for row in failed} == {(TWO[0], "2021")}
    assert all(str(tiles) in row["problem"] and row["key"] for row in failed)
    assert "The last result is kept." in (folder / "report.md").read_text()
    # What comes back is held against its last good result.
    tiles.write_text(good)
    outcome = again(copied)
    assert outcome.done == 0
    assert {change.kind for change in outcome.changes} == {"unchanged"}


def test_a_dry_run_tells_what_is_missing_and_writes_nothing(copied):
    (copied.parent / f"{TWO[1]}_2021.csv").unlink()
    (copied.parent / f"{TWO[0]}_2019.csv").write_text("other")
    before = sorted(copied.parent.rglob("*"))
    result = command("batch", copied, "--dry-run")
    assert result.code == 1
    assert "16 works: 4 new, 8 kept, 4 impossible" in result.out
    assert f"{TWO[1]}_2021.csv, column tiles.path: no such file" in result.out
    assert sorted(copied.parent.rglob("*")) == before


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "key territories: missing key"),
        ("[territories]\n", "territories"),
        ('territories.a = "a.toml"\nscenaros.x.qpv.factor = 1', "did you mean scenarios?"),
        ('territories.a = "a.toml"\nscenarios.base.qpv.factor = 0.5', "is there by itself"),
        ('territories.a = "a.toml"\nscenarios.x = {}', "changes nothing"),
        ('territories.a = "a.toml"\nscenarios.x.qpv.factor = []', "empty list"),
        ('territories.a = "a.toml"\nscenarios.x.qpv.factor = "1:0:1"', "goes backwards"),
        ('territories.a = "a.toml"\nscenarios.x.qpv.factor = [[1]]', "not a value"),
        ('territories.a.project.tiles = {path = "t", csr = 1}', "a.project.tiles.csr: unknown"),
        ('territories.a = "a.toml"\n[output]\nresults = "out/batch/r"', "results inside"),
        ('territories."a\\nb" = "a.toml"', "a line of at most 100"),
        ("territories = 3", "territories"),
        ("vintages = [1]\nterritories.a = 'x'", "vintages"),
        ("not toml", "not a TOML file"),
    ],
)
def test_a_batch_file_that_cannot_be_is_one_line(tmp_path, text, words):
    (tmp_path / "batch.toml").write_text(text)
    result = command("batch", tmp_path / "batch.toml")
    assert result.code == 2
    assert words in result.error
    assert len(result.error.splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["batch.toml"]


def test_a_slip_in_a_scenario_is_refused_before_any_work(copied):
    copied.write_text(copied.read_text() + "slip.qpv.min_popluation = 3\n")
    result = command("batch", copied)
    assert result.code == 2
    assert "key scenarios.slip: " in result.error
    assert "min_population" in result.error


def test_a_project_file_that_is_missing_is_the_failure_of_its_territory(copied):
    copied.write_text(
        copied.read_text().replace("[scenarios]", '[territories]\nx = "x.toml"\n[scenarios]')
    )
    outcome = again(copied)
    assert outcome.done == 0
    assert {entry.territory for entry in outcome.listing.failed} == {"x"}


def test_an_input_that_changes_while_it_is_read_gives_no_result(copied):
    batch = read_batch(copied)
    plan = execution.make_plan(batch, execution.Contents(), lambda key: False)
    tiles = copied.parent / f"{TWO[0]}_2019.csv"
    write_tiles(tiles, 77)
    results = [(result, problem) for _, result, problem in do_works(plan.groups[0])]
    assert all(result is None for result, _ in results)
    assert all("was changed while it was in use" in problem for _, problem in results)


@pytest.mark.parametrize(
    ("number", "words"),
    [(errno.ENOSPC, "the disk is full"), (errno.EROFS, "read-only"), (errno.EACCES, "written to")],
)
def test_a_disk_that_takes_no_more_is_said_and_loses_nothing(copied, monkeypatch, number, words):
    write_tiles(copied.parent / f"{TWO[0]}_2021.csv", 77)
    before = contents(copied.parent / "out" / "batch")
    write_bytes, written = Path.write_bytes, []

    def full(path, content):
        if path.suffix == ".draft" and ".result." in path.name:
            written.append(path)
            if len(written) > 2:
                write_bytes(path, content[:10])
                raise OSError(number, os.strerror(number))
        return write_bytes(path, content)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        result = command("batch", copied)
    assert result.code == 2
    assert words in result.error.splitlines()[-1]
    assert contents(copied.parent / "out" / "batch") == before
    assert not list((copied.parent / "out" / "batch.results").glob(".*"))
    assert again(copied).done == 2


def test_a_real_disk_that_is_full_is_said(copied):
    """A limit on the size of files stands for the disk: results are small, the report is not."""
    script = (
        "import resource, signal, sys\n"
        "from zonage import cli\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))\n"
        f"cli.main(['batch', {str(copied)!r}])"
    )
    copied.write_text(copied.read_text() + "kept.qpv.min_population = 1500\n")
    before = contents(copied.parent / "out" / "batch")
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert contents(copied.parent / "out" / "batch") == before
    assert again(copied).listing.works


def test_a_process_that_dies_is_told_and_the_others_go_on(copied, monkeypatch):
    """As when the system ends a process that takes too much memory."""
    for name in TWO:
        copied.write_text(copied.read_text().replace(f'2021 = "{name}_2021.csv"', ""))
    shutil.rmtree(copied.parent / "out")
    monkeypatch.setattr(execution, "_do_group", dying)
    outcome = again(copied, jobs=2)
    failed = {entry.identity[0] for entry in outcome.listing.failed}
    assert failed == {TWO[0]}
    assert {entry.problem for entry in outcome.listing.failed} == {
        "its process died, perhaps for want of memory"
    }
    assert outcome.done == 4


def dying(group, folder):
    if group.base.territory == TWO[0]:
        os._exit(9)
    found = execution.keep_works(group, Results(folder))
    return {key: problem for key, problem in found if problem}


# ---- two at once ---------------------------------------------------------------------------------


def test_a_second_batch_waits_and_finds_the_work_done(copied):
    shutil.rmtree(copied.parent / "out")
    batch = read_batch(copied)
    said = []
    waiting = threading.Event()

    def tell(text):
        said.append(text)
        waiting.set()

    outcomes = []
    with Results(batch.results).locked(print):
        thread = threading.Thread(target=lambda: outcomes.append(run_batch(batch, tell=tell)))
        thread.start()
        assert waiting.wait(20)
        assert not batch.folder.exists()
    thread.join(60)
    assert outcomes[0].done == 16
    assert "waiting for another batch" in said[0]


def test_two_processes_at_once_share_the_work(copied):
    shutil.rmtree(copied.parent / "out")
    runs = [
        subprocess.Popen(
            [sys.executable, "-m", "zonage.cli", "batch", str(copied)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for _ in range(2)
    ]  # fmt: skip
    said = [one.communicate(timeout=120) for one in runs]
    assert [one.returncode for one in runs] == [0, 0], said
    done = sorted(int(out.partition(" works done")[0]) for out, _ in said)
    assert done == [0, 16]
    assert again(copied).repeated
