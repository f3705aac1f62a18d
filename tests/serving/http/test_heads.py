"""Heads of requests that were read before: that nothing can tell whether they were."""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from monitorkit.serving.http.asgi import Answer, Application, read_body
from monitorkit.serving.http.heads import MOST_KNOWN, KnownHeads
from monitorkit.serving.http.protocol import HttpProtocol
from monitorkit.serving.limits import Limits

HEAD = b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n"


def whole(body=b"{}", *headers):
    return HEAD % len(body) + b"".join(header + b"\r\n" for header in headers) + b"\r\n" + body


MESSAGES = (
    whole(),
    whole(b"[]"),
    whole(b"[1, 2]"),
    whole(b"a\r\n\r\nb"),
    whole(b""),
    whole(b"{}", b"Connection: close"),
    whole(b"{}", b"Expect: 100-continue"),
    whole(b"{}", b"Content-Length: 2"),
    whole(b"{}", b"Upgrade: h2c", b"Connection: upgrade"),
    b"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    b"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\na: b\r\n\r\n",
    b"GET /echo HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /echo HTTP/1.0\r\nHost: x\r\n\r\n",
    b"HEAD /echo?a=%20 HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n",
    b"\r\n",
    b"GET ",
    b"GET nowhere HTTP/1.1\r\n\r\n",
)


class Echo(Application):
    """Answers with what it has got."""

    def __init__(self):
        super().__init__({"/echo": {"POST": self.echo, "GET": self.echo}}, Limits())
        self.counted = []

    async def echo(self, scope, receive):
        body = await read_body(scope, receive, 1000)
        if b"1" in body:
            await asyncio.sleep(0)
        return Answer(200, repr((sorted(scope.items()), body)).encode())

    def refused(self, refusal):
        self.counted.append(refusal.error)


class Line(asyncio.Transport):
    """A connection that keeps what is written to it."""

    def __init__(self):
        super().__init__()
        self.written = []

    def write(self, data):
        self.written.append(bytes(data))

    def close(self):
        self.written.append("closed")

    def is_closing(self):
        return "closed" in self.written

    def get_write_buffer_size(self):
        return 0

    def write_eof(self):
        self.written.append("end")

    def pause_reading(self): ...

    def resume_reading(self): ...


class State:
    """What uvicorn passes."""

    def __init__(self):
        self.connections, self.tasks, self.default_headers = set(), set(), []
        self.app = Echo()
        self.timeout_keep_alive = 5


async def conversation(pieces, *, wait):
    """What a connection answers to pieces of data, and what is counted."""
    state, line = State(), Line()
    protocol = HttpProtocol(state, state, {})
    protocol.connection_made(line)
    for piece in pieces:
        if line.is_closing():
            break
        protocol.data_received(piece)
        if wait:
            await asyncio.sleep(0)
            await asyncio.sleep(0)
    for _ in range(3):
        await asyncio.sleep(0)
    protocol.connection_lost(None)
    return line.written, state.app.counted


@given(st.lists(st.sampled_from(MESSAGES), max_size=12), st.lists(st.integers(0, 300), max_size=4), st.booleans())
@settings(max_examples=300, deadline=None)
def test_a_connection_answers_as_if_it_read_each_head(messages, joints, wait):
    pieces = list(messages)
    for joint in joints:
        # Pieces of several requests, and requests in several pieces.
        place = joint % max(len(pieces), 1)
        if len(pieces) > place + 1 and joint % 2:
            pieces[place : place + 2] = [pieces[place] + pieces[place + 1]]
        elif pieces and len(pieces[place]) > 1:
            cut = 1 + joint % (len(pieces[place]) - 1)
            pieces[place : place + 1] = [pieces[place][:cut], pieces[place][cut:]]
    seen = asyncio.run(conversation(pieces, wait=wait))
    learn, KnownHeads.learn = KnownHeads.learn, lambda *_: None
    try:
        assert asyncio.run(conversation(pieces, wait=wait)) == seen
    finally:
        KnownHeads.learn = learn


def test_a_head_is_read_once(monkeypatch):
    read = []
    monkeypatch.setattr(
        HttpProtocol, "_parse", lambda self, data, parse=HttpProtocol._parse: (read.append(data), parse(self, data))
    )
    asyncio.run(conversation([whole(b"{}"), whole(b"[]"), whole(b"[1]"), whole(b"{}")], wait=True))
    assert read == [whole(b"{}"), whole(b"[1]")]


def test_only_so_many_are_remembered():
    heads = KnownHeads()
    for number in range(MOST_KNOWN + 10):
        heads.learn(b"GET /%d HTTP/1.1\r\n\r\n" % number, {"headers": [], "path": number})
    assert heads.find(b"GET /0 HTTP/1.1\r\n\r\n") == ({"headers": [], "path": 0}, b"")
    assert heads.find(b"GET /%d HTTP/1.1\r\n\r\n" % MOST_KNOWN) is None


def test_a_long_head_is_not_remembered():
    heads = KnownHeads()
    data = b"GET / HTTP/1.1\r\na: %b\r\n\r\n" % (b"x" * 5000)
    heads.learn(data, {"headers": []})
    assert heads.find(data) is None
