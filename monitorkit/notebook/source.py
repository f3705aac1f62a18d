"""The server that a magic asks."""

from __future__ import annotations

import os

from monitorkit import running
from monitorkit.errors import InvalidValue
from monitorkit.query import PrometheusClient

__all__ = ["VARIABLE", "Sources"]

VARIABLE = "MONITORKIT_URL"
"""Environment variable with the URL of the server to ask where nothing else names one."""


class Sources:
    """Clients by URL, each made once, so that connections are used again."""

    def __init__(self) -> None:
        self._clients: dict[str, PrometheusClient] = {}

    def client(self, url: object = None) -> PrometheusClient:
        """Client to ask.

        Parameters
        ----------
        url
            URL of a server, or a client; None for the Prometheus that was started or connected last, then for the
            server that the environment names.

        Raises
        ------
        InvalidValue
            If there is none, or the URL is no address of a server.
        """
        if isinstance(url, PrometheusClient):
            return url
        if url is None:
            latest = running.latest("prometheus")
            if isinstance(latest, PrometheusClient):
                return latest
            url = os.environ.get(VARIABLE)
        if not url:
            raise InvalidValue(
                "no Prometheus to ask: start one with mk.start_prometheus(), connect to one with mk.connect(url), "
                f"write --url, or set {VARIABLE}"
            )
        text = str(url)
        if text not in self._clients:
            self._clients[text] = PrometheusClient(text)
        return self._clients[text]

    def close(self) -> None:
        """Close the connections of the clients made here."""
        for client in self._clients.values():
            client.close()
        self._clients.clear()
