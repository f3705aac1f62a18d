import random
import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitorkit.promql.cursor.names import Names

WORDS = st.lists(st.sampled_from(["a", "ab", "abc", "B", "c", "İ", "ß"]), min_size=1, max_size=4)
NAMES = st.lists(st.builds(lambda words, by: by.join(words), WORDS, st.sampled_from(["_", ":", ".", ""])), max_size=40)


def test_names_are_in_order_and_distinct():
    assert list(Names(["b", "A", "c", "b"])) == ["A", "b", "c"]


def test_a_name_is_found_in_its_own_case_only():
    names = Names(["Up", "down"])
    assert "Up" in names
    assert "up" not in names
    assert 3 not in names


def test_the_best_come_first():
    names = Names(["http_requests_total", "requests", "x_requests_total", "prerequests", "rxeyqzueszts", "other"])
    assert names.search("requests", 9) == [
        "requests",
        "http_requests_total",
        "x_requests_total",
        "prerequests",
        "rxeyqzueszts",
    ]


def test_case_does_not_matter_when_searching():
    assert Names(["node_memory_MemAvailable_bytes"]).search("memavail", 5) == ["node_memory_MemAvailable_bytes"]
    assert Names(["node_memory_MemAvailable_bytes"]).search("NODE_M", 5) == ["node_memory_MemAvailable_bytes"]


def test_letters_that_mean_something_in_patterns_are_letters():
    names = Names(["a.b+c", "aXb", "a]^-c"])
    assert names.search("a.b+", 5) == ["a.b+c"]
    assert names.search("a]^-", 5) == ["a]^-c"]
    assert names.search("a\n", 5) == []


@settings(deadline=None)
@given(NAMES, st.sampled_from(["", "a", "ab", "abc", "_a", "bc", "ca", "B", "acc", "i̇"]), st.integers(1, 50))
def test_a_search_finds_what_a_plain_one_finds(words, typed, limit):
    """The plain one: four passes over all names, each with a condition that can be read."""
    letters = typed.lower()
    conditions = [lambda name: name.startswith(letters)]
    if len(letters) >= 2:
        conditions += [lambda name, by=by: by + letters in name for by in "_:."]
    if len(letters) >= 3:
        scattered = re.compile(".*".join(map(re.escape, letters)), re.DOTALL)
        conditions += [lambda name: letters in name, scattered.match]
    wanted = {}
    for condition in conditions:
        wanted |= {name: None for name in sorted(set(words), key=str.lower) if condition(name.lower())}
    found = Names(sorted(set(words))).search(typed, limit)
    assert {name.lower() for name in found} <= {name.lower() for name in wanted}
    assert [name.lower() for name in found] == [name.lower() for name in wanted][:limit]


@settings(deadline=None)
@given(NAMES, st.sampled_from(["", "a", "ab", "a_", "B"]), st.integers(1, 12))
def test_an_overview_counts_each_name_once(words, typed, limit):
    names = Names(words)
    shown = names.overview(typed, limit)
    assert len(shown) <= limit
    assert sum(size for _, size in shown) <= names.n_beginning(typed)
    if len(shown) < limit:
        assert sum(size for _, size in shown) == names.n_beginning(typed)
    for text, size in shown:
        assert text.lower().startswith(typed.lower())
        assert text in names if size == 1 else names.n_beginning(text) >= size


def test_an_overview_shows_all_where_there_is_room():
    assert Names(["a_b", "a_c", "d"]).overview("", 3) == [("a_b", 1), ("a_c", 1), ("d", 1)]


def test_an_overview_goes_on_behind_what_all_have_in_common():
    names = Names([f"prometheus_{part}_{i}" for part in ("tsdb", "http") for i in range(50)])
    assert names.overview("pro", 10) == [("prometheus_http_", 50), ("prometheus_tsdb_", 50)]


@pytest.fixture(scope="module")
def many():
    generator = random.Random(1)
    words = ["node", "cpu", "seconds", "total", "http", "requests", "memory", "bytes", "disk", "errors"]
    names = Names({"_".join(generator.choices(words, k=6)) for _ in range(60_000)})
    assert len(names) > 50_000
    return names


@pytest.mark.parametrize("typed", ["", "n", "node", "cpu", "ndcpsc", "zzzz", "total"])
def test_searching_50_000_names_takes_milliseconds(many, typed):
    began = time.process_time()
    many.search(typed, 200)
    many.overview(typed, 200)
    assert time.process_time() - began < 0.1
