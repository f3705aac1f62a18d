"""All metrics of one served model, version by version.

====================================== ========= =============================== =====================================
name                                   type      labels besides name and version what
====================================== ========= =============================== =====================================
inference_requests_total               counter   status                          requests answered
inference_latency_seconds              gauge                                     latency of the last request
inference_request_duration_seconds     histogram                                 whole requests
inference_phase_duration_seconds       histogram phase                           where the time goes
inference_batch_size                   histogram                                 rows in a call of the model
inference_batch_size_limit             gauge                                     most rows in a call of the model
inference_in_flight_requests           gauge                                     saturation
inference_queue_length                 gauge                                     saturation
model_accuracy, _recall, _precision    gauge                                     over a window of labelled predictions
model_f1                               gauge                                     over a window of labelled predictions
model_outcomes_total                   counter   class_name, outcome             accuracy and recall in PromQL
model_predictions_total                counter   class_name                      distribution of predictions
model_label_sets_total                 counter   result                          subset accuracy in PromQL
model_mae, _rmse, _r2                  gauge                                     over a window of labelled predictions
model_absolute_error                   histogram output, if there are several    mean error in PromQL
model_squared_error_total              counter   output, if there are several    RMSE and R2 in PromQL
model_signed_error_total               counter   sign; output, as above          bias in PromQL
model_true_value_total, _squared_total counter   sign (the first); output        R2 in PromQL
model_unscored_labels_total            counter                                   labels of predictions without an error
model_scored_labels                    gauge                                     how many labels those scores are of
model_brier_score, _calibration_error  gauge                                     over a window of labelled predictions
model_confidence_labels_total, _hits   counter   bin                             calibration in PromQL
model_confidence_total                 counter   bin                             calibration in PromQL
model_brier_loss_total                 counter                                   Brier score in PromQL
model_feedback_total                   counter   result                          true labels received
model_feedback_delay_seconds           histogram                                 how late they came
model_feature_bin_total                counter   feature, bin                    drift in PromQL
model_feature_reference_ratio          gauge     feature, bin                    what drift is measured from
model_feature_drift                    gauge     feature, statistic              psi, js, ks, wasserstein of the latest
model_drift_rows                       gauge                                     how many rows these are of
inference_shadow_requests_total        counter   status                          copies that a shadow model saw
model_shadow_predictions_total         counter   result                          whether a shadow agrees
model_injected_faults                  gauge     kind                            demonstrations, told as such
shadow_model_..., shadow_inference_... as above  as above                        the same of a shadow's own predictions
model_info                             gauge     framework, model_class, ...     what runs
cpu_usage, memory_usage                gauge                                     the machine, in percent
gpu_utilization, gpu_power_watts, ...  gauge     gpu, gpu_uuid                   the machine's GPUs, where it has any
monitorkit_folded_series_total         counter   metric, label (only these)      values that became ``other``
====================================== ========= =============================== =====================================
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitorkit.metrics.machine.resources import ResourceFamilies
from monitorkit.metrics.requests.batch_limit import BatchLimitFamily
from monitorkit.metrics.requests.injected import InjectedFamily
from monitorkit.metrics.series.cardinality import FoldedSeries
from monitorkit.metrics.shadow import ShadowFamilies, ShadowRegistry
from monitorkit.metrics.versions import Versions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from prometheus_client import CollectorRegistry

    from monitorkit.metrics.shadow import ShadowMetrics

__all__ = ["ModelMetrics"]


class ModelMetrics(Versions):
    """The metrics of one served model.

    Parameters
    ----------
    registry
        Where they are exported; one model a registry.
    model_name
        Value of the label ``model_name``.

    Attributes
    ----------
    shadows
        Versions that see copies of requests: what they count has names of its own, see
        :class:`~monitorkit.metrics.shadow.ShadowRegistry`.
    faults
        Returns the strength of each kind of injected fault; a server replaces it.
    batch_limit
        Returns how many rows a call of the model may take; a server replaces it.

    Examples
    --------
    >>> from monitorkit.metrics import Registry
    >>> registry = Registry()
    >>> version = ModelMetrics(registry, "digits").activate("1", classes=[0, 1])
    >>> version.requests.count_ok(0.004)
    >>> version.quality.observe(y_true=1, y_pred=1)
    >>> labels = {"model_name": "digits", "model_version": "1"}
    >>> registry.get_sample_value("model_accuracy", labels)
    1.0
    >>> registry.get_sample_value("inference_requests_total", labels | {"status": "ok"})
    1.0
    """

    def __init__(self, registry: CollectorRegistry, model_name: str) -> None:
        super().__init__(registry, model_name)
        self._copies = ShadowFamilies(registry)
        self.shadows = Versions(
            ShadowRegistry(registry), model_name, folded=FoldedSeries.of(registry), also=(self._copies,)
        )
        self.faults: Callable[[], Mapping[str, float]] = dict
        self.batch_limit: Callable[[], int | None] = lambda: None
        # The machine is the same for all versions: under each of them it would be shown, and summed, several times.
        ResourceFamilies(registry, lambda: self.at_work[:1])
        InjectedFamily(registry, lambda: self.at_work, self._injected)
        BatchLimitFamily(registry, lambda: self.at_work, self._batched)

    def shadow(self, model_version: str) -> ShadowMetrics:
        """Return what is counted of the copies that a version sees."""
        return self._copies.of(self.model_name, model_version)

    def _injected(self) -> Mapping[str, float]:
        return self.faults()

    def _batched(self) -> int | None:
        return self.batch_limit()
