"""A dashboard as Grafana's JSON: the classic format, which every Grafana from 10 on reads from a file.

Source: Grafana documentation, "Dashboard JSON model"; field names and values after the published schema of
grafana-foundation-sdk.
"""

from __future__ import annotations

import zlib
from itertools import product
from string import ascii_uppercase
from typing import TYPE_CHECKING, Any

from monitorkit.dashboards.filters import metric_names, with_matchers
from monitorkit.dashboards.panels import Gauge, Heatmap, Panel, Stat, TimeSeries
from monitorkit.durations import Duration, seconds
from monitorkit.errors import DashboardError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from monitorkit.dashboards.board import Dashboard, Placed

__all__ = ["grafana_duration", "panel_ids", "to_grafana"]

SCHEMA_VERSION = 39
"""The oldest of the versions in wide use: a newer Grafana migrates it, an older one still knows it."""

DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
_FILTERS = {"job": "Job", "instance": "Instance"}
_MATCHERS = ", ".join(f'{label}=~"${label}"' for label in _FILTERS)
_MIN_REFRESH_SECONDS = 5


def to_grafana(board: Dashboard) -> dict[str, Any]:
    """Write a dashboard in Grafana's classic JSON.

    The data source, the jobs and the instances are chosen on top of the dashboard; every query is narrowed to them. A
    mark on every graph says when an alert fired.

    Parameters
    ----------
    board
        The dashboard.

    Returns
    -------
    dict
        JSON-plain; the same for the same dashboard, so that it can be committed.

    Raises
    ------
    DashboardError
        If a panel is of a kind that cannot be written.

    Notes
    -----
    ``refresh`` is at least 5 s there: Grafana refuses less unless its administrator allows it.

    Examples
    --------
    >>> from monitorkit.dashboards import Dashboard, panels
    >>> model = to_grafana(Dashboard("My model", [panels.Stat("Accuracy", "model_accuracy", unit="percentunit")]))
    >>> model["uid"], model["panels"][0]["type"], model["panels"][0]["targets"][0]["expr"]
    ('my-model', 'stat', 'model_accuracy{job=~"$job", instance=~"$instance"}')
    """
    ids = panel_ids(board)
    return {
        "uid": board.uid,
        "title": board.title,
        "description": board.description,
        "tags": list(board.tags),
        "schemaVersion": SCHEMA_VERSION,
        "editable": False,
        "graphTooltip": 1,
        "timezone": "browser",
        "time": {"from": f"now-{grafana_duration(board.last)}", "to": "now"},
        "refresh": grafana_duration(max(seconds(board.refresh), _MIN_REFRESH_SECONDS)),
        "templating": {"list": list(_variables(board))},
        "annotations": {"list": _annotations()},
        "panels": [_placed(placed, ids[index]) for index, placed in enumerate(board.placed())],
    }


def panel_ids(board: Dashboard) -> list[int]:
    """Return the id of each panel and heading, in the order of :meth:`Dashboard.placed`.

    An id depends on the title alone (on the one before it too, where two are the same), so that links to a panel and
    alerts that name it stay right when others are added or moved.
    """
    ids: list[int] = []
    for placed in board.placed():
        number = zlib.crc32(placed.item.title.encode()) % 1_000_000
        while number in ids or not number:
            number += 1
        ids.append(number)
    return ids


def grafana_duration(duration: Duration) -> str:
    """Write a duration with one unit, as Grafana's time ranges and intervals need it.

    Examples
    --------
    >>> grafana_duration("1h30m"), grafana_duration(900), grafana_duration("1d")
    ('90m', '15m', '1d')
    """
    whole = max(round(seconds(duration)), 1)
    return next(f"{whole // length}{unit}" for unit, length in _UNITS.items() if whole % length == 0)


_UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1}


def _variables(board: Dashboard) -> Iterator[dict[str, Any]]:
    """The choices on top: the data source, then one for each filter, narrowed by those before it."""
    yield {
        "type": "datasource",
        "name": "datasource",
        "label": "Data source",
        "query": "prometheus",
        "includeAll": False,
        "multi": False,
        "options": [],
    }
    metrics = sorted({name for panel in board.panels for query in panel.targets for name in metric_names(query.expr)})
    matchers: list[str] = [f'__name__=~"{"|".join(metrics)}"'] if metrics else []
    for label, heading in _FILTERS.items():
        yield {
            "type": "query",
            "name": label,
            "label": heading,
            "datasource": DATASOURCE,
            "query": f"label_values({{{', '.join(matchers)}}}, {label})" if matchers else f"label_values({label})",
            "refresh": 2,
            "sort": 1,
            "includeAll": True,
            "multi": True,
            "allValue": ".+",
            "current": {"selected": True, "text": ["All"], "value": ["$__all"]},
            "options": [],
        }
        matchers.append(f'{label}=~"${label}"')


def _annotations() -> list[dict[str, Any]]:
    return [
        {
            "builtIn": 1,
            "name": "Annotations & Alerts",
            "type": "dashboard",
            "datasource": {"type": "grafana", "uid": "-- Grafana --"},
            "enable": True,
            "hide": True,
            "iconColor": "rgba(0, 211, 255, 1)",
        },
        {
            "name": "Firing alerts",
            "datasource": DATASOURCE,
            "enable": True,
            "hide": False,
            "iconColor": "red",
            "expr": 'ALERTS{alertstate="firing"}',
            "titleFormat": "{{alertname}}",
            "textFormat": "{{instance}}",
            "tagKeys": "severity",
        },
    ]


