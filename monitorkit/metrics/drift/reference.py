"""Reference data: what a model's input and predictions look like when all is well."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from monitorkit.errors import InvalidValue
from monitorkit.metrics.drift.bins import bins_of
from monitorkit.metrics.drift.columns import columns_of, distinct, is_frame, objects
from monitorkit.metrics.drift.settings import DEFAULT_DRIFT, Drift
from monitorkit.metrics.drift.steps import Steps
from monitorkit.metrics.series.classes import MAX_CLASSES
from monitorkit.progress import progress_bar

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable, Iterator, Sequence

    from monitorkit.metrics.drift.bins import Bins, Column
    from monitorkit.metrics.drift.distances import Shares, Values

__all__ = ["PREDICTION", "Feature", "Reference", "prediction_column"]

PREDICTION = "prediction"
"""Name under which predictions are watched, as one feature more."""

KEPT_VALUES = 10_000
"""How many numbers stand for a feature's reference values when they are compared; bins are made from all."""

KEPT_ROWS = 2000
"""How many rows a model predicts, to see how its predictions are distributed."""

_SHOWN = 10

_QUICK = 200_000
"""Fewer values than these are read before a bar of progress would be loaded."""

Predict = Callable[[Any], "Column | None"]


@dataclass(frozen=True, eq=False)
class Feature:
    """What the reference data tell about one feature."""

    name: str
    place: int
    """Which column of the input it is; -1 for the prediction."""
    bins: Bins
    shares: Shares
    sample: Values | None
    """Sorted finite numbers; None for names, and where there are none."""
    steps: Steps
    """The values that it takes, where these are few."""

    @property
    def statistics(self) -> tuple[str, ...]:
        """Which statistics are computed of it."""
        return ("psi", "js") if self.sample is None else ("psi", "js", "ks", "wasserstein")

    @property
    def series(self) -> int:
        """How many series it takes: two a bin, and its statistics."""
        return 2 * len(self.bins.names) + len(self.statistics)


@dataclass(frozen=True, eq=False, repr=False)
class Reference:
    """What current data are compared with, feature by feature.

    Attributes
    ----------
    watched
        The features that are compared.
    left_out
        Names of the features that are not, because they hold times, which never come again, or because they would take
        more series than ``Drift.max_series``.
    columns
        Names of the columns that the reference data have.
    settings
        How they are compared.
    rows
        Some of them, at most 2000, for another model to predict.

    Examples
    --------
    >>> reference = Reference.of([[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]], drift=Drift(bins=2))
    >>> reference.features, reference.series
    (['x0', 'x1'], 28)
    """

    watched: tuple[Feature, ...]
    left_out: tuple[str, ...]
    columns: tuple[str, ...]
    settings: Drift
    rows: Any

    @classmethod
    def of(
        cls,
        X: Any,  # noqa: ANN401 - any table
        *,
        drift: Drift = DEFAULT_DRIFT,
        names: Sequence[str] | None = None,
        predict: Predict | None = None,
        classes: Collection[Hashable] = (),
        times: Collection[int] = (),
    ) -> Self:
        """Read reference data.

        Parameters
        ----------
        X
            Rows as the model gets them.
        drift
            How they are to be compared.
        names
            Names of the columns; by default the table's own.
        predict
            Returns what the model predicts for some of them, see :func:`prediction_column`; None to watch no
            predictions.
        classes
            Classes that it can predict, also where none of the predictions is.
        times
            Places of the columns that hold times.

        Raises
        ------
        InvalidType, InvalidValue
            If they are no table, or features that are to be watched are none of it.
        """
        columns = columns_of(X, names, each=partial(_each, X, "reading the reference"), times=times)
        known = {name: place for place, name in enumerate(columns.names)}
        wanted = range(len(columns.names)) if drift.features is None else _places(drift.features, known, "features")
        wanted = [place for place in wanted if place not in times]
        codes = {*_places(drift.categorical, known, "categorical"), *columns.categorical}
        features = []
        for place in _each(X, "binning the reference", wanted):
            name, column = columns.names[place], columns.data[place]
            if place in codes:
                column = column.astype(object)
            bins = bins_of(column, n_bins=drift.bins, categories=drift.categories)
            features.append(_feature(name, place, column, bins))
        left_out = tuple(columns.names[place] for place in times)
        return cls(tuple(features), left_out, columns.names, drift, _sample(X)).predicting(predict, classes)

    def predicting(self, predict: Predict | None, classes: Collection[Hashable] = ()) -> Self:
        """The same reference data as another model predicts them."""
        inputs = [feature for feature in self.watched if feature.place >= 0]
        predictions = None if predict is None else predict(self.rows)
        if predictions is None:
            return self._bounded(inputs)
        name = distinct([*(feature.name for feature in inputs), *self.left_out, PREDICTION])[-1]
        sample = predictions
        if predictions.dtype == object:
            # A class that is not among the predictions has a bin all the same.
            sample = objects([*predictions.tolist(), *classes])
        categories = max(self.settings.categories, min(len(classes), MAX_CLASSES))
        bins = bins_of(sample, n_bins=self.settings.bins, categories=categories)
        return self._bounded([*inputs, _feature(name, -1, predictions, bins)])

    def in_order(self, names: Sequence[str]) -> Self:
        """The same for rows whose columns are these in this order; as it is where they are other ones."""
        if tuple(names) == self.columns or sorted(names) != sorted(self.columns):
            return self
        order = [self.columns.index(name) for name in names]
        watched = tuple(
            feature if feature.place < 0 else replace(feature, place=order.index(feature.place))
            for feature in self.watched
        )
        rows = self.rows.iloc[:, order] if is_frame(self.rows) else np.asarray(self.rows)[:, order]
        return replace(self, watched=watched, columns=tuple(names), rows=rows)

    @property
    def features(self) -> list[str]:
        """Names of what is watched."""
        return [feature.name for feature in self.watched]

    @property
    def series(self) -> int:
        """How many series a version of the model exports for drift, at most, whatever comes.

        Statistics are absent until there is something to be compared.
        """
        return sum(feature.series for feature in self.watched)

    def __repr__(self) -> str:
        text = f"Reference of {len(self.watched)} features in {self.series} series ({_listed(self.features)})"
        return f"{text}; left out: {_listed(self.left_out)}" if self.left_out else text

    def _bounded(self, features: Sequence[Feature]) -> Self:
        """Leave out what would take more series than there may be: of the inputs the last, the prediction at last."""
        left_out: list[str] = []
        room = self.settings.max_series
        for feature in sorted(features, key=lambda feature: feature.place):
            if left_out or feature.series > room:
                left_out.append(feature.name)
            room -= feature.series
        if left_out:
            warnings.warn(
                f"drift of {len(left_out)} of {len(features)} features is not watched, because all would take "
                f"{self.settings.max_series - room} series and max_series is {self.settings.max_series}: "
                f"{_listed(left_out)}. Choose some with drift=mk.Drift(features=[...]), or raise max_series",
                stacklevel=2,
            )
        watched = tuple(feature for feature in features if feature.name not in left_out)
        return replace(self, watched=watched, left_out=(*self.left_out, *left_out))


