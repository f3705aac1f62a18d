"""The address of a query in its server's own user interface, with the same range and step.

Notes
-----
Source: the parameters that Prometheus' pages read: web/ui/react-app/src/utils/index.ts (2.x, under ``/graph``) and
web/ui/mantine-ui/src/pages/query/urlStateEncoding.ts (3.x, under ``/query``).
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from monitorkit.durations import format_duration

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["query_link"]

_OLD_PAGES = "/graph"
_NEW_PAGES = "/query"
_SINCE = 3


def query_link(url: str, engine: str, version: str, asked: Mapping[str, Any]) -> str:
    """Address at which the same query can be seen; empty where the engine has no such page.

    Parameters
    ----------
    url
        Root of the server.
    engine, version
        What answers there.
    asked
        A frame's attrs: ``query``, ``start``, ``end``, ``step``.

    Examples
    --------
    >>> asked = {"query": "up", "start": "2026-01-31T12:00:00.000Z", "end": "2026-01-31T13:00:00.000Z", "step": 15.0}
    >>> query_link("http://127.0.0.1:9090", "Prometheus", "2.42.0", asked)  # doctest: +ELLIPSIS
    'http://127.0.0.1:9090/graph?g0.expr=up&g0.tab=0&g0.range_input=1h&g0.end_input=2026-01-31%2013%3A00%3A00&...'
    """
    if engine not in {"Prometheus", "Thanos"}:
        return ""
    try:
        start, end = (datetime.fromisoformat(asked[name]) for name in ("start", "end"))
    except ValueError:
        return ""  # a moment beyond the year 9999
    step = asked["step"]
    new = engine == "Prometheus" and version.partition(".")[0].isdigit() and int(version.partition(".")[0]) >= _SINCE
    moment = end.strftime("%Y-%m-%d %H:%M:%S") + (f".{end.microsecond // 1000:03d}" if end.microsecond else "")
    params = {"expr": asked["query"]}
    if new:
        params |= {"show_tree": "0", "tab": "graph" if step else "table"}
    else:
        params |= {"tab": "0" if step else "1"}
    if step:
        params |= {"range_input": format_duration(end - start)}
    params |= {"end_input": moment, "moment_input": moment}
    if step:
        params |= {"res_type": "custom", "res_step": f"{step:g}"} if new else {"step_input": f"{max(round(step), 1)}"}
    text = urlencode({f"g0.{name}": value for name, value in params.items()}, quote_via=quote, safe="")
    return f"{url}{_NEW_PAGES if new else _OLD_PAGES}?{text}"
