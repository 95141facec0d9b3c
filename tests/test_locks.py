import threading

import pytest

from zonage import locks
from zonage.locks import locked


def test_a_second_one_waits_and_is_told(tmp_path):
    told, order = threading.Event(), []

    def second():
        with locked(tmp_path, waiting=told.set):
            order.append("second")

    with locked(tmp_path, waiting=lambda: pytest.fail("nobody else has it")):
        other = threading.Thread(target=second)
        other.start()
        assert told.wait(10)
        order.append("first")
    other.join(10)
    assert order == ["first", "second"]


def test_one_that_does_not_wait_is_refused_until_it_is_free(tmp_path):
    with locked(tmp_path), pytest.raises(BlockingIOError), locked(tmp_path, wait=False):
        pass
    with locked(tmp_path, wait=False):
        pass


def test_a_folder_that_is_gone_cannot_be_locked(tmp_path):
    with pytest.raises(FileNotFoundError), locked(tmp_path / "gone"):
        pass


def test_a_system_without_locks_never_takes_anything_for_free(tmp_path, monkeypatch):
    monkeypatch.setattr(locks, "fcntl", None)
    with locked(tmp_path):
        pass
    with pytest.raises(BlockingIOError), locked(tmp_path, wait=False):
        pass
