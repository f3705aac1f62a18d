"""Each row of docs/from-prometheus-api-client.md, run on both sides against a real Prometheus."""

import re
import warnings
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pandas as pd
import prometheus_api_client as pac
import pytest
import requests
from forward_proxy import forward_proxy
from prometheus_api_client import MetricRangeDataFrame, MetricsList, MetricSnapshotDataFrame, PrometheusConnect
from urllib3.util import Retry

import monitorkit as mk
from monitorkit.processes import wait_until

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "from-prometheus-api-client.md"
ROWS = [
    tuple(cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:4])
    for line in PAGE.read_text(encoding="utf-8").splitlines()
    if line.startswith("| `")
]
CALLS = [(there.strip("`"), here.strip("`")) for there, here, _ in ROWS]


REFUSED = """api.get_current_metric_value(metric_name="up", label_config={"job": "it's"})"""
"""Of this it makes no valid PromQL."""
MAY_FAIL = {
    # A server without pages; an old Debian build answers 500.
    "api.check_prometheus_connection()": requests.RequestException,
    # A function that matplotlib 3.11 does not have.
    'MetricsList(api.get_metric_range_data("up", start_time=start, end_time=end))[0].plot()': AttributeError,
}


@pytest.fixture
def names(live):
    """What the page's code is run with."""
    assert wait_until(lambda: len(live.query("count_over_time(up[1m]) > 3")) == 2, timeout_seconds=30)
    end = datetime.now(UTC)
    address = urlsplit(live.url)
    with forward_proxy((address.hostname, address.port)) as proxy, mk.connect(live.url) as prom:
        yield {
            "api": PrometheusConnect(url=live.url),
            "prom": prom,
            "mk": mk,
            "url": live.url,
            "start": end - timedelta(minutes=5),
            "end": end,
            "proxy": proxy.url,
            **{name: value for name, value in vars(pac).items() if not name.startswith("_")},
            "PrometheusConnect": PrometheusConnect,
            "MetricRangeDataFrame": MetricRangeDataFrame,
            "MetricSnapshotDataFrame": MetricSnapshotDataFrame,
            "MetricsList": MetricsList,
            "Retry": Retry,
            "requests": requests,
            "timedelta": timedelta,
        }


def run(code, names):
    return eval(code.replace('"http://proxy:3128"', "proxy"), dict(names))


@pytest.mark.parametrize("code", sorted({here for _, here in CALLS}))
def test_what_the_page_says_to_call_here_works(code, names):
    result = run(code, names)
    if code.startswith("mk.connect") and not code.endswith(")"):
        result.close()
    if isinstance(result, mk.Prometheus):
        assert result.query("up").shape == (2, 1)
        result.close()
    elif "it's" in code:
        assert result.empty
    elif code != 'prom.metadata("up_and_well")':
        assert len(result) if hasattr(result, "__len__") else result is not False


@pytest.mark.parametrize("code", sorted({there for there, _ in CALLS}))
def test_what_the_page_says_is_called_there_is(code, names):
    if code == REFUSED:
        with pytest.raises(pac.PrometheusApiClientException, match="parse error"):
            run(code, names)
        return
    with warnings.catch_warnings(), suppress(MAY_FAIL.get(code, ())):
        # Those of an unverified connection, and of a library that it calls.
        warnings.simplefilter("ignore")
        run(code, names)


def here(there, names):
    """What stands beside a call on the page."""
    return run(dict(CALLS)[there], names)


def test_the_same_values_come_at_one_moment(names):
    there = 'api.custom_query("up", params={"time": end.timestamp()})'
    expected = {each["metric"]["job"]: float(each["value"][1]) for each in run(there, names)}
    frame = here(there, names)
    assert dict(zip(frame.index.get_level_values("job"), frame["value"], strict=True)) == expected
    assert expected == {"ai_model": 1.0, "dead": 0.0}


def test_the_same_values_come_over_a_range(names):
    there = 'api.custom_query_range("up", start_time=start, end_time=end, step="15s")'
    # It rounds its times to whole seconds.
    names |= {name: names[name].replace(microsecond=0) for name in ("start", "end")}
    frame = here(there, names)
    for each in run(there, names):
        column = frame.xs(each["metric"]["job"], axis="columns", level="job").iloc[:, 0].dropna()
        assert [(time.timestamp(), value) for time, value in column.items()] == [
            (time, float(value)) for time, value in each["values"]
        ]


def test_the_same_names_come(names):
    for there in ("api.all_metrics()", "api.get_label_names()", 'api.get_label_values(label_name="job")'):
        assert run(there, names) == here(there, names)
    there = "api.get_targets()"
    targets = run(there, names)
    assert len(here(there, names)) == len(targets["activeTargets"]) + len(targets["droppedTargets"])
    assert set(here("api.get_scrape_pools()", names)) == set(run("api.get_scrape_pools()", names))
    there = 'api.get_series(start=start, end=end, params={"match[]": "up"})'
    frame = here(there, names)
    assert frame.to_dict("records") == run(there, names)


def test_the_same_aggregates_come(names):
    there = 'api.get_metric_aggregation("up", ["sum", "max", "average"])'
    assert list(run(there, names).values()) == here(there, names).tolist()
    there = 'api.get_metric_aggregation("up", ["percentile_95"], start_time=start, end_time=end, step="15")'
    assert list(run(there, names).values()) == [pytest.approx(here(there, names), abs=0.5)]


def test_each_function_of_the_other_client_is_on_the_page():
    told = PAGE.read_text(encoding="utf-8")
    functions = [name for name, value in vars(PrometheusConnect).items() if callable(value) and name[0] != "_"]
    assert len(functions) > 10
    assert [name for name in functions if name not in told and name != "close"] == []
    assert len(ROWS) > 30


@pytest.mark.parametrize("readme", ["README.md", "README.zh-CN.md"])
def test_the_front_page_leads_there(readme):
    assert "(docs/from-prometheus-api-client.md)" in (ROOT / readme).read_text(encoding="utf-8")


def test_what_is_a_frame_there_is_one_here(names):
    for there, code in CALLS:
        if there.startswith("Metric") and "plot" not in there:
            assert isinstance(run(code, names), pd.DataFrame)
