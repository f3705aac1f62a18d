"""Queries of a classifier's quality on a real Prometheus, against scikit-learn on the same labelled predictions."""

import random

import pytest
from known_history import History
from sklearn.metrics import accuracy_score, f1_score, precision_score, recall_score

from monitorkit.errors import InvalidType, InvalidValue
from monitorkit.metrics import queries

WINDOW = "60s"
"""Six scrapes, and five steps between them."""

STEADY, FRESH, QUIET, MIXED = 60, 6, 80, 90
SCORES = {"recall": recall_score, "precision": precision_score, "f1": f1_score}


def guess(rng, y_true, classes):
    return y_true if rng.random() < 0.7 else rng.choice(classes)


def drive(replica, rng, turns, *, classes, rows=40, restart_at=None, pairs):
    """Label predictions before each scrape; ``pairs[turn]`` keeps them."""
    for turn in turns:
        if turn == restart_at:
            replica.restart()
        for _ in range(rows):
            y_true = rng.choice(classes)
            y_pred = guess(rng, y_true, classes)
            replica.metrics.quality.count_predictions([y_pred])
            replica.metrics.quality.observe(y_true, y_pred)
            pairs.setdefault(turn, []).append((y_true, y_pred))
        replica.scrape(turn)


@pytest.fixture(scope="module")
def known():
    """The history, and the labelled predictions by model and turn."""
    rng = random.Random(5)
    history, known = History(), {"digits": {}, "spam": {}, "other version": {}, "fresh": {}, "rare": {}}
    digits = {"classes": range(4)}
    drive(history.replica("digits", "a:1", **digits), rng, range(70), classes=range(4), pairs=known["digits"])
    drive(
        history.replica("digits", "b:1", **digits),
        rng,
        range(70),
        classes=range(4),
        restart_at=58,
        pairs=known["digits"],
    )
    second = history.replica("digits", "a:1", version="2", **digits)
    drive(second, rng, range(70), classes=range(4), pairs=known["other version"])
    drive(history.replica("spam", "a:1", classes=[0, 1]), rng, range(70), classes=[0, 1], pairs=known["spam"])
    fresh = history.replica("fresh", "a:1", classes=range(3))
    fresh.scrape(0)
    drive(fresh, rng, range(1, 7), classes=range(3), rows=5, pairs=known["fresh"])
    for turn in range(7, 90):
        fresh.scrape(turn)
    rare = history.replica("rare", "a:1", classes=["a", "b", "never"])
    drive(rare, rng, range(60), classes=["a"], pairs=known["rare"])
    rare.metrics.quality.observe("a", "b")
    known["rare"][60] = [("a", "b")]
    rare.scrape(60)
    return history, known


@pytest.fixture(scope="module")
def value(evaluator, known):
    return evaluator(known[0])


@pytest.fixture
def window(known):
    """Labels and predictions of a window: those between its first and its last scrape."""

    def window(model, last, n_steps=5):
        pairs = [pair for turn in range(last - n_steps + 1, last + 1) for pair in known[1][model].get(turn, [])]
        return [pair[0] for pair in pairs], [pair[1] for pair in pairs]

    return window


def near(number):
    return pytest.approx(number, rel=1e-12)


def test_accuracy_is_that_of_the_window_over_replicas_and_a_restart(value, window):
    query = queries.accuracy("digits", window=WINDOW, where={"model_version": "1"})
    assert value(query, STEADY) == {(): near(accuracy_score(*window("digits", STEADY)))}


def test_labels_that_stay_tell_series_apart(value, window):
    query = queries.accuracy("digits", window=WINDOW, by="model_version")
    assert value(query, STEADY) == {
        ("1",): near(accuracy_score(*window("digits", STEADY))),
        ("2",): near(accuracy_score(*window("other version", STEADY))),
    }


@pytest.mark.parametrize("score", SCORES)
@pytest.mark.parametrize("average", ["macro", "micro"])
def test_averages_are_scikit_learns(value, window, score, average):
    query = getattr(queries, score)(
        "digits", average=average, window=WINDOW, by=("model_name", "model_version"), where={"model_version": "1"}
    )
    expected = SCORES[score](*window("digits", STEADY), average=average)
    assert value(query, STEADY) == {("digits", "1"): near(expected)}


@pytest.mark.parametrize("score", SCORES)
def test_each_class_has_its_score(value, window, score):
    query = getattr(queries, score)("digits", window=WINDOW, by="class_name", where={"model_version": "1"})
    expected = SCORES[score](*window("digits", STEADY), average=None)
    assert value(query, STEADY) == {(str(label),): near(one) for label, one in enumerate(expected)}


