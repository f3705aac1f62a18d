"""A budget of series for each metric, whatever comes as labels."""

import logging
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Enum, Gauge, Histogram, Info, Summary

import monitorkit as mk
from monitorkit.errors import InvalidType, InvalidValue
from monitorkit.metrics import ModelMetrics, Registry, limit_series
from monitorkit.metrics.series.cardinality import FoldedSeries


@pytest.fixture
def registry():
    return CollectorRegistry()


def series(registry, name):
    """How many series a metric has, creation times left out."""
    families = [family for family in registry.collect() if family.name == name]
    return sum(not sample.name.endswith("_created") for family in families for sample in family.samples)


def folded(registry, metric, label):
    return registry.get_sample_value("monitorkit_folded_series_total", {"metric": metric, "label": label})


def test_what_finds_no_room_is_other(registry, caplog):
    visits = limit_series(Counter("visits", "", ["path"], registry=registry), budget=10, registry=registry)
    for number in range(1000):
        visits.labels(path=f"/{number}").inc()
    assert series(registry, "visits") == 10
    assert registry.get_sample_value("visits_total", {"path": "/3"}) == 1
    assert registry.get_sample_value("visits_total", {"path": "other"}) == 991
    assert folded(registry, "visits_total", "path") == 991
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert "visits_total: no room for more series, so that further values of the label 'path'" in record.getMessage()


def test_series_that_exist_go_on(registry):
    visits = limit_series(Counter("visits", "", ["path"], registry=registry), budget=10, registry=registry)
    visits.labels("/first").inc()
    for number in range(100):
        visits.labels(f"/{number}").inc()
    visits.labels("/first").inc()
    assert registry.get_sample_value("visits_total", {"path": "/first"}) == 2


def test_the_label_with_most_values_is_folded_and_the_others_still_tell(registry):
    requests = limit_series(Counter("asked", "", ["method", "path"], registry=registry), budget=100, registry=registry)
    for number in range(1000):
        requests.labels(("GET", "POST")[number % 2], f"/{number}").inc()
    assert registry.get_sample_value("asked_total", {"method": "GET", "path": "other"}) > 400
    assert registry.get_sample_value("asked_total", {"method": "POST", "path": "other"}) > 400
    assert folded(registry, "asked_total", "path") > 800
    assert folded(registry, "asked_total", "method") is None


@settings(deadline=None, max_examples=60)
@given(
    labels=st.lists(st.tuples(st.text(max_size=3), st.text(max_size=3), st.integers(0, 30)), max_size=300),
    budget=st.integers(2, 40),
)
def test_no_labels_make_more_series_than_the_budget_and_none_is_lost(labels, budget):
    registry = CollectorRegistry()
    counter = limit_series(Counter("c", "", ["a", "b", "n"], registry=registry), budget=budget, registry=None)
    for values in labels:
        counter.labels(*values).inc()
    samples = [sample for family in registry.collect() for sample in family.samples if sample.name == "c_total"]
    assert len(samples) <= budget
    assert sum(sample.value for sample in samples) == len(labels)


@pytest.mark.parametrize(
    ("kind", "options", "each"),
    [
        (Gauge, {}, 1),
        (Counter, {}, 1),
        (Summary, {}, 2),
        (Info, {}, 1),
        (Enum, {"states": ["on", "off", "broken"]}, 3),
        (Histogram, {"buckets": (1, 2, 3)}, 6),
    ],
)
def test_the_budget_is_of_series_not_of_labels(registry, kind, options, each):
    metric = limit_series(kind("m", "", ["a"], registry=registry, **options), budget=60, registry=registry)
    use = {Info: lambda child: child.info({}), Enum: lambda child: child.state("on")}.get(kind, lambda child: child)
    for number in range(200):
        use(metric.labels(number))
    assert series(registry, "m") == 60 // each * each


def test_another_budget_replaces_the_first(registry):
    visits = Counter("visits", "", ["path"], registry=registry)
    assert limit_series(limit_series(visits, budget=5, registry=registry), budget=20, registry=registry) is visits
    for number in range(100):
        visits.labels(number)
    assert series(registry, "visits") == 20


