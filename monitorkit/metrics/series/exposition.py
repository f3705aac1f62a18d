"""The text that Prometheus scrapes: format and compression as the scraper asks for them."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

from monitorkit.garbage import collector_paused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prometheus_client import CollectorRegistry

__all__ = ["exposition"]

GZIP_LEVEL = 1
"""The fastest: a scrape is short text over a near network, and level 9 costs more time than it saves."""


def exposition(
    registry: CollectorRegistry, *, accept: str = "", accept_encoding: str = "", names: Sequence[str] = ()
) -> tuple[dict[str, str], bytes]:
    """Write a registry as the scraper asked for it.

    Parameters
    ----------
    registry
        What to export.
    accept, accept_encoding
        The request's headers; they choose between the text format and OpenMetrics, and gzip or none.
    names
        Sample names to restrict the answer to, as in ``/metrics?name[]=model_accuracy``; all of them when empty.

    Returns
    -------
    tuple of dict and bytes
        Response headers and body.

    Notes
    -----
    Source: Prometheus documentation, "Exposition formats"; RFC 9110, section 12.5.3 (a coding of weight 0 is refused).

    Examples
    --------
    >>> from monitorkit.metrics import Registry
    >>> headers, body = exposition(Registry(), names=["python_info"])
    >>> headers["content-type"].split(";")[0], body.startswith(b"# HELP python_info")
    ('text/plain', True)
    """
    from prometheus_client.exposition import choose_encoder  # noqa: PLC0415 - queries are written without it

    from monitorkit.metrics.series.writing import write  # noqa: PLC0415 - as above

    content_type = choose_encoder(accept)[1]
    # A sample is several objects: with a thousand the collector wakes up, and keeps this scrape and all predictions
    # waiting for as long as it takes to look at what the kernel holds.
    with collector_paused():
        body = write(registry.restricted_registry(names) if names else registry, content_type)
    headers = {"content-type": content_type, "vary": "accept, accept-encoding"}
    if _accepts_gzip(accept_encoding):
        body = gzip.compress(body, GZIP_LEVEL)
        headers["content-encoding"] = "gzip"
    return headers, body


def _accepts_gzip(accept_encoding: str) -> bool:
    for coding in accept_encoding.split(","):
        name, _, weight = coding.partition(";")
        if name.strip().lower() == "gzip":
            value = weight.strip().lower().removeprefix("q=")
            return not value or value.strip("0.") != ""
    return False
