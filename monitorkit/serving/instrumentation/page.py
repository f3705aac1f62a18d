"""The page that Prometheus scrapes, inside an application that was written elsewhere."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from monitorkit.metrics import exposition
from monitorkit.metrics.series.children import shared

if TYPE_CHECKING:
    from monitorkit.metrics.requests.beside import Beside

__all__ = ["MetricsPage"]


class MetricsPage:
    """``/metrics`` of an application.

    Parameters
    ----------
    path
        Where it is; None for nowhere.
    beside
        What it shows.
    """

    def __init__(self, path: str | None, beside: Beside) -> None:
        self._path = path
        self._beside = beside
        self._told = False

    @property
    def path(self) -> str | None:
        """Where it is; None for nowhere."""
        return self._path

    def wanted(self, method: str, path: str) -> bool:
        """Whether a request asks for this page."""
        return path == self._path and method in {"GET", "HEAD"}

    def answer(self, *, accept: str, accept_encoding: str, query: str) -> tuple[dict[str, str], bytes]:
        """Headers and body, as the scraper asks for them."""
        names = parse_qs(query).get("name[]", ())
        headers, body = exposition(
            self._beside.scraped(names), accept=accept, accept_encoding=accept_encoding, names=names
        )
        return headers | {"content-length": str(len(body))}, body

    def tell_of_other_processes(self) -> None:
        """Say once that what is shown is only this process's, where the server runs several."""
        if not self._told and not shared():
            self._told = True
            warnings.warn(
                "instrument: the server runs several processes and this page shows only one of them; set "
                "PROMETHEUS_MULTIPROC_DIR to an empty folder before they start",
                stacklevel=2,
            )
