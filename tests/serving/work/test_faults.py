"""Faults on purpose: what they do, for how long, and which are refused."""

import pickle
import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest

from monitorkit.errors import InvalidType, InvalidValue
from monitorkit.metrics import Reference
from monitorkit.serving.reading.features import Feature, Features
from monitorkit.serving.refusals import Refusal
from monitorkit.serving.work.faults import Faults, checked_faults

X = np.array([[1.0, 2.0, 3.0], [np.nan, 0.0, -1.0]])


def with_example(row, reference=None, columns=None):
    class One:
        example = row
        features = Features(columns)

    return SimpleNamespace(model=One(), reference=reference)


def asked(**options):
    return checked_faults(**{"latency": None, "errors": None, "drift": None, "duration": None, "seed": None, **options})


def failures(faults, n):
    failed = []
    for number in range(n):
        try:
            faults.strike()
        except Refusal:
            failed.append(number)
    return failed


def test_the_share_that_was_asked_for_fails_and_the_same_with_a_seed():
    failed = failures(asked(errors=0.25, seed=7), 4000)
    assert abs(len(failed) / 4000 - 0.25) < 0.03
    assert failures(asked(errors=0.25, seed=7), 4000) == failed
    assert failures(asked(errors=1), 10) == list(range(10))
    assert failures(asked(drift=1), 10) == []
    with pytest.raises(Refusal, match=r"an error injected with server\.inject") as raised:
        asked(errors=1).strike()
    assert (raised.value.code, raised.value.error, raised.value.status) == (500, "injected", "server_error")


def test_drift_is_in_units_of_the_example_and_leaves_the_rows_that_came():
    faults = asked(drift=0.5)
    before = X.copy()
    shifted = faults.shifted(X, with_example([4.0, 0.0, -2.0]))
    assert np.array_equal(shifted, X + np.array([2.0, 0.5, 1.0]), equal_nan=True)
    assert np.array_equal(X, before, equal_nan=True)
    for row in (None, [1.0]):
        assert np.array_equal(faults.shifted(X, with_example(row)), X + 0.5, equal_nan=True)


def test_drift_is_in_standard_deviations_of_the_reference_data(rng):
    rows = rng.normal(size=(500, 3)) * [1, 20, 0]
    served = with_example([4.0, 5.0, 6.0], Reference.of(rows))
    shifted = asked(drift=2).shifted(X, served)
    assert np.allclose((shifted - X)[0], [2 * rows[:, 0].std(), 2 * rows[:, 1].std(), 12])


def test_text_and_what_is_missing_do_not_drift():
    mixed = np.array([["red", 1.0, None, 3, True]], dtype=object)
    before = mixed.copy()
    shifted = asked(drift=2).shifted(mixed, with_example(["blue", 5.0, 1.0, 0.0, False]))
    assert shifted.tolist() == [["red", 11.0, None, 5.0, True]]
    assert mixed.tolist() == before.tolist()


def test_a_number_that_stands_for_a_category_does_not_drift():
    columns = (Feature(categories=frozenset({1.0, 2.0})), Feature(), Feature())
    shifted = asked(drift=2).shifted(X[:1], with_example([1.0, 2.0, 3.0], columns=columns))
    assert shifted.tolist() == [[1.0, 6.0, 9.0]]


def test_it_ends_with_its_duration():
    now = [100.0]
    faults = Faults(errors=1.0, drift=1.0, latency_seconds=60, duration_seconds=10, clock=lambda: now[0])
    now[0] = 109.9
    assert faults.active
    assert faults.values == {"latency": 60, "errors": 1.0, "drift": 1.0}
    now[0] = 110.0
    assert not faults.active
    assert faults.values == {"latency": 0.0, "errors": 0.0, "drift": 0.0}
    faults.stall()
    assert failures(faults, 10) == []
    assert faults.shifted(X, with_example(None)) is X


def test_who_waits_goes_on_when_it_is_ended():
    faults = asked(latency="1m")
    waiting = threading.Thread(target=faults.stall)
    waiting.start()
    faults.end()
    waiting.join(10)
    assert not waiting.is_alive()
    assert not faults.active


def test_latency_is_waited_for():
    begun = time.perf_counter()
    asked(latency="50ms").stall()
    assert time.perf_counter() - begun >= 0.05


def test_it_travels_to_another_process_and_is_the_same_there():
    faults = asked(latency="1s", errors=0.5, drift=-1, duration="1h", seed=3)
    there = pickle.loads(pickle.dumps(faults))
    assert there.values == faults.values
    assert failures(there, 50) == failures(faults, 50)
    assert there.active
    assert str(there) == "latency 1000 ms, errors 50 %, drift -1 spreads"


def test_nothing_is_nothing():
    assert asked() is None
    assert asked(latency=0, errors=0, drift=0.0) is None


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"latency": "soon"}, InvalidValue, "latency: 'soon'"),
        ({"latency": -1}, InvalidValue, "latency: -1"),
        ({"latency": "2m"}, InvalidValue, "latency: '2m' is longer than 60 s"),
        ({"errors": 1.5}, InvalidValue, "errors: 1.5 is no share from 0 to 1; write 0.05"),
        ({"errors": -0.1}, InvalidValue, "errors: -0.1 is no share"),
        ({"errors": float("nan")}, InvalidValue, "errors: nan is no finite number"),
        ({"errors": "5%"}, InvalidType, "errors: '5%' is no number"),
        ({"errors": True}, InvalidType, "errors: True is no number"),
        ({"drift": float("inf")}, InvalidValue, "drift: inf is no finite number"),
        ({"drift": [1]}, InvalidType, r"drift: \[1\] is no number"),
        ({"errors": 0.1, "duration": 0}, InvalidValue, "duration: 0 would end it before it begins"),
        ({"errors": 0.1, "duration": "x"}, InvalidValue, "duration: 'x'"),
        ({"duration": "1m"}, InvalidValue, "duration: there is nothing to inject; give latency="),
        ({"errors": 0.1, "seed": 0.5}, InvalidType, "seed: 0.5 is no whole number"),
    ],
)
def test_what_cannot_be_injected_is_refused(options, error, message):
    with pytest.raises(error, match=message):
        asked(**options)
