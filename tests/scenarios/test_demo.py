import math
import subprocess
import sys

import pytest

from monitorkit.scenarios import digits, run_demo


@pytest.fixture(scope="module")
def comparison():
    return run_demo(rate=40, duration="4s")


def test_the_digits_are_those_the_model_was_not_trained_on():
    data = digits()
    assert data.X.shape == (899, 64)
    assert data.y.shape == (899,)
    assert 0.9 < (data.model.predict(data.X) == data.y).mean() < 1


def test_prometheus_counts_every_request(comparison):
    assert comparison.loc["requests", "PromQL"] == comparison.loc["requests", "by hand"] == 160


@pytest.mark.parametrize("what", ["accuracy", "recall", "latency mean (ms)"])
def test_promql_and_the_formula_agree(comparison, what):
    promql, by_hand = comparison.loc[what, ["PromQL", "by hand"]]
    # The header that carries the server's own measurement has nanoseconds.
    assert math.isclose(promql, by_hand, rel_tol=1e-5)


def test_of_more_labels_than_the_window_holds_the_latest_are_compared():
    comparison = run_demo(rate=500, duration="3s")
    for what in ("accuracy", "recall"):
        promql, by_hand, how = comparison.loc[what, ["PromQL", "by hand", "how"]]
        # Two labels at the window's end may have changed places on the way.
        assert promql == pytest.approx(by_hand, abs=0.0025)
        assert how.endswith("of the last 1000 labels")


@pytest.mark.parametrize("what", ["latency p50 (ms)", "latency p95 (ms)"])
def test_a_quantile_lies_in_the_bucket_that_is_named(comparison, what):
    lower, upper = (
        float(part) for part in comparison.loc[what, "how"].split("bucket ")[1].split(" ms")[0].split(" to ")
    )
    assert lower <= comparison.loc[what, "PromQL"] <= upper
    assert lower <= comparison.loc[what, "by hand"] <= upper


def test_throughput_and_cpu_are_near_what_was_counted(comparison):
    assert comparison.loc["throughput (1/s)", "PromQL"] == pytest.approx(40, rel=0.3)
    assert 0 < comparison.loc["CPU (%)", "PromQL"] <= 100


def test_the_command_prints_the_comparison():
    done = subprocess.run(
        [sys.executable, "-m", "monitorkit", "demo", "--rate", "20", "--duration", "3s"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert "60 requests sent, 60 counted by Prometheus" in done.stdout
    assert "by hand" in done.stdout
