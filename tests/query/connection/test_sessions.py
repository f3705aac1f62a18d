import pytest
import requests

from monitorkit.query.connection.sessions import session

SECRET = "s3cr3t"


def test_the_session_drops_every_private_header_on_its_way_to_another_host(faulty):
    def moved(handler):
        if handler.headers["Host"].startswith("localhost"):
            faulty.answer(handler, 200, b"there")
        else:
            faulty.answer(handler, 302, b"", Location=faulty.url.replace("127.0.0.1", "localhost"))

    faulty.behave = moved
    with session() as http:
        headers = {"Authorization": f"Bearer {SECRET}", "X-Api-Key": SECRET}
        assert http.get(faulty.url, headers=headers).text == "there"
    first, second = faulty.requests
    assert first.headers["X-Api-Key"] == SECRET
    assert SECRET not in str(second.headers)


def test_the_session_has_a_timeout_of_its_own(faulty, monkeypatch):
    monkeypatch.setattr("monitorkit.query.connection.sessions.DEFAULT_TIMEOUT_SECONDS", 0.2)
    faulty.behave = lambda handler: handler.server.released.wait(30)
    with session() as http, pytest.raises(requests.ReadTimeout, match="timed out"):
        http.get(faulty.url)
