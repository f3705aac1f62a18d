"""What a server has: metrics, labels, values, descriptions, kept at hand for completion and help.

Nothing here waits for the server unless asked to: what is asked for is fetched by a thread of its own and is there a
moment later. What was fetched is fetched again when it is used and has grown old; a server that does not answer is left
alone for a while, and what it said last stays.
"""

from __future__ import annotations

import hashlib
import threading
import time
import weakref
from copy import copy
from typing import TYPE_CHECKING, Any, Self

from monitorkit.labels import NAME_LABEL, quote
from monitorkit.promql.cursor.known import Metadata
from monitorkit.promql.cursor.names import Names
from monitorkit.promql.formatting import label_name
from monitorkit.query.answers import Answers
from monitorkit.query.connection.engine import recognise
from monitorkit.query.decoding import envelope
from monitorkit.query.selection import label_path

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from monitorkit.promql.nodes import LabelMatcher
    from monitorkit.query.answers import Key
    from monitorkit.query.client import PrometheusClient

__all__ = ["Catalog"]

REQUEST_SECONDS = 10.0

_OWN = {
    "up": Metadata("gauge", "1 where the last scrape of the target succeeded, 0 where it failed."),
    "scrape_duration_seconds": Metadata("gauge", "How long the last scrape of the target took.", "seconds"),
    "scrape_samples_scraped": Metadata("gauge", "Samples that the target exposed at the last scrape."),
    "scrape_samples_post_metric_relabeling": Metadata("gauge", "Samples of the last scrape that relabelling left."),
    "scrape_series_added": Metadata("gauge", "Roughly how many series of the last scrape were new."),
    "ALERTS": Metadata("gauge", "1 for each alert that is pending or firing; alertstate tells which."),
    "ALERTS_FOR_STATE": Metadata("gauge", "Since when each alert is active, as a Unix time."),
}
"""Series that Prometheus makes itself; no target describes them."""
_SUFFIXES = {
    "_total": ("counter", "unknown"),
    "_bucket": ("histogram", "gaugehistogram"),
    "_count": ("histogram", "summary"),
    "_sum": ("histogram", "summary"),
    "_gcount": ("gaugehistogram",),
    "_gsum": ("gaugehistogram",),
    "_created": ("counter", "histogram", "summary"),
    "_info": ("info",),
}
"""What a target describes under a name of its own, by the ending that the series have besides."""


