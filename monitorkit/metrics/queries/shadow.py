"""Queries of a shadow: a model that sees copies of requests, and whose answers nobody gets."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from monitorkit.errors import InvalidType, InvalidValue
from monitorkit.metrics.queries.scope import Scope, changed
from monitorkit.metrics.shadow import ANSWERS, SHADOW_PREFIX
from monitorkit.promql import VectorSelector

if TYPE_CHECKING:
    from monitorkit.durations import Duration
    from monitorkit.metrics.queries.scope import By, Name, Where
    from monitorkit.promql import Expression, Query

__all__ = ["of_shadow", "shadow_agreement", "shadow_dropped"]

_OURS = ("model_", "inference_")
_NOT_OF_PREDICTIONS = ANSWERS | {"inference_shadow_requests", "model_shadow_predictions", "model_injected_faults"}
_SUFFIXES = ("_total", "_bucket", "_sum", "_count")
_NAME = "__name__"


def of_shadow(query: str) -> Query:
    """The same query of a shadow: what its predictions would have been worth.

    Parameters
    ----------
    query
        Any of these queries, or another one over a model's metrics.

    Returns
    -------
    Query
        The query with ``shadow_`` before the names that it reads.

    Raises
    ------
    InvalidType
        If it is no text.
    InvalidValue
        If it reads something that a shadow does not have: nobody waits for its answers, so it has no latency.
    PromQLError
        If it is no query.

    Notes
    -----
    What a shadow predicts is counted under names of its own, so that every other query is about what was answered. Both
    beside each other, told apart by version: ``expr("{a} or {b}", a=query, b=of_shadow(query))``.

    Examples
    --------
    >>> from monitorkit.metrics.queries import accuracy
    >>> of_shadow(accuracy("digits", by="model_version"))  # doctest: +NORMALIZE_WHITESPACE
    'sum by (model_version) (rate(shadow_model_outcomes_total{model_name="digits",outcome="tp"}[5m]))
     / (sum by (model_version) (rate(shadow_model_outcomes_total{model_name="digits",outcome=~"tp|fn"}[5m])) > 0)'
    """
    if not isinstance(query, str):
        raise InvalidType(f"of_shadow: {query!r} is no query; pass PromQL, as in of_shadow(accuracy('digits'))")
    return changed(query, _renamed)


def shadow_agreement(name: Name = None, *, window: Duration = "5m", by: By = (), where: Where = None) -> Query:
    """Share of a shadow's predictions that are those of the answer, from 0 to 1; no sample while it predicts nothing.

    Notes
    -----
    Of classes and sets of labels; numbers are compared by their errors, as in ``of_shadow(mae())``.

    Examples
    --------
    >>> shadow_agreement()  # doctest: +NORMALIZE_WHITESPACE
    'sum(rate(model_shadow_predictions_total{result="same"}[5m]))
     / (sum(rate(model_shadow_predictions_total[5m])) > 0)'
    """
    scope = Scope(name, window=window, by=by, where=where)
    predictions = "model_shadow_predictions_total"
    return scope.ratio(scope.rate(predictions, result="same"), scope.rate(predictions))


def shadow_dropped(name: Name = None, *, window: Duration = "5m", by: By = (), where: Where = None) -> Query:
    """Share of the copies that a shadow could not keep up with, from 0 to 1; no sample while there are none.

    Examples
    --------
    >>> shadow_dropped()  # doctest: +NORMALIZE_WHITESPACE
    'sum(rate(inference_shadow_requests_total{status="dropped"}[5m]))
     / (sum(rate(inference_shadow_requests_total[5m])) > 0)'
    """
    scope = Scope(name, window=window, by=by, where=where)
    copies = "inference_shadow_requests_total"
    return scope.ratio(scope.rate(copies, status="dropped"), scope.rate(copies))


def _renamed(node: Expression) -> Expression | None:
    if not isinstance(node, VectorSelector):
        return None
    metric = node.metric or ""
    family = next((metric.removesuffix(suffix) for suffix in _SUFFIXES if metric.endswith(suffix)), metric)
    if not metric.startswith(_OURS) or {metric, family} & _NOT_OF_PREDICTIONS:
        what = f"it has no {metric}" if metric else f"{node} names no metric of its"
        raise InvalidValue(f"of_shadow: a shadow answers nobody, so {what}; ask for its predictions, as in accuracy()")
    matchers = tuple(one for one in node.matchers if one.name != _NAME)
    return replace(node, name=SHADOW_PREFIX + metric, matchers=matchers)
