import fcntl
import os
import subprocess
import sys
import tempfile

import pytest

from monitorkit.errors import ServiceError
from monitorkit.services.setup import storage
from monitorkit.services.setup.storage import Storage


@pytest.fixture(autouse=True)
def _own_temporary_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()


@pytest.fixture
def dead_pid():
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
        return process.pid


def left_behind(owner, *, age=storage._YOUNG_SECONDS + 1):
    old = Storage.open("old", None)
    old.lock.write_text(str(owner))
    stamp = old.lock.stat().st_mtime - age
    os.utime(old.lock, (stamp, stamp))
    return old


def test_a_named_folder_is_the_data_and_stays(tmp_path):
    kept = Storage.open("a", tmp_path / "data")
    assert (kept.data, kept.temporary) == (tmp_path / "data", None)
    assert kept.own == tmp_path / "data" / "monitorkit"
    kept.discard()
    assert kept.data.is_dir()


def test_a_temporary_folder_is_private_and_goes(tmp_path):
    made = Storage.open("a b/../c", None)
    assert made.temporary.parent == tmp_path / "tmp"
    assert made.temporary.stat().st_mode & 0o077 == 0
    made.discard()
    assert not made.temporary.exists()


def test_what_a_dead_owner_left_is_swept(dead_pid):
    old = left_behind(dead_pid)
    Storage.open("new", None)
    assert not old.temporary.exists()


def test_what_a_living_owner_may_start_again_stays():
    old = left_behind(os.getpid())
    Storage.open("new", None)
    assert old.temporary.exists()


def test_what_is_in_use_stays(dead_pid):
    old = left_behind(dead_pid)
    with old.lock.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        Storage.open("new", None)
    assert old.temporary.exists()


def test_what_is_just_being_made_stays(dead_pid):
    old = left_behind(dead_pid, age=0)
    Storage.open("new", None)
    assert old.temporary.exists()


def test_folders_of_others_stay(tmp_path):
    other = tmp_path / "tmp" / "monitorkit-thing"
    other.mkdir()
    Storage.open("new", None)
    assert other.exists()


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ServiceError, match=rf"web: data: cannot make {tmp_path}/file/data: Not a directory"):
        Storage.open("web", tmp_path / "file" / "data")


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path, monkeypatch):
    # Of a folder's mode root knows nothing, and tests may run as root.
    monkeypatch.setattr(os, "access", lambda path, mode: (path, mode) != (tmp_path, os.W_OK))
    with pytest.raises(ServiceError, match=rf"web: data: {tmp_path} cannot be written to"):
        Storage.open("web", tmp_path)
