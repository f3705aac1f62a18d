"""What all queries have in common."""

from datetime import timedelta

import pytest

from monitorkit import expr
from monitorkit.errors import InvalidType, InvalidValue
from monitorkit.metrics import queries
from monitorkit.metrics.queries.scope import Scope
from monitorkit.promql import parse

# What looks at the present only has no window, and what changes another query takes that one's.
WINDOWED = sorted(set(queries.__all__) - {"reference_share", "of_shadow"})
OF_THE_PROCESS = {"cpu_per_request"}
"""What the labels of a model do not tell apart."""


@pytest.mark.parametrize("name", sorted(set(WINDOWED) - OF_THE_PROCESS))
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


@pytest.mark.parametrize(("query", "chosen"), [(queries.recall, {"class_name": 1}), (queries.psi, {"feature": "age"})])
def test_a_wrong_where_is_refused_beside_another_label(query, chosen):
    with pytest.raises(InvalidType, match="where: 5 is no mapping of labels to values"):
        query(where=5, **chosen)


def test_a_ratio_gives_no_sample_where_there_is_nothing():
    scope = Scope("digits", window="1m", by="job", where=None, feature=None)
    assert scope.ratio(scope.rate("a_total"), scope.rate("b_total")) == (
        'sum by (job) (rate(a_total{model_name="digits"}[1m])) / (sum by (job) (rate(b_total{model_name="digits"}[1m])) > 0)'
    )


def test_a_mean_and_a_quantile_are_those_of_one_histogram():
    scope = Scope(None, window="1m", by=(), where=None)
    assert scope.histogram_mean("x") == "sum(rate(x_sum[1m])) / (sum(rate(x_count[1m])) > 0)"
    assert scope.histogram_quantile("x", 0.5) == "histogram_quantile(0.5, sum by (le) (rate(x_bucket[1m]))) >= 0"
