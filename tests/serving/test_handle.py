"""The handle of a model server."""

import socket

import pytest
import requests

import monitorkit as mk
from monitorkit.errors import ServiceError
from monitorkit.serving import serve

ROWS = [[2.0, 1.0], [1.0, 2.0]]


def first(X):
    return X[:, 0].astype(int)


def test_it_is_a_context_manager():
    with serve(first, name="for a while") as server:
        assert server.alive
        assert mk.status().query("kind == 'model server' and name == 'for a while'").state.to_list() == ["running"]
    assert not server.alive


def test_what_the_process_exports_is_there_too(start):
    text = requests.get(start().metrics_url, timeout=10).text
    assert "process_resident_memory_bytes" in text
    assert "python_info" in text


def test_it_shows_where_it_is_and_escapes_what_comes_from_outside(start):
    server = start(name="<img src=x>", version="<2>")
    assert repr(server) == f"ModelServer('<img src=x>', version='<2>', url='{server.url}', running)"
    html = server._repr_html_()
    assert "&lt;img src=x&gt;" in html
    assert "<img" not in html
    assert server.url in html
    assert server.metrics_url in html
    assert "start_prometheus(targets=[server])" in html
    server.stop()
    assert "mk.serve(model, name=&#x27;&lt;img src=x&gt;&#x27;)" in server._repr_html_()


def test_addresses_of_all_interfaces_are_written_as_this_machine(start):
    server = start(host="0.0.0.0")
    assert server.url.startswith("http://127.0.0.1:")
    assert server.predict(ROWS).predictions == [1, 0]


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 here")
def test_addresses_of_version_six_are_bracketed(start):
    try:
        server = start(host="::1")
    except ServiceError:
        pytest.skip("no IPv6 here")
    assert server.url.startswith("http://[::1]:")
    assert server.predict(ROWS).predictions == [1, 0]
    assert requests.get(server.metrics_url, timeout=10).status_code == 200
