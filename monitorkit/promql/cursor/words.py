"""The words and signs that are offered where names are not, the most usual first."""

from __future__ import annotations

__all__ = [
    "ARGUMENTS",
    "COMPARING",
    "DURATIONS",
    "FEATURE_OF",
    "IN_DURATIONS",
    "LABEL_PARAMETERS",
    "SIGNS",
    "UNITS",
    "USUAL_UNITS",
    "WORDS",
]

DURATIONS = ("5m", "1m", "10m", "15m", "30m", "1h", "6h", "12h", "1d", "7d", "15s", "30s")
UNITS = ("y", "w", "d", "h", "m", "s", "ms")
USUAL_UNITS = ("m", "h", "s", "d", "w", "ms", "y")
IN_DURATIONS = {
    "step()": "step() in a duration",
    "range()": "range() in a duration",
    "min_of": "min_of() or max_of() in a duration",
    "max_of": "min_of() or max_of() in a duration",
}
"""Calls within durations, and the feature that each is."""
ARGUMENTS: dict[str, tuple[str, ...]] = {
    "phi": ("0.5", "0.9", "0.95", "0.99"),
    "k": ("3", "5", "10"),
    "separator": ('","', '"-"'),
    "replacement": ('"$1"',),
    "regex": ('"(.*)"',),
}
"""What one often writes, by the name of the parameter."""
LABEL_PARAMETERS = frozenset(("dst", "src", "label"))
"""Parameters that name a label."""
WORDS = (
    *("by", "without", "on", "ignoring", "group_left", "group_right", "bool", "offset", "and", "or", "unless"),
    *("atan2", "anchored", "smoothed", "fill", "fill_left", "fill_right", "start()", "end()"),
)
SIGNS = ("[", "{", "(", ")", "]", "}", ",", ":", "@", "+", "-", "*", "/", "%", "^")
COMPARING = ("=", "==", "!=", "=~", "!~", ">", "<", ">=", "<=")
FEATURE_OF = {
    "atan2": "the operator atan2",
    "anchored": "the anchored or smoothed modifier",
    "smoothed": "the anchored or smoothed modifier",
    **dict.fromkeys(("fill", "fill_left", "fill_right"), "fill(), fill_left() or fill_right()"),
}
