import asyncio
import functools
import inspect

import pytest


def test_a_coroutine_function_stays_one(watched, counts_of):
    @watched()
    async def predict(X, y=None):
        await asyncio.sleep(0)
        return [1] * len(X)

    assert inspect.iscoroutinefunction(predict)
    assert asyncio.run(predict([1, 2], y=[1, 0])) == [1, 1]
    counts = counts_of(predict)
    assert counts.by_status == {"ok": 1}
    assert counts("model_accuracy") == 0.5


def test_coroutines_side_by_side_are_in_flight_together(watched, counts_of):
    seen = []

    @watched()
    async def predict(X):
        await asyncio.sleep(0)
        seen.append(counts("inference_in_flight_requests"))
        await asyncio.sleep(0)
        return X

    counts = counts_of(predict)

    async def both():
        return await asyncio.gather(predict(1), predict(2))

    assert asyncio.run(both()) == [1, 2]
    assert seen == [2, 2]
    assert counts("inference_in_flight_requests") == 0


def test_a_coroutine_that_fails_is_counted_and_one_that_is_cancelled_not(watched, counts_of):
    @watched()
    async def predict(X):
        if X:
            raise ValueError("wrong")
        await asyncio.Event().wait()

    async def cancelled():
        task = asyncio.ensure_future(predict(0))
        await asyncio.sleep(0)
        task.cancel()
        await task

    with pytest.raises(ValueError, match="wrong"):
        asyncio.run(predict(1))
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(cancelled())
    assert counts_of(predict).by_status == {"server_error": 1}
    assert counts_of(predict)("inference_in_flight_requests") == 0


def test_a_generator_is_timed_to_its_end(watched, counts_of):
    @watched()
    def tokens(X):
        received = yield "a"
        yield received
        return "end"

    assert inspect.isgeneratorfunction(tokens)
    counts = counts_of(tokens)
    stream = tokens([1])
    assert counts("inference_in_flight_requests") == 0
    assert next(stream) == "a"
    assert counts("inference_in_flight_requests") == 1
    assert counts.by_status == {}
    assert stream.send("b") == "b"
    with pytest.raises(StopIteration, match="end") as over:
        next(stream)
    assert over.value.value == "end"
    assert counts.by_status == {"ok": 1}


def test_a_generator_that_is_left_has_answered_and_one_that_breaks_failed(watched, counts_of):
    @watched()
    def tokens(X):
        yield "a"
        raise RuntimeError("broke")

    for _ in tokens([1]):
        break
    counts = counts_of(tokens)
    assert counts.by_status == {"ok": 1}
    with pytest.raises(RuntimeError, match="broke"):
        list(tokens([1]))
    assert counts.by_status == {"ok": 1, "server_error": 1}
    assert counts("inference_in_flight_requests") == 0


def test_an_asynchronous_generator_keeps_what_is_sent_and_thrown(watched, counts_of):
    @watched()
    async def tokens(X):
        try:
            received = yield "a"
        except KeyError:
            received = "thrown"
        yield received
        yield "c"

    assert inspect.isasyncgenfunction(tokens)

    async def sent():
        stream = tokens([1])
        return [await anext(stream), await stream.asend("b"), *[one async for one in stream]]

    async def thrown():
        stream = tokens([1])
        return [await anext(stream), await stream.athrow(KeyError), *[one async for one in stream]]

    async def left():
        stream = tokens([1])
        first = await anext(stream)
        await stream.aclose()
        return [first]

    assert asyncio.run(sent()) == ["a", "b", "c"]
    assert asyncio.run(thrown()) == ["a", "thrown", "c"]
    assert asyncio.run(left()) == ["a"]
    assert counts_of(tokens).by_status == {"ok": 3}
    assert counts_of(tokens)("inference_in_flight_requests") == 0


def test_an_asynchronous_generator_that_breaks_failed(watched, counts_of):
    @watched()
    async def tokens(X):
        yield "a"
        raise RuntimeError("broke")

    async def all_of_them():
        return [one async for one in tokens([1])]

    with pytest.raises(RuntimeError, match="broke"):
        asyncio.run(all_of_them())
    assert counts_of(tokens).by_status == {"server_error": 1}


def test_a_partial_function_is_of_its_functions_kind(watched, counts_of):
    async def predict(scale, X):
        return int(X * scale)

    double = watched(functools.partial(predict, 2))
    assert inspect.iscoroutinefunction(double)
    assert asyncio.run(double(3)) == 6
    assert counts_of(double).predictions == {"6": 1}
