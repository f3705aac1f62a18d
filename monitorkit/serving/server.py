"""The model server: a model on a port, measured, in threads of this process."""

from __future__ import annotations

import os
import threading
import weakref
from typing import TYPE_CHECKING, Any, Literal, Self

from monitorkit import ports, running
from monitorkit.errors import InvalidType, InvalidValue, ServiceError
from monitorkit.metrics import ModelMetrics, Registry
from monitorkit.metrics.error_scale import DEFAULT_SCALE
from monitorkit.metrics.scores import DEFAULT_WINDOW
from monitorkit.serving import client, pages
from monitorkit.serving.app import MetricsApplication, ModelApplication
from monitorkit.serving.batching import checked_batching
from monitorkit.serving.feedback import FeedbackStore, Served
from monitorkit.serving.listener import Listener
from monitorkit.serving.settings import DEFAULT_LIMITS, checked, checked_text
from monitorkit.serving.worker import PredictionWorker

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterable, Sequence
    from types import TracebackType

    import pandas as pd
    from numpy.typing import ArrayLike

    from monitorkit.metrics import ErrorScale, Task
    from monitorkit.serving.batching import Batching
    from monitorkit.serving.client import Predictions
    from monitorkit.serving.limits import Limits
    from monitorkit.serving.model import Model
    from monitorkit.serving.payload import Label
    from monitorkit.serving.settings import Settings

__all__ = ["KIND", "ModelServer", "serve"]

KIND = "model server"
ANY_HOST = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - what a client on this machine writes instead

_listeners: weakref.WeakSet[Listener] = weakref.WeakSet()


def _forget_in_child() -> None:
    for listener in list(_listeners):
        listener.forget()


os.register_at_fork(after_in_child=_forget_in_child)