def test_a_budget_that_comes_too_late_stops_what_comes_then(registry):
    visits = Counter("visits", "", ["a", "b"], registry=registry)
    for number in range(50):
        visits.labels(number, number)
    limit_series(visits, budget=10, registry=registry)
    for number in range(200):
        visits.labels(number, number).inc()
    assert series(registry, "visits") == 51
    assert registry.get_sample_value("visits_total", {"a": "other", "b": "other"}) == 150


def test_what_is_removed_makes_room(registry):
    visits = limit_series(Counter("visits", "", ["path"], registry=registry), budget=10, registry=registry)
    for number in range(50):
        visits.labels(number)
    visits.clear()
    for number in range(50):
        visits.labels(number)
    assert series(registry, "visits") == 10
    visits.remove("3")
    visits.labels("new").inc()
    assert registry.get_sample_value("visits_total", {"path": "new"}) == 1


def test_threads_at_once_stay_within_the_budget(registry):
    visits = limit_series(Counter("visits", "", ["path"], registry=registry), budget=20, registry=registry)

    def visit(thread):
        for number in range(500):
            visits.labels(f"{thread} {number}").inc()

    threads = [threading.Thread(target=visit, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    samples = [sample for family in registry.collect() for sample in family.samples if sample.name == "visits_total"]
    assert len(samples) <= 20
    assert sum(sample.value for sample in samples) == 4000


def test_wrong_labels_are_told_by_the_metric_itself(registry):
    visits = limit_series(Counter("visits", "", ["path"], registry=registry), registry=registry)
    with pytest.raises(ValueError, match="Incorrect label count"):
        visits.labels("a", "b")
    with pytest.raises(ValueError, match="Incorrect label names"):
        visits.labels(root="a")
    with pytest.raises(ValueError, match="can not chain calls"):
        visits.labels("a").labels("b")


@pytest.mark.parametrize(
    ("metric", "budget", "error", "message"),
    [
        ("visits", 10, InvalidType, "metric: 'visits' is no metric of prometheus_client with labels"),
        (
            Counter("plain", "", registry=None),
            10,
            InvalidType,
            "metric: .* is no metric of prometheus_client with labels",
        ),
        (Counter("child", "", ["a"], registry=None).labels("a"), 10, InvalidType, "metric: .* with labels"),
        (
            Counter("few", "", ["a"], registry=None),
            1,
            InvalidValue,
            "budget: 1 is less than two sets of labels take, 2 series",
        ),
        (
            Histogram("hist", "", ["a"], registry=None, buckets=[1]),
            7,
            InvalidValue,
            "budget: 7 is less than .* 8 series",
        ),
        (Counter("text", "", ["a"], registry=None), "10", InvalidType, "budget: '10' is no whole number"),
        (Counter("flag", "", ["a"], registry=None), True, InvalidType, "budget: True is no whole number"),
    ],
)
def test_what_cannot_be_bounded_is_refused(metric, budget, error, message):
    with pytest.raises(error, match=message):
        limit_series(metric, budget, registry=None)


def test_a_registry_with_a_budget_bounds_what_is_added_to_it():
    registry = Registry()
    registry.budget = 30
    own = Counter("own", "", ["path"], registry=registry)
    Counter("unlabelled", "", registry=registry).inc()
    for number in range(100):
        own.labels(number)
    assert series(registry, "own") == 30
    assert registry.get_sample_value("unlabelled_total") == 1


def test_metrics_of_ones_own_on_a_server_are_bounded():
    with mk.serve(lambda X: X[:, 0], name="bounded", example=[1.0]) as server:
        own = Counter("own", "", ["path"], registry=server.registry)
        for number in range(2000):
            own.labels(number)
        assert series(server.registry, "own") == 1000
        assert folded(server.registry, "own_total", "path") == 1001


def test_classes_beyond_their_number_are_counted_as_folded(caplog):
    registry = Registry()
    version = ModelMetrics(registry, "m").activate("1", max_classes=2)
    for label in ("a", "b", "c", "d"):
        version.quality.count_predictions([label])
    assert folded(registry, "model_predictions_total", "class_name") == 2
    assert "further values of the label 'class_name' are counted as 'other', 'c' first" in caplog.text


def test_there_is_one_count_for_a_registry(registry):
    assert FoldedSeries.of(registry) is FoldedSeries.of(registry)
    assert "monitorkit_folded_series" not in {family.name for family in registry.collect()}