def _placed(placed: Placed, number: int) -> dict[str, Any]:
    """A panel, or the heading of a row, at its place."""
    grid = {"h": placed.height, "w": placed.width, "x": placed.x, "y": placed.y}
    if not isinstance(placed.item, Panel):
        return {
            "type": "row", "id": number, "title": placed.item.title, "gridPos": grid, "collapsed": False, "panels": []
        }  # fmt: skip
    panel = placed.item
    return {
        "type": panel.kind,
        "id": number,
        "title": panel.title,
        "description": panel.description,
        "gridPos": grid,
        "datasource": DATASOURCE,
        "targets": list(_targets(panel)),
        "fieldConfig": {"defaults": _field(panel), "overrides": []},
        "options": _options(panel),
    }


def _targets(panel: Panel) -> Iterator[dict[str, Any]]:
    # Grafana takes the differences of classic buckets, in the order of their bounds, where this format is asked for.
    form = {"format": "heatmap", "legendFormat": "{{le}}"} if isinstance(panel, Heatmap) else {}
    for ref, query in zip(_refs(), panel.targets, strict=False):
        yield {
            "refId": ref,
            "datasource": DATASOURCE,
            "editorMode": "code",
            "expr": with_matchers(query.expr, _MATCHERS),
            # "__auto" names a series by the labels in which the series of the panel differ.
            "legendFormat": query.legend or "__auto",
            "range": True,
            "instant": False,
            **form,
        }


def _refs() -> Iterator[str]:
    """A to Z, AA to ZZ."""
    yield from ascii_uppercase
    yield from ("".join(pair) for pair in product(ascii_uppercase, repeat=2))


def _field(panel: Panel) -> dict[str, Any]:
    """How the values are shown: unit, axis, thresholds, colours."""
    low, high = panel.bounds if isinstance(panel, Gauge) else (panel.min, panel.max)
    field: dict[str, Any] = {
        "unit": panel.unit,
        "color": {"mode": "palette-classic" if isinstance(panel, TimeSeries) else "thresholds"},
        "thresholds": {"mode": "absolute", "steps": _steps(panel)},
        "mappings": [],
    }
    field |= {
        key: value for key, value in (("decimals", panel.decimals), ("min", low), ("max", high)) if value is not None
    }
    if panel.no_data:
        field["noValue"] = panel.no_data
    if isinstance(panel, TimeSeries):
        field["custom"] = {
            "drawStyle": "line",
            "lineInterpolation": "linear",
            "lineWidth": 2,
            "fillOpacity": 0,
            "showPoints": "auto",
            "spanNulls": False,
            "thresholdsStyle": {"mode": "line+area" if panel.limits else "off"},
        }
    elif isinstance(panel, Heatmap):
        field["custom"] = {"scaleDistribution": {"type": "linear"}}
    else:
        # 0/0, a rate over no requests, is NaN: nothing to be shown as a number.
        field["mappings"] = [
            {"type": "special", "options": {"match": "null+nan", "result": {"text": "no data", "color": "text"}}}
        ]
    return field


def _steps(panel: Panel) -> list[dict[str, Any]]:
    """The thresholds; JSON has no minus infinity, Grafana takes null for it."""
    first, *others = panel.steps
    return [{"value": None, "color": first.color}, *({"value": step.value, "color": step.color} for step in others)]


def _options(panel: Panel) -> dict[str, Any]:
    """What belongs to one kind of panel."""
    if isinstance(panel, TimeSeries):
        return {
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": ["mean", "max"]},
            "tooltip": {"mode": "multi", "sort": "desc"},
        }
    if isinstance(panel, Heatmap):
        return _heatmap_options(panel)
    if not isinstance(panel, Stat | Gauge):
        raise DashboardError(f"a panel of kind {panel.kind!r} cannot be written for Grafana", panel=panel.title)
    options: dict[str, Any] = {
        "orientation": "auto",
        "reduceOptions": {"calcs": [panel.calc], "fields": "", "values": False},
    }
    if isinstance(panel, Gauge):
        return options | {"showThresholdLabels": False, "showThresholdMarkers": True}
    return options | {
        "colorMode": "value",
        "graphMode": "area" if panel.sparkline else "none",
        "justifyMode": "auto",
        "textMode": "auto",
        "wideLayout": True,
    }


def _heatmap_options(panel: Heatmap) -> dict[str, Any]:
    """The buckets are the query's own, so that nothing is calculated; colours as in the notebook."""
    axis = {"decimals": panel.decimals, "min": panel.min, "max": panel.max}
    return {
        "calculate": False,
        "yAxis": {
            "axisPlacement": "left",
            "unit": panel.unit,
            "reverse": False,
            **{key: value for key, value in axis.items() if value is not None},
        },
        "rowsFrame": {"layout": "auto"},
        "color": {
            "mode": "scheme",
            "scheme": "Blues",
            "scale": "exponential",
            "exponent": 0.5,
            "steps": 64,
            "reverse": False,
        },
        "cellGap": 0,
        "cellValues": {"unit": panel.cell_unit},
        "filterValues": {"le": 1e-9},
        "showValue": "never",
        "tooltip": {"mode": "single", "yHistogram": True, "showColorScale": True},
        "legend": {"show": True},
        "exemplars": {"color": "rgba(255, 0, 255, 0.7)"},
    }