class ModelServer:
    """A running model server; made by :func:`serve`.

    It is a context manager, and ends with the process that started it.

    Attributes
    ----------
    name
        Key under which it is found again, and value of the label ``model_name``.
    registry
        What it exports; metrics of one's own can be added to it.
    """

    def __init__(
        self,
        served_model: Model,
        settings: Settings,
        name: str,
        *,
        host: str,
        port: int | None,
        metrics_port: int | None,
    ) -> None:
        self.name = name
        self.registry = Registry()
        self._host = host
        self._owner = os.getpid()
        self._lock = threading.RLock()
        self._stopped = False
        self._metrics = ModelMetrics(self.registry, name)
        self._store = FeedbackStore(settings.limits)
        self._worker = PredictionWorker(f"{name}: predict", queue_length=settings.limits.queue_length)
        served = self._activate(served_model, settings)
        bound = _bind(name, host, port, metrics_port)
        self._application = ModelApplication(
            served,
            registry=self.registry,
            worker=self._worker,
            store=self._store,
            limits=settings.limits,
            url=_url(host, bound[0].getsockname()[1]),
        )
        applications = (self._application, MetricsApplication(self.registry, settings.limits))
        self._main, self._scraped = self._listeners = tuple(
            Listener(application, socket, name=f"{name}: {what}")
            for application, socket, what in zip(applications, bound, ("serve", "metrics"), strict=True)
        )
        _listeners.update(self._listeners)

    def _start(self) -> None:
        try:
            self._worker.start()
            for listener in self._listeners:
                listener.start()
        except BaseException:
            # Also an interrupt of the kernel half way must leave neither thread nor port behind.
            self.stop()
            raise

    @property
    def version(self) -> str:
        """Version that is served now, value of the label ``model_version``."""
        return self._application.served.version

    @property
    def model(self) -> object:
        """The model that is served now."""
        return self._application.served.model.wrapped

    @property
    def batching(self) -> Batching | Literal[False]:
        """How requests that wait leave together, False where each leaves alone; may be set while it runs.

        Set True for the default, False for none, or a :class:`monitorkit.Batching`.
        """
        return self._worker.batching

    @batching.setter
    def batching(self, batching: Batching | bool) -> None:
        self._worker.batching = checked_batching(batching)

    @property
    def url(self) -> str:
        """Where the model answers; ``/predict`` under it explains itself."""
        return _url(self._host, self._main.port)

    @property
    def metrics_url(self) -> str:
        """What Prometheus scrapes: a port of its own, answered while predictions saturate the other one."""
        return _url(self._host, self._scraped.port) + "/metrics"

    @property
    def alive(self) -> bool:
        """Whether it answers; never in a forked child of the process that started it."""
        threads = [self._worker.alive, *(listener.alive for listener in self._listeners)]
        return not self._stopped and self._owner == os.getpid() and all(threads)

    def predict(
        self, X: ArrayLike | pd.DataFrame, *, probabilities: bool = False, timeout_seconds: float = 60.0
    ) -> Predictions:
        """Ask for predictions with one real HTTP request, counted and timed like anyone's.

        Parameters
        ----------
        X
            Rows of numbers, of shape (n_instances, n_features).
        probabilities
            Whether to ask for the probability of each class, too.
        timeout_seconds
            Longest time to wait.

        Returns
        -------
        Predictions
            Predictions and their ids, for :meth:`feedback`.

        Raises
        ------
        InvalidValue
            If the server finds the rows wrong, or the model tells no probabilities.
        ServiceError
            If the model fails, or the server has been stopped.
        """
        document = {"instances": client.rows(X)} | ({"probabilities": True} if probabilities else {})
        answer = self._ask("/predict", document, timeout_seconds)
        return client.Predictions(**answer)

    def feedback(
        self, ids: Predictions | Iterable[str], y_true: Iterable[Any], *, timeout_seconds: float = 60.0
    ) -> dict[str, int]:
        """Tell the true labels of predictions, once they are known.

        Parameters
        ----------
        ids
            Ids from answers, or an answer itself.
        y_true
            A true label for each.
        timeout_seconds
            Longest time to wait.

        Returns
        -------
        dict
            How many labels were ``joined`` to their prediction, and how many were ``unknown``, ``expired``,
            ``duplicate``.

        Raises
        ------
        InvalidValue
            If a label cannot be one of the model's; none is counted then.
        ServiceError
            If the server has been stopped.
        """
        if isinstance(ids, str):
            raise InvalidType(f"ids: {ids!r} is one text; pass a list of ids")
        if not hasattr(ids, "__iter__"):
            raise InvalidType(f"ids: {ids!r} is no list of ids")
        if isinstance(y_true, str) or not hasattr(y_true, "__iter__"):
            raise InvalidType(f"y_true: {y_true!r} is one label; pass a list of labels")
        document = {"ids": list(getattr(ids, "ids", ids)), "y_true": client.labels(y_true)}
        answer: dict[str, Any] = self._ask("/feedback", document, timeout_seconds)
        return {result: count for result, count in answer.items() if result != "results"}

    def swap(self, model: object, *, version: str | None = None, **settings: Any) -> None:  # noqa: ANN401 - see Settings
        """Serve another model from the next request on; requests in flight end with the one that they met.

        Parameters
        ----------
        model
            As for :func:`serve`.
        version
            Label of its series; by default the present one. The series of the version before keep their counts.
        **settings
            ``classes``, ``positive_class``, ``example``, ``task``, ``probabilities``, ``error_scale``, ``window`` and
            ``limits`` of :func:`serve`.

        Raises
        ------
        InvalidType, InvalidValue
            If the model cannot be served; the present one stays.
        """
        adapter, settings_checked = checked(model, version=self.version if version is None else version, **settings)
        self._swap(adapter, settings_checked)

    def _swap(self, model: Model, settings: Settings) -> None:
        with self._lock:
            self._store.limit(settings.limits)
            self._worker.queue_length = settings.limits.queue_length
            self._application.limits = settings.limits
            self._application.served = self._activate(model, settings)

    def _activate(self, model: Model, settings: Settings) -> Served:
        metrics = self._metrics.activate(
            settings.version,
            description=model.description,
            classes=model.classes or (),
            positive_class=settings.positive_class,
            window=settings.window,
            max_classes=settings.limits.classes,
            error_scale=settings.error_scale,
            probabilities=model.probabilities is not None,
        )
        metrics.requests.watch_queue(self._worker.waiting)
        return Served(model, self.name, settings.version, metrics)

    def stop(self) -> None:
        """Answer what is in flight, then free ports and threads; a second call does nothing.

        What was measured can still be read from :attr:`registry`.
        """
        if self._owner != os.getpid():
            return
        with self._lock:
            self._stopped = True
            # All listeners at once, because each takes a moment to let its connections end.
            for listener in self._listeners:
                listener.close()
            for listener in self._listeners:
                listener.join()
            # The listeners have awaited the model already; one that hangs is left to its daemon thread.
            self._worker.stop(timeout_seconds=1.0)
            running.remove(KIND, self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"ModelServer({self.name!r}, version={self.version!r}, url={self.url!r}, {self._state})"

    def _repr_html_(self) -> str:
        step = "prom = mk.start_prometheus(targets=[server])" if self.alive else f"mk.serve(model, name={self.name!r})"
        return pages.card(
            self._application.served, url=self.url, metrics_url=self.metrics_url, state=self._state, step=step
        )

    @property
    def _state(self) -> str:
        return "running" if self.alive else "stopped"

    def _ask(self, path: str, document: object, timeout_seconds: float) -> Any:  # noqa: ANN401 - a JSON document
        if not self.alive:
            raise ServiceError("has been stopped; start it again with monitorkit.serve(model)", service=self.name)
        host = ANY_HOST.get(self._host, self._host)
        return client.ask(host, self._main.port, path, document, name=self.name, timeout_seconds=timeout_seconds)

    def _check_place(self, host: str, port: int | None, metrics_port: int | None) -> None:
        """Refuse to move a server that runs: its port is what keeps the ``instance`` of its series."""
        for what, asked, has in (
            ("host", host, self._host),
            ("port", port, self._main.port),
            ("metrics_port", metrics_port, self._scraped.port),
        ):
            if asked is not None and asked != has:
                raise InvalidValue(
                    f"{what}: {self.name!r} runs already, with {what} {has}; stop it first to move it to {asked}"
                )


def serve(
    model: object,
    *,
    name: str | None = None,
    version: str = "1",
    host: str = "127.0.0.1",
    port: int | None = None,
    metrics_port: int | None = None,
    classes: Sequence[Label] | None = None,
    positive_class: Label | None = None,
    example: Sequence[float] | None = None,
    task: Task | None = None,
    probabilities: bool | None = None,
    error_scale: ErrorScale = DEFAULT_SCALE,
    window: int = DEFAULT_WINDOW,
    limits: Limits = DEFAULT_LIMITS,
    batching: Batching | bool = True,
) -> ModelServer:
    """Serve a model over HTTP from this process, measured.

    Called again with the same name it returns the same server, with the same ports and counters, serving this model.

    Parameters
    ----------
    model
        A fitted scikit-learn estimator, or any callable from an (n, d) array of float64 to n predictions.
    name
        Key and value of the label ``model_name``; by default the model's class or the function's name.
    version
        Value of the label ``model_version``. The series of another version keep their counts.
    host
        Address to listen on; ``"0.0.0.0"`` for all.
    port, metrics_port
        Ports of the model and of its metrics; by default those that the name had last, or free ones.
    classes
        The classes that the model predicts; by default its ``classes_``, or else those that occur. Labels outside
        declared classes are refused as feedback.
    positive_class
        The class that recall, precision and F1 are about; by default, where there are two, the greater label, as 1 is
        to 0.
    example
        A row that the model can predict, shown to those who ask how to call it. For a callable it also tells how many
        numbers a row has, so that others are refused.
    task
        What kind of prediction the model makes: ``"classification"``, ``"multilabel"`` (rows of 0 and 1, or lists of
        labels) or ``"regression"``; by default what the estimator tells, or else what its predictions show. It says how
        true labels judge them.
    probabilities
        Whether to ask for probabilities with each prediction, for the Brier score and the calibration error; by default
        where there are any. Most of scikit-learn's classifiers tell both in one call; others are called twice.
    error_scale
        How the errors of a regressor are counted.
    window
        How many labelled predictions ``model_accuracy`` and its like are computed over.
    limits
        Bounds on what clients send.
    batching
        Whether requests that wait while the model is busy leave together, in one call of it; a
        :class:`monitorkit.Batching` says how many and for how long. False for a model that looks at the rows of a call
        together, so that a stranger's rows would change an answer.

    Raises
    ------
    InvalidType, InvalidValue
        If the model cannot be served, or runs already at another port.
    ServiceError
        If a port is taken.

    Notes
    -----
    While a server runs in this process, Python's threads give way to each other after 0.5 ms rather than 5
    (``sys.setswitchinterval``), so that it answers beside a cell that computes.

    Examples
    --------
    >>> import monitorkit as mk
    >>> with mk.serve(lambda X: X[:, 0] > 0, name="sign") as server:
    ...     answer = server.predict([[1.0], [-2.0]])
    ...     counts = server.feedback(answer, [True, True])
    >>> answer.predictions, counts["joined"]
    ([True, False], 2)
    """
    adapter, settings = checked(
        model,
        version=version,
        classes=classes,
        positive_class=positive_class,
        example=example,
        task=task,
        probabilities=probabilities,
        error_scale=error_scale,
        window=window,
        limits=limits,
    )
    name = checked_text("name", adapter.name if name is None else name)
    batching = checked_batching(batching)
    with running.starting(KIND, name):
        server: ModelServer | None = running.find(KIND, name)
        if server is not None:
            server._check_place(host, port, metrics_port)  # noqa: SLF001 - of this module
            server._swap(adapter, settings)  # noqa: SLF001 - of this module
            server.batching = batching
            return server
        server = ModelServer(adapter, settings, name, host=host, port=port, metrics_port=metrics_port)
        server.batching = batching
        server._start()  # noqa: SLF001 - of this module
        running.add(KIND, server)
        return server


def _bind(name: str, host: str, port: int | None, metrics_port: int | None) -> tuple[socket.socket, socket.socket]:
    main = ports.bind(f"{KIND} {name}", host=host, port=port)
    try:
        return main, ports.bind(f"{KIND} {name} metrics", host=host, port=metrics_port)
    except BaseException:
        main.close()
        raise


def _url(host: str, port: int) -> str:
    host = ANY_HOST.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
