"""GPUs as NVIDIA's library tells of them; here a machine without one, and a stand-in for the library."""

# ruff: noqa: N802 - the library's own names

import re
from pathlib import Path
from types import SimpleNamespace

import pynvml
import pytest
from prometheus_client import CollectorRegistry

from monitorkit.metrics.machine import gpu as gpu_module
from monitorkit.metrics.machine.gpu import Gpus
from monitorkit.metrics.machine.resources import ResourceFamilies

LABELS = {"model_name": "digits", "model_version": "1"}


class Library:
    """Answers as the library does on a machine with two GPUs; `unable` says what the second one does not tell."""

    NVML_TEMPERATURE_GPU = pynvml.NVML_TEMPERATURE_GPU
    NVMLError = pynvml.NVMLError

    def __init__(self, unable=()):
        self.unable = unable
        self.started = 0

    def nvmlInit(self):
        self.started += 1

    def nvmlDeviceGetCount(self):
        return 2

    def nvmlDeviceGetHandleByIndex(self, number):
        return number

    def nvmlDeviceGetUUID(self, device):
        return [b"GPU-older", "GPU-newer"][device]  # bytes until version 11.500

    def _told(self, device, name):
        if device == 1 and name in self.unable:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED)

    def nvmlDeviceGetUtilizationRates(self, device):
        self._told(device, "utilization")
        return SimpleNamespace(gpu=[0, 87][device], memory=1)

    def nvmlDeviceGetMemoryInfo(self, device):
        self._told(device, "memory")
        return SimpleNamespace(total=80 * 2**30, free=2**30, used=79 * 2**30)

    def nvmlDeviceGetPowerUsage(self, device):
        self._told(device, "power")
        return 71_500

    def nvmlDeviceGetTotalEnergyConsumption(self, device):
        self._told(device, "energy")
        return 2_500

    def nvmlDeviceGetTemperatureV(self, device, sensor):
        self._told(device, "temperature")
        return 41

    def nvmlDeviceGetTemperature(self, device, sensor):
        self._told(device, "older temperature")
        return 40


def exported(gpus):
    registry = CollectorRegistry(auto_describe=True)
    ResourceFamilies(registry, lambda: [("digits", "1")], gpus=gpus)
    return registry


def value(registry, name, index="1", uuid="GPU-newer"):
    return registry.get_sample_value(name, LABELS | {"gpu": index, "gpu_uuid": uuid})


def test_each_gpu_is_exported_in_base_units():
    registry = exported(Gpus(Library))
    assert value(registry, "gpu_utilization") == 87
    assert value(registry, "gpu_utilization", "0", "GPU-older") == 0
    assert value(registry, "gpu_memory_used_bytes") == 79 * 2**30
    assert value(registry, "gpu_memory_total_bytes") == 80 * 2**30
    assert value(registry, "gpu_power_watts") == 71.5
    assert value(registry, "gpu_energy_joules_total") == 2.5
    assert value(registry, "gpu_temperature_celsius") == 41


def test_what_a_gpu_does_not_tell_is_left_out():
    registry = exported(Gpus(lambda: Library(unable=("utilization", "energy", "temperature"))))
    assert value(registry, "gpu_utilization") is None
    assert value(registry, "gpu_energy_joules_total") is None
    assert value(registry, "gpu_utilization", "0", "GPU-older") == 0
    assert value(registry, "gpu_temperature_celsius") == 40


def test_an_older_library_is_asked_as_it_knows():
    library = Library()
    older = SimpleNamespace(
        **{name: getattr(library, name) for name in dir(library) if name.startswith(("nvml", "NVML"))}
    )
    del older.nvmlDeviceGetTemperatureV
    assert value(exported(Gpus(lambda: older)), "gpu_temperature_celsius") == 40


def no_package():
    raise ModuleNotFoundError("No module named 'pynvml'")


class NoPermission(Library):
    def nvmlDeviceGetCount(self):
        raise pynvml.NVMLError(pynvml.NVML_ERROR_NO_PERMISSION)


class NoDevice(Library):
    def nvmlDeviceGetCount(self):
        return 0


class NoDriver(Library):
    def nvmlInit(self):
        raise pynvml.NVMLError(pynvml.NVML_ERROR_LIBRARY_NOT_FOUND)


@pytest.mark.parametrize("load", [no_package, NoPermission, NoDevice, NoDriver])
def test_without_a_gpu_there_is_nothing_and_no_word(load, caplog):
    registry = exported(Gpus(load))
    assert {family.name for family in registry.collect()} == {"cpu_usage", "memory_usage"}
    assert not [record for record in caplog.records if record.levelname != "DEBUG"]


@pytest.mark.parametrize("unable", ["nvmlDeviceGetHandleByIndex", "nvmlDeviceGetUUID"])
def test_a_gpu_that_is_lost_does_not_hide_the_others(unable, caplog):
    library = Library()
    asked = getattr(library, unable)

    def ask(number):
        if number == 0:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_GPU_IS_LOST)
        return asked(number)

    setattr(library, unable, ask)
    registry = exported(Gpus(lambda: library))
    assert value(registry, "gpu_utilization") == 87
    assert value(registry, "gpu_utilization", "0", "GPU-older") is None
    assert not [record for record in caplog.records if record.levelname != "DEBUG"]


def test_a_driver_that_is_lost_later_is_no_failure():
    library = Library()
    registry = exported(Gpus(lambda: library))
    assert value(registry, "gpu_power_watts") == 71.5
    library.unable = ("utilization", "memory", "power", "energy", "temperature", "older temperature")
    assert value(registry, "gpu_power_watts") is None
    assert value(registry, "gpu_power_watts", "0", "GPU-older") == 71.5


def test_it_is_looked_for_once():
    library = Library()
    gpus = Gpus(lambda: library)
    for _ in range(3):
        assert len(gpus.read()) == 2
    assert library.started == 1


def test_what_is_asked_for_is_in_the_real_library():
    asked = set(re.findall(r"nvml\.(\w+)", Path(gpu_module.__file__).read_text(encoding="utf-8")))
    asked.discard("NVMLError")
    assert {"nvmlInit", "nvmlDeviceGetCount", "nvmlDeviceGetPowerUsage"} <= asked
    assert [name for name in asked if not hasattr(pynvml, name)] == []
    assert {name for name in asked if name.startswith("nvml")} <= set(dir(Library))
