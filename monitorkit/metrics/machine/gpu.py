"""Resources of the machine's NVIDIA GPUs: utilisation, memory, power, energy and temperature."""

from __future__ import annotations

import logging
import threading
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from monitorkit.metrics.series.registry import MODEL_LABELS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from prometheus_client import Metric

__all__ = ["Gpu", "Gpus", "gpu_families"]

_log = logging.getLogger("monitorkit.metrics")


class _Quantity(NamedTuple):
    """One metric of a GPU, and how the management library tells it."""

    name: str
    text: str
    read: Callable[[Any, Any], float]
    kind: type[CounterMetricFamily | GaugeMetricFamily] = GaugeMetricFamily


def _temperature(nvml: Any, device: Any) -> float:  # noqa: ANN401 - modules and handles of the library have no types
    """Ask as the library wants to be asked, or, where library or driver are older, as it did before."""
    sensor = nvml.NVML_TEMPERATURE_GPU
    try:
        return float(nvml.nvmlDeviceGetTemperatureV(device, sensor))
    except (AttributeError, nvml.NVMLError):
        return float(nvml.nvmlDeviceGetTemperature(device, sensor))


_QUANTITIES = (
    _Quantity(
        "gpu_utilization",
        "Share of the last moments, a sixth of a second to one second, in which a program ran on the GPU, in percent, "
        "0 to 100. A GPU that does a little all the time shows 100: watch gpu_power_watts, too.",
        lambda nvml, device: nvml.nvmlDeviceGetUtilizationRates(device).gpu,
    ),
    _Quantity(
        "gpu_memory_used_bytes",
        "Memory of the GPU in use by all processes, what the driver keeps for itself included. Frameworks hold on to "
        "what they have once taken: high is not yet full.",
        lambda nvml, device: nvml.nvmlDeviceGetMemoryInfo(device).used,
    ),
    _Quantity(
        "gpu_memory_total_bytes",
        "Memory that the GPU has.",
        lambda nvml, device: nvml.nvmlDeviceGetMemoryInfo(device).total,
    ),
    _Quantity(
        "gpu_power_watts",
        "Power that the GPU draws now, averaged over at most a second. Over longer: rate(gpu_energy_joules_total[5m]).",
        lambda nvml, device: nvml.nvmlDeviceGetPowerUsage(device) / 1000,
    ),
    _Quantity(
        "gpu_energy_joules",
        "Energy that the GPU has used since its driver was loaded; its rate is the mean power, in watts.",
        lambda nvml, device: nvml.nvmlDeviceGetTotalEnergyConsumption(device) / 1000,
        CounterMetricFamily,
    ),
    _Quantity("gpu_temperature_celsius", "Temperature of the GPU; close to its limit it slows down.", _temperature),
)


class Gpu(NamedTuple):
    """What was read of one GPU; what it does not tell is left out."""

    number: str
    uuid: str
    values: dict[str, float]


class Gpus:
    """The GPUs of this machine, through NVIDIA's management library; none where anything is missing for that.

    Parameters
    ----------
    load
        Returns the module ``pynvml``, of the package nvidia-ml-py.

    Notes
    -----
    All GPUs of the machine are read, as for the processor, whichever of them the model uses. No library, no driver, no
    GPU and no permission are all the same here: there is nothing to tell. Sources: NVML API reference, "Device
    queries"; names and units after Triton's ``nv_gpu_*`` with base units.

    Examples
    --------
    >>> def absent():
    ...     raise ImportError
    >>> Gpus(absent).read()
    []
    """

    def __init__(self, load: Callable[[], Any] = lambda: import_module("pynvml")) -> None:
        self._load = load
        self._lock = threading.Lock()
        self._nvml: Any = None
        self._devices: list[tuple[str, str, Any]] | None = None

    def read(self) -> list[Gpu]:
        """Read all GPUs; they are looked for when this is first called."""
        with self._lock:
            if self._devices is None:
                self._devices = self._find()
        return [Gpu(number, uuid, self._values(device)) for number, uuid, device in self._devices]

    def _find(self) -> list[tuple[str, str, Any]]:
        try:
            self._nvml = nvml = self._load()
            nvml.nvmlInit()
            numbers = range(nvml.nvmlDeviceGetCount())
        except Exception as error:  # noqa: BLE001 - whatever a library or driver is missing, that is no GPU
            _log.debug("no GPU is watched: %s: %s", type(error).__name__, error)
            return []
        return [device for number in numbers if (device := self._device(number)) is not None]

    def _device(self, number: int) -> tuple[str, str, Any] | None:
        try:
            device = self._nvml.nvmlDeviceGetHandleByIndex(number)
            uuid = self._nvml.nvmlDeviceGetUUID(device)
        except Exception as error:  # noqa: BLE001 - one that is lost, or another's, does not hide the others
            _log.debug("GPU %d is not watched: %s: %s", number, type(error).__name__, error)
            return None
        return str(number), uuid.decode() if isinstance(uuid, bytes) else str(uuid), device

    def _values(self, device: Any) -> dict[str, float]:  # noqa: ANN401 - a handle of the library
        values = {}
        for quantity in _QUANTITIES:
            try:
                values[quantity.name] = float(quantity.read(self._nvml, device))
            except Exception as error:  # noqa: BLE001 - not every GPU tells everything, nor to everyone
                _log.debug("%s is not told: %s: %s", quantity.name, type(error).__name__, error)
        return values


def gpu_families(gpus: Iterable[Gpu], labels: Iterable[tuple[str, str]]) -> list[Metric]:
    """Families of what was read, under name and version of each model that is served.

    Examples
    --------
    >>> families = gpu_families([Gpu("0", "GPU-1", {"gpu_power_watts": 71.5})], [("digits", "1")])
    >>> [(sample.name, sample.value) for family in families for sample in family.samples]
    [('gpu_power_watts', 71.5)]
    """
    gpus, labels = list(gpus), list(labels)
    families: list[Metric] = []
    for quantity in _QUANTITIES:
        family = quantity.kind(quantity.name, quantity.text, labels=[*MODEL_LABELS, "gpu", "gpu_uuid"])
        for gpu in gpus:
            for model in labels if quantity.name in gpu.values else ():
                family.add_metric([*model, gpu.number, gpu.uuid], gpu.values[quantity.name])
        families.append(family)
    return families
