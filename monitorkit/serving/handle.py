"""The handle of a model server: one and the same, wherever the model runs."""

from __future__ import annotations

import threading
from abc import abstractmethod
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from monitorkit.errors import InvalidType, InvalidValue, ServiceError
from monitorkit.running import Stoppable
from monitorkit.serving import client
from monitorkit.serving.card import card
from monitorkit.serving.settings import checked
from monitorkit.serving.trials import Trials
from monitorkit.serving.work.batching import checked_batching

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd
    from numpy.typing import ArrayLike
    from prometheus_client import CollectorRegistry

    from monitorkit.metrics import Reference
    from monitorkit.processes import LogText
    from monitorkit.serving.client import Predictions
    from monitorkit.serving.models.model import Model
    from monitorkit.serving.models.shown import Shown
    from monitorkit.serving.settings import Settings
    from monitorkit.serving.work.batching import Batching

__all__ = ["KIND", "ModelServer", "Place"]

KIND = "model server"
"""What a model server is entered as in the register of what runs."""

ANY_HOST = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - what a client on this machine writes instead


class Place(NamedTuple):
    """Where a model server answers."""

    host: str
    port: int
    metrics_port: int

    @property
    def address(self) -> str:
        """The host as a client on this machine writes it."""
        return ANY_HOST.get(self.host, self.host)

    def url(self, port: int) -> str:
        """The root of what answers on a port.

        Examples
        --------
        >>> Place("::", 8000, 8001).url(8000)
        'http://[::1]:8000'
        """
        return f"http://[{self.address}]:{port}" if ":" in self.address else f"http://{self.address}:{port}"


