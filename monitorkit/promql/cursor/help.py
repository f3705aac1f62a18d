"""Help on what stands at a place in a query: a metric, a function, a label, a word of the language."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING

from monitorkit.promql.cursor.context import context
from monitorkit.promql.cursor.known import NOTHING
from monitorkit.promql.functions import AGGREGATIONS, FUNCTIONS, TYPE_NAMES
from monitorkit.promql.highlight import classes
from monitorkit.promql.literals import unquote

if TYPE_CHECKING:
    from monitorkit.promql.cursor.known import Known, Metadata
    from monitorkit.promql.functions import Function
    from monitorkit.promql.tokens import Token
    from monitorkit.promql.versions import Feature

__all__ = ["Help", "help_at", "help_on"]

_MOST_EXAMPLES = 8
_LONGEST_EXAMPLE = 60

_PARAMETERS = {"quantile": "phi", "count_values": "label", "limit_ratio": "ratio"}
_WORDS = {
    "by": ("sum by (label, …) (vector)", "Groups: series that agree in these labels are aggregated; others go."),
    "without": ("sum without (label, …) (vector)", "Groups by all labels but these."),
    "on": ("left + on (label, …) right", "Matches series of both sides that agree in these labels."),
    "ignoring": (
        "left + ignoring (label, …) right",
        "Matches series of both sides that agree in all labels but these.",
    ),
    "group_left": (
        "left * on (label) group_left (label, …) right",
        "Lets many series of the left side match one of the right; the labels are taken over from the right.",
    ),
    "group_right": (
        "left * on (label) group_right (label, …) right",
        "Lets many series of the right side match one of the left; the labels are taken over from the left.",
    ),
    "bool": ("left > bool right", "Gives 1 or 0 instead of leaving out the series for which the comparison is false."),
    "offset": ("metric offset 5m", "Takes the values from that long before the evaluation time."),
    "and": ("left and right", "Series of the left side that have a match on the right."),
    "or": ("left or right", "Series of the left side, and those of the right that have no match there."),
    "unless": ("left unless right", "Series of the left side that have no match on the right."),
    "atan2": ("left atan2 right", "Angle whose tangent is left / right, in radians, in the right quadrant."),
    "@": (
        "metric @ 1700000000",
        "Takes the values of that Unix time; start() and end() are those of the query's range.",
    ),
    "anchored": (
        "increase(metric[5m] anchored)",
        "Takes the last sample before the range along, instead of extrapolating.",
    ),
    "smoothed": ("rate(metric[5m] smoothed)", "Interpolates the values at both ends of the range."),
    "fill": ("left + fill (0) right", "Value for series that have no match on the other side."),
    "fill_left": ("left + fill_left (0) right", "Value for what is missing on the left side."),
    "fill_right": ("left + fill_right (0) right", "Value for what is missing on the right side."),
    "=": ('label="value"', "The label has this value; an absent label is the empty text."),
    "=~": ('label=~"a|b.*"', "The whole value of the label matches this regular expression (RE2)."),
    "!~": ('label!~"a|b.*"', "The whole value of the label does not match this regular expression (RE2)."),
}


@dataclass(frozen=True, slots=True)
class Help:
    """What there is to say about a thing.

    Parameters
    ----------
    title
        The thing: a name, a call with its parameters.
    kind
        What it is, in a word or two.
    about
        What it means.
    facts
        Further lines, each by its name.
    """

    title: str
    kind: str
    about: str = ""
    facts: tuple[tuple[str, str], ...] = ()

    @property
    def text(self) -> str:
        """All of it as plain text."""
        lines = [f"{self.title}  ({self.kind})", *([self.about] if self.about else [])]
        if self.facts:
            lines.append("\n".join(f"{name}: {value}" for name, value in self.facts))
        return "\n\n".join(lines)

    @property
    def html(self) -> str:
        """All of it as HTML; everything from outside is escaped."""
        about = f"<p>{html.escape(self.about)}</p>" if self.about else ""
        facts = "".join(f"<li>{html.escape(name)}: {html.escape(value)}</li>" for name, value in self.facts)
        title = f"<p><code><b>{html.escape(self.title)}</b></code> <i>{html.escape(self.kind)}</i></p>"
        return f"<div>{title}{about}{f'<ul>{facts}</ul>' if facts else ''}</div>"


def help_at(query: str, cursor: int | None = None, known: Known = NOTHING) -> Help | None:
    """Tell about what stands at the cursor.

    Parameters
    ----------
    query
        Any text, however unfinished.
    cursor
        Offset in characters; None for the end.
    known
        What is known of the server.

    Returns
    -------
    Help or None
        About the word that the cursor touches; else about the call around it; None where there is nothing to say.

    Examples
    --------
    >>> print(help_at("sum(rate(up[5m]))", 6).text)
    rate(range)  (function)
    <BLANKLINE>
    Growth of a counter per second, averaged over the range, resets taken into account.
    <BLANKLINE>
    range: range vector
    gives: instant vector
    """
    cursor = len(query) if cursor is None else max(0, min(cursor, len(query)))
    touched = [(token, name) for token, name in classes(query) if token.start <= cursor <= token.end and name]
    for token, name in sorted(touched, key=lambda pair: not pair[0].text[0].isalpha()):
        found = _token(query, token, name, known)
        if found is not None:
            return found
    here = context(query, cursor)
    return help_on(here.function, NOTHING) if here.function else None


def help_on(name: str, known: Known = NOTHING) -> Help | None:
    """Tell about a metric, a function, an aggregation or a keyword by its name; None for any other."""
    metrics = known.metrics()
    if metrics is not None and name in metrics:
        return _metric(name, known)
    if name in FUNCTIONS:
        return _function(FUNCTIONS[name])
    if name.lower() in AGGREGATIONS:
        return _aggregation(name.lower())
    if name.lower() in _WORDS:
        title, about = _WORDS[name.lower()]
        return Help(title, "keyword" if name[0].isalpha() else "operator", about)
    said = known.metadata(name)
    return _metric(name, known) if said.type or said.help else None


def _token(query: str, token: Token, name: str, known: Known) -> Help | None:
    if name == "label":
        return _label(query, token.start, token.text, known)
    if name == "string":
        return _string(query, token, known)
    if name == "aggregation":
        return _aggregation(token.kind)
    if name in {"function", "keyword", "operator"}:
        return help_on(token.text)
    return help_on(token.text, known) if name == "metric" else None


def _string(query: str, token: Token, known: Known) -> Help | None:
    """A string in braces: the label that it is a value of, or a metric's name."""
    here = context(query, token.start + 1)
    if here.kind == "label value" and here.label:
        if here.label != "__name__":
            return _label(query, token.start + 1, here.label, known)
    elif here.kind != "label name":
        return None
    value = unquote(token.text)
    return help_on(value, known) if isinstance(value, str) else None


