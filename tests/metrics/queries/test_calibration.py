"""Queries of calibration on a real Prometheus, against scikit-learn and the definition."""

import numpy as np
import pytest
from known_history import History
from sklearn.metrics import brier_score_loss

from monitorkit.metrics import queries
from monitorkit.metrics.quality.calibration import bin_names

WINDOW = "60s"
STEADY, QUIET = 50, 70


@pytest.fixture(scope="module")
def known():
    """The history, and probabilities and true classes by number of classes and turn."""
    rng = np.random.default_rng(4)
    history, rows = History(), {2: {}, 3: {}}
    for n_classes, of_turn in rows.items():
        for instance, restart_at in (("a:1", None), ("b:1", 48)):
            replica = history.replica(f"of {n_classes}", instance)
            replica.metrics.calibration.declare()
            for turn in range(80):
                if turn == restart_at:
                    replica.restart()
                for row in rng.dirichlet(np.ones(n_classes), 200 if turn <= 52 else 0):
                    true = int(rng.choice(n_classes, p=row**2 / (row**2).sum()))
                    replica.metrics.calibration.observe(row, true=true, predicted=int(row.argmax()))
                    of_turn.setdefault(turn, []).append((row, true))
                replica.scrape(turn)
    return history, rows


@pytest.fixture(scope="module")
def value(evaluator, known):
    return evaluator(known[0])


@pytest.fixture
def window(known):
    def window(n_classes):
        rows = [row for turn in range(STEADY - 4, STEADY + 1) for row in known[1][n_classes][turn]]
        return np.array([row for row, _ in rows]), np.array([true for _, true in rows])

    return window


def near(number):
    return pytest.approx(number, rel=1e-9)


def test_the_brier_score_is_that_of_the_window_over_replicas_and_a_restart(value, window):
    rows, y_true = window(2)
    assert value(queries.brier("of 2", window=WINDOW), STEADY) == {(): near(brier_score_loss(y_true, rows[:, 1]))}
    rows, y_true = window(3)
    expected = brier_score_loss(y_true, rows, labels=range(3))
    assert value(queries.brier("of 3", window=WINDOW, by="model_name"), STEADY) == {("of 3",): near(expected)}


@pytest.mark.parametrize("n_classes", [2, 3])
def test_the_calibration_error_is_made_of_the_bins(value, window, n_classes):
    rows, y_true = window(n_classes)
    confidence, right = rows.max(axis=1), rows.argmax(axis=1) == y_true
    of_bin = np.digitize(confidence, np.arange(1, 10) / 10, right=True)
    bins = {name: of_bin == index for index, name in enumerate(bin_names()) if (of_bin == index).any()}
    error = sum(chosen.mean() * abs(right[chosen].mean() - confidence[chosen].mean()) for chosen in bins.values())
    name = f"of {n_classes}"
    assert value(queries.ece(name, window=WINDOW), STEADY) == {(): near(error)}
    assert value(queries.reliability(name, window=WINDOW), STEADY) == {
        (bin_name,): near(right[chosen].mean()) for bin_name, chosen in bins.items()
    }
    assert value(queries.confidence(name, window=WINDOW), STEADY) == {
        (bin_name,): near(confidence[chosen].mean()) for bin_name, chosen in bins.items()
    }


@pytest.mark.parametrize("query", [queries.brier, queries.ece, queries.reliability, queries.confidence])
def test_no_labels_give_no_sample(value, query):
    assert value(query("of 2", window=WINDOW), QUIET) == {}
    assert value(query("no such model"), QUIET) == {}


def test_overconfidence_is_what_is_promised_and_not_kept(value, window):
    rows, y_true = window(3)
    confidence, right = rows.max(axis=1), rows.argmax(axis=1) == y_true
    assert value(queries.overconfidence("of 3", window=WINDOW), STEADY) == {(): near((confidence - right).mean())}
    of_bin = np.digitize(confidence, np.arange(1, 10) / 10, right=True)
    chosen = of_bin == 6
    by_bin = value(queries.overconfidence("of 3", window=WINDOW, by="bin"), STEADY)
    assert by_bin[(bin_names()[6],)] == near((confidence - right)[chosen].mean())
    assert value(queries.overconfidence("of 3", window=WINDOW), QUIET) == {}
