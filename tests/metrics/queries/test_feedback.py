"""Queries of true labels on a real Prometheus, against what was counted, by hand."""

import pytest
from known_history import History

from monitorkit.metrics import queries

STEADY, QUIET = 30, 60
WINDOW = "60s"
RESULTS = {"joined": 12, "unknown": 3, "expired": 4, "duplicate": 1}
"""What comes between two scrapes of one replica."""


@pytest.fixture(scope="module")
def value(evaluator):
    history = History()
    replicas = [history.replica("digits", instance) for instance in ("a:1", "b:1")]
    for turn in range(70):
        for replica in replicas:
            if turn == 28 and replica.instance == "b:1":
                replica.restart()
            if turn <= 40:
                replica.metrics.requests.observe_batch(16)
                for result, count in RESULTS.items():
                    replica.metrics.quality.count_feedback(result, count)
                for delay in (0.05, 0.3, 0.3, 40.0):
                    replica.metrics.quality.time_feedback(delay)
            replica.scrape(turn)
    return evaluator(history)


def near(number):
    return pytest.approx(number, rel=1e-12)


def test_labels_are_told_apart_by_what_became_of_them(value):
    rates = value(queries.feedback_rate("digits", window=WINDOW), STEADY)
    assert rates == {(result,): near(2 * count / 10) for result, count in RESULTS.items()}


def test_the_delay_is_a_quantile_of_what_was_joined(value):
    assert value(queries.feedback_delay("digits", window=WINDOW), STEADY) == {(): near(0.1 + 0.4 / 2)}
    slowest = queries.feedback_delay("digits", quantile=1, window=WINDOW)
    assert value(slowest, STEADY) == {(): near(60)}


def test_what_found_no_prediction_is_lost(value):
    assert value(queries.feedback_lost("digits", window=WINDOW), STEADY) == {(): near(7 / 20)}
    expired = queries.feedback_lost("digits", window=WINDOW, by="instance")
    assert value(expired, STEADY) == {("a:1",): near(7 / 20), ("b:1",): near(7 / 20)}


def test_labels_are_a_share_of_the_rows_predicted(value):
    assert value(queries.labelled_share("digits", window=WINDOW), STEADY) == {(): near(12 / 16)}


@pytest.mark.parametrize("name", ["feedback_delay", "feedback_lost", "labelled_share"])
def test_nothing_gives_no_sample(value, name):
    assert value(getattr(queries, name)("digits", window=WINDOW), QUIET) == {}
    assert value(getattr(queries, name)("no such model", window=WINDOW), STEADY) == {}
