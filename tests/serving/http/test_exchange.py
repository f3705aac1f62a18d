"""One request and its answer, run without a task."""

import asyncio

import pytest

from monitorkit.serving.http.asgi import Answer
from monitorkit.serving.http.exchange import HIGH_WATER_BYTES, Exchange
from monitorkit.serving.refusals import Refusal

SCOPE = {"method": "POST", "path": "/predict"}


class Connection:
    """Remembers what an exchange asks of it."""

    def __init__(self):
        self.loop = asyncio.get_running_loop()
        self.answer = self.loop.create_future()
        self.calls = []

    def answered(self, exchange, answer):
        self.answer.set_result(answer)

    def ask_for_body(self, exchange):
        self.calls.append("ask")

    def hold_on(self):
        self.calls.append("hold on")


class Application:
    def __init__(self, answer):
        self.answer = answer


def exchanged(handler, act=lambda exchange: None):
    """Run a handler, act on its exchange once it waits, and return the answer and the connection's calls."""

    async def main():
        connection = Connection()
        exchange = Exchange(connection, SCOPE, expects=False, keep_alive=True)
        exchange.begin(Application(handler))
        assert exchange.begun
        await asyncio.sleep(0)
        act(exchange)
        return await asyncio.wait_for(connection.answer, 10), connection.calls

    return asyncio.run(main())


async def at_once(scope, receive):
    return Answer(200, scope["path"].encode())


async def after_a_turn(scope, receive):
    await asyncio.sleep(0)
    return await at_once(scope, receive)


async def after_a_while(scope, receive):
    await asyncio.sleep(0.01)
    return await at_once(scope, receive)


async def in_another_thread(scope, receive):
    return await asyncio.to_thread(lambda: Answer(200, b"/predict"))


async def in_a_task(scope, receive):
    return await asyncio.create_task(at_once(scope, receive))


@pytest.mark.parametrize("handler", [at_once, after_a_turn, after_a_while, in_another_thread, in_a_task])
def test_whatever_is_awaited_the_answer_comes(handler):
    assert exchanged(handler)[0] == Answer(200, b"/predict")


async def whole_body(scope, receive):
    parts = [await receive()]
    while parts[-1].get("more_body"):
        parts.append(await receive())
    return parts


def test_a_body_is_received_as_it_comes():
    def act(exchange):
        exchange.feed(b"one ")
        exchange.feed(b"two")
        exchange.finish()

    parts, calls = exchanged(whole_body, act)
    assert b"".join(part["body"] for part in parts) == b"one two"
    assert [part["more_body"] for part in parts] == [False]
    assert calls == ["ask"]


def test_a_body_that_nobody_asks_for_is_held_only_up_to_a_bound():
    def act(exchange):
        exchange.feed(b"x" * HIGH_WATER_BYTES)
        assert exchange.connection.calls == []
        exchange.feed(b"x")
        assert exchange.connection.calls == ["hold on"]

    exchanged(after_a_while, act)


def test_who_reads_learns_that_the_client_has_gone():
    parts, _ = exchanged(whole_body, lambda exchange: exchange.leave())
    assert parts == [{"type": "http.disconnect"}]


async def told(scope, receive):
    try:
        await asyncio.sleep(60)
    except (Refusal, asyncio.CancelledError) as error:
        return error


def test_who_waits_for_something_else_is_stopped_when_the_client_has_gone():
    error, _ = exchanged(told, lambda exchange: exchange.leave())
    assert (error.code, error.error, error.status) == (400, "disconnected", "client_error")


def test_who_waits_is_cancelled_when_the_server_ends():
    assert isinstance(exchanged(told, lambda exchange: exchange.cancel("over"))[0], asyncio.CancelledError)


@pytest.mark.parametrize("error", [ValueError("a fault"), SystemExit(3), GeneratorExit()])
def test_an_application_that_fails_gives_no_answer_and_is_logged(caplog, error):
    async def failing(scope, receive):
        raise error

    assert exchanged(failing)[0] is None
    assert "POST /predict failed" in caplog.text