class Catalog:
    """What a server has, from memory.

    Parameters
    ----------
    client
        The client of the server.

    Notes
    -----
    Each method returns at once: what is not known yet is None or empty, and known a moment later; `within` gives a
    catalogue that waits a little. No method raises because of the server. Threads may share it.

    All that the server stores counts, not only what is scraped now: a history that was written or loaded is completed
    as well. Source: Prometheus documentation, "HTTP API", sections "Querying metadata" and "Querying metric metadata".

    Examples
    --------
    >>> from monitorkit.query import PrometheusClient
    >>> catalog = Catalog(PrometheusClient("http://127.0.0.1:9"))
    >>> catalog.metrics() is None
    True
    """

    def __init__(self, client: PrometheusClient) -> None:
        self._client = client
        self._answers = Answers()
        self._large: dict[str, tuple[bytes, Any]] = {}
        self.deadline: float | None = None
        """Until when what is not known yet is awaited, on the clock of `time.monotonic`; None for not at all."""

    @classmethod
    def of(cls, client: PrometheusClient) -> Catalog:
        """Return the catalogue of a client, always the same one; it goes when the client goes."""
        with _catalogs_lock:
            catalog = _catalogs.get(client)
            if catalog is None:
                catalog = _catalogs[client] = cls(weakref.proxy(client))
        return catalog

    def within(self, seconds: float) -> Self:
        """Return the same catalogue, waiting for what is not known yet: at most so long in all its answers together."""
        patient = copy(self)
        patient.deadline = time.monotonic() + seconds
        return patient

    def warm(self) -> None:
        """Begin to fetch what nearly every completion needs, unless something was asked for already."""
        if self._answers:
            return
        impatient = copy(self)
        impatient.deadline = None
        impatient.metadata("")
        impatient.metrics()
        impatient.version()

    def version(self) -> str:
        """The server's version of Prometheus, such as ``3.5.3``; empty where it is none or not known yet."""
        # Of use, but not worth waiting for.
        return str(self._answers.look(("version",), self._fetch_version, None) or "")

    def metrics(self) -> Names | None:
        """Names of all metrics."""
        return self._names((NAME_LABEL,), f"api/v1/label/{NAME_LABEL}/values")

    def labels(self, metric: str | None = None, matchers: Sequence[LabelMatcher] = ()) -> Names | None:
        """Labels of the series of a metric that matchers let through; of all series unless given."""
        selector = _selector(metric, matchers)
        return self._names(("labels", selector), "api/v1/labels", selector)

    def values(self, label: str, metric: str | None = None, matchers: Sequence[LabelMatcher] = ()) -> Names | None:
        """Values of a label on the series of a metric that matchers let through; on all series unless given."""
        selector = _selector(metric, matchers)
        return self._names(("values", label, selector), f"api/v1/label/{label_path(label)}/values", selector)

    def metadata(self, metric: str) -> Metadata:
        """Type, description and unit of a metric; for a recording rule, its query."""
        described: dict[str, Any] = self._look(("metadata",), self._fetch_metadata) or {}
        if metric in described:
            return _said(described[metric])
        for suffix, types in _SUFFIXES.items():
            family = _said(described.get(metric.removesuffix(suffix))) if metric.endswith(suffix) else Metadata()
            if family.type in types:
                return family
        if ":" in metric:
            rules: dict[str, Metadata] = self._look(("rules",), self._fetch_rules) or {}
            return rules.get(metric, Metadata())
        return _OWN.get(metric, Metadata())

    def n_series(self, metric: str) -> int | None:
        """How many series of a metric there are now; None where it is not known."""
        count: int | None = self._look(("series", metric), lambda: self._fetch_count(metric))
        return count

    def _names(self, key: Key, path: str, selector: str = "") -> Names | None:
        names: Names | None = self._look(key, lambda: self._fetch_names(path, selector))
        return names

    def _fetch_names(self, path: str, selector: str) -> Names:
        if selector:
            return Names(map(str, self._ask(path, {"match[]": selector})))
        names: Names = self._changed(path, {}, lambda data: Names(map(str, data)))
        return names

    def _fetch_version(self) -> str:
        engine = recognise(self._ask("api/v1/status/buildinfo", {}))
        return engine.version if engine.name == "Prometheus" else ""

    def _fetch_metadata(self) -> dict[str, Any]:
        found: dict[str, Any] = self._changed("api/v1/metadata", {"limit_per_metric": "1"}, dict)
        return found

    def _fetch_rules(self) -> dict[str, Metadata]:
        groups = self._ask("api/v1/rules", {"type": "record"})["groups"]
        rules = [rule for group in groups for rule in group.get("rules", ()) if rule.get("type") == "recording"]
        return {str(rule["name"]): Metadata("recording rule", str(rule["query"])) for rule in rules}

    def _fetch_count(self, metric: str) -> int:
        query = f"count({_selector(metric, ())})"
        result = self._ask("api/v1/query", {"query": query, "timeout": f"{REQUEST_SECONDS:g}s"})["result"]
        return int(result[0]["value"][1]) if result else 0

    def _changed(self, path: str, params: dict[str, str], read: Callable[[Any], Any]) -> Any:  # noqa: ANN401 - what `read` gives
        """Read a large answer, unless it is what it was before: reading keeps the other threads waiting."""
        body = self._fetch(path, params)
        digest = hashlib.blake2b(body).digest()
        before, value = self._large.get(path, (b"", None))
        if digest != before:
            value = read(envelope.plain(body).data)
            self._large[path] = digest, value
        return value

    def _ask(self, path: str, params: dict[str, str]) -> Any:  # noqa: ANN401 - what the server says
        return envelope.plain(self._fetch(path, params)).data

    def _fetch(self, path: str, params: dict[str, str]) -> bytes:
        transport = self._client._transport  # noqa: SLF001 - the same package
        return transport.fetch(path, params, timeout_seconds=min(REQUEST_SECONDS, transport.timeout_seconds)).body

    def _look(self, key: Key, fetch: Callable[[], Any]) -> Any:  # noqa: ANN401 - what `fetch` gives
        return self._answers.look(key, fetch, self.deadline)


_catalogs: weakref.WeakKeyDictionary[PrometheusClient, Catalog] = weakref.WeakKeyDictionary()
_catalogs_lock = threading.Lock()


def _said(entries: Any) -> Metadata:  # noqa: ANN401 - what the server says of one metric
    """The first of what targets say of a metric."""
    said = entries[0] if isinstance(entries, list) and entries and isinstance(entries[0], dict) else {}
    return Metadata(str(said.get("type", "")), str(said.get("help", "")), str(said.get("unit", "")))


def _selector(metric: str | None, matchers: Sequence[LabelMatcher]) -> str:
    """A selector of series; empty for all of them."""
    pairs = [f"{NAME_LABEL}={quote(metric)}"] if metric else []
    pairs += [
        f"{label_name(m.name)}{m.operator}{quote(m.value)}" for m in matchers if m.name != NAME_LABEL or not metric
    ]
    return "{" + ",".join(pairs) + "}" if pairs else ""