def _each(table: Any, doing: str, places: Sequence[int]) -> Iterator[int]:  # noqa: ANN401 - any table
    """Go through columns, and show how far it is where that takes a while."""
    if len(table) * len(places) < _QUICK:
        yield from places
        return
    with progress_bar(len(places), desc=doing, unit="column") as bar:
        for place in places:
            yield place
            bar.update()


def prediction_column(predictions: Sequence[Any], task: str) -> Column | None:
    """Predictions as a column: names of classes, or numbers; None where they are neither.

    Parameters
    ----------
    predictions
        One a row; for several labels a list.
    task
        As for :class:`~monitorkit.metrics.ModelDescription`.

    Examples
    --------
    >>> prediction_column([1, 2], "classification").dtype, prediction_column([1, 2], "regression").dtype
    (dtype('O'), dtype('float64'))
    """
    if task == "regression":
        return np.asarray(predictions, dtype=np.float64)
    if task not in {"classification", "multilabel"}:
        return None
    return objects(predictions)


def _feature(name: str, place: int, column: Column, bins: Bins) -> Feature:
    counts = np.bincount(bins.index(column), minlength=len(bins.names))
    values = None
    if column.dtype != object and np.isfinite(column).any():
        values = np.sort(column[np.isfinite(column)])
        if len(values) > KEPT_VALUES:
            values = _condensed(values)
    return Feature(name, place, bins, counts / max(len(column), 1), values, Steps(column))


def _condensed(values: Values) -> Values:
    """Means of equal shares of sorted values: their distribution to one part in ten thousand, and their mean.

    Values chosen from them would do for shares; for a distance in the feature's unit a single far one, chosen or not,
    would count for a hundred or for nothing.
    """
    edges = np.linspace(0, len(values), KEPT_VALUES + 1)
    first, last = np.floor(edges[:-1]).astype(np.intp), np.ceil(edges[1:]).astype(np.intp) - 1
    with np.errstate(over="ignore", invalid="ignore"):
        # What lies across an edge belongs to both shares, in part.
        whole = np.add.reduceat(np.append(values, 0.0), np.column_stack([first, last + 1]).ravel())[::2]
        beyond = values[first] * (edges[:-1] - first) + values[last] * (last + 1 - edges[1:])
        means = (whole - beyond) * (KEPT_VALUES / len(values))
    return np.clip(np.where(np.isfinite(means), means, values[first]), values[first], values[last])


def _sample(X: Any) -> Any:  # noqa: ANN401 - any table
    """Some rows, the same each time: replicas must agree."""
    rows: Any = X if is_frame(X) or isinstance(X, np.ndarray) else np.array(X, dtype=object)
    if len(rows) <= KEPT_ROWS:
        return rows.copy()
    chosen = np.sort(np.random.default_rng(0).choice(len(rows), KEPT_ROWS, replace=False))
    return rows.iloc[chosen].copy() if is_frame(rows) else rows[chosen]


def _places(wanted: Sequence[str | int], known: dict[str, int], what: str) -> list[int]:
    names = list(known)
    found = []
    for name in wanted:
        place = known.get(name) if isinstance(name, str) else name
        if place is None or not 0 <= place < len(names):
            raise InvalidValue(f"{what}: {name!r} is none of the {len(names)} features ({_listed(names)})")
        found.append(place)
    return list(dict.fromkeys(found))


def _listed(names: Collection[str]) -> str:
    some = ", ".join(list(names)[:_SHOWN])
    return some if len(names) <= _SHOWN else f"{some} and {len(names) - _SHOWN} more"
