"""A month of a model's life, written into a Prometheus data folder in seconds; invented, and told as such.

What happens in it: two replicas serve a model, busy by day, quieter at night and on weekends. From the 10th day on the
accuracy of version 1 wears away; on the 18th version 2 replaces it. On the 7th replica b restarts; on the 11th
replica a is down for 40 minutes; on the 22nd, from 14:00 to 16:00, requests take five times as long and some fail.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from monitorkit.arguments import checked
from monitorkit.documents import absolute_path
from monitorkit.errors import InvalidValue, ServiceError
from monitorkit.labels import format_series
from monitorkit.processes import run
from monitorkit.progress import progress_bar
from monitorkit.services.programs.promtool import find_promtool

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

__all__ = ["write_month"]

START = datetime(2026, 1, 1, tzinfo=UTC)
DAYS = 30
SCRAPE_SECONDS = 60
DAY, HOUR = 1440, 60
"""In scrapes."""

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""Those of the durations that a served model exports which matter here, in seconds."""

REPLICAS = {"replica-a:8000": 0.191, "replica-b:8000": 0.737}
"""Instances, and how long after the full minute each is scraped, in seconds."""

RELEASE = 18 * DAY - 14 * HOUR
RESTART = 6 * DAY + 3 * HOUR
OUTAGE = (10 * DAY + 9 * HOUR, 10 * DAY + 9 * HOUR + 40)
INCIDENT = (21 * DAY + 14 * HOUR, 21 * DAY + 16 * HOUR)

WRITING_SECONDS = 120.0


@checked
def write_month(folder: str | Path, *, seed: int = 0) -> Path:
    """Write the samples of January 2026, from the 1st to the 30th, into a data folder for Prometheus.

    Parameters
    ----------
    folder
        Where; it must not hold any data yet.
    seed
        The same seed writes the same samples.

    Returns
    -------
    Path
        The folder, for ``start_prometheus(data=..., retention="100y")``: samples older than the retention are deleted.

    Raises
    ------
    InvalidValue
        If the folder is not empty.
    ServiceError
        If there is no promtool, or it fails.

    Notes
    -----
    1.5 million samples in about five seconds, by ``promtool tsdb create-blocks-from openmetrics`` (Prometheus
    documentation, "Storage", section "Backfilling from OpenMetrics format").
    """
    path = absolute_path(folder, name="folder")
    if path.exists() and any(path.iterdir()):
        raise InvalidValue(f"folder: {path} is not empty; name a new one")
    promtool = find_promtool()
    if promtool is None:
        raise ServiceError("it is not installed; run: monitorkit install prometheus", service="promtool")
    path.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, progress_bar(3, desc="a month of samples", unit="part") as bar:
        text = Path(scratch, "month.txt")
        with text.open("w", encoding="utf-8") as file:
            for family in _families(np.random.default_rng(seed)):
                file.write(family)
                bar.update(2 / 3)
            file.write("# EOF\n")
        # One block for many days: by default there is one for each two hours, and the whole text is read for each.
        command: list[str | Path] = [
            promtool,
            "tsdb",
            "create-blocks-from",
            "--max-block-duration=744h",
            "openmetrics",
            text,
            path,
        ]
        done = run(command, timeout_seconds=WRITING_SECONDS)
        bar.update(1)
    if done.returncode:
        raise ServiceError("it could not write the samples", service="promtool", log_tail=done.output)
    return path


@dataclass(frozen=True, eq=False)
class _Life:
    """What one replica does with one version: in which minutes it is scraped, and which of its processes it is then."""

    labels: Mapping[str, str]
    minutes: NDArray[np.int64]
    process: NDArray[np.int64]
    offset_seconds: float

    def counted(self, each_minute: NDArray[np.int64]) -> NDArray[np.int64]:
        """What a counter shows that begins anew with each process."""
        total = np.cumsum(each_minute)
        before = np.append(0, total[:-1])
        first = np.flatnonzero(np.append(True, np.diff(self.process) != 0))
        return np.asarray(total - np.repeat(before[first], np.diff(np.append(first, len(total)))))

    @cached_property
    def ends(self) -> list[str]:
        """What each line ends in: the time of the sample."""
        seconds = START.timestamp() + SCRAPE_SECONDS * self.minutes + self.offset_seconds
        return [f" {time:.3f}\n" for time in seconds.tolist()]

    def lines(self, name: str, values: NDArray[np.generic], **labels: str) -> str:
        """Samples as OpenMetrics text, one a minute."""
        series = format_series({"__name__": name, **self.labels, **labels})
        return "".join([f"{series} {value}{end}" for value, end in zip(values.tolist(), self.ends, strict=True)])


