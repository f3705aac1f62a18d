from types import SimpleNamespace

import pytest

from monitorkit.errors import InvalidType, InvalidValue
from monitorkit.services.setup.targets import Target, jobs, target


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("localhost:8000", Target("localhost:8000")),
        ("http://127.0.0.1:8000", Target("127.0.0.1:8000")),
        ("http://127.0.0.1:8000/", Target("127.0.0.1:8000")),
        ("127.0.0.1:8000/stats/prom", Target("127.0.0.1:8000", "/stats/prom")),
        ("https://model.example/metrics", Target("model.example:443", scheme="https")),
        ("model.example", Target("model.example:80")),
        ("http://[::1]:9000/metrics", Target("[::1]:9000")),
        ("http://a:1/probe?module=x&target=y", Target("a:1", "/probe", params=(("module", "x"), ("target", "y")))),
    ],
)
def test_an_address_is_read(text, expected):
    assert target(text) == expected


def test_a_server_is_read_by_its_metrics_url():
    assert target(SimpleNamespace(metrics_url="http://127.0.0.1:7/metrics")) == Target("127.0.0.1:7")


@pytest.mark.parametrize("text", ["", "a b:1", "http://", "ftp://host/metrics", "host:99999", "host:port", ":80"])
def test_what_is_no_address_is_refused(text):
    with pytest.raises(InvalidValue, match="is no address"):
        target(text)


def test_a_password_is_refused_without_being_shown():
    with pytest.raises(InvalidValue, match="host holds a password") as caught:
        target("http://user:hush@host:1/metrics")
    assert "hush" not in str(caught.value)


def test_another_type_is_refused():
    with pytest.raises(InvalidType, match="8000 is no target"):
        target(8000)


def test_a_list_is_the_job_ai_model_and_a_repeated_target_is_taken_once():
    assert jobs(["a:1", "b:2", "http://a:1/metrics"]) == {"ai_model": (Target("a:1"), Target("b:2"))}


@pytest.mark.parametrize("value", ["a:1", SimpleNamespace(metrics_url="http://a:1/metrics"), ("a:1",)])
def test_a_single_target_needs_no_list(value):
    assert jobs(value) == {"ai_model": (Target("a:1"),)}


def test_jobs_are_kept_by_name():
    assert jobs({"x": "a:1", "y": ["b:2"]}) == {"x": (Target("a:1"),), "y": (Target("b:2"),)}


@pytest.mark.parametrize("value", [None, [], {}])
def test_no_targets_are_no_jobs(value):
    assert jobs(value) == {}


def test_a_job_without_a_name_is_refused():
    with pytest.raises(InvalidValue, match="'' is no job name"):
        jobs({"": ["a:1"]})
