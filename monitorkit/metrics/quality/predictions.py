"""Quality: what was predicted, how much of it was right, and how late the labels came."""

from __future__ import annotations

import math
import threading
from collections import Counter as Tally
from typing import TYPE_CHECKING, Literal, get_args

from prometheus_client import Counter, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from monitorkit.metrics.quality.scores import DEFAULT_WINDOW, LabelSetWindow, ScoreWindow
from monitorkit.metrics.series.children import incrementing
from monitorkit.metrics.series.classes import OTHER, ClassNames, sorted_labels
from monitorkit.metrics.series.registry import MODEL_LABELS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Sequence

    from prometheus_client import CollectorRegistry, Metric

__all__ = ["DELAY_BUCKETS", "FeedbackResult", "QualityFamilies", "QualityMetrics", "Task"]

Task = Literal["classification", "multilabel", "regression", ""]
"""What kind of prediction a model makes, which says how a true label judges it; empty where it is not known."""

FeedbackResult = Literal["joined", "unknown", "expired", "duplicate"]

# From a label that comes with the next request to one that takes a week.
DELAY_BUCKETS = (0.1, 0.5, 1.0, 5.0, 10.0, 60.0, 300.0, 1800.0, 3600.0, 21600.0, 86400.0, 604800.0)

_SCORES = {
    "accuracy": "Share of right predictions",
    "recall": "Recall, the share of a class that was found,",
    "precision": "Precision, the share of a class's predictions that were right,",
    "f1": "F1, the harmonic mean of precision and recall,",
}
_OVER = (
    " over a sliding window of labelled predictions of this version, the last 1000 unless set otherwise. Of the "
    "positive class where there are two classes, else the mean over the classes in the window; where a prediction is a "
    "set of labels, accuracy is that of whole sets. Absent before the first label. Not to be averaged over replicas: "
    "use model_outcomes_total for that."
)
_OUTCOMES = (
    "Labelled predictions by class, each class against the rest: tp, fp, fn, tn. Accuracy over any time and any number "
    'of replicas: sum(rate(model_outcomes_total{outcome="tp"}[5m])) / sum(rate(model_outcomes_total{outcome=~"tp|fn"}'
    "[5m])); recall of each class: the same with sum by (class_name)."
)
_LABEL_SETS = (
    "Labelled predictions of a multi-label model: exact, all labels right and none missing; inexact. Share of exact "
    'ones over any time and any number of replicas: sum(rate(model_label_sets_total{result="exact"}[5m])) / '
    "sum(rate(model_label_sets_total[5m]))."
)