@pytest.mark.parametrize("score", SCORES)
def test_a_positive_class_is_scored_alone(value, window, score):
    query = getattr(queries, score)("spam", class_name=1.0, window=WINDOW)
    assert value(query, STEADY) == {(): near(SCORES[score](*window("spam", STEADY)))}


def test_the_first_labels_of_a_server_are_all_counted(value, window):
    query = queries.accuracy("fresh", window="5m")
    y_true, y_pred = window("fresh", FRESH, n_steps=6)
    assert len(y_true) == 30
    assert value(query, FRESH) == {(): near(accuracy_score(y_true, y_pred))}
    assert value(queries.recall("fresh", window="5m"), FRESH) == {
        (): near(recall_score(y_true, y_pred, average="macro"))
    }


@pytest.mark.parametrize(
    "query",
    [
        queries.accuracy,
        queries.recall,
        queries.precision,
        queries.f1,
        queries.prediction_share,
        queries.subset_accuracy,
    ],
)
def test_no_labels_give_no_sample(value, query):
    assert value(query("fresh", window=WINDOW), QUIET) == {}
    assert value(query("fresh", window=WINDOW, by="class_name"), QUIET) == {}
    assert value(query("no such model"), QUIET) == {}


def test_a_class_that_was_predicted_and_never_came_counts_zero_in_the_mean_and_is_absent_alone(value, window):
    y_true, y_pred = window("rare", 60)
    expected = recall_score(y_true, y_pred, average="macro", zero_division=0)
    assert value(queries.recall("rare", window=WINDOW), 60) == {(): pytest.approx(expected, rel=1e-3)}
    assert set(value(queries.recall("rare", window=WINDOW, by="class_name"), 60)) == {("a",)}
    assert value(queries.recall("rare", class_name="never", window=WINDOW), 60) == {}


def test_a_counter_that_was_at_zero_is_off_by_one_scrape_at_most(value, window):
    wrong = 1 - value(queries.accuracy("rare", window=WINDOW), 60)[()]
    expected = 1 - accuracy_score(*window("rare", 60))
    assert 5 / 6 * expected <= wrong <= expected


def test_shares_of_predictions_are_those_made(value, window):
    _, y_pred = window("digits", STEADY)
    shares = value(queries.prediction_share("digits", window=WINDOW, where={"model_version": "1"}), STEADY)
    assert shares == {(str(label),): near(y_pred.count(label) / len(y_pred)) for label in range(4)}
    by_version = value(queries.prediction_share("digits", window=WINDOW, by="model_version"), STEADY)
    assert len(by_version) == 8
    assert sum(by_version.values()) == near(2)


def test_the_share_of_a_class_is_its_share_among_all(value, window):
    _, y_pred = window("digits", STEADY)
    where = {"model_version": "1", "class_name": "2"}
    share = value(queries.prediction_share("digits", window=WINDOW, where=where), STEADY)
    assert share == {("2",): near(y_pred.count(2) / len(y_pred))}
    where["class_name"] = ["0", "3"]
    shares = value(queries.prediction_share("digits", window=WINDOW, where=where), STEADY)
    assert shares == {(str(label),): near(y_pred.count(label) / len(y_pred)) for label in (0, 3)}


def test_mistakes_are_told_apart_by_the_class_that_was_missed(value, window):
    pairs = zip(*window("digits", STEADY), strict=True)
    missed = [y_true for y_true, y_pred in pairs if y_true != y_pred]
    shares = value(queries.mistake_share("digits", window=WINDOW, where={"model_version": "1"}), STEADY)
    assert shares == {(str(label),): near(missed.count(label) / len(missed)) for label in range(4)}
    assert value(queries.mistake_share("digits", window=WINDOW, by="class_name"), QUIET) == {}


def test_an_average_that_is_none_is_refused():
    with pytest.raises(InvalidValue, match="average: 'weighted' is none of macro, micro"):
        queries.recall(average="weighted")


@pytest.mark.parametrize(
    ("options", "message"),
    [({"name": 5}, "name: 5 is"), ({"by": [1]}, "by: "), ({"where": "a"}, "where: 'a' is no mapping")],
)
def test_what_is_no_label_is_refused(options, message):
    with pytest.raises(InvalidType, match=message):
        queries.accuracy(**options)


def test_whatever_a_model_is_called_stays_text():
    name = 'a"} or vector(1) # \\'
    assert queries.accuracy(name).count("vector(1)") == 2
    assert queries.accuracy([name, "b"]).count("vector\\\\(1\\\\)") == 2
