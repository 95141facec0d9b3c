"""Every file of a run: whole or not at all, readable by others, the same bytes again."""

import csv
import errno
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time

import geopandas
import h5netcdf
import numpy as np
import polars as pl
import pytest
import rasterio
import xarray as xr
from rasterio.enums import Compression

from tests.projects import (
    DEMO,
    OFFICIAL,
    OFFICIAL_FILES,
    RUN_FILES,
    contents,
    demo_run,
    small_run,
    write_project,
)
from zonage import outputs
from zonage.errors import BadInput
from zonage.raster import to_tiles
from zonage.zoning import Reason


@pytest.fixture(scope="module")
def run():
    return demo_run()


@pytest.fixture(scope="module")
def written(run, tmp_path_factory):
    return outputs.write(run, tmp_path_factory.mktemp("demo") / "out")


# ---- what the files hold -------------------------------------------------------------------------


def test_a_run_writes_every_file(written):
    assert set(contents(written)) == RUN_FILES
    assert [path.name for path in written.parent.iterdir()] == ["out"]


def test_the_geopackage_holds_the_zones_in_their_place(run, written):
    frame = geopandas.read_file(written / "zones.gpkg", layer="zones")
    assert frame.crs.to_epsg() == 3035
    assert frame.geometry.is_valid.all()
    assert set(frame.geometry.geom_type) == {"MultiPolygon"}
    np.testing.assert_allclose(frame.area / 1e6, frame["tiles"] * 0.04, rtol=1e-12)
    np.testing.assert_allclose(frame["area_km2"], frame["tiles"] * 0.04, atol=0.005)
    assert len(frame) == run.zoning.zone_count
    tiles = run.zoning.tiles
    centres = geopandas.GeoSeries.from_xy(
        (tiles.easting + 0.5) * 200, (tiles.northing + 0.5) * 200, crs=3035
    )
    joined = geopandas.sjoin(centres.to_frame("geometry"), frame[["zone", "geometry"]])
    found = np.zeros(len(tiles), int)
    found[joined.index] = joined["zone"]
    np.testing.assert_array_equal(found, run.zoning.label)


