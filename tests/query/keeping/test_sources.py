import pytest
from numbered_answers import T0, WINDOW, number, vary

from monitorkit.errors import ServerUnavailable
from monitorkit.query import PrometheusClient


def test_what_is_kept_is_used_for_the_same_question_only(faulty, tmp_path):
    faulty.behave = vary(faulty)
    with PrometheusClient(faulty.url, cache=tmp_path) as client:
        assert [number(client), number(client)] == [0, 0]
        assert number(client, expr="x ") == 1
        assert number(client, step=2) == 2
        assert number(client, start=T0 + 0.5, step=1) == 3
        assert number(client, cache=False) == 4
        assert number(client, cache=tmp_path / "other") == 5
        assert number(client, start=T0 + 2, end=T0 + 8) == 0
    for n, options in enumerate(
        ({"tenant": "a"}, {"tenant": "b"}, {"auth": ("u", "p")}, {"auth": ("v", "p")}, {"headers": {"X-Team": "c"}})
    ):
        with PrometheusClient(faulty.url, cache=tmp_path, **options) as client:
            assert [number(client), number(client)] == [6 + n, 6 + n]
    for options in ({"auth": ("u", "changed")}, {"auth": ("u", "p"), "headers": {"Cookie": "k"}}):
        with PrometheusClient(faulty.url, cache=tmp_path, **options) as client:
            assert number(client) == 8
    with PrometheusClient(f"{faulty.url}/prefix", cache=tmp_path) as client:
        assert number(client) == 11


def test_another_server_on_the_same_port_is_not_taken_for_the_first(faulty, tmp_path):
    with PrometheusClient(faulty.url, cache=tmp_path) as client:
        for n, started in enumerate("ab", start=1):
            faulty.behave = vary(faulty, started=started)
            assert [number(client, cache=False) for _ in range(n)] == list(range(n))
            assert [number(client), number(client)] == [n, n]


@pytest.mark.parametrize("status", [400, 403, 404])
def test_a_server_that_does_not_tell_when_it_started_is_known_by_its_address(faulty, tmp_path, status):
    usual = vary(faulty)

    def behave(handler):
        if handler.path.endswith("runtimeinfo"):
            faulty.answer(handler, status, b"unsupported path", "text/plain")
        else:
            usual(handler)

    faulty.behave = behave
    with PrometheusClient(faulty.url, cache=tmp_path) as client:
        assert [number(client), number(client)] == [0, 0]


def test_a_server_that_may_tell_later_is_not_taken_for_another(faulty, tmp_path):
    faulty.behave = lambda handler: faulty.answer(handler, 503, b"")
    client = PrometheusClient(faulty.url, cache=tmp_path, retries=0)
    with client, pytest.raises(ServerUnavailable, match="503"):
        client.query_range("x", **WINDOW)
    assert not list(tmp_path.iterdir())


def test_no_secret_is_in_the_folder(faulty, tmp_path):
    faulty.behave = vary(faulty)
    url = faulty.url.replace("http://", "http://somebody:pa55word@")
    with PrometheusClient(url, cache=tmp_path, headers={"X-Token": "t0ken"}, tenant="team-tenant") as client:
        assert [number(client), number(client)] == [0, 0]
    content = b"".join(path.read_bytes() for path in tmp_path.rglob("*.parquet"))
    assert f'"server": "{faulty.url}"'.encode() in content
    assert not [secret for secret in (b"somebody", b"pa55word", b"t0ken", b"team-tenant") if secret in content]
