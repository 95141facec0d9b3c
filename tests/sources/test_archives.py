"""Archives: what they hold is found at any depth, and attacks and damage are refused."""

import errno
import os
import shutil
import struct
import tempfile
import zipfile
import zlib
from pathlib import Path

import py7zr
import pytest

from zonage.errors import BadInput
from zonage.sources import archives
from zonage.sources.archives import open_archive


@pytest.fixture(autouse=True)
def scratch(tmp_path, monkeypatch):
    """The temporary folder, which must be empty after every test."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert list(folder.iterdir()) == []


def zip_of(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return path


def seven_zip_of(path, members, **options):
    with py7zr.SevenZipFile(path, "w", **options) as archive:
        for name, data in members.items():
            archive.writestr(data, name)
    return path


def refused(path, message, names=None):
    with pytest.raises(BadInput, match=message) as caught, open_archive(path) as archive:
        archive.unpack(names or archive.names)
    assert caught.value.file == str(path)


def test_files_are_found_and_unpacked_at_any_depth(tmp_path):
    inner = seven_zip_of(tmp_path / "inner.7z", {"deep/a.csv": "in 7z", "deep/b.csv": "beside"})
    path = zip_of(
        tmp_path / "outer.zip",
        {"data/inner.7z": inner.read_bytes(), "data/a.csv": "in zip", "empty/": ""},
    )
    with open_archive(path) as archive:
        assert archive.names == [
            "data/inner.7z/deep/a.csv",
            "data/inner.7z/deep/b.csv",
            "data/a.csv",
        ]
        files = archive.unpack(archive.names[:2])
        (other,) = archive.unpack(["data/a.csv"])
        assert [file.read_text() for file in files] == ["in 7z", "beside"]
        assert files[0].parent == files[1].parent
        assert other.read_text() == "in zip"


def test_archives_are_opened_two_deep_and_no_deeper(tmp_path):
    data = b"x"
    for name in ("c.csv", "b.zip", "a.zip"):
        data = zip_of(tmp_path / "packed.zip", {name: data}).read_bytes()
    with open_archive(tmp_path / "packed.zip") as archive:
        assert archive.names == ["a.zip/b.zip"]


CLIMBING = [
    "../x.csv",
    "a/../../x.csv",
    "/etc/x.csv",
    "..\\x.csv",
    "\\x.csv",
    "C:\\x.csv",
    "C:x.csv",
    "//server/share/x.csv",
]


@pytest.mark.parametrize("name", CLIMBING)
def test_a_zip_member_that_climbs_out(tmp_path, name):
    refused(zip_of(tmp_path / "bad.zip", {"good.csv": "x", name: "x"}), "climbs out", ["good.csv"])


@pytest.mark.parametrize("name", ["../x.csv", "/etc/x.csv", "..\\x.csv"])
def test_a_7z_member_that_climbs_out(tmp_path, name):
    path = tmp_path / "bad.7z"
    with py7zr.SevenZipFile(path, "w") as archive:
        archive.set_encoded_header_mode(False)
        archive.writestr("x", "a" * len(name))
    data = path.read_bytes()
    data = data.replace(("a" * len(name)).encode("utf-16-le"), name.encode("utf-16-le"))
    offset, size = struct.unpack_from("<QQ", data, 12)
    start = struct.pack("<QQI", offset, size, zlib.crc32(data[32 + offset : 32 + offset + size]))
    path.write_bytes(data[:8] + struct.pack("<I", zlib.crc32(start)) + start + data[32:])
    refused(path, "climbs out|cannot be read")


def test_links_are_refused(tmp_path):
    link = zipfile.ZipInfo("link.csv")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "link.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    refused(tmp_path / "link.zip", "is a link")
    os.symlink("/etc/passwd", tmp_path / "link.csv")
    with py7zr.SevenZipFile(tmp_path / "link.7z", "w") as archive:
        archive.write(tmp_path / "link.csv", "link.csv")
    refused(tmp_path / "link.7z", "is a link")


@pytest.mark.parametrize("ending", ["zip", "7z"])
def test_damaged_archives(tmp_path, ending):
    make = zip_of if ending == "zip" else seven_zip_of
    path = make(tmp_path / f"whole.{ending}", {"a.csv": os.urandom(5000), "b.csv": "x" * 5000})
    data = path.read_bytes()
    for part in (0, 3, 20, 100, 2500, len(data) - 30, len(data) - 1):
        path.write_bytes(data[:part])
        refused(path, "cannot be read")
    path.write_bytes(data[:1000] + bytes(200) + data[1200:])
    refused(path, "cannot be read")
    path.write_text("this is not an archive")
    refused(path, "cannot be read")


def test_a_damaged_archive_inside_a_good_one(tmp_path):
    inner = seven_zip_of(tmp_path / "inner.7z", {"a.csv": "x"}).read_bytes()
    refused(zip_of(tmp_path / "outer.zip", {"inner.7z": inner[:-10]}), "cannot be read")


def test_an_encrypted_archive(tmp_path):
    path = seven_zip_of(tmp_path / "secret.7z", {"a.csv": "x"}, password="secret")
    refused(path, "encrypted")


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "RATIO_FROM", 1 << 20)
    monkeypatch.setattr(archives, "_unpack_zip", lambda *_: pytest.fail("unpacked"))
    refused(zip_of(tmp_path / "bomb.zip", {"a.csv": bytes(4 << 20)}), "zip bomb")


def test_a_bomb_in_many_small_steps(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "RATIO_FROM", 1 << 20)
    inner = zip_of(tmp_path / "inner.zip", {"a.csv": bytes(900 << 10)}).read_bytes()
    path = zip_of(tmp_path / "outer.zip", {f"{i}.zip": inner for i in range(3)})
    refused(path, "zip bomb")


def test_a_member_larger_than_it_says(tmp_path):
    path = zip_of(tmp_path / "liar.zip", {"a.csv": bytes(100_000)})
    data = path.read_bytes().replace(struct.pack("<I", 100_000), struct.pack("<I", 10))
    path.write_bytes(data)
    refused(path, "cannot be read")


@pytest.mark.parametrize("make", [zip_of, seven_zip_of])
def test_limits_on_number_and_size(tmp_path, monkeypatch, make):
    path = make(tmp_path / ("a.zip" if make is zip_of else "a.7z"), dict.fromkeys("abcd", "xx"))
    monkeypatch.setattr(archives, "MAX_UNPACKED", 7)
    refused(path, "too large once unpacked")
    monkeypatch.setattr(archives, "MAX_MEMBERS", 3)
    refused(path, "too many members")


def test_two_members_with_one_name(tmp_path):
    path = tmp_path / "twice.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.csv", "1")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("a.csv", "2")
    refused(path, "two members with one name")


def test_a_disk_without_room(tmp_path, monkeypatch):
    path = zip_of(tmp_path / "a.zip", {"a.csv": "x" * 1000})
    usage = shutil.disk_usage(tmp_path)._replace(free=999)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(BadInput, match="disk is full"), open_archive(path) as archive:
        archive.unpack(["a.csv"])


@pytest.mark.parametrize("make", [zip_of, seven_zip_of])
def test_a_disk_that_fills_up_while_unpacking(tmp_path, monkeypatch, make):
    path = make(tmp_path / ("a.zip" if make is zip_of else "a.7z"), {"a.csv": "x"})

    def full(*_args, **_options):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(shutil, "copyfileobj", full)
    monkeypatch.setattr(py7zr.SevenZipFile, "extract", full)
    with pytest.raises(BadInput, match="disk is full"), open_archive(path) as archive:
        archive.unpack(["a.csv"])


def test_a_file_that_the_archive_says_nobody_may_read(tmp_path):
    file = tmp_path / "a.csv"
    file.write_text("x")
    file.chmod(0o200)
    with py7zr.SevenZipFile(tmp_path / "a.7z", "w") as archive:
        archive.writestr("x", "b.csv")
        archive.write(file, "a.csv") if os.access(file, os.R_OK) else None
    with open_archive(tmp_path / "a.7z") as archive:
        for unpacked in archive.unpack(archive.names):
            assert unpacked.stat().st_mode & 0o777 == 0o600


def test_is_archive():
    assert archives.is_archive(Path("A.ZIP"))
    assert not archives.is_archive(Path("a.csv"))
