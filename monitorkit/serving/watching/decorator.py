"""``@watch``: a function whose calls are counted, timed and scored."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar, overload

from monitorkit import running
from monitorkit.errors import InvalidType, InvalidValue
from monitorkit.metrics.quality.error_scale import DEFAULT_SCALE
from monitorkit.metrics.quality.scores import DEFAULT_WINDOW
from monitorkit.serving.models.reference import checked_drift, features_of
from monitorkit.serving.settings import DEFAULT_LIMITS, checked, checked_text
from monitorkit.serving.watching.calls import observed
from monitorkit.serving.watching.observer import Observer
from monitorkit.serving.watching.watched import KIND, Watched

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from monitorkit.metrics import Drift, ErrorScale, Reference, Task, VersionMetrics
    from monitorkit.serving.limits import Limits
    from monitorkit.serving.models.model import Model
    from monitorkit.serving.values import Label
from monitorkit.serving.settings import Settings

__all__ = ["watch"]

Function = TypeVar("Function", bound="Callable[..., Any]")


@overload
def watch(
    function: Function,
    *,
    name: str | None = ...,
    version: str = ...,
    classes: Sequence[Label] | None = ...,
    positive_class: Label | None = ...,
    task: Task | None = ...,
    window: int = ...,
    error_scale: ErrorScale = ...,
    reference: object = ...,
    drift: Drift | bool = ...,
    limits: Limits = ...,
    port: int | None = ...,
) -> Function: ...


@overload
def watch(
    function: None = None,
    *,
    name: str | None = ...,
    version: str = ...,
    classes: Sequence[Label] | None = ...,
    positive_class: Label | None = ...,
    task: Task | None = ...,
    window: int = ...,
    error_scale: ErrorScale = ...,
    reference: object = ...,
    drift: Drift | bool = ...,
    limits: Limits = ...,
    port: int | None = ...,
) -> Callable[[Function], Function]: ...


def watch(
    function: Callable[..., Any] | None = None,
    *,
    name: str | None = None,
    version: str = "1",
    classes: Sequence[Label] | None = None,
    positive_class: Label | None = None,
    task: Task | None = None,
    window: int = DEFAULT_WINDOW,
    error_scale: ErrorScale = DEFAULT_SCALE,
    reference: Any = None,
    drift: Drift | bool = True,
    limits: Limits = DEFAULT_LIMITS,
    port: int | None = None,
) -> Callable[..., Any]:
    """Watch a function that predicts: count, time and score its calls, and show that to Prometheus.

    Written above a function, as ``@mk.watch`` or ``@mk.watch(name="digits")``. What the function returns, raises and is
    called stays the same. Its metrics are those of a served model, on a port of this machine; run the cell again, also
    with another function under the same name, and port and counters stay.

    Parameters
    ----------
    function
        A function, coroutine function, generator function, or method; below ``@staticmethod`` and ``@classmethod``.
    name
        Key under which it is found again, and value of the label ``model_name``; by default the function's own name,
        that of a method with its class.
    version
        Value of the label ``model_version``.
    classes
        The classes that it predicts; without them it is taken for a classifier where it returns text, whole numbers or
        booleans, and for a regressor where it returns floats. Tell them where you can: a class that is first seen with
        its first label has no 0 for PromQL to count from.
    positive_class
        The class that scores are about, where there are two; the greater one unless given.
    task
        What kind of prediction it makes; None for what its results show.
    window
        Length of the window of the scores, in labelled predictions.
    error_scale
        How the errors of a regressor are counted.
    reference
        Rows from when all was well: what comes as the argument ``X`` is compared with them, feature by feature.
    drift
        How it is compared: a :class:`monitorkit.Drift`.
    limits
        Of these, how many classes get series of their own.
    port
        Port for the metrics; the one that it had, or a free one, unless given.

    Returns
    -------
    function
        Of the same kind and signature, with the attributes ``metrics_url`` (so that it can be one of the targets of
        :func:`monitorkit.start_prometheus`), ``registry``, ``stop()``, and ``watched``, which holds these and can be
        shown.

    Raises
    ------
    InvalidType, InvalidValue
        If `function` is none, or an argument cannot be used.
    ServiceError
        If the port is taken.

    Warns
    -----
    UserWarning
        Once for each reason why a result or a true label could not be counted; the call itself is never disturbed.

    Notes
    -----
    A call that returns is counted as ``ok``, one that raises an exception as ``server_error``; one that is interrupted
    or cancelled is not counted. A result that is one value is one prediction; a list, an array or a Series holds one
    for each row; other results, such as a tuple or a dictionary, are only timed. A generator is timed to its end, and
    what it yields is not read. An argument called ``y`` or ``y_true`` holds the true labels, None where one is not
    known. Measuring a call that returns a class costs about 3 us, with its label 4 us (``benchmarks/watching.py``).

    Examples
    --------
    >>> import monitorkit as mk
    >>> @mk.watch(name="sign")
    ... def sign(X, y=None):
    ...     return [int(x > 0) for x in X]
    >>> sign([3, -2], y=[1, 1])
    [1, 0]
    >>> labels = {"model_name": "sign", "model_version": "1"}
    >>> sign.registry.get_sample_value("model_accuracy", labels)
    0.5
    >>> sign.stop()
    """
    how = checked_drift(drift)

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        known = checked_text("name", _name_of(function) if name is None else name)
        model, settings = checked(
            _identity,
            version=version,
            classes=classes,
            positive_class=positive_class,
            task=task,
            window=window,
            error_scale=error_scale,
            limits=limits,
        )
        compared = None if reference is None or how is None else features_of(reference, how)
        watched = _watched(known, port)
        metrics = _activated(watched, model, settings, compared)
        wrapper: Any = observed(function, Observer(function, model, metrics, known))
        wrapper.watched, wrapper.registry = watched, watched.registry
        wrapper.metrics_url, wrapper.url, wrapper.stop = watched.metrics_url, watched.url, watched.stop
        return wrapper  # type: ignore[no-any-return]

    return decorate if function is None else decorate(function)


def _identity(result: Any) -> Any:  # noqa: ANN401 - whatever a function returned
    """The model that reads results: what comes in was predicted already."""
    return result


def _name_of(function: Any) -> str:  # noqa: ANN401 - what a user wrote the decorator above
    if isinstance(function, str):
        raise InvalidType(f"watch: {function!r} is no function; write @mk.watch(name={function!r})")
    if isinstance(function, classmethod | staticmethod):
        kind = type(function).__name__
        raise InvalidType(f"watch: write @mk.watch below @{kind}, not above it")
    if isinstance(function, type) or not callable(function):
        kind = function.__name__ if isinstance(function, type) else type(function).__name__
        raise InvalidType(f"watch: {kind} is no function; write @mk.watch above a function or a method")
    name = getattr(function, "__qualname__", None) or type(function).__name__
    own = str(name).rpartition("<locals>.")[2]
    return "function" if own == "<lambda>" else own


def _watched(name: str, port: int | None) -> Watched:
    with running.starting(KIND, name):
        watched: Watched | None = running.find(KIND, name)
        if watched is not None:
            if port not in {None, watched.port}:
                raise InvalidValue(
                    f"port: {name!r} is watched on port {watched.port} already; stop it first to move it"
                )
            return watched
        watched = Watched(name, port=port)
        watched.start()
        running.add(KIND, watched)
        return watched


def _activated(watched: Watched, model: Model, settings: Settings, reference: Reference | None) -> VersionMetrics:
    return watched.metrics.activate(
        settings.version,
        description=replace(model.description, framework="", framework_version="", model_class="function"),
        classes=model.classes or (),
        positive_class=settings.positive_class,
        window=settings.window,
        max_classes=settings.limits.classes,
        error_scale=settings.error_scale,
        reference=reference,
    )