def _metric(name: str, known: Known) -> Help:
    said: Metadata = known.metadata(name)
    facts = [("unit", said.unit)] if said.unit else []
    count = known.n_series(name)
    if count is not None:
        facts.append(("series now", f"{count:,}"))
    labels = known.labels(name)
    if labels is not None:
        facts.append(("labels", ", ".join(label for label in labels if label != "__name__") or "none"))
    return Help(name, f"metric, {said.type}" if said.type else "metric", said.help, tuple(facts))


def _label(query: str, place: int, label: str, known: Known) -> Help:
    here = context(query, place)
    values = known.values(label, here.metric)
    facts: tuple[tuple[str, str], ...] = ()
    if values is not None:
        shown = [value[:_LONGEST_EXAMPLE] for value in values[:_MOST_EXAMPLES]]
        more = [f"and {len(values) - _MOST_EXAMPLES:,} more"] if len(values) > _MOST_EXAMPLES else []
        facts = ((f"values ({len(values):,})", ", ".join([*shown, *more])),)
    return Help(label, f"label of {here.metric}" if here.metric else "label", "", facts)


def _function(function: Function) -> Help:
    names = dict(zip(function.parameters, function.types, strict=True))
    facts = [(name, TYPE_NAMES[type_]) for name, type_ in names.items()]
    facts.append(("gives", TYPE_NAMES[function.returns]))
    if function.removed is not None:
        (major, minor), instead = function.removed
        facts.append((f"removed in {major}.{minor}", f"write {instead}"))
    return Help(function.signature, "function", function.doc, (*facts, *_needs(function.feature)))


def _aggregation(name: str) -> Help:
    operator = AGGREGATIONS[name]
    parameter = f"{_PARAMETERS.get(name, 'k')}, " if operator.parameter else ""
    facts = _needs(operator.feature)
    return Help(f"{name} by (label, …) ({parameter}vector)", "aggregation", operator.doc, facts)


def _needs(feature: Feature) -> tuple[tuple[str, str], ...]:
    """Which servers have it, where not all do."""
    facts = []
    if feature.since > (2, 0):
        facts.append(("since", f"Prometheus {feature.since[0]}.{feature.since[1]}"))
    if feature.flag:
        until = f", before {feature.stable[0]}.{feature.stable[1]}" if feature.stable else ""
        facts.append((f"experimental{until}", f"needs --enable-feature={feature.flag}"))
    return tuple(facts)
