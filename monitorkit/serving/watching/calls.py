"""Calls of all kinds of functions, observed: plain ones, coroutines and generators of both kinds."""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator

    from monitorkit.serving.watching.observer import Observer

__all__ = ["observed"]


def observed(function: Callable[..., Any], observer: Observer) -> Callable[..., Any]:
    """Return a function of the same kind and signature whose calls are counted."""
    called = function.func if isinstance(function, functools.partial) else function
    if inspect.iscoroutinefunction(called):
        wrapper = _coroutine(function, observer)
    elif inspect.isasyncgenfunction(called):
        wrapper = _asynchronous_generator(function, observer)
    elif inspect.isgeneratorfunction(called):
        wrapper = _generator(function, observer)
    else:
        wrapper = _plain(function, observer)
    return functools.wraps(function)(wrapper)


def _plain(function: Callable[..., Any], observer: Observer) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - as the function has it
        begun = observer.begin()
        try:
            result = function(*args, **kwargs)
            observer.succeed(begun)
        except Exception:
            observer.fail()
            raise
        finally:
            observer.end()
        observer.read(result, args, kwargs)
        return result

    return call


def _coroutine(function: Callable[..., Any], observer: Observer) -> Callable[..., Any]:
    async def call(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - as above
        begun = observer.begin()
        try:
            result = await function(*args, **kwargs)
            observer.succeed(begun)
        except Exception:
            observer.fail()
            raise
        finally:
            observer.end()
        observer.read(result, args, kwargs)
        return result

    return call


def _generator(function: Callable[..., Any], observer: Observer) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:  # noqa: ANN401 - as above
        begun = observer.begin()
        try:
            result = yield from function(*args, **kwargs)
            observer.succeed(begun)
        except GeneratorExit:
            # Who takes only some of the values has had an answer.
            observer.succeed(begun)
            raise
        except Exception:
            observer.fail()
            raise
        finally:
            observer.end()
        return result

    return call


def _asynchronous_generator(function: Callable[..., Any], observer: Observer) -> Callable[..., Any]:
    async def call(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:  # noqa: ANN401 - as above
        begun = observer.begin()
        values = function(*args, **kwargs)
        try:
            # What `yield from` does, which coroutines do not have.
            step = values.asend(None)
            while True:
                value = await step
                try:
                    sent = yield value
                except GeneratorExit:
                    await values.aclose()
                    raise
                except BaseException as error:  # noqa: BLE001 - handed on to whom it was meant for
                    step = values.athrow(error)
                else:
                    step = values.asend(sent)
        except (StopAsyncIteration, GeneratorExit) as over:
            observer.succeed(begun)
            if isinstance(over, GeneratorExit):
                raise
        except Exception:
            observer.fail()
            raise
        finally:
            observer.end()

    return call
