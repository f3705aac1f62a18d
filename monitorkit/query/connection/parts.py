"""The parts of the API that not every server has: what they are called, and what to do where one is missing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "ALERTS",
    "BUILD",
    "EXEMPLARS",
    "FLAGS",
    "FORMAT_QUERY",
    "LABELS",
    "LABEL_CARDINALITY",
    "LABEL_VALUES",
    "METADATA",
    "METRIC_CARDINALITY",
    "RULES",
    "SERIES",
    "TARGETS",
    "TSDB_STATUS",
    "Part",
]

_VMALERT = "VictoriaMetrics evaluates no rules; connect to vmalert, or start it with -vmalert.proxyURL"


@dataclass(frozen=True)
class Part:
    """A part of the API.

    Parameters
    ----------
    what
        What it is, as in "this server has no ...".
    path
        Path below the server's root.
    advice
        What to do where it is missing.
    hollow
        What to do where an engine has the path, but nothing behind it: advice by name of the engine.
    bare
        Whether its answer may come without the API's envelope.
    """

    what: str
    path: str
    advice: str = ""
    hollow: Mapping[str, str] = field(default_factory=dict, compare=False)
    bare: bool = False


SERIES = Part("list of series", "api/v1/series", "query a selector instead")
LABELS = Part("list of labels", "api/v1/labels", "query a selector instead")
LABEL_VALUES = Part("list of label values", "api/v1/label", "query count by (label) (...) instead")
METADATA = Part(
    "metadata of metrics",
    "api/v1/metadata",
    "ask the Prometheus that scrapes for it",
    {"VictoriaMetrics": "VictoriaMetrics keeps metadata only where it scrapes, and only in newer versions"},
)
TARGETS = Part("list of targets", "api/v1/targets", "ask the Prometheus that scrapes for it")
RULES = Part(
    "list of rules",
    "api/v1/rules",
    "ask what evaluates the rules: a Prometheus, Thanos Ruler, vmalert",
    {"VictoriaMetrics": _VMALERT},
)
ALERTS = Part(
    "list of alerts",
    "api/v1/alerts",
    "ask what evaluates the rules: a Prometheus, Thanos Ruler, vmalert",
    {"VictoriaMetrics": _VMALERT},
)
EXEMPLARS = Part(
    "exemplars",
    "api/v1/query_exemplars",
    "ask the Prometheus that scrapes, started with --enable-feature=exemplar-storage",
    {"VictoriaMetrics": "VictoriaMetrics stores no exemplars; ask the Prometheus that scrapes"},
)
BUILD = Part("build information", "api/v1/status/buildinfo", "look at how it was installed")
FLAGS = Part("list of command-line flags", "api/v1/status/flags", "see how it was started")
TSDB_STATUS = Part(
    "status of its database", "api/v1/status/tsdb", "query topk(10, count by (__name__) ({__name__!=''})) instead"
)
_CARDINALITY = "start Mimir with -querier.cardinality-analysis-enabled"
LABEL_CARDINALITY = Part("cardinality of labels", "api/v1/cardinality/label_names", _CARDINALITY, bare=True)
METRIC_CARDINALITY = Part("cardinality of metrics", "api/v1/cardinality/label_values", _CARDINALITY, bare=True)
FORMAT_QUERY = Part("formatter of queries", "api/v1/format_query", "monitorkit.promql.format does it without a server")
