"""What a server says about the work that a query was: `stats` of the API, put together over the pieces of a range."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from monitorkit.errors import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["asked", "combined", "told"]

ALL = "all"
_PEAK = "peak"


def asked(stats: str | None) -> dict[str, str]:
    """Parameter of a query that asks for statistics.

    Raises
    ------
    InvalidValue
        If `stats` is neither ``"all"`` nor None.
    """
    if stats not in (None, ALL):
        raise InvalidValue(f"stats: {stats!r} must be 'all', or left out")
    return {"stats": ALL} if stats else {}


def told(document: Mapping[str, Any]) -> dict[str, Any]:
    """Statistics in an answer: within the data (Prometheus), or beside them (VictoriaMetrics)."""
    data = document.get("data")
    found = (data.get("stats") if isinstance(data, dict) else None) or document.get("stats")
    return found if isinstance(found, dict) else {}


def combined(parts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Put the statistics of several queries together: peaks by their largest, everything else by its sum.

    Examples
    --------
    >>> parts = [{"samples": {"peakSamples": 3, "totalQueryableSamples": 5}} for _ in range(2)]
    >>> combined(parts)
    {'samples': {'peakSamples': 3, 'totalQueryableSamples': 10}}
    """
    if len(parts) == 1:
        return dict(parts[0])
    names = dict.fromkeys(name for part in parts for name in part)
    return {name: _joined(name, [part[name] for part in parts if name in part]) for name in names}


def _joined(name: str, values: Sequence[Any]) -> Any:  # noqa: ANN401 - whatever servers count
    if all(isinstance(value, dict) for value in values):
        return combined(values)
    if all(isinstance(value, list) for value in values):
        return [each for value in values for each in value]
    try:
        # VictoriaMetrics writes some of its counts as text.
        numbers = [_number(value) if isinstance(value, str) else value for value in values]
        return max(numbers) if name.startswith(_PEAK) else sum(numbers)
    except (TypeError, ValueError):
        return values[-1]


def _number(text: str) -> float:
    return int(text) if text.isdecimal() else float(text)