def _lives() -> Iterator[_Life]:
    minutes = np.arange(DAYS * DAY)
    for version, of_version in (("1", minutes[minutes < RELEASE]), ("2", minutes[minutes >= RELEASE])):
        for instance, offset_seconds in REPLICAS.items():
            labels = {"instance": instance, "job": "ai_model", "model_name": "digits", "model_version": version}
            down, back = OUTAGE if instance.startswith("replica-a") else (RESTART, RESTART)
            alive = of_version[(of_version < down) | (of_version >= back)]
            yield _Life(labels, alive, (alive >= back).astype(np.int64), offset_seconds)


def _families(rng: np.random.Generator) -> Iterator[str]:
    """Each metric family as OpenMetrics text."""
    lives = list(_lives())
    durations = [_durations(life, rng) for life in lives]
    yield "# TYPE inference_requests counter\n" + "".join(
        life.lines("inference_requests_total", life.counted(counts), status=status)
        for life, in_buckets in zip(lives, durations, strict=True)
        for status, counts in _by_status(life, in_buckets.sum(axis=1), rng).items()
    )
    yield "# TYPE inference_request_duration_seconds histogram\n" + "".join(
        _histogram(life, in_buckets) for life, in_buckets in zip(lives, durations, strict=True)
    )
    quality = "".join(life.lines("model_accuracy", _accuracy(life, rng)) for life in lives)
    facts = {"1": "LogisticRegression", "2": "RandomForestClassifier"}
    info = "".join(
        life.lines("model_info", np.ones(len(life.minutes), dtype=np.int64), framework="scikit-learn", model_class=name)
        for life in lives
        for name in [facts[life.labels["model_version"]]]
    )
    yield f"# TYPE model_accuracy gauge\n{quality}# TYPE model_info gauge\n{info}"


def _within(life: _Life, span: tuple[int, int]) -> NDArray[np.bool_]:
    return np.asarray((life.minutes >= span[0]) & (life.minutes < span[1]))


def _load(life: _Life) -> NDArray[np.float64]:
    """Requests a minute that are to be expected: a day's wave, and less on the weekend."""
    hour = life.minutes / HOUR % 24
    # 1 January 2026 is a Thursday.
    weekend = (life.minutes // DAY + START.weekday()) % 7 >= 5  # noqa: PLR2004 - Saturday
    return np.asarray(90.0 * (1 + 0.8 * np.sin((hour - 9) / 24 * 2 * np.pi)) * np.where(weekend, 0.4, 1.0) + 6)


def _durations(life: _Life, rng: np.random.Generator) -> NDArray[np.int64]:
    """Requests of each minute in each bucket, of shape (n_minutes, n_buckets + 1); log-logistic, slower under load."""
    load = _load(life)
    middle = 0.018 * (1 + load / 200) * np.where(life.labels["model_version"] == "2", 1.3, 1.0)
    middle *= np.where(_within(life, INCIDENT), 5.0, 1.0)
    below = 1 / (1 + (np.array(BUCKETS) / middle[:, None]) ** -4.0)
    parts = np.diff(below, axis=1, prepend=0.0, append=1.0)
    return rng.poisson(load[:, None] * parts)


def _by_status(life: _Life, total: NDArray[np.int64], rng: np.random.Generator) -> dict[str, NDArray[np.int64]]:
    failed = rng.binomial(total, np.where(_within(life, INCIDENT), 0.08, 0.002))
    return {"ok": total - failed, "server_error": failed}


def _histogram(life: _Life, in_buckets: NDArray[np.int64]) -> str:
    """Cumulative buckets, sum and count; the sum takes the geometric middle of each bucket."""
    name = "inference_request_duration_seconds"
    bounds = np.array([BUCKETS[0] / 2, *BUCKETS, 2 * BUCKETS[-1]])
    cumulative = np.cumsum(in_buckets, axis=1)
    texts = [*map(repr, BUCKETS), "+Inf"]
    lines = [
        life.lines(f"{name}_bucket", life.counted(cumulative[:, column]), le=le) for column, le in enumerate(texts)
    ]
    middles = np.sqrt(bounds[:-1] * bounds[1:])
    micros = life.counted(np.round(in_buckets @ middles * 1e6).astype(np.int64))
    return "".join(
        [*lines, life.lines(f"{name}_sum", micros / 1e6), life.lines(f"{name}_count", life.counted(cumulative[:, -1]))]
    )


def _accuracy(life: _Life, rng: np.random.Generator) -> NDArray[np.float64]:
    """Accuracy over a window of 500 labelled predictions; that of version 1 wears away from the 10th day on."""
    worn = np.clip((life.minutes - 9 * DAY) / (8 * DAY), 0, 1) * 0.09 if life.labels["model_version"] == "1" else 0.0
    hits = rng.binomial(500, 0.955 - worn, size=len(life.minutes))
    # A sliding window moves slowly.
    smooth = np.convolve(np.pad(hits, 7, mode="edge"), np.ones(15) / 15, mode="valid")
    return np.asarray(np.round(smooth) / 500)
