import threading
import time

import pytest

from monitorkit.errors import ServerUnavailable
from monitorkit.processes import wait_until
from monitorkit.query.connection import bodies
from monitorkit.query.connection.transport import Transport
from monitorkit.query.decoding import envelope, stream

OK = b'{"status":"success","data":["up"]}'


class Recorder:
    """A decoder that notes what it is fed."""

    made = ()

    def __init__(self):
        self.chunks = []
        Recorder.made = (*Recorder.made, self)

    def feed(self, chunk):
        self.chunks.append(bytes(chunk))

    def finish(self):
        return envelope.plain(b"".join(self.chunks))


@pytest.fixture
def recorders(monkeypatch):
    """Decoders made during a test."""
    monkeypatch.setattr(Recorder, "made", ())
    return lambda: Recorder.made


@pytest.fixture
def transport(faulty):
    faulty.behave = lambda handler: faulty.answer(handler, 200, OK)
    transport = Transport(faulty.url, timeout_seconds=10)
    yield transport
    transport.close()


def announce(handler, status=200, content_type="application/json", length=1 << 30):
    handler.send_response(status)
    handler.send_header("Content-Type", content_type)
    handler.send_header("Content-Length", str(length))
    handler.end_headers()


def endless(status, content_type, piece, sent):
    """A body of 1 GB; `sent` counts its bytes until the client hangs up."""

    def behave(handler):
        announce(handler, status, content_type)
        try:
            while sum(sent) < 1 << 30:
                handler.wfile.write(piece)
                sent.append(len(piece))
        except OSError:
            sent.append(0)
        handler.close_connection = True

    return behave


def test_a_decoder_is_fed_while_the_body_arrives(transport, faulty, recorders):
    def in_two(handler):
        announce(handler, length=len(OK))
        handler.wfile.write(OK[:9])
        handler.wfile.flush()
        assert wait_until(lambda: recorders() and recorders()[0].chunks == [OK[:9]], timeout_seconds=5)
        handler.wfile.write(OK[9:])

    faulty.behave = in_two
    assert transport.call("api/v1/labels", decoder=Recorder).data == ["up"]
    assert b"".join(recorders()[0].chunks) == OK


def test_each_attempt_has_a_decoder_of_its_own_and_only_a_success_is_fed_to_it(transport, faulty, recorders):
    def moved(handler):
        if handler.path == "/new":
            faulty.answer(handler, 200, OK)
        else:
            faulty.answer(handler, 307, b"elsewhere", Location="/new")

    faulty.behave = moved
    for _ in range(2):
        transport.call("api/v1/labels", decoder=Recorder)
    assert [b"".join(recorder.chunks) for recorder in recorders()] == [OK, OK]


@pytest.mark.parametrize("decoder", [envelope.PlainDecoder, stream.ResultDecoder])
@pytest.mark.parametrize(
    ("content_type", "piece", "reason"),
    [
        ("text/html", b"<html>" + b"spam " * 10_000, "with a web page instead of data"),
        ("", b"<p>" * 10_000, "with a web page instead of data"),
        ("application/json", b"\0" * 60_000, "the body is not JSON of an API"),
        ("text/plain", b"word " * 10_000, "HTTP 200: word word word"),
    ],
)
def test_a_body_without_an_end_that_is_no_answer_is_left_early(transport, faulty, decoder, content_type, piece, reason):
    sent = []
    faulty.behave = endless(200, content_type, piece, sent)
    with pytest.raises(ServerUnavailable, match=reason):
        transport.call("api/v1/query", decoder=decoder)
    assert wait_until(lambda: sent and sent[-1] == 0, timeout_seconds=10)
    assert sum(sent) < 1 << 26


def test_an_error_without_an_end_is_left_early(transport, faulty):
    sent = []
    faulty.behave = endless(503, "text/plain", b"busy " * 10_000, sent)
    with pytest.raises(ServerUnavailable, match="HTTP 503: busy busy"):
        transport.call("api/v1/labels")
    assert wait_until(lambda: sent and sent[-1] == 0, timeout_seconds=10)
    assert sum(sent) < 1 << 26


def test_what_begins_like_an_answer_is_kept_only_up_to_a_limit(transport, faulty, monkeypatch):
    monkeypatch.setattr(envelope, "MAX_BODY_BYTES", 1 << 20)
    faulty.behave = endless(200, "application/json", b'{"status":"success","data":"' + b"x" * 60_000, [])
    with pytest.raises(ServerUnavailable, match="HTTP 200, but the body is longer than 1 MiB"):
        transport.call("api/v1/labels")


def test_a_body_as_it_is_has_the_same_limit(faulty, transport, monkeypatch):
    monkeypatch.setattr(bodies, "MAX_BODY_BYTES", 1 << 20)
    faulty.behave = endless(200, "application/json", b"x" * 60_000, [])
    assert 1 << 20 <= len(transport.fetch("api/v1/labels").body) < 1 << 21


def test_the_time_limit_holds_for_what_a_decoder_takes(faulty):
    stop = threading.Event()

    def drip(handler):
        announce(handler)
        for byte in b'{"status":"success","data":"' + b"x" * 100_000:
            if stop.wait(0.02):
                return
            handler.wfile.write(bytes([byte]))

    faulty.behave = drip
    transport = Transport(faulty.url, timeout_seconds=0.3)
    began = time.monotonic()
    with pytest.raises(ServerUnavailable, match=r"no complete answer within 0\.3 s"):
        transport.call("api/v1/query", decoder=stream.ResultDecoder)
    assert time.monotonic() - began < 5
    stop.set()
    transport.close()
