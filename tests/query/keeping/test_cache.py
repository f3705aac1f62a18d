import os

import pytest

from monitorkit.errors import InvalidType, InvalidValue
from monitorkit.processes import wait_until
from monitorkit.query.keeping.cache import Cache, cache_of


@pytest.fixture
def cache(tmp_path):
    """A cache with three files of ten bytes, used one after the other, and files that are not its own."""
    cache = Cache(tmp_path / "cache", max_bytes=100)
    for age, name in enumerate("abc"):
        path = cache.shelf({"query": name}) / f"{-age}.parquet"
        path.parent.mkdir(parents=True)
        path.write_bytes(b"0123456789")
        os.utime(path, (1000 + age, 1000 + age))
    (cache.folder / "notes.txt").write_text("mine", encoding="utf-8")
    (cache.folder / "0.parquet").write_text("mine", encoding="utf-8")
    (cache.shelf({"query": "a"}) / "mine.parquet").write_text("mine", encoding="utf-8")
    return cache


def names(cache):
    return {
        name for name in "abc" for path in cache.shelf({"query": name}).glob("*.parquet") if path.name != "mine.parquet"
    }


def test_what_was_not_used_for_longest_goes_first(cache):
    assert cache.n_bytes == 30
    cache.trim()
    assert names(cache) == {"a", "b", "c"}
    for max_bytes, left in ((29, {"b", "c"}), (20, {"b", "c"}), (10, {"c"}), (0, set())):
        cache.max_bytes = max_bytes
        cache.trim()
        assert names(cache) == left
    assert not cache.shelf({"query": "c"}).exists()


def test_clearing_leaves_what_is_not_its_own(cache):
    cache.clear()
    cache.clear()
    assert cache.n_bytes == 0
    assert sorted(path.name for path in cache.folder.rglob("*") if path.is_file()) == [
        "0.parquet",
        "mine.parquet",
        "notes.txt",
    ]


def test_what_a_process_that_died_left_goes(cache):
    shelf = cache.shelf({"query": "b"})
    (shelf / ".5.parquet.abc").touch()
    os.utime(shelf / ".5.parquet.abc", (1000, 1000))
    (shelf / ".6.parquet.abc").touch()
    cache.trim()
    assert sorted(path.name for path in shelf.iterdir()) == ["-1.parquet", ".6.parquet.abc"]


def test_keys_have_folders_of_their_own(tmp_path):
    cache = Cache(tmp_path)
    assert cache.shelf({"a": 1, "b": 2}) == cache.shelf({"b": 2, "a": 1})
    assert cache.shelf({"a": 1}) != cache.shelf({"a": 2})
    assert list(tmp_path.iterdir()) == []
    assert wait_until(lambda: cache.n_bytes == 0, timeout_seconds=1)


def test_it_says_how_full_it_is(cache):
    assert repr(cache) == f"Cache('{cache.folder}': 0.0 of 0 MB)"


def test_wrong_arguments_are_told(tmp_path):
    (tmp_path / "file").touch()
    for wrong, message in (
        ({"folder": tmp_path / "file"}, "cache: .*file is a file; name a folder"),
        ({"folder": "", "max_bytes": 1}, "cache: '' is no path"),
        ({"folder": tmp_path, "max_bytes": -1}, "max_bytes: -1 must not be negative"),
        ({"folder": tmp_path, "margin": "soon"}, "margin: 'soon'"),
    ):
        with pytest.raises(InvalidValue, match=message):
            Cache(**wrong)
    with pytest.raises(InvalidType, match=r"max_bytes: 1\.5 is no number of bytes"):
        Cache(tmp_path, max_bytes=1.5)
    with pytest.raises(InvalidType, match="cache: 3 is no path"):
        cache_of(3)
    assert cache_of(None) is None
    assert cache_of(str(tmp_path)).folder == tmp_path
