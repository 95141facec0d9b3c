"""How the benchmarks judge: floors, ceilings, retries, and the table."""

from dataclasses import replace

import pytest

from benchmarks import gate, revisions
from benchmarks.measures import Measure, Race, Results, figure, headline, markdown, missed, plain

RACE = Race("label", "100 tiles", 0.010, "scipy", 0.120, 12.0, 8.0, "test_label.py::test_it")
MEASURE = Measure("help against a bare Python", 4.0, "times", 10.0)
RESULTS = Results({"processor": "any"}, (RACE,), (MEASURE,))


def with_ratio(ratio):
    """Results in which zonage takes longer."""
    race = replace(RACE, seconds=RACE.peer_seconds / ratio, ratio=ratio)
    return replace(RESULTS, races=(race,))


def with_value(value):
    return replace(RESULTS, measures=(replace(MEASURE, value=value),))


@pytest.mark.parametrize(
    ("ratio", "reference", "passes"),
    [(8.0, 12.0, True), (6.9, 12.0, True), (6.7, 12.0, False), (30.0, 100.0, False),
     (34.0, 100.0, True), (12.0 / 4, 12.0, False)],
)  # fmt: skip
def test_a_ratio_passes_above_its_target_less_the_margin_and_a_third_of_the_last(
    ratio, reference, passes
):
    assert (gate.failures(with_ratio(ratio), with_ratio(reference)) == {}) == passes


@pytest.mark.parametrize(("value", "passes"), [(10.0, True), (11.4, True), (11.6, False)])
def test_a_measure_passes_up_to_its_limit_and_the_margin(value, passes):
    assert (gate.failures(with_value(value), RESULTS) == {}) == passes


def test_seconds_are_shown_and_fail_nothing():
    late = Measure("France, Parquet to quarters", 9.0, "s", 2.0)
    assert not late.met
    assert gate.failures(replace(RESULTS, measures=(late,)), RESULTS) == {}


def test_what_is_new_in_a_run_has_its_target_alone():
    assert gate.failures(RESULTS, replace(RESULTS, races=())) == {}
    assert gate.failures(with_ratio(6.0), replace(RESULTS, races=())) != {}


@pytest.mark.parametrize(
    ("ratios", "code", "runs"),
    [([12.0], 0, 1), ([3.0, 12.0], 0, 2), ([3.0, 3.0, 12.0], 0, 3), ([3.0, 3.0, 3.0], 1, 3)],
)
def test_noise_passes_and_a_slow_kernel_stays_slow(capsys, ratios, code, runs):
    left = list(ratios)
    seen = []

    def run(arguments):
        seen.append(arguments)
        return with_ratio(left.pop(0))

    assert gate.check(RESULTS, run, ["-k", "label"], short=True) == code
    assert len(seen) == runs
    assert seen[0] == ["--quick", "-m", "short", "-k", "label"]
    assert seen[1:] == [[RACE.test]] * (runs - 1)
    gate.check(RESULTS, lambda arguments: seen.append(arguments) or RESULTS, [], short=False)
    assert seen[-1] == ["--quick", "-m", "not ungated"]
    assert ("below the floor: label / 100 tiles / scipy" in capsys.readouterr().err) == bool(code)


def test_pooled_results_keep_the_best_of_both_sides():
    """A peer that was slowed down gains by it too."""
    other = Results(
        {}, (replace(RACE, seconds=0.008, peer_seconds=0.4),), (replace(MEASURE, value=3.5),)
    )
    pooled = RESULTS.pooled(other)
    assert (pooled.races[0].seconds, pooled.races[0].peer_seconds) == (0.008, 0.120)
    assert pooled.races[0].ratio == pytest.approx(15)
    assert pooled.measures[0].value == 3.5
    assert RESULTS.pooled(Results({}, (), ())).measures == RESULTS.measures


@pytest.mark.parametrize(
    ("attempts", "code"),
    [([1.1], 0), ([1.3, 1.0], 0), ([1.5, 1.5, 1.0], 0), ([1.5, 1.5, 1.5], 1)],
)
def test_what_looks_slower_than_a_revision_is_timed_anew(monkeypatch, capsys, attempts, code):
    """Noise slows one side in one attempt; a slow kernel is slow in all."""
    left, seen = list(attempts), []

    def in_lockstep(ours, theirs, names):
        seen.append(names)
        slow = revisions.Operation("label", "test_label.py::test_it", left.pop(0), 1.0)
        fast = revisions.Operation("sums", "test_sums.py::test_it", 1.0, 1.0)
        return [fast, slow] if names == ["-k", "any"] else [slow], ["new one"]

    monkeypatch.setattr(revisions, "_in_lockstep", in_lockstep)
    monkeypatch.setattr(revisions, "_git", lambda *arguments: None)
    assert revisions.compare("v0.1.0", ["-k", "any"]) == code
    assert seen == [["-k", "any"], *[["test_label.py::test_it"]] * (len(attempts) - 1)]
    printed = capsys.readouterr().out
    assert ("SLOWER" in printed) == bool(code)
    assert "new one: not at v0.1.0" in printed


def test_results_survive_their_file(tmp_path):
    RESULTS.write(tmp_path / "results.json")
    assert Results.read(tmp_path / "results.json") == RESULTS


def test_the_table_holds_losses_too():
    lost = replace(RACE, ratio=0.5, peer="other", target=0.0)
    low = replace(RACE, ratio=7.99, peer="third")
    results = Results({}, (RACE, lost, low), (MEASURE, replace(MEASURE, value=11.0, name="late")))
    rows = [line for line in markdown(results).splitlines() if line.startswith("| label")]
    assert [row.split("|")[-2].strip() for row in rows] == ["yes", "slower", "**no**"]
    assert [one.key for one in missed(results)] == ["label / 100 tiles / third", "late"]
    assert len(plain(results).splitlines()) == 8


def test_the_headline_puts_the_peers_of_an_operation_side_by_side():
    other = replace(RACE, peer="cc3d", ratio=7.0)
    without = replace(RACE, peer="numpy", target=0.0)
    rows = headline(Results({}, (RACE, other, without), (MEASURE,))).splitlines()
    assert rows[2] == "| label (100 tiles) | scipy / cc3d | 12.0 / **7.00** | 8 / 8 |"
    assert rows[-1] == "| help against a bare Python | 4.00 times | 10 times |"


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (0.00123, "0.00123"), (1.234, "1.23"), (12.34, "12.3"), (123.4, "123"),
     (18234.0, "18 234")],
)  # fmt: skip
def test_figures_have_three_digits_that_count(value, text):
    assert figure(value) == text
