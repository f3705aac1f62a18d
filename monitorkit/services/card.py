"""What a notebook shows of a Prometheus: where it is, how it is, what it scrapes, what to do next."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from monitorkit.errors import MonitorkitError

if TYPE_CHECKING:
    from monitorkit.services.prometheus import Prometheus

__all__ = ["card"]

_SHOWN = 8


def card(prometheus: Prometheus) -> str:
    """HTML of a Prometheus, everything from outside escaped."""
    url = escape(prometheus.url)
    link = f'<a href="{url}" target="_blank" rel="noopener noreferrer">{url}</a>'
    # One that was connected to is called by its address.
    name = [f"<b>{escape(prometheus.name)}</b>"] if prometheus.name != prometheus.url else []
    lines = [" · ".join([*name, link, escape(prometheus.state)])]
    if not prometheus.alive:
        return _framed([*lines, "next: <code>mk.start_prometheus()</code>"])
    try:
        targets = prometheus.targets()
        lines[0] += escape(f" · {prometheus.engine or 'version'} {prometheus.version}".rstrip())
    except MonitorkitError as error:
        return _framed([*lines, escape(str(error))])
    up = int((targets["health"] == "up").sum())
    lines.append(f"{up} of {len(targets)} targets up")
    for _, row in targets[targets["health"] == "down"].head(_SHOWN).iterrows():
        lines.append(escape(f"{row['job']} {row['instance']} is down: {row['last_error']}"))
    return _framed([*lines, "next: <code>prom.query(&quot;up&quot;)</code>, <code>prom.targets()</code>"])


def _framed(lines: list[str]) -> str:
    body = "".join(f"<div>{line}</div>" for line in lines)
    return f'<div style="border-left: 3px solid #e6522c; padding-left: 8px">{body}</div>'
