import numpy as np
import pytest

import monitorkit as mk
from monitorkit.errors import InvalidValue, ServiceError
from monitorkit.scenarios import month, write_month

MONTH = {"start": "2026-01-01T00:00Z", "end": "2026-01-31T00:00Z"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_month(tmp_path_factory.mktemp("month") / "data")


@pytest.fixture(scope="module")
def prom(folder):
    with mk.start_prometheus(data=folder, retention="100y", name="a month", wait=False) as prometheus:
        yield prometheus


def test_a_month_is_there_minute_by_minute(prom):
    requests = prom.query_range("sum(inference_requests_total)", **MONTH, step="1h")
    assert len(requests) == 721
    samples = prom.samples('model_info{instance="replica-b:8000"}[30d]', at=MONTH["end"])
    assert len(samples) == 30 * 1440
    assert samples["model_class"].unique().tolist() == ["LogisticRegression", "RandomForestClassifier"]


def test_counters_restart_where_a_replica_did_and_are_missing_where_it_was_down(prom):
    total = 'inference_requests_total{status="ok",model_version="1"}'
    resets = prom.query(f"resets({total}[30d])", at=MONTH["end"])["value"]
    assert resets.tolist() == [1, 1]
    samples = prom.samples(
        'inference_requests_total{instance="replica-a:8000",status="ok",model_version="1"}[30d]', at=MONTH["end"]
    )
    pauses = samples["timestamp"].diff().dropna()
    assert sorted(pauses.dt.total_seconds().unique()) == [60, 41 * 60]


def test_requests_histogram_and_status_count_the_same(prom):
    by_status = mk.increase(prom.samples("inference_requests_total[1d]", at="2026-01-22T00:00Z"))["value"].sum()
    counted = mk.increase(prom.samples("inference_request_duration_seconds_count[1d]", at="2026-01-22T00:00Z"))
    assert by_status == counted["value"].sum() > 100_000


def test_the_incident_can_be_seen(prom):
    query = "sum by (le) (rate(inference_request_duration_seconds_bucket[30m]))"
    medians = [
        mk.quantiles(prom.query(query, at=f"2026-01-22T{time}Z"), 0.5)["value"].item() for time in ("13:00", "15:00")
    ]
    assert medians[1] > 4 * medians[0]
    worn = prom.query('avg(model_accuracy{model_version="1"})', at="2026-01-18T09:00Z")["value"].item()
    assert 0.84 < worn < 0.88


def test_a_heatmap_holds_every_request(prom):
    times = {"start": "2026-01-22T12:00Z", "end": "2026-01-22T18:00Z", "step": "5m"}
    picture = mk.heatmap(
        prom.query_range("sum by (le) (increase(inference_request_duration_seconds_bucket[5m]))", **times)
    )
    drawn = picture.figure.axes[0].collections[0].get_array().sum(axis=0)
    counted = prom.query_range("sum(increase(inference_request_duration_seconds_count[5m]))", **times)
    np.testing.assert_allclose(drawn, counted.iloc[:, 0], rtol=1e-9)


def test_the_same_seed_writes_the_same():
    one, same, other = (next(month._families(np.random.default_rng(seed))) for seed in (0, 0, 1))
    assert one == same != other


def test_a_folder_with_data_is_left_alone(folder, tmp_path):
    with pytest.raises(InvalidValue, match=r"folder: .* is not empty; name a new one"):
        write_month(folder)
    (tmp_path / "mine.txt").touch()
    with pytest.raises(InvalidValue, match="is not empty"):
        write_month(tmp_path)


def test_without_promtool_the_command_that_installs_it_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(month, "find_promtool", lambda: None)
    with pytest.raises(ServiceError, match="promtool: it is not installed; run: monitorkit install prometheus"):
        write_month(tmp_path)
