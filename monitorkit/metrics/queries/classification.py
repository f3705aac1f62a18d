"""Queries of a classifier's quality, over the outcome counters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

from monitorkit.errors import InvalidValue
from monitorkit.metrics.queries.scope import Scope
from monitorkit.metrics.series.classes import class_name as text_of

if TYPE_CHECKING:
    from collections.abc import Hashable

    from monitorkit.durations import Duration
    from monitorkit.metrics.queries.scope import By, Name, Where
    from monitorkit.promql import Query

__all__ = ["accuracy", "f1", "mistake_share", "precision", "prediction_share", "recall", "subset_accuracy"]

Average = Literal["macro", "micro"]

_OUTCOMES = "model_outcomes_total"

_RATIO = "{tp} / ({whole} > 0)"
_F1 = "2 * {tp} / ({tp} + {whole} > 0)"


def accuracy(name: Name = None, *, window: Duration = "5m", by: By = (), where: Where = None) -> Query:
    """Share of right predictions among those whose true label came, from 0 to 1; no sample while none came.

    Parameters
    ----------
    name
        Value of ``model_name``, or several; None for all models.
    window
        How far it looks back; at least four scrape intervals.
    by
        Labels that stay, as in ``by="model_version"``.
    where
        Further labels and their values.

    Notes
    -----
    ``tp / (tp + fn)``, summed over the classes: each labelled prediction is a tp or a fn of its true class. Where a
    prediction can have several labels, that would be the recall; use :func:`subset_accuracy` there. By ``class_name``
    it is the recall of each class. Source:
    scikit-learn's user guide, "Accuracy score".

    Examples
    --------
    >>> accuracy("digits")  # doctest: +NORMALIZE_WHITESPACE
    'sum(rate(model_outcomes_total{model_name="digits",outcome="tp"}[5m]))
     / (sum(rate(model_outcomes_total{model_name="digits",outcome=~"tp|fn"}[5m])) > 0)'
    """
    scope = Scope(name, window=window, by=by, where=where)
    return _score(scope, _RATIO, ("tp", "fn"))


def subset_accuracy(name: Name = None, *, window: Duration = "5m", by: By = (), where: Where = None) -> Query:
    """Share of a multi-label model's predictions that had exactly the true labels; no sample while none were labelled.

    Notes
    -----
    Source: scikit-learn's ``accuracy_score``, which is the subset accuracy for indicator matrices.

    Examples
    --------
    >>> subset_accuracy()  # doctest: +NORMALIZE_WHITESPACE
    'sum(rate(model_label_sets_total{result="exact"}[5m])) / (sum(rate(model_label_sets_total[5m])) > 0)'
    """
    scope = Scope(name, window=window, by=by, where=where)
    return scope.ratio(scope.rate("model_label_sets_total", result="exact"), scope.rate("model_label_sets_total"))


def recall(
    name: Name = None,
    *,
    class_name: Hashable | None = None,
    average: Average = "macro",
    window: Duration = "5m",
    by: By = (),
    where: Where = None,
) -> Query:
    """Recall, the share of a class that was found, from 0 to 1: of one class, of each, or their mean.

    Parameters
    ----------
    name, window, by, where
        As for every query of this package. With ``class_name`` among `by` there is one sample for each class.
    class_name
        The class that it is about, such as the positive one; None for the mean over all.
    average
        ``"macro"``, the mean of the classes that occurred in the window, as label or as prediction, each counting the
        same; or ``"micro"``, over all labels together.

    Notes
    -----
    ``tp / (tp + fn)``. Where there are two classes the gauge ``model_recall`` is that of the positive one: pass it as
    ``class_name``. A class that did not occur as a label has no recall: alone it gives no sample; in a macro
    average it counts 0, if it was predicted, as with scikit-learn's ``zero_division=0``. Source: scikit-learn's user
    guide, "Precision, recall and F-measures".

    Raises
    ------
    InvalidValue
        If there is no such average.

    Examples
    --------
    >>> recall("spam", class_name=1)  # doctest: +NORMALIZE_WHITESPACE
    'sum(rate(model_outcomes_total{class_name="1",model_name="spam",outcome="tp"}[5m]))
     / (sum(rate(model_outcomes_total{class_name="1",model_name="spam",outcome=~"tp|fn"}[5m])) > 0)'
    """
    scope = Scope(name, window=window, by=by, where=where, class_name=_text(class_name))
    return _score(scope, _RATIO, ("tp", "fn"), macro=_is_macro(scope, average))


def precision(
    name: Name = None,
    *,
    class_name: Hashable | None = None,
    average: Average = "macro",
    window: Duration = "5m",
    by: By = (),
    where: Where = None,
) -> Query:
    """Precision, the share of a class's predictions that were right, from 0 to 1: of one class, of each, or their mean.

    Parameters
    ----------
    name, class_name, average, window, by, where
        As for :func:`recall`.

    Notes
    -----
    ``tp / (tp + fp)``. Only predictions whose true label came are counted. Source and the cases without predictions: as
    for :func:`recall`.

    Examples
    --------
    >>> precision(by="class_name")  # doctest: +NORMALIZE_WHITESPACE
    'sum by (class_name) (rate(model_outcomes_total{outcome="tp"}[5m]))
     / (sum by (class_name) (rate(model_outcomes_total{outcome=~"tp|fp"}[5m])) > 0)'
    """
    scope = Scope(name, window=window, by=by, where=where, class_name=_text(class_name))
    return _score(scope, _RATIO, ("tp", "fp"), macro=_is_macro(scope, average))


def f1(
    name: Name = None,
    *,
    class_name: Hashable | None = None,
    average: Average = "macro",
    window: Duration = "5m",
    by: By = (),
    where: Where = None,
) -> Query:
    """F1, the harmonic mean of precision and recall, from 0 to 1: of one class, of each, or their mean.

    Parameters
    ----------
    name, class_name, average, window, by, where
        As for :func:`recall`.

    Notes
    -----
    ``2 tp / (2 tp + fp + fn)``: unlike precision and recall it is known for each class that occurred. Source: as for
    :func:`recall`.

    Examples
    --------
    >>> f1(average="micro")  # doctest: +NORMALIZE_WHITESPACE
    '2 * sum(rate(model_outcomes_total{outcome="tp"}[5m]))
     / (sum(rate(model_outcomes_total{outcome="tp"}[5m]))
        + sum(rate(model_outcomes_total{outcome=~"tp|fp|fn"}[5m])) > 0)'
    """
    scope = Scope(name, window=window, by=by, where=where, class_name=_text(class_name))
    return _score(scope, _F1, ("tp", "fp", "fn"), macro=_is_macro(scope, average))


def prediction_share(name: Name = None, *, window: Duration = "5m", by: By = (), where: Where = None) -> Query:
    """Share of each class among the predictions, from 0 to 1, with labels or without; no sample while none are made.

    Notes
    -----
    A change is often the first sign of drift, since it needs no true labels. ``where={"class_name": "spam"}`` gives the
    share of that class among all. A multi-label model's shares are those among all labels predicted.

    Examples
    --------
    >>> prediction_share()  # doctest: +NORMALIZE_WHITESPACE
    'sum by (class_name) (rate(model_predictions_total[5m]))
     / on () group_left () (sum(rate(model_predictions_total[5m])) > 0)'
    """
    return Scope(name, window=window, by=by, where=where).shares("model_predictions_total", "class_name")


def mistake_share(name: Name = None, *, window: Duration = "5m", by: By = (), where: Where = None) -> Query:
    """Share of each class among what the model got wrong, from 0 to 1: which class it is that most mistakes are about.

    Notes
    -----
    By the true class. A frequent class may have more mistakes than a rare one that is never found:
    ``recall(by="class_name")`` says how well each is found. No sample while nothing is wrong.

    Examples
    --------
    >>> mistake_share()  # doctest: +NORMALIZE_WHITESPACE
    'sum by (class_name) (rate(model_outcomes_total{outcome="fn"}[5m]))
     / on () group_left () (sum(rate(model_outcomes_total{outcome="fn"}[5m])) > 0)'
    """
    return Scope(name, window=window, by=by, where=where).shares(_OUTCOMES, "class_name", outcome="fn")


def _text(class_name: Hashable | None) -> str | None:
    return None if class_name is None else text_of(class_name)


def _score(scope: Scope, template: str, whole: tuple[str, ...], *, macro: bool = False) -> Query:
    """Score from the outcomes tp and `whole`; as a mean over the classes that occurred if it is to be macro."""
    also = ("class_name",) if macro else ()
    parts = {part: scope.rate(_OUTCOMES, *also, outcome=outcome) for part, outcome in (("tp", "tp"), ("whole", whole))}
    if not macro:
        return scope.query(template, **parts)
    occurred = scope.rate(_OUTCOMES, *also, outcome=("tp", "fp", "fn"))
    mean = f"avg by ({{by}}) ({template} or 0 * ({{occurred}} > 0))"
    return scope.query(mean, by=scope.by, occurred=occurred, **parts)


def _is_macro(scope: Scope, average: Average) -> bool:
    if average not in get_args(Average):
        raise InvalidValue(f"average: {average!r} is none of {', '.join(get_args(Average))}")
    return average == "macro" and "class_name" not in {*scope.by, *scope.where}
