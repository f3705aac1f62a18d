"""A history of real series: what real code has counted, scrape by scrape, as OpenMetrics text."""

from monitorkit.metrics import ModelMetrics, Registry

T0 = 1_700_000_000
SCRAPE = 10
"""Seconds between two scrapes."""


def moment(turn):
    """Between a scrape and the next, so that no version of Prometheus counts one at the window's left end."""
    return T0 + turn * SCRAPE + SCRAPE / 2


class Replica:
    """A model server without the server: its metrics, and what they show at each scrape."""

    def __init__(self, history, name, instance, *, version="1", **options):
        self.history, self.name, self.instance, self.version, self.options = history, name, instance, version, options
        self.restart()

    def restart(self):
        """Lose all counts, as a new process does."""
        self.registry = Registry()
        self.metrics = ModelMetrics(self.registry, self.name).activate(self.version, **self.options)

    def scrape(self, turn):
        """Write down what a scrape would see."""
        for family in self.registry.collect():
            if family.name.startswith(("inference", "model")) and family.type != "info":
                self.history.write(family, self.instance, T0 + turn * SCRAPE)


class History:
    """What all replicas showed."""

    def __init__(self):
        self.families = {}

    def replica(self, *args, **options):
        """Add a replica."""
        return Replica(self, *args, **options)

    def write(self, family, instance, time):
        """Write down the samples of a family."""
        lines = self.families.setdefault((family.name, family.type), [])
        for sample in family.samples:
            labels = ",".join(f'{key}="{value}"' for key, value in (sample.labels | {"instance": instance}).items())
            lines.append(f"{sample.name}{{{labels}}} {float(sample.value)!r} {time}")

    def text(self):
        """All of it as OpenMetrics."""
        parts = [line for (name, kind), lines in self.families.items() for line in (f"# TYPE {name} {kind}", *lines)]
        return "\n".join([*parts, "# EOF", ""])
