"""What becomes of the copies of requests that a shadow model sees."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

from prometheus_client import Counter

from monitorkit.metrics.registry import MODEL_LABELS

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

__all__ = ["ShadowFamilies", "ShadowMetrics"]

CopyStatus = Literal["ok", "server_error", "dropped"]


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


class ShadowMetrics:
    """The shadow series of one version."""

    def __init__(self, families: ShadowFamilies, labels: tuple[str, str]) -> None:
        statuses: tuple[CopyStatus, ...] = get_args(CopyStatus)
        self._requests = {status: families.requests.labels(*labels, status) for status in statuses}
        self._same, self._different = (families.predictions.labels(*labels, one) for one in ("same", "different"))

    def count(self, status: CopyStatus) -> None:
        """Count one copy."""
        self._requests[status].inc()

    def compare(self, *, same: int, different: int) -> None:
        """Count predictions that are those of the answer, and those that are not."""
        self._same.inc(same)
        self._different.inc(different)
