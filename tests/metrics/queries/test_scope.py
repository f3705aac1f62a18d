"""What all queries have in common."""

from datetime import timedelta

import pytest

from monitorkit import expr
from monitorkit.errors import InvalidValue
from monitorkit.metrics import queries
from monitorkit.promql import parse

# What looks at the present only has no window.
WINDOWED = sorted(set(queries.__all__) - {"reference_share"})


@pytest.mark.parametrize("name", WINDOWED)
def test_a_query_is_valid_promql_and_plain_text(name):
    query = getattr(queries, name)("digits", window="5m", by=("model_version", "instance"), where={"job": ["a", "b"]})
    assert isinstance(query, str)
    assert str(parse(query)) == query
    assert "model_version, instance" in query
    assert 'job=~"a|b",model_name="digits"' in query


@pytest.mark.parametrize("name", WINDOWED)
def test_a_dashboard_can_ask_for_its_own_window(name):
    for variable in ("$__rate_interval", "${window}"):
        query = getattr(queries, name)(window=variable)
        assert query.replace(f"[{variable}]", "[7m]") == getattr(queries, name)(window="7m")


@pytest.mark.parametrize("name", WINDOWED)
def test_a_query_can_be_a_part_of_another(name):
    query = getattr(queries, name)(window="5m")
    assert expr("{part} > 0.5", part=query) == f"({query}) > 0.5"


@pytest.mark.parametrize("window", ["90s", 90, timedelta(seconds=90)])
def test_a_window_is_any_duration(window):
    assert queries.throughput(window=window).endswith("[1m30s]))")


@pytest.mark.parametrize("window", ["", "soon", "$", "$a b", "5m]", 0, "0s"])
def test_a_window_that_is_none_is_refused(window):
    with pytest.raises(InvalidValue, match="window"):
        queries.throughput(window=window)


def test_a_label_named_twice_stays_once():
    assert queries.throughput(by=["job", "job"]).startswith("sum by (job) (")


def test_what_a_query_sets_itself_wins_over_where():
    assert queries.throughput(where={"status": "shed"}).count("status") == 1


@pytest.mark.parametrize("name", ["", [], ()])
def test_no_model_at_all_is_refused(name):
    with pytest.raises(InvalidValue, match="name: names no model; pass None for all"):
        queries.throughput(name)
