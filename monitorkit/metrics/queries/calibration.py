"""Queries of a classifier's calibration, over what its probabilities were worth."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitorkit.metrics.queries.scope import Scope

if TYPE_CHECKING:
    from monitorkit.durations import Duration
    from monitorkit.metrics.queries.scope import By, Name, Where
    from monitorkit.promql import Query

__all__ = ["brier", "confidence", "ece", "overconfidence", "reliability"]

_LABELS = "model_confidence_labels_total"
_HITS = "model_confidence_hits_total"
_CONFIDENCE = "model_confidence_total"


def brier(name: Name = None, *, window: Duration = "5m", by: By = (), where: Where = None) -> Query:
    """Brier score, the mean squared error of the probabilities: 0 is best; no sample while no labels come.

    Notes
    -----
    From 0 to 1 where there are two classes, else from 0 to 2. Source: Brier, "Verification of forecasts expressed in
    terms of probability", Monthly Weather Review 78 (1950); scikit-learn's ``brier_score_loss``.

    Examples
    --------
    >>> brier("spam")  # doctest: +NORMALIZE_WHITESPACE
    'sum(rate(model_brier_loss_total{model_name="spam"}[5m]))
     / (sum(rate(model_confidence_labels_total{model_name="spam"}[5m])) > 0)'
    """
    scope = Scope(name, window=window, by=by, where=where)
    return scope.ratio(scope.rate("model_brier_loss_total"), scope.rate(_LABELS))


def ece(name: Name = None, *, window: Duration = "5m", by: By = (), where: Where = None) -> Query:
    """Expected calibration error, how far confidence and accuracy are apart, from 0 to 1; no sample without labels.

    Notes
    -----
    Mean over ten bins of ``abs(accuracy - confidence)``, weighted by the predictions in each. Source: Guo et al., "On
    calibration of modern neural networks", ICML 2017, section 2.

    Examples
    --------
    >>> ece()  # doctest: +NORMALIZE_WHITESPACE
    'sum(abs(sum by (bin) (rate(model_confidence_hits_total[5m]))
      - sum by (bin) (rate(model_confidence_total[5m]))))
     / (sum(rate(model_confidence_labels_total[5m])) > 0)'
    """
    scope = Scope(name, window=window, by=by, where=where)
    return scope.query(
        "sum by ({by}) (abs({hits} - {confidence})) / ({labels} > 0)",
        by=scope.by,
        hits=scope.rate(_HITS, "bin"),
        confidence=scope.rate(_CONFIDENCE, "bin"),
        labels=scope.rate(_LABELS),
    )


def reliability(name: Name = None, *, window: Duration = "5m", by: By = (), where: Where = None) -> Query:
    """Share of right predictions by confidence, from 0 to 1: the reliability diagram.

    Returns
    -------
    Query
        One sample for each bin that has labels; its label ``bin`` is the bin's upper edge. A model is calibrated where
        it is as high as :func:`confidence`.

    Examples
    --------
    >>> reliability()  # doctest: +NORMALIZE_WHITESPACE
    'sum by (bin) (rate(model_confidence_hits_total[5m]))
     / (sum by (bin) (rate(model_confidence_labels_total[5m])) > 0)'
    """
    return _by_bin(_HITS, Scope(name, window=window, by=by, where=where))


def confidence(name: Name = None, *, window: Duration = "5m", by: By = (), where: Where = None) -> Query:
    """Mean confidence in each bin of it, from 0 to 1: what :func:`reliability` is compared with.

    Examples
    --------
    >>> confidence()  # doctest: +NORMALIZE_WHITESPACE
    'sum by (bin) (rate(model_confidence_total[5m]))
     / (sum by (bin) (rate(model_confidence_labels_total[5m])) > 0)'
    """
    return _by_bin(_CONFIDENCE, Scope(name, window=window, by=by, where=where))


def overconfidence(name: Name = None, *, window: Duration = "5m", by: By = (), where: Where = None) -> Query:
    """How much more the model promises than it keeps, from -1 to 1: mean confidence less the share that was right.

    Notes
    -----
    Above 0 it is surer than it should be, below 0 less sure; with ``by="bin"`` for each bin of confidence. Too sure
    here and not enough there may cancel, which they do not in :func:`ece`. No sample while no labels come.

    Examples
    --------
    >>> overconfidence()  # doctest: +NORMALIZE_WHITESPACE
    '(sum(rate(model_confidence_total[5m])) - sum(rate(model_confidence_hits_total[5m])))
     / (sum(rate(model_confidence_labels_total[5m])) > 0)'
    """
    scope = Scope(name, window=window, by=by, where=where)
    return scope.query(
        "({confidence} - {hits}) / ({labels} > 0)",
        confidence=scope.rate(_CONFIDENCE),
        hits=scope.rate(_HITS),
        labels=scope.rate(_LABELS),
    )


def _by_bin(metric: str, scope: Scope) -> Query:
    return scope.ratio(scope.rate(metric, "bin"), scope.rate(_LABELS, "bin"))
