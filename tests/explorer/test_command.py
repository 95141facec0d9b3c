"""The command that makes the page, and the file it goes into."""

import argparse

import pytest

from tests.projects import write_project
from zonage.commands import explore
from zonage.errors import BadInput
from zonage.outputs.explorer import page_file, write_page


def asked(*arguments):
    """What the command says for these arguments, and its progress."""
    parser = argparse.ArgumentParser()
    explore.add_commands(parser.add_subparsers())
    options = parser.parse_args(["explore", *map(str, arguments)])
    progress = []
    return options.command(options, progress.append), progress


def test_the_command_writes_a_page(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    project = write_project(tmp_path)
    text, progress = asked(
        project, "--output", "out", "--set", "qpv.min_population=800", "--draws", 3
    )
    page = (tmp_path / "out" / "explorer.html").read_text(encoding="utf-8")
    assert "page: out/explorer.html" in text
    assert progress[-2:] == ["3 draws", "zonings of the sliders"]
    assert "qpv.min_population = 800" in page
    assert page.startswith('<!doctype html>\n<html lang="en">')
    assert list((tmp_path / "out").iterdir()) == [tmp_path / "out" / "explorer.html"]


def test_an_unknown_setting_writes_nothing(tmp_path):
    with pytest.raises(BadInput, match="no parameter 'minimum'"):
        asked(write_project(tmp_path), "--output", tmp_path / "out", "--set", "qpv.minimum=800")
    assert not (tmp_path / "out").exists()


def test_a_page_is_replaced_whole(tmp_path):
    file = tmp_path / "deep" / "page.html"
    assert write_page("one\n", file) == file
    write_page("two\n", file)
    assert file.read_bytes() == b"two\n"
    assert list(file.parent.iterdir()) == [file]


def test_a_page_never_takes_a_folder_s_place(tmp_path):
    (tmp_path / "explorer.html").mkdir()
    with pytest.raises(BadInput, match="a folder stands where"):
        page_file(tmp_path)


def test_a_run_s_outputs_are_left_as_they_are(tmp_path):
    (tmp_path / "manifest.json").write_text("{}", encoding="utf-8")
    with pytest.raises(BadInput, match="the outputs of a run"):
        page_file(tmp_path)


def test_a_place_that_cannot_be_written_is_one_clear_error(tmp_path):
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(BadInput, match="part of the output folder's path is a file"):
        write_page("text", tmp_path / "file" / "page.html")


def test_another_place_is_not_laid_beside(tmp_path):
    near, far = tmp_path / "near", tmp_path / "far"
    for folder, bbox in ((near, "3840000, 3075000, 3842000, 3100000"),
                         (far, "3842000, 3075000, 3846000, 3100000")):  # fmt: skip
        folder.mkdir()
        project = write_project(folder, rest="")
        text = project.read_text(encoding="utf-8")
        project.write_text(text.replace("[territory]", f"[territory]\nbbox = [{bbox}]"))
    with pytest.raises(BadInput, match="share no tile"):
        asked(near / "project.toml", "--against", far / "project.toml", "--draws", 0,
              "--output", tmp_path / "out.html")  # fmt: skip
    assert not (tmp_path / "out.html").exists()
