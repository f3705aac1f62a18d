import pytest

from monitorkit.dashboards.quantities import metric_quantity, query_unit
from monitorkit.dashboards.units import UNITS


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("inference_latency_seconds", "s"),
        ("inference_request_duration_seconds_bucket", "s"),
        ("node_memory_MemFree_bytes", "bytes"),
        ("disk_used_ratio", "percentunit"),
        ("model_accuracy", "percentunit"),
        ("cpu_usage", "percent"),
        ("memory_usage", "percent"),
        ("battery_percent", "percent"),
        ("room_temperature_celsius", "celsius"),
        ("process_start_time_seconds", "short"),
        ("inference_requests_total", "short"),
        ("up", "short"),
        ("seconds", "short"),
        ("job:http_requests:rate5m", "reqps"),
        ("job:latency_seconds:mean5m", "s"),
        ("a:b", "short"),
    ],
)
def test_a_metrics_name_tells_its_unit(name, unit):
    assert metric_quantity(name).unit == unit
    assert query_unit(name) == unit


@pytest.mark.parametrize(
    ("query", "unit"),
    [
        ("rate(inference_requests_total[5m])", "reqps"),
        ("sum by (job) (irate(errors_total[5m]))", "count:/s"),
        ("rate(node_network_receive_bytes_total[1m])", "binBps"),
        ("rate(process_cpu_seconds_total[1m])", "percentunit"),
        ("rate(request_seconds_count[5m])", "reqps"),
        ("increase(inference_requests_total[1h])", "short"),
        ("avg(inference_latency_seconds) > 1", "s"),
        ("avg(inference_latency_seconds) > bool 1", "short"),
        ("max_over_time(x_bytes[5m] offset 1d)", "bytes"),
        ("max_over_time((a_seconds / 1)[5m:])", "short"),
        ("histogram_quantile(0.99, sum by (le) (rate(x_seconds_bucket[5m])))", "s"),
        ('histogram_quantiles(sum by (le) (rate(x_seconds_bucket[5m])), "quantile", 0.5, 0.9)', "s"),
        ("histogram_fraction(0, 0.1, rate(x_seconds[5m]))", "percentunit"),
        ("histogram_count(rate(x_seconds[5m]))", "count:/s"),
        ("rate(x_seconds_sum[5m]) / rate(x_seconds_count[5m])", "s"),
        ("sum(rate(a_requests_total{code='500'}[5m])) / sum(rate(a_requests_total[5m]))", "percentunit"),
        ("sum(rate(errors_total[5m])) / sum(rate(a_requests_total[5m]))", "percentunit"),
        ("1 - avg(a_ratio)", "percentunit"),
        ("100 * (1 - a_bytes / b_bytes)", "percent"),
        ("100 - cpu_usage", "percent"),
        ("cpu_usage / 100", "percentunit"),
        ("x_bytes / 1024", "short"),
        ("x_bytes * y_bytes", "short"),
        ("a_bytes / b_seconds", "short"),
        ("a_bytes / rate(b_total[1m])", "short"),
        ("a_bytes + b_bytes", "bytes"),
        ("a_bytes - b_seconds", "short"),
        ("a_bytes and b_seconds", "bytes"),
        ("a_bytes or b_seconds", "short"),
        ("2 > a_seconds", "s"),
        ("x_seconds ^ 2", "short"),
        ("time() - process_start_time_seconds", "s"),
        ("time()", "short"),
        ("timestamp(x_seconds)", "short"),
        ("count(x_seconds)", "short"),
        ("count_over_time(x_seconds[5m])", "short"),
        ("stdvar(x_seconds)", "short"),
        ("stddev(x_seconds)", "s"),
        ("topk(3, -x_seconds)", "s"),
        ("quantile_over_time(0.9, x_seconds[5m])", "s"),
        ("label_replace(x_seconds, 'a', '$1', 'b', '(.*)')", "s"),
        ("sqrt(x_seconds)", "short"),
        ("vector(1) + x_seconds", "s"),
        ("scalar(x_seconds)", "s"),
        ("scalar(x_seconds) * 100", "short"),
        ('{"x_bytes"}', "bytes"),
        ('{__name__=~"x_.*"}', "short"),
        ("'text'", "short"),
        ("rat(x_seconds", "short"),
        (" + ".join(["x_bytes"] * 2000), "bytes"),
    ],
)
def test_a_query_tells_the_unit_of_its_result(query, unit):
    assert query_unit(query) == unit
    assert unit in UNITS or unit == "count:/s"
