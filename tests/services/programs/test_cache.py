import os
import time

import pytest

from monitorkit.services.programs.cache import cache_folder, under_construction
from monitorkit.services.programs.catalog import Unobtainable


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("MONITORKIT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def well(folder):
    if (folder / "file").read_text() == "bad":
        raise Unobtainable("bad")


def build(text, name="thing-1"):
    with under_construction(name, check=well) as folder:
        (folder / "file").write_text(text)


def test_the_folder_is_in_the_users_cache_unless_told(monkeypatch):
    monkeypatch.delenv("MONITORKIT_CACHE")
    assert cache_folder().name == "monitorkit"


def test_what_was_built_appears_as_a_whole(cache):
    with under_construction("thing-1", check=well) as folder:
        (folder / "file").write_text("good")
        assert not (cache / "thing-1").exists()
    assert [one.name for one in cache.iterdir()] == ["thing-1"]


def test_what_fails_leaves_nothing(cache):
    with pytest.raises(RuntimeError, match="half way"), under_construction("thing-1", check=well):
        raise RuntimeError("half way")
    with pytest.raises(Unobtainable, match="bad"):
        build("bad")
    assert list(cache.iterdir()) == []


def test_what_another_process_finished_first_stays(cache):
    with under_construction("thing-1", check=well) as folder:
        (folder / "file").write_text("late")
        build("early")
    assert (cache / "thing-1" / "file").read_text() == "early"
    assert len(list(cache.iterdir())) == 1


def test_what_is_there_but_no_good_is_replaced(cache):
    build("good")
    (cache / "thing-1" / "file").write_text("bad")
    build("better")
    assert [one.name for one in (cache / "thing-1").iterdir()] == ["file"]
    assert (cache / "thing-1" / "file").read_text() == "better"


def test_what_a_killed_installation_left_is_swept_after_a_day(cache):
    for name in (".partial-old", ".partial-young"):
        (cache / name).mkdir(parents=True)
    day_ago = time.time() - 25 * 3600
    os.utime(cache / ".partial-old", (day_ago, day_ago))
    build("good")
    assert {one.name for one in cache.iterdir()} == {".partial-young", "thing-1"}