class QualityFamilies:
    """The metric families of quality in one registry; a version's series come from :meth:`of`.

    Parameters
    ----------
    registry
        Where they are exported.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._versions: dict[tuple[str, str], QualityMetrics] = {}
        self.predictions = Counter(
            "model_predictions",
            "Predictions made, by predicted class. A change in their shares is often the first sign of drift.",
            [*MODEL_LABELS, "class_name"],
            registry=registry,
        )
        self.feedback = Counter(
            "model_feedback",
            "True labels received, by what became of them: joined to their prediction; unknown, the id was never given "
            "out; expired, the prediction was forgotten before the label came; duplicate, it had a label already.",
            [*MODEL_LABELS, "result"],
            registry=registry,
        )
        self.delay = Histogram(
            "model_feedback_delay_seconds",
            "Time from a prediction to its true label. Accuracy and recall lag behind the model by as much.",
            MODEL_LABELS,
            buckets=DELAY_BUCKETS,
            registry=registry,
        )
        registry.register(self)

    def of(
        self, model_name: str, model_version: str, classes: ClassNames | None = None, *, window: int = DEFAULT_WINDOW
    ) -> QualityMetrics:
        """Return the series of one version, made on the first call."""
        key = (model_name, model_version)
        if key not in self._versions:
            self._versions[key] = QualityMetrics(self, key, classes or ClassNames(), window)
        return self._versions[key]

    def forget(self, model_name: str, model_version: str) -> None:
        """Export the series of a version no longer."""
        key = (model_name, model_version)
        for class_name in self._versions.pop(key).leave():
            self.predictions.remove(*key, class_name)
        for result in get_args(FeedbackResult):
            self.feedback.remove(*key, result)
        self.delay.remove(*key)

    def describe(self) -> Iterable[Metric]:
        """The families that :meth:`collect` yields, without samples."""
        return [*self._scores({}), self._outcomes([]), self._label_sets([])]

    def collect(self) -> Iterable[Metric]:
        """Read all versions: scores of those in use, outcomes of all."""
        versions = list(self._versions.values())
        yield from self._scores({version.labels: version.scores() for version in versions if version.active})
        yield self._outcomes(versions)
        yield self._label_sets(versions)

    @staticmethod
    def _scores(scores: dict[tuple[str, str], dict[str, float]]) -> Iterator[GaugeMetricFamily]:
        for score, text in _SCORES.items():
            family = GaugeMetricFamily(f"model_{score}", text + _OVER, labels=MODEL_LABELS)
            for labels, values in scores.items():
                if score in values:
                    family.add_metric(labels, values[score])
            yield family

    @staticmethod
    def _outcomes(versions: Sequence[QualityMetrics]) -> CounterMetricFamily:
        family = CounterMetricFamily("model_outcomes", _OUTCOMES, labels=[*MODEL_LABELS, "class_name", "outcome"])
        for version in versions:
            for (name, outcome), count in version.outcomes().items():
                family.add_metric([*version.labels, name, outcome], count)
        return family

    @staticmethod
    def _label_sets(versions: Sequence[QualityMetrics]) -> CounterMetricFamily:
        family = CounterMetricFamily("model_label_sets", _LABEL_SETS, labels=[*MODEL_LABELS, "result"])
        for version in versions:
            for result, count in version.label_sets().items():
                family.add_metric([*version.labels, result], count)
        return family


class QualityMetrics:
    """The quality series of one version; safe to use from any number of threads."""

    def __init__(self, families: QualityFamilies, labels: tuple[str, str], classes: ClassNames, window: int) -> None:
        self.labels = labels
        self.active = True
        self._exported = True
        self._families = families
        self._lock = threading.Lock()
        self._classes = classes
        self._window = ScoreWindow(window)
        self._label_sets: dict[str, int] = {}
        self._n_labels: int | None = None
        self._outcomes = _Outcomes()
        self._predictions: dict[Hashable, Callable[[float], None]] = {}
        results: tuple[FeedbackResult, ...] = get_args(FeedbackResult)
        self._feedback = {result: families.feedback.labels(*labels, result) for result in results}
        self._delay = families.delay.labels(*labels)

    def declare(self, classes: Iterable[Hashable]) -> None:
        """Export classes from now on, at 0, so that ``rate()`` sees their first step."""
        with self._lock:
            for label in classes:
                self._outcomes.name(self._classes.name(label))
                self._prediction_counter(label)

    def declare_label_sets(self, labels: Collection[Hashable]) -> None:
        """Score sets of labels from now on; `labels` are all there are, empty where that is not known."""
        if self._n_labels == len(labels):
            return
        with self._lock:
            self._n_labels = len(labels)
            self._window = LabelSetWindow(self._window.size, labels)
            self._label_sets = {"exact": 0, "inexact": 0} | self._label_sets
        self.declare(labels)

    def configure(self, *, window: int, positive_class: Hashable | None) -> None:
        """Change the length of the window and the class that scores are about, None for the default one."""
        with self._lock:
            self._window.resize(window)
            self._classes.choose(positive_class)

    @property
    def n_scored(self) -> int:
        """How many labels the scores are of."""
        return len(self._window)

    def clear(self) -> None:
        """Empty the window: there are no scores until the next label."""
        if len(self._window):
            with self._lock:
                self._window.clear()

    def count_predictions(self, y_pred: Sequence[Hashable]) -> None:
        """Count predicted classes."""
        tally = {y_pred[0]: 1} if len(y_pred) == 1 else Tally(y_pred)
        for label, count in tally.items():
            add = self._predictions.get(label)
            if add is None:
                with self._lock:
                    add = self._prediction_counter(label)
            add(count)

    def count_feedback(self, result: FeedbackResult, count: int = 1) -> None:
        """Count labels received by what became of them."""
        self._feedback[result].inc(count)

    def time_feedback(self, seconds: float) -> None:
        """Observe the time from a prediction to its label."""
        self._delay.observe(seconds)

    def observe(self, y_true: Hashable, y_pred: Hashable) -> None:
        """Take in one labelled prediction of a class."""
        with self._lock:
            if self._n_labels is not None:
                # Another model took over this version.
                self._window, self._n_labels = ScoreWindow(self._window.size), None
            self._window.add(y_true, y_pred)
            predicted = self._classes.name(y_pred)
            self._outcomes.add(self._classes.name(y_true, told=True), predicted, right=y_true == y_pred)

    def observe_label_sets(self, y_true: frozenset[Hashable], y_pred: frozenset[Hashable]) -> None:
        """Take in one labelled prediction of a set of labels."""
        if self._n_labels is None:
            self.declare_label_sets(())
        with self._lock:
            self._window.add(y_true, y_pred)
            self._label_sets["exact" if y_true == y_pred else "inexact"] += 1
            names = {label: self._classes.name(label) for label in sorted_labels(y_pred)}
            names |= {label: self._classes.name(label, told=True) for label in sorted_labels(y_true - y_pred)}
            parts = (y_true & y_pred, y_true - y_pred, y_pred - y_true)
            self._outcomes.add_sets(*([names[label] for label in part] for part in parts))

    def scores(self) -> dict[str, float]:
        """Scores of the window by name; empty before the first label."""
        with self._lock:
            one = self._classes.positive_class if self._n_labels is None else self._classes.chosen
            scores = self._window.scores(one)
        return {} if scores is None else {name: score for name, score in vars(scores).items() if not math.isnan(score)}

    def outcomes(self) -> dict[tuple[str, str], int]:
        """Outcomes counted so far, by class name and outcome."""
        with self._lock:
            return self._outcomes.by_class()

    def label_sets(self) -> dict[str, int]:
        """Sets of labels counted so far, by result; empty for a model that predicts one class."""
        with self._lock:
            return dict(self._label_sets)

    def leave(self) -> set[str]:
        """Make no more series, and return the names of the classes that have some."""
        with self._lock:
            self._exported = False
            return {class_name for class_name, _ in self._outcomes.by_class()}

    def _prediction_counter(self, label: Hashable) -> Callable[[float], None]:
        name = self._classes.name(label)
        # A request that was in flight when its version was forgotten must not bring it back.
        add = incrementing(self._families.predictions.labels(*self.labels, name)) if self._exported else _not_counted
        if name != OTHER:
            self._predictions[label] = add
        # Its outcomes begin at 0, so that a scrape before the first label sees where they come from.
        self._outcomes.name(name)
        return add


def _not_counted(_amount: float) -> None: ...


class _Outcomes:
    """Counts of tp, fp, fn and tn of each class against the rest.

    True negatives are not counted but derived: a class that first occurs late was a true negative of everything before.
    """

    def __init__(self) -> None:
        self._total = 0
        self._parts: dict[str, Tally[str]] = {}

    def name(self, class_name: str) -> Tally[str]:
        parts = self._parts.get(class_name)
        if parts is None:
            parts = self._parts[class_name] = Tally()
        return parts

    def add(self, y_true: str, y_pred: str, *, right: bool) -> None:
        self._total += 1
        parts = self.name(y_true)
        parts["tp" if right else "fn"] += 1
        parts["involved"] += 1
        if not right:
            parts = self.name(y_pred)
            parts["fp"] += 1
            # Once, also where both are classes that share a name.
            parts["involved"] += y_pred != y_true

    def add_sets(self, hits: Sequence[str], missed: Sequence[str], wrong: Sequence[str]) -> None:
        self._total += 1
        for outcome, names in (("tp", hits), ("fn", missed), ("fp", wrong)):
            for class_name in names:
                self.name(class_name)[outcome] += 1
        for class_name in {*hits, *missed, *wrong}:
            self.name(class_name)["involved"] += 1

    def by_class(self) -> dict[tuple[str, str], int]:
        return {
            (class_name, outcome): self._total - parts["involved"] if outcome == "tn" else parts[outcome]
            for class_name, parts in self._parts.items()
            for outcome in ("tp", "fp", "fn", "tn")
        }
