import pytest

from monitorkit.documents import write_file, yaml_text
from monitorkit.errors import InvalidValue
from monitorkit.services.programs import promtool
from monitorkit.services.setup.configuration import prometheus_document
from monitorkit.services.setup.targets import Target, jobs

ITSELF = Target("127.0.0.1:9090")


def scrape_configs(targets):
    return {job["job_name"]: job["static_configs"] for job in _document(targets)["scrape_configs"]}


def _document(targets=None, **options):
    return prometheus_document(jobs(targets), itself=ITSELF, **options)


def test_prometheus_scrapes_itself_also_without_targets():
    assert scrape_configs(None) == {"prometheus": [{"targets": ["127.0.0.1:9090"]}]}


def test_targets_of_a_job_named_prometheus_join_its_own():
    assert scrape_configs({"prometheus": ["a:1", "127.0.0.1:9090"]}) == {
        "prometheus": [{"targets": ["127.0.0.1:9090", "a:1"]}]
    }


def test_one_job_may_mix_paths_and_schemes():
    found = scrape_configs(["a:1", "b:2/x", "https://c/x", "d:4", "e:5/metrics?full=1"])["ai_model"]
    assert found == [
        {"targets": ["a:1", "d:4"]},
        {"targets": ["b:2"], "labels": {"__metrics_path__": "/x"}},
        {"targets": ["c:443"], "labels": {"__metrics_path__": "/x", "__scheme__": "https"}},
        {"targets": ["e:5"], "labels": {"__param_full": "1"}},
    ]


@pytest.mark.parametrize(("scrape", "timeout"), [("200ms", "200ms"), ("1s", "1s"), (15, "10s"), ("1m", "10s")])
def test_the_timeout_never_exceeds_the_interval(scrape, timeout):
    assert _document(scrape_interval=scrape)["global"]["scrape_timeout"] == timeout


def test_rules_are_evaluated_as_often_as_targets_are_scraped_unless_told():
    assert _document(scrape_interval="5s")["global"]["evaluation_interval"] == "5s"
    assert _document(evaluation_interval="10s")["global"]["evaluation_interval"] == "10s"


@pytest.mark.parametrize("value", [0, "0s", 0.0001])
def test_an_interval_below_a_millisecond_is_refused(value):
    with pytest.raises(InvalidValue, match=r"scrape_interval: .* must be at least 1ms"):
        _document(scrape_interval=value)


def test_promtool_takes_the_document(tmp_path, prometheus_binary):
    document = _document({"a: b": ["x:1/ä", "https://y?q='"], "ai_model": ["z:3"]}, rule_files=["none*.yml"])
    file = write_file(tmp_path / "prometheus.yml", yaml_text(document))
    program = promtool.find_promtool()
    assert program is not None
    assert promtool.check("config", file, promtool=program) == []
