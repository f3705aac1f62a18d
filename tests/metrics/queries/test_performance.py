"""Queries of performance on a real Prometheus, against what was counted, by hand."""

import random

import pytest
from known_history import History

from monitorkit.errors import InvalidValue
from monitorkit.metrics import queries

LATENCIES = (0.0008, 0.004, 0.04, 0.2, 0.7, 2.0)
STEADY, QUIET = 40, 60
WINDOW = "60s"
N_STEPS = 5
SPAN = 60
"""Seconds that a rate over the window is extrapolated to."""


@pytest.fixture(scope="module")
def known():
    """The history, and by turn what was asked of both replicas."""
    rng = random.Random(3)
    history, asked = History(), {}
    replicas = [history.replica("digits", instance) for instance in ("a:1", "b:1")]
    for turn in range(70):
        for replica in replicas:
            if turn == 38 and replica.instance == "b:1":
                replica.restart()
            requests = replica.metrics.requests
            if turn <= 50:
                for status, count in (("client_error", 3), ("server_error", 2), ("shed", 1)):
                    for _ in range(count):
                        requests.count(status)
                    asked.setdefault(turn, []).extend([status] * count)
                latencies = rng.choices(LATENCIES, k=20)
                for latency in latencies:
                    requests.count_ok(latency)
                asked[turn] += latencies
                for _ in range(20):
                    requests.time_phases(queue=0.006, preprocess=0.001, predict=0.012, postprocess=0.001)
            replica.scrape(turn)
    return history, asked


@pytest.fixture(scope="module")
def value(evaluator, known):
    return evaluator(known[0])


@pytest.fixture(scope="module")
def window(known):
    return [one for turn in range(STEADY - N_STEPS + 1, STEADY + 1) for one in known[1][turn]]


@pytest.fixture(scope="module")
def latencies(window):
    return [one for one in window if not isinstance(one, str)]


def near(number):
    return pytest.approx(number, rel=1e-12)


def test_throughput_is_what_was_answered_per_second(value, latencies):
    extrapolated = len(latencies) * SPAN / (N_STEPS * 10)
    assert value(queries.throughput("digits", window=WINDOW), STEADY) == {(): near(extrapolated / SPAN)}


def test_requests_are_told_apart_by_status(value):
    rates = value(queries.request_rate("digits", window=WINDOW), STEADY)
    assert rates == {("ok",): near(4), ("client_error",): near(0.6), ("server_error",): near(0.4), ("shed",): near(0.2)}


def test_the_error_rate_is_a_share_of_all_requests(value, window):
    assert value(queries.error_rate("digits", window=WINDOW), STEADY) == {(): near(30 / len(window))}
    assert value(queries.shed_rate("digits", window=WINDOW), STEADY) == {(): near(10 / len(window))}
    everything = queries.error_rate("digits", status=["client_error", "server_error", "shed"], window=WINDOW)
    assert value(everything, STEADY) == {(): near(60 / len(window))}


def test_the_mean_latency_is_that_of_the_window(value, latencies):
    mean = sum(latencies) / len(latencies)
    assert value(queries.latency_mean("digits", window=WINDOW), STEADY) == {(): pytest.approx(mean, rel=1e-9)}


def test_a_quantile_lies_in_the_bucket_of_the_exact_one(value, latencies):
    exact = sorted(latencies)[int(0.95 * len(latencies))]
    assert exact == 2.0
    (estimate,) = value(queries.latency_quantile("digits", window=WINDOW), STEADY).values()
    assert 1.0 < estimate <= 2.5


def test_apdex_counts_failures_as_frustrated(value, window, latencies):
    satisfied = sum(latency <= 0.25 for latency in latencies)
    tolerating = sum(0.25 < latency <= 1 for latency in latencies)
    n_asked = len(window) - window.count("client_error")
    assert value(queries.apdex("digits", window=WINDOW), STEADY) == {(): near((satisfied + tolerating / 2) / n_asked)}


@pytest.mark.parametrize(
    "query",
    [
        queries.error_rate,
        queries.shed_rate,
        queries.latency_mean,
        queries.latency_quantile,
        queries.apdex,
        queries.phase_mean,
        queries.batch_size,
    ],
)
def test_nothing_asked_gives_no_sample(value, query):
    assert value(query("digits", window=WINDOW), QUIET) == {}


def test_gauges_are_averaged_over_the_window_and_summed_over_replicas(value):
    assert value(queries.in_flight("digits", window=WINDOW), STEADY) == {(): 0.0}


@pytest.mark.parametrize("quantile", [-0.1, 1.1, "0.5", True, float("nan")])
def test_a_quantile_that_is_no_share_is_refused(quantile):
    with pytest.raises(InvalidValue, match=r"quantile: .* is no share from 0 to 1"):
        queries.latency_quantile(quantile=quantile)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"satisfied": "300ms"}, "satisfied: 0.3 s is no edge of the histogram; choose one of 0.0005, "),
        ({"satisfied": "100ms"}, "tolerated: 0.4 s is no edge"),
        ({"satisfied": "1s", "tolerated": "500ms"}, "tolerated: 0.5 s is less than the 1 s of satisfied"),
    ],
)
def test_an_apdex_that_the_histogram_cannot_tell_is_refused(options, message):
    with pytest.raises(InvalidValue, match=message):
        queries.apdex(**options)


@pytest.mark.parametrize("status", ["OK", [], ["shed", "late"]])
def test_a_status_that_is_none_is_refused(status):
    with pytest.raises(InvalidValue, match=r"status: .*ok, client_error, server_error, shed"):
        queries.error_rate(status=status)


def test_phases_are_shares_of_the_time_of_requests(value):
    shares = value(queries.phase_share("digits", window=WINDOW), STEADY)
    assert shares == {
        ("queue",): pytest.approx(0.3),
        ("preprocess",): pytest.approx(0.05),
        ("predict",): pytest.approx(0.6),
        ("postprocess",): pytest.approx(0.05),
    }
    one = queries.phase_share("digits", window=WINDOW, where={"phase": "queue"}, by="instance")
    assert value(one, STEADY) == {("a:1", "queue"): pytest.approx(0.3), ("b:1", "queue"): pytest.approx(0.3)}
    assert value(queries.phase_share("digits", window=WINDOW), QUIET) == {}


@pytest.mark.parametrize("label", ["model_version", "model_name", "status"])
def test_the_time_of_a_process_is_told_apart_by_nothing_of_the_model(label):
    with pytest.raises(InvalidValue, match=f"by: the time of a process is not told apart by '{label}'; use 'instance'"):
        queries.cpu_per_request(by=["instance", label])
