"""Every engine there is to test on, with the same history in it and the same target to scrape."""

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import prometheus_server
import victoria_metrics_server
from written_history import exposition, openmetrics

from monitorkit.processes import run

EXPOSED = """\
# HELP work_seconds Time that <b>work</b> takes.
# TYPE work_seconds histogram
# UNIT work_seconds seconds
work_seconds_bucket{kind="a",le="0.5"} 1
work_seconds_bucket{kind="a",le="1.0"} 3 # {trace_id="abc",kind="x"} 0.75
work_seconds_bucket{kind="a",le="+Inf"} 3
work_seconds_sum{kind="a"} 1.75
work_seconds_count{kind="a"} 3
# EOF
"""
RULES = {
    "groups": [
        {
            "name": "test",
            "interval": "1s",
            "rules": [
                {"record": "one:sum", "expr": "vector(1)", "labels": {"team": "a"}},
                {
                    "alert": "Fires",
                    "expr": "vector(2.5)",
                    "keep_firing_for": "1m",
                    "labels": {"severity": "page"},
                    "annotations": {"summary": "it fires"},
                },
                {"alert": "Waits", "expr": "vector(1)", "for": "1h"},
            ],
        }
    ]
}


@dataclass(frozen=True)
class Program:
    """A program to test on."""

    name: str
    version: str
    binary: Path

    def __str__(self):
        return f"{self.name} {self.version}"

    def start(self, folder, target):
        """Start it with the history in it, scraping a target; return its process and its URL."""
        begin = _start_prometheus if self.name == "Prometheus" else _start_victoria_metrics
        return begin(self.binary, folder, target)


@cache
def programs():
    """All programs, the oldest of each engine first."""
    found = [Program("Prometheus", _version(binary), binary) for binary in prometheus_server.binaries()]
    found += [
        Program("VictoriaMetrics", victoria_metrics_server.version(binary), binary)
        for binary in victoria_metrics_server.binaries()
    ]
    return sorted(found, key=lambda each: (each.name, [int(part) for part in each.version.split(".")]))


def _version(binary):
    return re.search(r"version (\d+\.\d+)", run([binary, "--version"], timeout_seconds=20).output)[1]


def _scraping(target):
    job = {"job_name": "ai_model", "static_configs": [{"targets": [target]}]}
    unwanted = {
        "job_name": "unwanted",
        "static_configs": [{"targets": ["dropped:1"]}],
        "relabel_configs": [{"source_labels": ["job"], "regex": "unwanted", "action": "drop"}],
    }
    return {"global": {"scrape_interval": "1s"}, "scrape_configs": [job, unwanted]}


def _start_prometheus(binary, folder, target):
    (folder / "history.txt").write_text(openmetrics(), encoding="utf-8")
    (folder / "rules.yml").write_text(json.dumps(RULES), encoding="utf-8")
    promtool = binary.with_name("promtool")
    command = [promtool, "tsdb", "create-blocks-from", "openmetrics", folder / "history.txt", folder / "data"]
    written = run(command, timeout_seconds=60)
    assert written.returncode == 0, written.output
    config = _scraping(target) | {"rule_files": [str(folder / "rules.yml")]}
    arguments = ("--storage.tsdb.retention.time=100y", "--enable-feature=exemplar-storage")
    return prometheus_server.start(binary, folder, json.dumps(config), *arguments)


def _start_victoria_metrics(binary, folder, target):
    (folder / "scrape.yml").write_text(json.dumps(_scraping(target)), encoding="utf-8")
    process, url = victoria_metrics_server.start(binary, folder, f"-promscrape.config={folder / 'scrape.yml'}")
    victoria_metrics_server.write(url, exposition())
    return process, url
