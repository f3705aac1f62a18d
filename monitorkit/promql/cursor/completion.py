"""What to offer at a place in a query: the language's words and what is known of a server, the best first."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from monitorkit.labels import NAME_LABEL
from monitorkit.promql.compose import escape_regex
from monitorkit.promql.cursor import words
from monitorkit.promql.cursor.context import Context, context
from monitorkit.promql.cursor.known import NOTHING
from monitorkit.promql.cursor.names import Names
from monitorkit.promql.cursor.quoting import quoted, unquoted
from monitorkit.promql.formatting import label_name, metric_name
from monitorkit.promql.functions import AGGREGATIONS, FUNCTIONS
from monitorkit.promql.versions import FEATURES, Feature, Version

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from monitorkit.promql.cursor.known import Known

__all__ = ["MOST", "Completion", "Entry", "complete"]

MOST = 200
"""Entries in a list that one can still look through."""

_DOTTED = re.compile(r"[A-Za-z_:][\w:]*\.[\w:.]*\Z", re.ASCII)
_MATCHING = re.compile(r"(=~|!~|!=|=)\s*[\"'`]?\Z")
_ALTERNATIVE = re.compile(r"(?<!\\)[|(]")
_LAST_NUMBER = re.compile(r"(?:([a-z]+))?([0-9]+)\Z")
_PLAIN_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")

_MOST_METRICS = 4
"""Metrics of a query whose labels are asked for."""
_USUAL_LABELS = Names(("instance", "job"))
"""Prometheus puts them on all that it scrapes."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A thing to offer.

    Parameters
    ----------
    text
        What is written when it is chosen.
    kind
        ``metric``, ``function``, ``aggregation``, ``keyword``, ``operator``, ``label``, ``value``, ``duration``,
        ``number`` or ``text``.
    detail
        A word or two more: a metric's type; how many names begin so; ``experimental``.
    """

    text: str
    kind: str
    detail: str = ""

    @property
    def type(self) -> str:
        """Kind and detail, as a completion list shows them: ``metric counter``."""
        return f"{self.kind} {self.detail}".rstrip()


@dataclass(frozen=True, slots=True)
class Completion:
    """What to offer at a cursor.

    Parameters
    ----------
    start
        Offset in the query of what a chosen entry replaces; it ends at the cursor.
    entries
        The best first.
    """

    start: int
    entries: tuple[Entry, ...] = ()


def complete(
    query: str, cursor: int | None = None, known: Known = NOTHING, *, mark: str = '"', most: int = MOST
) -> Completion:
    """Tell what may be written at the cursor.

    Parameters
    ----------
    query
        Any text, however unfinished.
    cursor
        Offset in characters; None for the end.
    known
        What is known of the server.
    mark
        Quotation mark for what needs quotes.
    most
        Largest number of entries.

    Returns
    -------
    Completion
        Never an exception, whatever the text is.

    Examples
    --------
    >>> [entry.text for entry in complete("histogram_q").entries]
    ['histogram_quantile', 'histogram_quantiles']
    >>> [entry.text for entry in complete("up[5").entries]
    ['5m', '5h', '5s', '5d', '5w', '5ms', '5y']
    """
    cursor = len(query) if cursor is None else max(0, min(cursor, len(query)))
    here = context(query, cursor)
    dotted = None if here.quote else _DOTTED.search(query, 0, cursor)
    if dotted is not None:
        # No word of the language has a dot, but since 3.0 names may.
        here = replace(context(query[: dotted.start()]), prefix=dotted[0], start=dotted.start(), metrics=here.metrics)
    offered = _Offer(query, here, known, mark, most)
    entries = {entry.text: entry for entry in offered.entries()}
    return Completion(offered.start, tuple(entries.values())[:most])


class _Offer:
    """The entries for one place; `start` is where what they replace begins."""

    def __init__(self, query: str, here: Context, known: Known, mark: str, most: int) -> None:
        self.query = query
        self.here = here
        self.known = known
        self.mark = mark
        self.most = most
        self.start = here.start
        self.version = _version(known.version())

    def entries(self) -> Iterable[Entry]:  # noqa: PLR0911 - one a kind of place
        match self.here.kind:
            case "expression":
                return self._operands()
            case "label name":
                return self._labels_in_braces()
            case "label value":
                return self._values()
            case "label list":
                return self._labels_in_list()
            case "duration":
                return [*self._durations(), *self._signs()]
            case "string":
                return self._texts()
            case "nothing":
                return ()
            case _:
                return [*self._words(), *self._signs()]

    # Operands

    def _operands(self) -> Iterator[Entry]:
        here = self.here
        wanted = here.type
        yield from self._arguments()
        if wanted == "string":
            return
        calls = [*self._aggregations(), *self._functions(), *self._words()]
        metrics = self._metrics(max(self.most - len(calls), self.most // 2)) if wanted != "scalar" else []
        if here.prefix:
            typed = here.prefix.lower()
            calls.sort(key=lambda call: (not call.text.lower().startswith(typed), call.detail != "", call.text))
            first = [call for call in calls if call.text.lower().startswith(typed)]
            yield from [*first, *metrics, *calls[len(first) :]]
        else:
            yield from [*metrics, *calls]

    def _metrics(self, most: int) -> list[Entry]:
        names, typed = self._all_metrics(), self.here.prefix
        if names.n_beginning(typed) <= most:
            return [self._metric(name) for name in names.search(typed, most)]
        return [
            self._metric(name) if size == 1 else Entry(name, "metric", f"{size:,} names")
            for name, size in names.overview(typed, most)
        ]

    def _metric(self, name: str) -> Entry:
        plain = metric_name(name)
        text = plain if plain is not None else f"{{{quoted(name, self.mark)}}}"
        return Entry(text, "metric", self.known.metadata(name).type)

    def _aggregations(self) -> list[Entry]:
        if self.here.type == "scalar":
            return []
        return [
            Entry(name, "aggregation", detail)
            for name, operator in AGGREGATIONS.items()
            if self._fits(name) and (detail := self._offered(operator.feature)) is not None
        ]

    def _functions(self) -> list[Entry]:
        found = []
        for name, function in FUNCTIONS.items():
            if not self._fits(name) or (self.here.type == "scalar" and function.returns != "scalar"):
                continue
            if function.removed is not None and (self.version is None or self.version >= function.removed[0]):
                continue
            detail = self._offered(function.feature)
            if detail is not None:
                found.append(Entry(name, "function", detail))
        return found

    def _arguments(self) -> Iterator[Entry]:
        """What is often written for this parameter; labels where it names one."""
        parameter = _parameter(self.here)
        if self.here.type == "string" and parameter in words.LABEL_PARAMETERS:
            labels = self._labels(self.here.metrics)
            yield from (Entry(quoted(name, self.mark), "label") for name in labels.search("", self.most))
        for text in words.ARGUMENTS.get(parameter, ()):
            if text.startswith('"'):
                yield Entry(quoted(text[1:-1], self.mark), "text")
            elif text.startswith(self.here.prefix):
                yield Entry(text, "number")

    def _texts(self) -> Iterator[Entry]:
        """In an argument's quotes."""
        if _parameter(self.here) not in words.LABEL_PARAMETERS:
            return
        for name in self._labels(self.here.metrics).search(self._typed(), self.most):
            yield from self._entry(name, "label")

    # Labels

    def _labels_in_braces(self) -> Iterator[Entry]:
        here, typed = self.here, self._typed()
        used = {matcher.name for matcher in here.matchers if matcher.operator == "="}
        names = self._labels([here.metric] if here.metric else []).search(typed, self.most)
        yield from self._named(name for name in names if name not in used)
        if not here.metric:
            yield from self._metrics_in_braces(typed)
        yield from self._signs()

    def _metrics_in_braces(self, typed: str) -> Iterator[Entry]:
        """A metric's name in quotes; where none are open, names that need them."""
        metrics = self._all_metrics().search(typed, self.most) if typed or self.here.quote else []
        for name in metrics:
            if self.here.quote:
                yield from self._entry(name, "metric")
            elif metric_name(name) is None:
                yield Entry(quoted(name, self.mark), "metric")
        if not self.here.quote and NAME_LABEL.startswith(typed):
            yield Entry(NAME_LABEL, "label")

    def _labels_in_list(self) -> Iterator[Entry]:
        if "labels" in self.here.expected:
            yield from self._named(self._labels(self.here.metrics).search(self._typed(), self.most))
        yield from self._signs()

    def _named(self, names: Iterable[str]) -> Iterator[Entry]:
        """Labels as they are written here."""
        for name in names:
            if self.here.quote:
                yield from self._entry(name, "label")
            elif name != NAME_LABEL:
                yield Entry(label_name(name) if _plain(name) else quoted(name, self.mark), "label")

    def _labels(self, metrics: Iterable[str]) -> Names:
        """Labels of the metrics among these that exist; of all where there is none."""
        known, matchers = self.known, self.here.matchers
        existing = list(filter(self._exists, metrics))[:_MOST_METRICS]
        found = [known.labels(metric, matchers) for metric in existing]
        if matchers and not existing:
            found = [known.labels(None, matchers)]
        told = [names for names in found if names is not None]
        if not told:
            return known.labels() or _USUAL_LABELS
        return told[0] if len(told) == 1 else Names(name for names in told for name in names)

    def _exists(self, metric: str) -> bool:
        """Whether a metric may exist; what stands for a variable, or is misspelt, does not."""
        names = self.known.metrics()
        return names is None or metric in names

    def _all_metrics(self) -> Names:
        return self.known.metrics() or Names()

    def _values(self) -> Iterator[Entry]:
        here = self.here
        label = here.label or ""
        operator = _MATCHING.search(self.query, 0, here.start)
        pattern = operator is not None and operator[1].endswith("~")
        typed, lead = self._typed(), here.prefix
        if pattern and here.quote:
            begun = [match.end() for match in _ALTERNATIVE.finditer(here.prefix)]
            lead = here.prefix[begun[-1] :] if begun else here.prefix
            self.start += len(here.prefix) - len(lead)
            typed = re.sub(r"\\(.)", r"\1", unquoted(lead, here.quote))
        names = self._all_metrics() if label == NAME_LABEL else self._all_values(label)
        for value in names.search(typed, self.most):
            written = escape_regex(value) if pattern else value
            yield from self._entry(written, "value") if here.quote else [Entry(quoted(written, self.mark), "value")]

    def _all_values(self, label: str) -> Names:
        metric, matchers = self.here.metric, self.here.matchers
        metric = metric if metric and self._exists(metric) else None
        found = self.known.values(label, metric, matchers)
        if found is None and matchers:
            # A matcher may be one that the server refuses.
            found = self.known.values(label, metric)
        return self.known.values(label) or Names() if found is None else found

    # The rest

    def _durations(self) -> Iterator[Entry]:
        typed = self.here.prefix
        number = _LAST_NUMBER.search(typed)
        if number is None:
            yield from (Entry(text, "duration") for text in words.DURATIONS if text.startswith(typed))
            for word, feature in words.IN_DURATIONS.items():
                detail = self._offered(FEATURES[feature]) if typed and word.startswith(typed) else None
                if detail is not None:
                    yield Entry(word, "function", detail)
            return
        units = words.UNITS[words.UNITS.index(number[1]) + 1 :] if number[1] in words.UNITS else words.USUAL_UNITS
        yield from (Entry(typed + unit, "duration") for unit in units)

    def _words(self) -> list[Entry]:
        found = []
        for word in words.WORDS:
            feature = FEATURES.get(words.FEATURE_OF.get(word, ""))
            detail = "" if feature is None else self._offered(feature)
            if word in self.here.expected and word.startswith(self.here.prefix.lower()) and detail is not None:
                found.append(Entry(word, "keyword", detail))
        return found

    def _signs(self) -> list[Entry]:
        """Operators and brackets, where no word has been begun."""
        if self.here.prefix or self.here.quote:
            return []
        order = words.COMPARING + words.SIGNS if self.here.kind == "matcher operator" else words.SIGNS + words.COMPARING
        return [Entry(sign, "operator") for sign in order if sign in self.here.expected]

    def _fits(self, name: str) -> bool:
        typed = self.here.prefix.lower()
        return name.startswith(typed) or (len(typed) > 1 and f"_{typed}" in name)

    def _offered(self, feature: Feature) -> str | None:
        """What to say of a part of the language; None where the server lacks it, or it is too rare to be shown."""
        if self.version is not None and self.version < feature.since:
            return None
        settled = feature.stable is not None and (self.version is None or self.version >= feature.stable)
        if feature.flag is None or settled:
            return ""
        return "experimental" if self.here.prefix else None

    def _typed(self) -> str:
        return unquoted(self.here.prefix, self.here.quote)

    def _entry(self, text: str, kind: str) -> Iterator[Entry]:
        """The text as it is written within the quotes that are open, if it can be."""
        if self.here.quote == "`":
            if "`" not in text and "\r" not in text:
                yield Entry(text, kind)
        else:
            yield Entry(quoted(text, self.here.quote)[1:-1], kind)


def _plain(label: str) -> bool:
    return _PLAIN_LABEL.fullmatch(label) is not None


def _version(text: str) -> Version | None:
    match = re.match(r"(\d+)\.(\d+)", text)
    return (int(match[1]), int(match[2])) if match else None


def _parameter(here: Context) -> str:
    """Name of the parameter whose argument this is."""
    name = here.function or ""
    if name in AGGREGATIONS:
        if here.argument or AGGREGATIONS[name].parameter != "scalar":
            return ""
        return "phi" if name == "quantile" else "k" if name.endswith("k") else ""
    if name not in FUNCTIONS or not FUNCTIONS[name].parameters:
        return ""
    parameters = FUNCTIONS[name].parameters
    return parameters[min(here.argument, len(parameters) - 1)]
