"""The registry of a model server in another process, as its scrape shows it."""

from __future__ import annotations

import http.client
from typing import TYPE_CHECKING, Any, NoReturn

from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from monitorkit.errors import InvalidValue, ServiceError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prometheus_client import Metric

__all__ = ["ScrapedRegistry"]

SCRAPE_SECONDS = 10.0


class ScrapedRegistry(CollectorRegistry):
    """What a server in another process exports, scraped each time it is read.

    Parameters
    ----------
    name
        What the server is called in messages.
    host, port
        Where ``/metrics`` is answered.

    Raises
    ------
    ServiceError
        When it is read and the server does not answer.
    """

    def __init__(self, name: str, host: str, port: int) -> None:
        super().__init__()
        self._name = name
        self._place = host, port

    def collect(self) -> Iterable[Metric]:
        """Scrape it."""
        connection = http.client.HTTPConnection(*self._place, timeout=SCRAPE_SECONDS)
        try:
            connection.request("GET", "/metrics", headers={"connection": "close"})
            text = connection.getresponse().read().decode()
        except (OSError, http.client.HTTPException) as error:
            raise ServiceError(
                f"no metrics: its process does not answer ({error!r}); Prometheus has what it scraped before",
                service=self._name,
            ) from error
        finally:
            connection.close()
        return text_string_to_metric_families(text)

    def register(self, collector: Any) -> NoReturn:  # noqa: ANN401, ARG002 - prometheus_client's
        """Refuse a metric of one's own.

        Raises
        ------
        InvalidValue
            Always.
        """
        raise InvalidValue(
            f"registry: {self._name!r} counts in a process of its own, where a metric made here would not be; "
            "serve without process=True to add one"
        )
