"""What becomes of the copies of requests that a shadow model sees."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

from prometheus_client import CollectorRegistry, Counter, Metric

from monitorkit.metrics.series.registry import MODEL_LABELS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from prometheus_client.registry import Collector

__all__ = ["ANSWERS", "SHADOW_PREFIX", "ShadowFamilies", "ShadowMetrics", "ShadowRegistry"]

SHADOW_PREFIX = "shadow_"
"""What the names begin with under which a shadow counts its own predictions."""

ANSWERS = frozenset(
    {
        "inference_requests",
        "inference_latency_seconds",
        "inference_request_duration_seconds",
        "inference_in_flight_requests",
        "model_feedback",
        "model_feedback_delay_seconds",
    }
)
"""Families about answers, which a shadow gives to nobody."""

CopyStatus = Literal["ok", "server_error", "dropped"]

RESULTS = ("same", "different")


class ShadowFamilies:
    """The metric families of shadows in one registry; a version's series come from :meth:`of`.

    Parameters
    ----------
    registry
        Where they are exported.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self.requests = Counter(
            "inference_shadow_requests",
            "Copies of requests that a shadow model saw, by status: ok; server_error, the model failed; dropped, it "
            "could not keep up. Clients got none of its answers, so inference_requests_total does not count them.",
            [*MODEL_LABELS, "status"],
            registry=registry,
        )
        self.predictions = Counter(
            "model_shadow_predictions",
            "A shadow's predictions of classes, by result: same as in the answer, or different. "
            "Agreement: rate of same / rate of all.",
            [*MODEL_LABELS, "result"],
            registry=registry,
        )

    def of(self, model_name: str, model_version: str) -> ShadowMetrics:
        """Return the series of one version, each there from the start so that ``rate()`` sees it move."""
        return ShadowMetrics(self, (model_name, model_version))

    def forget(self, model_name: str, model_version: str) -> None:
        """Export the series of a version no longer, if it has any."""
        for family, results in ((self.requests, get_args(CopyStatus)), (self.predictions, RESULTS)):
            for result in results:
                family.remove(model_name, model_version, result)


class ShadowMetrics:
    """The shadow series of one version."""

    def __init__(self, families: ShadowFamilies, labels: tuple[str, str]) -> None:
        statuses: tuple[CopyStatus, ...] = get_args(CopyStatus)
        self._requests = {status: families.requests.labels(*labels, status) for status in statuses}
        self._same, self._different = (families.predictions.labels(*labels, result) for result in RESULTS)

    def count(self, status: CopyStatus) -> None:
        """Count one copy."""
        self._requests[status].inc()

    def compare(self, *, same: int, different: int) -> None:
        """Count predictions that are those of the answer, and those that are not."""
        self._same.inc(same)
        self._different.inc(different)


class ShadowRegistry(CollectorRegistry):
    """The families of a model that sees copies, exported with ``shadow_`` before their names.

    Nobody got what a shadow predicts: were it counted under the model's own names, each sum over versions, each alert
    and each panel would take it for what was answered.

    Parameters
    ----------
    host
        The registry that is scraped.

    Examples
    --------
    >>> from prometheus_client import Gauge
    >>> host = CollectorRegistry(auto_describe=True)
    >>> Gauge("model_accuracy", "Share of right predictions.", registry=ShadowRegistry(host)).set(0.5)
    >>> host.get_sample_value("model_accuracy"), host.get_sample_value("shadow_model_accuracy")
    (None, 0.5)
    """

    def __init__(self, host: CollectorRegistry) -> None:
        super().__init__()
        self._host = host

    def register(self, collector: Collector) -> None:
        """Add a metric, here under its own name and in the host under a shadow's."""
        super().register(collector)
        self._host.register(_Renamed(collector))


class _Renamed:
    def __init__(self, collector: Any) -> None:  # noqa: ANN401 - prometheus_client's type has no describe, its metrics do
        self._collector = collector

    def describe(self) -> Iterable[Metric]:
        return map(_of_shadow, self._collector.describe())

    def collect(self) -> Iterator[Metric]:
        for family in self._collector.collect():
            if family.samples and family.name not in ANSWERS:
                yield _of_shadow(family)


def _of_shadow(family: Metric) -> Metric:
    text = f"As {family.name}, of a shadow, whose predictions nobody gets: {family.documentation}"
    renamed = Metric(SHADOW_PREFIX + family.name, text, family.type, family.unit)
    renamed.samples = [sample._replace(name=SHADOW_PREFIX + sample.name) for sample in family.samples]
    return renamed
