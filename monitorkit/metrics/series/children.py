"""Children of prometheus_client's metrics: counting with them at little cost, and where their values are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import values

if TYPE_CHECKING:
    from collections.abc import Callable

    from prometheus_client import Counter, Gauge

__all__ = ["incrementing", "shared"]


def incrementing(child: Counter | Gauge) -> Callable[[float], None]:
    """Return what adds an amount to a child, at a third of the cost of its own ``inc``.

    That checks with each call whether the child has its labels and whether there is an exemplar; a child that was made
    once has the first for ever, and here nobody passes the second.

    Parameters
    ----------
    child
        A counter, to which only amounts from 0 up are added, or a gauge; with the values of its labels, if it has any.

    Examples
    --------
    >>> from prometheus_client import CollectorRegistry, Counter
    >>> registry = CollectorRegistry()
    >>> add = incrementing(Counter("doors_opened", "Doors.", registry=registry))
    >>> add(2)
    >>> registry.get_sample_value("doors_opened_total")
    2.0
    """
    # Not part of prometheus_client's interface, so not to be counted upon.
    value = getattr(child, "_value", None)
    return getattr(value, "inc", child.inc)


def shared() -> bool:
    """Whether processes share values, as gunicorn's workers do.

    Notes
    -----
    Source: prometheus_client's documentation, "Multiprocess Mode": chosen by ``PROMETHEUS_MULTIPROC_DIR`` when it is
    imported.
    """
    return values.ValueClass is not values.MutexValue
