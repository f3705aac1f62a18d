"""Serving a model: in threads of this process, or in a process of its own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from monitorkit import arguments, ports, running
from monitorkit.metrics.quality.error_scale import DEFAULT_SCALE
from monitorkit.metrics.quality.scores import DEFAULT_WINDOW
from monitorkit.serving.handle import KIND, ModelServer
from monitorkit.serving.kernel import KernelServer
from monitorkit.serving.settings import DEFAULT_LIMITS, checked, checked_flag, checked_text
from monitorkit.serving.work.batching import checked_batching

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import ArrayLike

    from monitorkit.metrics import Drift, ErrorScale, Task
    from monitorkit.serving.limits import Limits
    from monitorkit.serving.models.model import Model
    from monitorkit.serving.settings import Settings
    from monitorkit.serving.values import Label
    from monitorkit.serving.work.batching import Batching

__all__ = ["KIND", "ModelServer", "serve"]


@arguments.checked
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
    example: Any = None,  # noqa: ANN401 - a row, in whatever holds it
    task: Task | None = None,
    probabilities: bool | None = None,
    error_scale: ErrorScale = DEFAULT_SCALE,
    reference: ArrayLike | pd.DataFrame | None = None,
    drift: Drift | bool = True,
    window: int = DEFAULT_WINDOW,
    limits: Limits = DEFAULT_LIMITS,
    batching: Batching | bool = True,
    process: bool = False,
) -> ModelServer:
    """Serve a model over HTTP from this kernel, or from a process of its own, measured.

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
        Ports of the model and of its metrics; by default those that the name had last, or free ones; 0 for any.
    classes
        The classes that the model predicts; by default its ``classes_``, or else those that occur. Labels outside
        declared classes are refused as feedback.
    positive_class
        The class that recall, precision and F1 are about; by default, where there are two, the greater label, as 1 is
        to 0.
    example
        A row that the model can predict, shown to those who ask how to call it. For a callable it also tells how many
        numbers a row has, so that others are refused. As a DataFrame it tells the names and types of the columns, too:
        a callable then gets DataFrames, with text, truth values and times (``"2026-01-31T12:00:00"`` in a request)
        where it has such. A text tells that a callable takes texts: it then gets a list of them.
    task
        What kind of prediction the model makes: ``"classification"``, ``"multilabel"`` (rows of 0 and 1, or lists of
        labels) or ``"regression"``, a number or up to 100 of them; by default what the estimator tells, or else what
        its predictions show. It says how true labels judge them.
    probabilities
        Whether to ask for probabilities with each prediction, for the Brier score and the calibration error; by default
        where there are any. Most of scikit-learn's classifiers tell both in one call; others are called twice.
    error_scale
        How the errors of a regressor are counted.
    reference
        Rows from when all was well, such as the training data: what comes is compared with them, feature by feature,
        and so are the predictions. Where none are given, those of the model before stay.
    drift
        How it is compared; a :class:`monitorkit.Drift` says with how many bins, and which features. False for not at
        all.
    window
        How many labelled predictions ``model_accuracy`` and its like are computed over.
    limits
        Bounds on what clients send.
    batching
        Whether requests that wait while the model is busy leave together, in one call of it; a
        :class:`monitorkit.Batching` says how many and for how long. False for a model that looks at the rows of a call
        together, so that a stranger's rows would change an answer.
    process
        Whether the model gets a process of its own, so that neither a cell that computes slows it down nor it the
        notebook. The handle is the same. What the notebook defines travels with the model (cloudpickle); what it
        imports is imported there, as it is on disk then. What the model prints is in ``server.logs()``. A server that
        runs is moved when this changes: its ports stay, its counters begin anew.

    Raises
    ------
    InvalidType, InvalidValue
        If the model cannot be served, or runs already at another port.
    ServiceError
        If a port is taken, or the model's process ends before it answers.

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
        reference=reference,
        drift=drift,
        window=window,
        limits=limits,
    )
    checked_flag("process", process)
    wanted = _Wanted(
        adapter,
        settings,
        name=checked_text("name", adapter.name if name is None else name),
        batching=checked_batching(batching),
        place=(host, port, metrics_port),
    )
    with running.starting(KIND, wanted.name):
        return _taken_over(wanted, process=process)


@dataclass(frozen=True)
class _Wanted:
    """A server as it is asked for."""

    model: Model
    settings: Settings
    name: str
    batching: Batching | Literal[False]
    place: tuple[str, int | None, int | None]
    """Host, port and port of the metrics."""


def _taken_over(wanted: _Wanted, *, process: bool) -> ModelServer:
    """The server of this name serving the model that is wanted; a new one where there is none, or none of its kind."""
    before: ModelServer | None = running.known(KIND, wanted.name)
    if before is not None and not before.alive:
        before.stop()
        before = None
    if before is not None:
        before._check_place(*wanted.place)  # noqa: SLF001 - the two halves of one thing
        wanted = replace(wanted, settings=wanted.settings.keeping(before.reference, wanted.model))
        if before.process == process:
            before._swap(wanted.model, wanted.settings)  # noqa: SLF001 - as above
            before.batching = wanted.batching
            return before
        wanted = replace(wanted, place=before._place)  # noqa: SLF001 - as above
    server = _start_process(wanted, before) if process else _start_here(wanted, before)
    running.add(KIND, server)
    return server


def _start_here(wanted: _Wanted, before: ModelServer | None) -> ModelServer:
    if before is not None:
        before.stop()
    bound = _bind(wanted)
    server = KernelServer(wanted.model, wanted.settings, wanted.name, host=wanted.place[0], bound=bound)
    server.batching = wanted.batching
    server.start()
    return server


def _start_process(wanted: _Wanted, before: ModelServer | None) -> ModelServer:
    from monitorkit.serving.process import ProcessServer  # noqa: PLC0415 - few need it, and it loads cloudpickle

    server = ProcessServer(wanted.model, wanted.settings, wanted.name)
    try:
        # One that cannot be sent there, or not be loaded there, has not replaced anything.
        if before is not None:
            before.stop()
        bound = _bind(wanted)
    except BaseException:
        server.stop()
        raise
    server.start(wanted.place[0], bound, wanted.batching)
    return server


def _bind(wanted: _Wanted) -> tuple[socket.socket, socket.socket]:
    host, port, metrics_port = wanted.place
    main = ports.bind(f"{KIND} {wanted.name}", host=host, port=port)
    try:
        return main, ports.bind(f"{KIND} {wanted.name} metrics", host=host, port=metrics_port)
    except BaseException:
        main.close()
        raise
