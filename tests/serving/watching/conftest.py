"""Watched functions that end with the test, and what a scraper sees of them."""

import itertools

import pytest

from monitorkit import running, watch
from monitorkit.serving.watching.watched import KIND

_numbers = itertools.count()


class Counts:
    """Reads the registry of a watched function."""

    def __init__(self, function, version="1"):
        self.function = function
        self.version = version

    def __call__(self, metric, **labels):
        labels = {"model_name": self.function.watched.name, "model_version": self.version} | labels
        return self.function.registry.get_sample_value(metric, labels)

    @property
    def by_status(self):
        counts = {
            status: self("inference_requests_total", status=status)
            for status in ("ok", "client_error", "server_error", "shed")
        }
        return {status: count for status, count in counts.items() if count}

    @property
    def predictions(self):
        return {
            sample.labels["class_name"]: sample.value
            for family in self.function.registry.collect()
            if family.name == "model_predictions"
            for sample in family.samples
            if sample.value
        }


@pytest.fixture
def watched():
    """Watch a function, under a name of its own unless it is given one."""
    names = []

    def watch_it(function=None, **options):
        options = {"name": f"watched {next(_numbers)}"} | options
        names.append(options["name"])
        return watch(**options) if function is None else watch(function, **options)

    yield watch_it
    for name in names:
        found = running.find(KIND, name)
        if found is not None:
            found.stop()


@pytest.fixture
def counts_of():
    return Counts
