"""Queries of true labels: how many come, how late, and how many are lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitorkit.metrics.queries.scope import Scope

if TYPE_CHECKING:
    from monitorkit.durations import Duration
    from monitorkit.metrics.queries.scope import By, Name, Where
    from monitorkit.promql import Query

__all__ = ["feedback_delay", "feedback_lost", "feedback_rate", "labelled_share"]

_FEEDBACK = "model_feedback_total"


def feedback_rate(name: Name = None, *, window: Duration = "5m", by: By = "result", where: Where = None) -> Query:
    """True labels received per second, by what became of them: joined, unknown, expired, duplicate.

    Examples
    --------
    >>> feedback_rate("digits")
    'sum by (result) (rate(model_feedback_total{model_name="digits"}[5m]))'
    """
    scope = Scope(name, window=window, by=by, where=where)
    return scope.query("{sum}", sum=scope.rate(_FEEDBACK))


def feedback_delay(
    name: Name = None, *, quantile: float = 0.5, window: Duration = "5m", by: By = (), where: Where = None
) -> Query:
    """Time, in seconds, within which a share of the true labels came; no sample while none come.

    Parameters
    ----------
    name, window, by, where
        As for every query of this package.
    quantile
        The share, from 0 to 1: 0.5 for the median delay.

    Notes
    -----
    Every score is of predictions that are as old as this. Of labels that were joined to their prediction; estimated
    within a bucket, and no more than a week.

    Raises
    ------
    InvalidValue
        If the quantile is no share.

    Examples
    --------
    >>> feedback_delay()
    'histogram_quantile(0.5, sum by (le) (rate(model_feedback_delay_seconds_bucket[5m]))) >= 0'
    """
    scope = Scope(name, window=window, by=by, where=where)
    return scope.histogram_quantile("model_feedback_delay_seconds", quantile)


def feedback_lost(name: Name = None, *, window: Duration = "5m", by: By = (), where: Where = None) -> Query:
    """Share of the true labels that found no prediction, from 0 to 1; no sample while none come.

    Notes
    -----
    Their id was never given out, or the prediction had been forgotten: raise ``feedback_age`` or ``feedback_count`` of
    :class:`monitorkit.Limits` where it is ``expired``.

    Examples
    --------
    >>> feedback_lost()  # doctest: +NORMALIZE_WHITESPACE
    'sum(rate(model_feedback_total{result=~"expired|unknown"}[5m])) / (sum(rate(model_feedback_total[5m])) > 0)'
    """
    scope = Scope(name, window=window, by=by, where=where)
    lost = scope.rate(_FEEDBACK, result=("expired", "unknown"))
    return scope.ratio(lost, scope.without("result").rate(_FEEDBACK))


def labelled_share(name: Name = None, *, window: Duration = "5m", by: By = (), where: Where = None) -> Query:
    """True labels that were joined for each prediction made, from 0 to 1; no sample while no predictions are made.

    Notes
    -----
    Scores are of these only. Labels and predictions are those of the same window: where labels are late and the
    traffic changes, choose one that is long beside :func:`feedback_delay`.

    Examples
    --------
    >>> labelled_share()  # doctest: +NORMALIZE_WHITESPACE
    'sum(rate(model_feedback_total{result="joined"}[5m])) / (sum(rate(inference_batch_size_sum[5m])) > 0)'
    """
    scope = Scope(name, window=window, by=by, where=where)
    return scope.ratio(scope.rate(_FEEDBACK, result="joined"), scope.rate("inference_batch_size_sum"))
