"""What a notebook shows of a Prometheus: where it is, how it is, what it scrapes, what to do next."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from monitorkit import cards
from monitorkit.errors import MonitorkitError

if TYPE_CHECKING:
    from monitorkit.services.prometheus import Prometheus

__all__ = ["card"]

_SHOWN = 8


def card(prometheus: Prometheus) -> str:
    """HTML of a Prometheus, everything from outside escaped."""
    # One that was connected to is called by its address.
    name = [f"<b>{escape(prometheus.name)}</b>"] if prometheus.name != prometheus.url else []
    lines = [" · ".join([*name, cards.link(prometheus.url), escape(prometheus.state)])]
    if not prometheus.alive:
        return cards.card(*lines, "next: <code>mk.start_prometheus()</code>")
    try:
        targets = prometheus.targets()
        lines[0] += escape(f" · {prometheus.engine or 'version'} {prometheus.version}".rstrip())
    except MonitorkitError as error:
        return cards.card(*lines, escape(str(error)))
    up = int((targets["health"] == "up").sum())
    lines.append(f"{up} of {len(targets)} targets up")
    for _, row in targets[targets["health"] == "down"].head(_SHOWN).iterrows():
        lines.append(escape(f"{row['job']} {row['instance']} is down: {row['last_error']}"))
    return cards.card(*lines, "next: <code>prom.query(&quot;up&quot;)</code>, <code>prom.targets()</code>")
