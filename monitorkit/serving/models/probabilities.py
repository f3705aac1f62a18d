"""A classifier's probabilities beside its predictions, in one call of the model where that is safe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from monitorkit.metrics.series.classes import MAX_CLASSES

if TYPE_CHECKING:
    from collections.abc import Callable

    from monitorkit.serving.values import Label, Matrix

__all__ = ["Probabilities", "final_estimator"]

# Of scikit-learn 1.9: classifiers whose predict() is the class of the greatest score, of which predict_proba() is a
# rising function. Not SVC, whose probabilities come from a model of their own; not those with a threshold that was
# tuned; not one that draws its predictions by lot.
_GREATEST = frozenset(
    {
        *("LogisticRegression", "LogisticRegressionCV", "LinearDiscriminantAnalysis", "QuadraticDiscriminantAnalysis"),
        *("DecisionTreeClassifier", "ExtraTreeClassifier", "RandomForestClassifier", "ExtraTreesClassifier"),
        *("GradientBoostingClassifier", "HistGradientBoostingClassifier", "MLPClassifier"),
        *("GaussianNB", "MultinomialNB", "BernoulliNB", "CategoricalNB"),
    }
)
# These hand predict() and predict_proba() on to what is inside.
_WRAPPERS = frozenset(
    {"Pipeline", "GridSearchCV", "RandomizedSearchCV", "HalvingGridSearchCV", "HalvingRandomSearchCV"}
)

MAX_DEPTH = 10
CLEAR = 1e-6
"""By how much the greatest probability must lead; below that, rounding could have changed the order."""


def final_estimator(owner: Any) -> Any:  # noqa: ANN401 - any object
    """What predicts, inside of pipelines and searches."""
    for _ in range(MAX_DEPTH):
        steps = getattr(owner, "steps", None)
        inner = steps[-1][1] if steps else getattr(owner, "best_estimator_", None)
        if inner is None:
            break
        owner = inner
    return owner


class Probabilities:
    """The probabilities of a classifier.

    Parameters
    ----------
    owner
        A classifier with ``predict_proba`` and ``classes_``.

    Attributes
    ----------
    positions
        Column of each class.
    """

    def __init__(self, owner: Any) -> None:  # noqa: ANN401 - any object with these two
        self._ask = owner.predict_proba
        self._classes = np.asarray(owner.classes_)
        self._says_all = _takes_the_greatest(owner)
        self.positions: dict[Label, int] = {label: column for column, label in enumerate(self._classes.tolist())}

    @classmethod
    def of(cls, owner: Any) -> Probabilities | None:  # noqa: ANN401 - any object
        """Return those of a model, None where it tells none, or for more classes than are kept until labels come."""
        classes = getattr(owner, "classes_", None)
        if classes is None or isinstance(classes, list) or not callable(getattr(owner, "predict_proba", None)):
            return None
        return cls(owner) if np.ndim(classes) == 1 and 2 <= len(classes) <= MAX_CLASSES else None  # noqa: PLR2004

    def predict(self, table: Any, predict: Callable[[Any], Any]) -> tuple[Any, Matrix | None]:  # noqa: ANN401 - rows
        """Predict rows.

        Parameters
        ----------
        table
            Rows as the model wants them.
        predict
            The model's own way to predict; not called where the probabilities say it all.

        Returns
        -------
        tuple
            What `predict` returns, and the probabilities, None where the model could not tell them this time.
        """
        if not self._says_all:
            return predict(table), self._read(table)
        probabilities = self._read(table)
        if probabilities is None or not _is_clear(probabilities):
            return predict(table), probabilities
        return self._classes.take(probabilities.argmax(axis=1)), probabilities

    def _read(self, table: Any) -> Matrix | None:  # noqa: ANN401 - rows
        try:
            probabilities = np.asarray(self._ask(table), dtype=np.float64)
        except Exception:  # noqa: BLE001 - an answer without probabilities is better than none
            return None
        return probabilities if probabilities.shape == (len(table), len(self._classes)) else None


def _takes_the_greatest(owner: object) -> bool:
    """Whether predict() is the class of the greatest probability, all the way down to what predicts."""
    for _ in range(MAX_DEPTH):
        kind = type(owner)
        if not kind.__module__.startswith("sklearn."):
            return False
        if kind.__name__ not in _WRAPPERS:
            return kind.__name__ in _GREATEST
        steps = getattr(owner, "steps", None)
        owner = steps[-1][1] if steps else getattr(owner, "best_estimator_", None)
    return False


def _is_clear(probabilities: Matrix) -> bool:
    """Whether one class leads in each row; never where one is no number."""
    second, first = np.partition(probabilities, -2, axis=1)[:, -2:].T
    return bool((first - second > CLEAR).all())
