"""Queries of drift: how far what comes now is from the reference data, feature by feature.

Each compares two distributions over the bins of a feature: `p`, the share of each bin in the window, and `q`, its share
in the reference. Without traffic in the window there is no sample.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitorkit.errors import InvalidType, InvalidValue
from monitorkit.metrics.drift.settings import EMPTY_SHARE
from monitorkit.metrics.queries.scope import Scope
from monitorkit.promql import expr

if TYPE_CHECKING:
    from monitorkit.durations import Duration
    from monitorkit.metrics.queries.scope import By, Name, Where
    from monitorkit.promql import Query

__all__ = ["feature_share", "hellinger", "js", "kl", "most_drifted", "psi", "reference_share"]

VERSION = ("model_name", "model_version")
"""Labels that tell references apart: another version may have another one."""

_PSI = "({p} - {q}) * ln({p} / {q})"
# The least number there is: times its logarithm it is 0, as the limit is.
_TINY = 5e-324


def psi(
    name: Name = None,
    *,
    feature: str | None = None,
    floor: float = EMPTY_SHARE,
    window: Duration = "5m",
    by: By = VERSION,
    where: Where = None,
) -> Query:
    """Population stability index of each feature: under 0.1 little has changed, over 0.25 much has.

    Parameters
    ----------
    name, window, where
        As for every query of this package.
    feature
        The feature that it is about; None for each.
    floor
        Share that an empty bin is taken to have, since its logarithm is infinite.
    by
        Labels that stay besides ``feature``; versions have to stay apart where their references differ.

    Notes
    -----
    ``sum((p - q) * ln(p / q))``. The two limits are a rule of thumb from credit scoring: with few rows in the window
    PSI is large by chance, about ``(bins - 1) / rows``. Source: Siddiqi, "Credit Risk Scorecards" (2006); Yurdakul and
    Naranjo, "Statistical properties of the population stability index", Journal of Risk Model Validation 14 (2020).

    Raises
    ------
    InvalidValue
        If the floor is no share above 0.

    Examples
    --------
    >>> psi("digits", feature="pixel 3").count('feature="pixel 3"')
    6
    """
    scope = Scope(name, window=window, by=by, where=where, feature=feature)
    return _summed(_PSI, scope, _floored(floor))


def most_drifted(
    name: Name = None,
    *,
    n: int = 5,
    floor: float = EMPTY_SHARE,
    window: Duration = "5m",
    by: By = VERSION,
    where: Where = None,
) -> Query:
    """The features that are furthest from the reference, by their population stability index, furthest first.

    Parameters
    ----------
    name, floor, window, by, where
        As for :func:`psi`.
    n
        How many.

    Notes
    -----
    Over a range of time these may be others at each step.

    Raises
    ------
    InvalidType, InvalidValue
        If `n` is no whole number from 1 up, or the floor no share above 0.

    Examples
    --------
    >>> most_drifted("digits", n=3).startswith("topk(3, sum by (model_name, model_version, feature) (")
    True
    """
    if isinstance(n, bool) or not isinstance(n, int):
        raise InvalidType(f"n: {n!r} is no whole number of features")
    if n < 1:
        raise InvalidValue(f"n: {n!r} must be at least one feature")
    scope = Scope(name, window=window, by=by, where=where)
    return _summed(_PSI, scope, _floored(floor), f"topk({n}, {{sum}})")


def kl(
    name: Name = None,
    *,
    feature: str | None = None,
    floor: float = EMPTY_SHARE,
    window: Duration = "5m",
    by: By = VERSION,
    where: Where = None,
) -> Query:
    """Kullback-Leibler divergence of each feature from its reference, in nats: 0 where nothing has changed.

    Parameters
    ----------
    name, feature, floor, window, by, where
        As for :func:`psi`.

    Notes
    -----
    ``sum(p * ln(p / q))``. Source: Kullback and Leibler, "On information and sufficiency", Annals of Mathematical
    Statistics 22 (1951); where no bin is empty, scipy's ``entropy(p, q)``.

    Examples
    --------
    >>> kl("digits").startswith("sum by (model_name, model_version, feature) (")
    True
    """
    scope = Scope(name, window=window, by=by, where=where, feature=feature)
    return _summed("{p} * ln({p} / {q})", scope, _floored(floor))


def js(
    name: Name = None,
    *,
    feature: str | None = None,
    window: Duration = "5m",
    by: By = VERSION,
    where: Where = None,
) -> Query:
    """Jensen-Shannon distance of each feature from its reference, from 0 to 1.

    Parameters
    ----------
    name, feature, window, by, where
        As for :func:`psi`.

    Notes
    -----
    ``sqrt(sum(p * log2(p / m) + q * log2(q / m)) / 2)`` with ``m = (p + q) / 2``. Empty bins need no floor. Source:
    Endres and Schindelin, "A new metric for probability distributions", IEEE Transactions on Information Theory 49
    (2003); scipy's ``jensenshannon(p, q, base=2)``.

    Examples
    --------
    >>> js("digits").startswith("sqrt(")
    True
    """
    each = "{p} * log2({p} / (({p} + {q}) / 2)) + {q} * log2({q} / (({p} + {q}) / 2))"
    scope = Scope(name, window=window, by=by, where=where, feature=feature)
    return _summed(each, scope, _TINY, "sqrt(clamp_min({sum} / 2, 0))")


def hellinger(
    name: Name = None,
    *,
    feature: str | None = None,
    window: Duration = "5m",
    by: By = VERSION,
    where: Where = None,
) -> Query:
    """Hellinger distance of each feature from its reference, from 0 to 1.

    Parameters
    ----------
    name, feature, window, by, where
        As for :func:`psi`.

    Notes
    -----
    ``sqrt(1 - sum(sqrt(p * q)))``. Source: Hellinger, "Neue Begründung der Theorie quadratischer Formen von
    unendlichvielen Veränderlichen", Journal für die reine und angewandte Mathematik 136 (1909).

    Examples
    --------
    >>> hellinger("digits").startswith("sqrt(clamp_min(1 - ")
    True
    """
    scope = Scope(name, window=window, by=by, where=where, feature=feature)
    return _summed("sqrt({p} * {q})", scope, 0.0, "sqrt(clamp_min(1 - {sum}, 0))")


def feature_share(
    name: Name = None,
    *,
    feature: str | None = None,
    window: Duration = "5m",
    by: By = VERSION,
    where: Where = None,
) -> Query:
    """Share of each bin of a feature in the window, from 0 to 1; no sample while nothing comes.

    Parameters
    ----------
    name, feature, window, by, where
        As for :func:`psi`.

    Examples
    --------
    >>> feature_share("digits", by=())  # doctest: +NORMALIZE_WHITESPACE
    'sum by (feature, bin) (rate(model_feature_bin_total{model_name="digits"}[5m]))
     / ignoring (bin) group_left ()
     (sum by (feature) (rate(model_feature_bin_total{model_name="digits"}[5m])) > 0)'
    """
    scope = Scope(name, window=window, by=by, where=where, feature=feature)
    return scope.query("{p}", p=_current(scope))


def reference_share(
    name: Name = None,
    *,
    feature: str | None = None,
    by: By = VERSION,
    where: Where = None,
) -> Query:
    """Share of each bin of a feature in the reference data, from 0 to 1.

    Parameters
    ----------
    name, feature, by, where
        As for :func:`psi`.

    Examples
    --------
    >>> reference_share("digits", by=())
    'avg by (feature, bin) (model_feature_reference_ratio{model_name="digits"})'
    """
    scope = Scope(name, window="5m", by=by, where=where, feature=feature)
    return scope.query("{q}", q=_reference(scope))


def _current(scope: Scope) -> Query:
    bins = "model_feature_bin_total"
    each, everything = scope.rate(bins, "feature", "bin"), scope.without("bin").rate(bins, "feature")
    return expr("{each} / ignoring (bin) group_left () ({all} > 0)", each=each, all=everything)


def _reference(scope: Scope) -> Query:
    return scope.mean("model_feature_reference_ratio", "feature", "bin")


def _floored(floor: float) -> float:
    if isinstance(floor, bool) or not isinstance(floor, int | float) or not 0 < floor < 1:
        raise InvalidValue(f"floor: {floor!r} is no share between 0 and 1; write 0.0001")
    return floor


def _summed(each: str, scope: Scope, floor: float, around: str = "{sum}") -> Query:
    """Sum over the bins of what `each` says of p and q, none of them under `floor`."""
    p, q = (
        expr("clamp_min({share}, {floor})", share=share, floor=floor) for share in (_current(scope), _reference(scope))
    )
    by = dict.fromkeys((*scope.by, "feature"))
    return scope.query(around, sum=expr(f"sum by ({{by}}) ({each})", by=by, p=p, q=q))