def test_the_csv_of_zones_is_the_table_of_the_geopackage(run, written):
    with (written / "zones.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    frame = geopandas.read_file(written / "zones.gpkg")
    assert set(rows[0]) == set(frame.columns) - {"geometry"}
    assert [row["communes"] for row in rows] == frame["communes"].tolist()
    assert [float(row["population"]) for row in rows] == frame["population"].tolist()
    assert [float(row["population"]) for row in rows] == (
        run.zoning.zone_population / 1000
    ).tolist()
    assert all(float(row["income_median"]) <= float(row["threshold"]) for row in rows)
    assert rows[0]["commune_names"].startswith("Roubaix, Tourcoing")


def test_the_csv_of_official_quarters_accounts_for_every_inhabitant(run, written):
    with (written / "official.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 25
    assert {row["communes"] for row in rows} >= {"Hem, Lys-lez-Lannoy, Roubaix"}
    for row in rows:
        outside = sum(float(value) for name, value in row.items() if name.startswith("outside_"))
        inside = float(row["found_share"]) * float(row["inhabitants"])
        assert inside + outside == pytest.approx(float(row["inhabitants"]), abs=1 + 1e-4 * inside)


def test_the_parquet_of_tiles_sums_to_the_input(written):
    frame = pl.read_parquet(written / "tiles.parquet")
    given = pl.read_csv(DEMO / "tiles_2019.csv", schema_overrides={"lcog_geo": pl.String})
    assert len(frame) == 8356
    assert sorted(frame["id"]) == sorted(given["idcar_200m"])
    for name, column in {
        "population": "ind",
        "households": "men",
        "poor_households": "men_pauv",
        "income_sum": "ind_snv",
        "social_dwellings": "log_soc",
    }.items():
        assert frame[name].sum() == pytest.approx(given[column].sum(), abs=0.01)
    joined = frame.join(given, left_on="id", right_on="idcar_200m")
    assert (joined["commune"] == joined["lcog_geo"].str.slice(0, 5)).all()
    assert (joined["imputed"] == (joined["i_est_200"] == 1)).all()
    inside = frame["reason"].is_in([reason.name.lower() for reason in Reason if reason.inside])
    assert (inside == (frame["zone"] > 0)).all()


def test_the_geotiff_is_cloud_optimized_and_in_its_place(run, written):
    tiles = run.zoning.tiles
    with rasterio.open(written / "layers.tif") as image:
        assert image.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert image.block_shapes[0] == (512, 512)
        assert image.compression is Compression.deflate
        assert image.crs.to_epsg() == 3035
        assert image.res == (200, 200)
        assert np.isnan(image.nodata)
        assert image.descriptions == outputs.LAYERS
        x, y = (tiles.easting + 0.5) * 200, (tiles.northing + 0.5) * 200
        values = np.array(list(image.sample(zip(x.tolist(), y.tolist(), strict=True))))
        whole = image.read()
    np.testing.assert_array_equal(values[:, 0], tiles.values("population").astype(np.float32))
    np.testing.assert_array_equal(values[:, 4], run.zoning.label)
    np.testing.assert_array_equal(values[:, 5], run.zoning.reason)
    assert np.isnan(whole[1]).sum() == whole[1].size - np.isfinite(run.zoning.criterion).sum()
    assert whole[0].sum(dtype=np.float64) == pytest.approx(1_037_668.5, abs=1)


def test_the_dataset_opens_and_gives_the_tiles_back(run, written):
    with xr.open_dataset(written / "dataset.nc", engine="h5netcdf", decode_coords="all") as dataset:
        again = to_tiles(dataset)
        assert dataset["population"].attrs["units"]
        assert dataset["reason"].encoding["_FillValue"] == 255
        assert dataset["zone"].encoding["grid_mapping"] == "spatial_ref"
        assert dataset.attrs["source"] == "tiles_2019.csv"
        assert int(dataset["zone"].max()) == run.zoning.zone_count
        assert (np.diff(dataset["y"]) == -200).all()
    tiles = run.zoning.tiles

    def columns(table):
        order = np.lexsort((table.easting, table.northing))
        named = {
            "northing": table.northing,
            "easting": table.easting,
            "commune": table.commune.decode(),
            "urban_unit": table.urban_unit.decode(),
            "imputed": table.imputed,
            **table.counts,
        }
        return {name: np.asarray(column)[order] for name, column in named.items()}

    given, found = columns(tiles), columns(again)
    assert set(found) == set(given)
    for name, column in given.items():
        np.testing.assert_array_equal(found[name], column, err_msg=name)


def test_the_manifest_says_what_the_run_was_made_from(written):
    manifest = json.loads((written / "manifest.json").read_text(encoding="utf-8"))
    tiles = DEMO / "tiles_2019.csv"
    assert manifest["inputs"][str(tiles)] == {
        "sha256": hashlib.sha256(tiles.read_bytes()).hexdigest(),
        "bytes": tiles.stat().st_size,
    }
    assert {path.split("/")[-1] for path in manifest["inputs"]} == {
        "tiles_2019.csv",
        "communes.csv",
        "coverage_2024.csv",
        "quarters_2024.csv",
    }
    for name in RUN_FILES - {"manifest.json"}:
        content = (written / name).read_bytes()
        assert manifest["outputs"][name]["sha256"] == hashlib.sha256(content).hexdigest()
    minimum = manifest["law"]["parameters"]["min_population"]
    assert (minimum["value"], minimum["unit"]) == (1000, "inhabitants")
    assert minimum["article"]
    assert minimum["link"].startswith("https://")
    assert manifest["libraries"]["numpy"] == np.__version__
    assert set(manifest["durations_s"]) == {"law", "tiles", "zoning", "comparison", "calibration"}


def test_no_number_is_written_that_json_has_no_word_for(tmp_path):
    run = small_run(tmp_path, line=100.0, official={
        "coverage": str(DEMO / "coverage_2024.csv"), "quarters": str(DEMO / "quarters_2024.csv")
    })  # fmt: skip
    folder = outputs.write(run, tmp_path / "out")

    def refuse(word):
        raise AssertionError(word)

    summary = json.loads((folder / "summary.json").read_text(), parse_constant=refuse)
    json.loads((folder / "manifest.json").read_text(), parse_constant=refuse)
    assert summary["computed"]["quarters"] == 0
    assert summary["agreement"]["majority"]["precision"] is None
    assert len(geopandas.read_file(folder / "zones.gpkg")) == 0
    assert (folder / "zones.csv").read_text().count("\n") == 1


def test_names_with_quotes_commas_and_brackets_survive(tmp_path):
    name = 'L\'"Épée", <b>Grand</b> & fils $x_{1}$\\'
    communes = (DEMO / "communes.csv").read_text(encoding="utf-8")
    table = tmp_path / "communes.csv"
    quoted = '"' + name.replace('"', '""') + '"'
    table.write_text(communes.replace(",Roubaix,", f",{quoted},"), encoding="utf-8")
    run = small_run(tmp_path, territory={"communes_table": str(table)}, title=name, source=name)
    folder = outputs.write(run, tmp_path / "out")
    with (folder / "zones.csv").open(encoding="utf-8", newline="") as file:
        assert name in next(csv.DictReader(file))["commune_names"]
    assert name in geopandas.read_file(folder / "zones.gpkg")["commune_names"][0]
    assert json.loads((folder / "summary.json").read_text(encoding="utf-8"))["title"] == name
    with xr.open_dataset(folder / "dataset.nc", engine="h5netcdf") as dataset:
        assert dataset.attrs["title"] == name


# ---- the same bytes ------------------------------------------------------------------------------


@pytest.mark.parametrize("threads", [1, 2])
def test_the_same_input_gives_the_same_bytes(run, written, tmp_path, threads):
    done = subprocess.run(
        [sys.executable, "-m", "zonage.cli", "demo", "--output", str(tmp_path / "out")],
        env=os.environ | {"NUMBA_NUM_THREADS": str(threads)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    first, second = contents(written), contents(tmp_path / "out")
    manifests = [json.loads(folder.pop("manifest.json")) for folder in (first, second)]
    assert [name for name in first if first[name] != second[name]] == []
    for manifest in manifests:
        del manifest["durations_s"]
    assert manifests[0] == manifests[1]


# ---- all or none ---------------------------------------------------------------------------------


@pytest.fixture(autouse=True, scope="module")
def figures_drawn_once(written):
    """Keep the figures and the account of a run for its next writing: they take most of its time.

    Whether they are the same each time is seen above, between processes.
    """
    kept = {}

    def remembering(original):
        def write(run, *arguments):
            draft = arguments[-1]
            key = (original, id(run))
            if key not in kept:
                before = set(draft.iterdir())
                original(run, *arguments)
                kept[key] = run, {p.name: p.read_bytes() for p in {*draft.iterdir()} - before}
            for name, content in kept[key][1].items():
                (draft / name).write_bytes(content)

        return write

    with pytest.MonkeyPatch.context() as patch:
        for name in ("_write_figures", "write_report"):
            patch.setattr(outputs.files, name, remembering(getattr(outputs.files, name)))
        yield


STEPS = (
    "_write_zones",
    "_write_tiles",
    "_write_layers",
    "_write_figures",
    "write_report",
    "_manifest",
)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return small_run(tmp_path_factory.mktemp("small"))


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_an_interruption_leaves_the_last_outputs(small, tmp_path, monkeypatch, step, error):
    folder = outputs.write(small, tmp_path / "out")
    before = contents(folder)

    def interrupted(*arguments):
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(outputs.files, step, interrupted)
        with pytest.raises(error):
            outputs.write(small, folder)
    assert contents(folder) == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    outputs.write(small, folder)


@pytest.mark.parametrize("atomic", [True, False])
@pytest.mark.parametrize("rename", [1, 2])
def test_an_interruption_of_the_replacement_leaves_the_last_outputs(
    small, tmp_path, monkeypatch, atomic, rename
):
    folder = outputs.write(small, tmp_path / "out")
    before = contents(folder)
    original, calls = type(folder).rename, []

    def stop(path, to):
        calls.append(path)
        if len(calls) == rename:
            raise KeyboardInterrupt
        return original(path, to)

    def exchange(first, second):
        if atomic:
            raise KeyboardInterrupt
        return False

    with monkeypatch.context() as patch:
        patch.setattr(outputs.folder, "_exchange", exchange)
        patch.setattr(type(folder), "rename", stop)
        with pytest.raises(KeyboardInterrupt):
            outputs.write(small, folder)
    assert contents(folder) == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_replacement_in_two_steps_gives_the_same(small, tmp_path, monkeypatch):
    monkeypatch.setattr(outputs.folder, "_exchange", lambda first, second: False)
    folder = outputs.write(small, tmp_path / "out")
    outputs.write(small, folder)
    assert set(contents(folder)) == RUN_FILES - OFFICIAL_FILES
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_replacement_cut_between_its_two_steps_is_undone(small, tmp_path):
    folder = outputs.write(small, tmp_path / "out")
    before = contents(folder)
    folder.rename(tmp_path / ".out.previous")
    outputs.recover(folder)
    assert contents(folder) == before


def killed(script):
    """Run a script that says "here" and sleeps, and kill it there."""
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "here\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()


KILLED_AT = """
import time
import zonage.outputs.files, zonage.outputs.folder
from zonage import cli, outputs
def stop(*arguments):
    print("here", flush=True)
    time.sleep(600)
outputs.{step} = stop
cli.main(["run", {project!r}, "--output", {folder!r}, "--quiet"])
"""


@pytest.mark.parametrize("step", ["files._write_figures", "folder._exchange"])
def test_a_killed_run_leaves_the_last_outputs_and_the_next_clears_up(small, tmp_path, step):
    folder = outputs.write(small, tmp_path / "out")
    before = contents(folder)
    project = write_project(tmp_path, rest="")
    killed(KILLED_AT.format(step=step, project=str(project), folder=str(folder)))
    assert contents(folder) == before
    assert list(tmp_path.glob(".out.draft-*"))
    outputs.write(small, folder)
    assert set(contents(folder)) == set(before)
    assert not list(tmp_path.glob(".out*"))


def test_the_draft_of_a_living_run_is_left_alone(small, tmp_path, monkeypatch):
    folder = tmp_path / "out"
    seen = []

    def other_run(*arguments):
        monkeypatch.undo()
        seen.extend(tmp_path.glob(".out.draft-*"))
        outputs.write(small, folder)
        assert seen[0].exists()

    monkeypatch.setattr(outputs.files, "_write_figures", other_run)
    outputs.write(small, folder)
    assert len(seen) == 1
    assert not list(tmp_path.glob(".out*"))


def test_folders_that_only_resemble_drafts_are_left_alone(small, tmp_path):
    others = [tmp_path / name for name in (".out.draft", ".output.draft-1", ".o.draft-1")]
    for other in others:
        other.mkdir()
    outputs.write(small, tmp_path / "out")
    assert all(other.exists() for other in others)


@pytest.mark.parametrize("atomic", [True, False])
def test_runs_into_one_folder_at_once_do_not_mix(small, tmp_path, monkeypatch, atomic):
    if not atomic:
        monkeypatch.setattr(outputs.folder, "_exchange", lambda first, second: False)
    names = tuple(f"{name}.csv" for name in ("a", "b", "c"))
    manifest = json.dumps({"outputs": dict.fromkeys(names)})
    failures = []

    def write_all(run, draft):
        for name in names:
            (draft / name).write_text(threading.current_thread().name)
        (draft / "manifest.json").write_text(manifest)

    monkeypatch.setattr(outputs.files, "_write_all", write_all)

    def work():
        try:
            for _ in range(20):
                outputs.write(small, tmp_path / "out")
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 60
    while any(thread.is_alive() for thread in threads) and time.monotonic() < deadline:
        time.sleep(0.01)
    for thread in threads:
        thread.join(1)
    assert failures == []
    found = contents(tmp_path / "out")
    assert set(found) == {*names, "manifest.json"}
    assert len({found[name] for name in names}) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


# ---- folders and disks that cannot be ------------------------------------------------------------


def refused(run, folder):
    with pytest.raises(BadInput) as caught:
        outputs.write(run, folder)
    return caught.value


def test_a_folder_with_other_files_is_left_alone(small, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.docx").write_text("years of work")
    problem = refused(small, tmp_path / "out")
    assert problem.file == str(tmp_path / "out")
    assert problem.found == "thesis.docx"
    assert contents(tmp_path / "out") == {"thesis.docx": b"years of work"}


def test_files_that_are_only_named_like_ours_are_left_alone(small, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "map.png").write_text("my own map")
    assert refused(small, tmp_path / "out").found == "map.png"
    (tmp_path / "out" / "manifest.json").mkdir()
    assert refused(small, tmp_path / "out").found == "manifest.json, map.png"
    assert (tmp_path / "out" / "map.png").read_text() == "my own map"


def test_an_empty_folder_and_what_gis_readers_leave_are_replaced(small, tmp_path):
    (tmp_path / "out").mkdir()
    folder = outputs.write(small, tmp_path / "out")
    for name in ("layers.tif.aux.xml", "zones.gpkg-wal", ".DS_Store"):
        (folder / name).write_text("")
    outputs.write(small, folder)
    assert set(contents(folder)) == RUN_FILES - OFFICIAL_FILES


def test_a_file_in_place_of_the_folder_or_its_parent_is_refused(small, tmp_path):
    (tmp_path / "out").write_text("a file")
    assert "is a file" in str(refused(small, tmp_path / "out"))
    assert "is a file" in str(refused(small, tmp_path / "out" / "below"))
    assert (tmp_path / "out").read_text() == "a file"


def test_the_folder_one_works_in_is_refused(small, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "works in" in str(refused(small, "."))
    assert "works in" in str(refused(small, tmp_path.parent))


def test_a_link_to_a_folder_is_followed(small, tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "disk")
    outputs.write(small, tmp_path / "out")
    outputs.write(small, tmp_path / "out")
    assert (tmp_path / "out").is_symlink()
    assert "zones.csv" in contents(tmp_path / "disk")
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    assert refused(small, tmp_path / "a").message


def test_the_folder_has_the_rights_that_the_user_gives_new_ones(small, tmp_path):
    (tmp_path / "plain").mkdir()
    folder = outputs.write(small, tmp_path / "out")
    assert folder.stat().st_mode == (tmp_path / "plain").stat().st_mode


def raising(error):
    def call(*arguments, **keywords):
        raise error

    return call


FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize(
    ("owner", "name", "error"),
    [
        (geopandas.GeoDataFrame, "to_file", RuntimeError("database or disk is full")),
        (geopandas.GeoDataFrame, "to_file", FULL),
        (pl.DataFrame, "write_parquet", pl.exceptions.ComputeError("No space left on device")),
        (pl.DataFrame, "write_parquet", FULL),
        (h5netcdf.File, "__init__", FULL),
        (outputs.files, "_write_figures", FULL),
        (outputs.files, "write_json", FULL),
        (outputs.writing, "write_csv", FULL),
        (outputs.files, "digest", FULL),
        (outputs.folder, "_replace", FULL),
    ],
)
def test_a_full_disk_is_said_and_leaves_nothing(small, tmp_path, monkeypatch, owner, name, error):
    monkeypatch.setattr(owner, name, raising(error))
    problem = refused(small, tmp_path / "a" / "b" / "out")
    assert problem.message == "the disk is full"
    assert problem.file == str(tmp_path / "a" / "b" / "out")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.EDQUOT, "quota"),
        (errno.EACCES, "cannot be written to"),
        (errno.EROFS, "read-only"),
        (errno.EBUSY, "in use"),
        (errno.EIO, "cannot be written: "),
    ],
)
def test_other_troubles_of_a_disk_are_said(small, tmp_path, monkeypatch, number, words):
    monkeypatch.setattr(
        outputs.files, "_write_tiles", raising(OSError(number, os.strerror(number)))
    )
    assert words in str(refused(small, tmp_path / "out"))
    assert list(tmp_path.iterdir()) == []


def test_another_error_of_a_library_is_not_taken_for_a_full_disk(small, tmp_path, monkeypatch):
    monkeypatch.setattr(geopandas.GeoDataFrame, "to_file", raising(RuntimeError("no driver")))
    with pytest.raises(RuntimeError, match="no driver"):
        outputs.write(small, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def small_disk(tmp_path):
    """Return a function that mounts a disk of so many kilobytes, for root only."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("only root can mount a small disk")
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = []

    def mount(kilobytes):
        if mounted:
            subprocess.run(["umount", str(mounted.pop())], check=True)
        command = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(folder)]
        if subprocess.run(command, capture_output=True).returncode:
            pytest.skip("this machine lets nobody mount a disk")
        mounted.append(folder)
        return folder

    yield mount
    if mounted:
        subprocess.run(["umount", str(folder)], check=True)


def test_on_a_small_disk_a_run_writes_everything_or_nothing(small, tmp_path, small_disk):
    want = contents(outputs.write(small, tmp_path / "whole"))
    size = sum(map(len, want.values())) // 1024
    outcomes = []
    for kilobytes in range(16, size + 256, max(size // 12, 1)):
        disk = small_disk(kilobytes)
        try:
            outputs.write(small, disk / "out")
            outcomes.append("whole")
        except BadInput as problem:
            outcomes.append(problem.message)
        if outcomes[-1] == "whole":
            assert contents(disk / "out") == want
        else:
            assert list(disk.iterdir()) == []
    first = outcomes.index("whole")
    assert set(outcomes[:first]) == {"the disk is full"}
    assert set(outcomes[first:]) == {"whole"}


def test_the_last_outputs_stay_on_a_disk_without_room_for_the_next(small, tmp_path, small_disk):
    size = sum(map(len, contents(outputs.write(small, tmp_path / "whole")).values())) // 1024
    disk = small_disk(size * 3 // 2)
    folder = outputs.write(small, disk / "out")
    before = contents(folder)
    assert refused(small, folder).message == "the disk is full"
    assert contents(folder) == before


def test_a_disk_itself_as_the_folder_is_refused(small, small_disk):
    disk = small_disk(10_000)
    assert "a disk of its own" in str(refused(small, disk))
    assert list(disk.iterdir()) == []


NOBODY = 65534


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a process of another user")
def test_a_folder_that_may_not_be_written_to_is_refused(tmp_path):
    (tmp_path / "locked").mkdir(mode=0o555)
    write_project(tmp_path, rest=OFFICIAL)
    script = f"""
import os
from zonage import cli, outputs, pipeline, summary, figures  # before rights are given up
if os.geteuid() == 0:
    os.setresuid({NOBODY}, {NOBODY}, {NOBODY})
from pathlib import Path
target = outputs.usable_folder({str(tmp_path / "locked" / "out")!r})
with outputs.whole(target):
    raise AssertionError("written")
"""
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == os.geteuid() and folder.stat().st_mode & 0o005 != 0o005:
            folder.chmod(folder.stat().st_mode | 0o055)
        if folder.name.startswith("pytest-of-"):
            break
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert "the output folder cannot be written to; choose another folder" in done.stderr
    assert list((tmp_path / "locked").iterdir()) == []


def test_every_reason_of_being_outside_has_its_column(written):
    with (written / "official.csv").open(encoding="utf-8") as file:
        header = file.readline().strip().split(",")
    outside = [reason.name.lower() for reason in Reason if not reason.inside]
    assert [name for name in header if name.startswith("outside_")] == [
        f"outside_{name}" for name in outside
    ]