class ModelServer(Stoppable, Trials):
    """A running model server; made by :func:`monitorkit.serve`.

    It is a context manager, and ends with the process that started it.

    Attributes
    ----------
    name
        Key under which it is found again, and value of the label ``model_name``.
    process
        Whether the model runs in a process of its own.
    """

    process: bool

    def __init__(self, name: str, place: Place) -> None:
        self.name = name
        self._place = place
        self._lock = threading.RLock()

    @property
    def version(self) -> str:
        """Version that is served now, value of the label ``model_version``."""
        return self._served.version

    @property
    def model(self) -> object:
        """The model that is served now."""
        return self._served.model.wrapped

    @property
    def reference(self) -> Reference | None:
        """What drift is measured from, None where there is nothing: its ``features``, ``left_out`` and ``series``."""
        return self._served.reference

    @property
    def batching(self) -> Batching | Literal[False]:
        """How requests that wait leave together, False where each leaves alone; may be set while it runs.

        Set True for the default, False for none, or a :class:`monitorkit.Batching`.
        """
        return self._batching

    @batching.setter
    def batching(self, batching: Batching | bool) -> None:
        self._set_batching(checked_batching(batching))

    @property
    def url(self) -> str:
        """Where the model answers; ``/predict`` under it explains itself."""
        return self._place.url(self._place.port)

    @property
    def metrics_url(self) -> str:
        """What Prometheus scrapes: a port of its own, answered while predictions saturate the other one."""
        return self._place.url(self._place.metrics_port) + "/metrics"

    @property
    @abstractmethod
    def registry(self) -> CollectorRegistry:
        """What it exports; metrics of one's own can be added to it, except where the model has a process of its own."""

    @property
    @abstractmethod
    def alive(self) -> bool:
        """Whether it answers; never in a forked child of the process that started it."""

    def predict(
        self, X: ArrayLike | pd.DataFrame, *, probabilities: bool = False, timeout_seconds: float = 60.0
    ) -> Predictions:
        """Ask for predictions with one real HTTP request, counted and timed like anyone's.

        Parameters
        ----------
        X
            Rows of numbers, of shape (n_instances, n_features); a DataFrame is sent with the names of its columns,
            which may then be in any order.
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
        document = client.rows(X) | ({"probabilities": True} if probabilities else {})
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
        several = self._served.model.task == "multilabel"
        document = {"ids": list(getattr(ids, "ids", ids)), "y_true": client.labels(y_true, several=several)}
        answer: dict[str, Any] = self._ask("/feedback", document, timeout_seconds)
        return {result: count for result, count in answer.items() if result != "results"}

    def swap(self, model: object, *, version: str | None = None, **settings: Any) -> None:  # noqa: ANN401 - see Settings
        """Serve another model from the next request on; requests in flight end with the one that they met.

        Parameters
        ----------
        model
            As for :func:`monitorkit.serve`.
        version
            Label of its series; by default the present one. The series of the version before keep their counts, and
            are exported until 20 versions are newer.
        **settings
            ``classes``, ``positive_class``, ``example``, ``task``, ``probabilities``, ``error_scale``, ``window``,
            ``limits``, ``reference`` and ``drift`` of :func:`monitorkit.serve`. The reference data stay where no new
            ones are given.

        Raises
        ------
        InvalidType, InvalidValue
            If the model cannot be served; the present one stays.
        ServiceError
            If the server has been stopped.
        """
        adapter, settings_checked = checked(model, version=self.version if version is None else version, **settings)
        self._check_alive()
        self._swap(adapter, settings_checked.keeping(self.reference, adapter))

    def logs(self, n: int = 20) -> LogText:  # noqa: ARG002 - where there is a log
        """The last `n` lines that the model's own process wrote, where it has one.

        Raises
        ------
        InvalidValue
            If `n` is no number of lines.
        ServiceError
            If the model runs in this process.
        """
        reason = "runs in this process: what its model prints is where the notebook's output is"
        raise ServiceError(reason, service=self.name)

    @abstractmethod
    def stop(self) -> None:
        """Answer what is in flight, then free ports and threads; a second call does nothing."""

    def __repr__(self) -> str:
        parts = [repr(self.name), f"version={self.version!r}", f"url={self.url!r}", *self._notes, self._state]
        return f"ModelServer({', '.join(parts)})"

    def _repr_html_(self) -> str:
        again = f"mk.serve(model, name={self.name!r}{', process=True' if self.process else ''})"
        step = "prom = mk.start_prometheus(targets=[server])" if self.alive else again
        state = "; ".join([self._state, *self._notes])
        return card(self._served, url=self.url, metrics_url=self.metrics_url, state=state, step=step)

    @property
    def _served(self) -> Shown:
        served: Shown = self._lineup.served
        return served

    @property
    def _notes(self) -> list[str]:
        return self._lineup.notes if self.alive else []

    @property
    @abstractmethod
    def _state(self) -> str:
        """In a few words: running, stopped, or how it ended."""

    @property
    @abstractmethod
    def _batching(self) -> Batching | Literal[False]: ...

    @abstractmethod
    def _set_batching(self, batching: Batching | Literal[False]) -> None: ...

    @abstractmethod
    def _swap(self, model: Model, settings: Settings) -> None: ...

    def _check_alive(self) -> None:
        if not self.alive:
            raise ServiceError("has been stopped; start it again with monitorkit.serve(model)", service=self.name)

    def _ask(self, path: str, document: object, timeout_seconds: float) -> Any:  # noqa: ANN401 - a JSON document
        self._check_alive()
        place = self._place
        return client.ask(place.address, place.port, path, document, name=self.name, timeout_seconds=timeout_seconds)

    def _check_place(self, host: str, port: int | None, metrics_port: int | None) -> None:
        """Refuse to move a server that runs: its port is what keeps the ``instance`` of its series."""
        for what, asked, has in zip(Place._fields, (host, port, metrics_port), self._place, strict=True):
            # Port 0 is any.
            if asked not in {None, 0, has}:
                raise InvalidValue(
                    f"{what}: {self.name!r} runs already, with {what} {has}; stop it first to move it to {asked}"
                )
