"""Queries of a regressor's quality, over the sums of its errors.

Where a prediction is several numbers, each is the mean over these outputs, as scikit-learn's uniform average;
``by="output"`` tells them apart, by number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitorkit.metrics.queries.scope import Scope

if TYPE_CHECKING:
    from monitorkit.durations import Duration
    from monitorkit.metrics.queries.scope import By, Name, Where
    from monitorkit.promql import Query

__all__ = ["bias", "error_quantile", "mae", "r2", "rmse"]

_ERROR = "model_absolute_error"
_COUNT = f"{_ERROR}_count"
_SQUARED = "model_squared_error_total"
_OUTPUT = "output"

# Least share of the squares that the variance must be: below it, what rounding has left is no variance.
_TELLING = 1e-9


def mae(name: Name = None, *, window: Duration = "5m", by: By = (), where: Where = None) -> Query:
    """Mean absolute error, in the unit of what is predicted; no sample while no labels come.

    Notes
    -----
    Source: scikit-learn's user guide, "Mean absolute error".

    Examples
    --------
    >>> mae("prices")  # doctest: +NORMALIZE_WHITESPACE
    'sum(rate(model_absolute_error_sum{model_name="prices"}[5m]))
     / (sum(rate(model_absolute_error_count{model_name="prices"}[5m])) > 0)'
    """
    return Scope(name, window=window, by=by, where=where).histogram_mean(_ERROR)


def rmse(name: Name = None, *, window: Duration = "5m", by: By = (), where: Where = None) -> Query:
    """Root mean squared error, in the unit of what is predicted; no sample while no labels come.

    Notes
    -----
    A few large errors raise it above :func:`mae`. Source: scikit-learn's user guide, "Mean squared error".

    Examples
    --------
    >>> rmse()  # doctest: +NORMALIZE_WHITESPACE
    'avg(sqrt(sum by (output) (rate(model_squared_error_total[5m]))
     / (sum by (output) (rate(model_absolute_error_count[5m])) > 0)))'
    """
    scope = Scope(name, window=window, by=by, where=where)
    return scope.query(
        "avg by ({by}) (sqrt({squared} / ({count} > 0)))",
        by=scope.by,
        squared=scope.rate(_SQUARED, _OUTPUT),
        count=scope.rate(_COUNT, _OUTPUT),
    )


def r2(name: Name = None, *, window: Duration = "5m", by: By = (), where: Where = None) -> Query:
    """R2, the share of the variance that the model explains: 1 at best, 0 for one that knows only the mean, or less.

    Parameters
    ----------
    name, window, by, where
        As for every query of this package.

    Notes
    -----
    ``1 - sum((y - p)²) / (sum(y²) - sum(y)² / n)``, where `y` is counted from the centre of the model's
    :class:`~monitorkit.ErrorScale`: the same for all replicas. The difference loses digits where true values are far
    from that centre and close together, and weighs what ``rate()`` extrapolates differently in a replica's first
    moments. No sample while no labels come, or while the variance is less than a billionth of the squares, where
    nothing but rounding may be left of it. Source: scikit-learn's user guide, "R² score, the coefficient of
    determination".

    Examples
    --------
    >>> r2(by="model_version").count("sum by (model_version, output)")
    6
    """
    scope = Scope(name, window=window, by=by, where=where)
    return scope.query(
        "avg by ({by}) (1 - {errors} / ({squares} - ({above} - {below}) ^ 2 / ({count} > 0) > {least} * {squares}))",
        by=scope.by,
        errors=scope.rate(_SQUARED, _OUTPUT),
        squares=scope.rate("model_true_value_squared_total", _OUTPUT),
        above=scope.rate("model_true_value_total", _OUTPUT, sign="positive"),
        below=scope.rate("model_true_value_total", _OUTPUT, sign="negative"),
        count=scope.rate(_COUNT, _OUTPUT),
        least=_TELLING,
    )


def bias(name: Name = None, *, window: Duration = "5m", by: By = (), where: Where = None) -> Query:
    """Mean error, in the unit of what is predicted: positive where predictions are too high; no sample without labels.

    Examples
    --------
    >>> bias()  # doctest: +NORMALIZE_WHITESPACE
    '(sum(rate(model_signed_error_total{sign="positive"}[5m]))
     - sum(rate(model_signed_error_total{sign="negative"}[5m])))
     / (sum(rate(model_absolute_error_count[5m])) > 0)'
    """
    scope = Scope(name, window=window, by=by, where=where)
    return scope.query(
        "({above} - {below}) / ({count} > 0)",
        above=scope.rate("model_signed_error_total", sign="positive"),
        below=scope.rate("model_signed_error_total", sign="negative"),
        count=scope.rate(_COUNT),
    )


def error_quantile(
    name: Name = None, *, quantile: float = 0.95, window: Duration = "5m", by: By = (), where: Where = None
) -> Query:
    """Absolute error, in the unit of what is predicted, that a share of the predictions stays under.

    Parameters
    ----------
    name, window, by, where
        As for every query of this package.
    quantile
        The share, from 0 to 1.

    Notes
    -----
    Estimated within a bucket of the model's :class:`~monitorkit.ErrorScale`. Source: Prometheus documentation, "Query
    functions", ``histogram_quantile()``.

    Raises
    ------
    InvalidValue
        If the quantile is no share.

    Examples
    --------
    >>> error_quantile(quantile=0.5)
    'histogram_quantile(0.5, sum by (le) (rate(model_absolute_error_bucket[5m]))) >= 0'
    """
    return Scope(name, window=window, by=by, where=where).histogram_quantile(_ERROR, quantile)
