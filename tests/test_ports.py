import socket

import pytest

from monitorkit import ports
from monitorkit.errors import InvalidType, ServiceError


@pytest.fixture(autouse=True)
def memory(tmp_path, monkeypatch):
    monkeypatch.setenv("MONITORKIT_STATE", str(tmp_path / "state"))
    return tmp_path / "state" / "ports.json"


@pytest.fixture
def taken():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def test_a_name_keeps_its_port():
    first = ports.free_port("model")
    assert ports.free_port("model") == first
    assert ports.free_port("other") != first


def test_a_name_gets_another_port_while_its_own_is_taken():
    with ports.bind("model") as bound:
        first = bound.getsockname()[1]
        assert ports.free_port("model") != first


def test_a_socket_that_is_bound_listens():
    with ports.bind("model") as bound:
        assert not ports.is_free("127.0.0.1", bound.getsockname()[1])
        socket.create_connection(bound.getsockname(), timeout=5).close()


def test_the_port_that_was_asked_for_is_given_and_not_remembered(memory):
    port = ports.free_port("probe")
    assert ports.free_port("model", port=port) == port
    assert "model" not in memory.read_text()


def test_a_taken_port_that_was_asked_for_is_named(taken):
    with pytest.raises(ServiceError, match=rf"model: port {taken} on 127\.0\.0\.1: .*name another port, or none"):
        ports.bind("model", port=taken)
    assert not ports.is_free("127.0.0.1", taken)


@pytest.mark.parametrize("port", [70_000, -1])
def test_a_number_that_is_no_port_is_named(port):
    with pytest.raises(ServiceError, match=f"port {port} on"):
        ports.bind("model", port=port)


def test_a_host_of_another_machine_is_named():
    with pytest.raises(ServiceError, match=r"on 192\.0\.2\.1: "):
        ports.bind("model", host="192.0.2.1")


@pytest.mark.parametrize("text", ["", "no JSON", "[]", '{"model@127.0.0.1": "x"}'])
def test_a_damaged_memory_costs_only_the_memory(memory, text):
    memory.parent.mkdir()
    memory.write_text(text)
    assert ports.free_port("model") > 0


def test_a_memory_that_cannot_be_written_costs_only_the_memory(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("MONITORKIT_STATE", str(tmp_path / "file"))
    assert ports.free_port("model") > 0


def test_the_memory_stays_small(monkeypatch, memory):
    monkeypatch.setattr(ports, "MAX_REMEMBERED", 2)
    for name in "abc":
        ports.free_port(name)
    assert '"a@' not in memory.read_text()
    assert '"c@' in memory.read_text()


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ({"host": None}, "host: None is no text"),
        ({"host": 127}, "host: 127 is no text"),
        ({"port": "9090"}, "port: '9090' is no whole number"),
        ({"port": 1.5}, "port: 1.5 is no whole number"),
        ({"port": True}, "port: True is no whole number"),
    ],
)
def test_what_is_no_place_is_named(place, message):
    with pytest.raises(InvalidType, match=message):
        ports.bind("model", **place)


@pytest.mark.parametrize("host", ["a\0b", "\ud800"])
def test_a_host_with_characters_that_none_can_have_is_named(host):
    with pytest.raises(ServiceError, match=r"model: port 0 on .*; name another port"):
        ports.bind("model", host=host)
