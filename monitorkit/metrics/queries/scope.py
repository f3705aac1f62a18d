"""What a query is about: which series, over which time, told apart by which labels."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from monitorkit.durations import seconds
from monitorkit.errors import InvalidType, InvalidValue
from monitorkit.promql import Expression, ParenExpression, Query, expr, parse, rewrite

if TYPE_CHECKING:
    from collections.abc import Callable

    from monitorkit.durations import Duration

__all__ = ["By", "Name", "Scope", "Where", "changed"]

Name = str | Iterable[str] | None
"""Value of the label ``model_name``, several of them, or None for all models."""

By = str | Iterable[str]
"""Labels that stay; everything else is summed over."""

Where = Mapping[str, object] | None
"""Further labels and their values, several values as a list, as in ``{"model_version": "2"}``."""

_VARIABLE = re.compile(r"\$(?:\w+|\{\w+\})")
_IN_BRACKETS = re.compile(rf"\[(?:{_VARIABLE.pattern})\]")
# Stands for a variable of Grafana's while the query is put together: a duration that nobody asks for.
_STAND_IN = "106522d13h7m11s13ms"

_RATE = "rate({metric}{{where}}[{window}])"


class Scope:
    """The series of one query.

    Parameters
    ----------
    name, window, by, where
        As for every query of this package.
    **also
        More labels and the values that are wanted; None for any.

    Examples
    --------
    >>> scope = Scope("digits", window="5m", by=["model_version"], where=None)
    >>> scope.rate("inference_requests_total", status="ok")
    'sum by (model_version) (rate(inference_requests_total{model_name="digits",status="ok"}[5m]))'
    """

    def __init__(self, name: Name, *, window: Duration, by: By, where: Where, **also: object) -> None:
        self.where = _matchers(where) | {label: value for label, value in also.items() if value is not None}
        if name is not None:
            self.where["model_name"] = name if isinstance(name, str) else _tuple("name", name)
            if not self.where["model_name"]:
                raise InvalidValue("name: names no model; pass None for all of them")
        self.by = (by,) if isinstance(by, str) else _tuple("by", by)
        self._variable = window.strip() if isinstance(window, str) and _VARIABLE.fullmatch(window.strip()) else None
        self.window = window if self._variable is None else _STAND_IN
        if self._variable is None and not seconds(window, name="window"):
            raise InvalidValue(f"window: {window!r} has no length; write '5m', at least four scrape intervals")

    def without(self, label: str) -> Scope:
        """The same series, whatever value a label has: what a share is a share of."""
        wider = copy.copy(self)
        wider.where = {name: value for name, value in self.where.items() if name != label}
        return wider

    def rate(self, metric: str, *also: str, **matchers: object) -> Query:
        """Rate per second of a counter over the window, summed.

        Parameters
        ----------
        metric
            Name of the counter.
        *also
            Labels that stay besides those of the scope.
        **matchers
            Labels and the values that are wanted; several as a list.
        """
        return self._sum(_RATE, metric, also, matchers)

    def mean_over_time(self, metric: str) -> Query:
        """Mean of a gauge over the window, summed."""
        return self._sum("avg_over_time({metric}{{where}}[{window}])", metric, (), {})

    def mean(self, metric: str, *also: str) -> Query:
        """Present value of a gauge, averaged over what does not stay."""
        by = list(dict.fromkeys((*self.by, *also)))
        return expr("avg by ({by}) ({metric}{{where}})", by=by, metric=metric, where=self.where)

    def ratio(self, part: Query, whole: Query) -> Query:
        """Query for a part of a whole; no sample while there is nothing of the whole."""
        return self.query("{part} / ({whole} > 0)", part=part, whole=whole)

    def shares(self, metric: str, label: str, **matchers: object) -> Query:
        """Query for the share of each value of a label in the rate of a counter, among all of its values.

        Parameters
        ----------
        metric
            Name of the counter.
        label
            The label; it stays, and a scope that wants only some of its values still compares them with all.
        **matchers
            Other labels and the values that are wanted.
        """
        whole = self.without(label)
        whole.by = tuple(one for one in self.by if one != label)
        return self.query(
            "{each} / on ({by}) group_left () ({all} > 0)",
            each=self.rate(metric, label, **matchers),
            by=whole.by,
            all=whole.rate(metric, **matchers),
        )

    def histogram_mean(self, metric: str) -> Query:
        """Query for the mean of what a histogram observed; no sample while it observes nothing."""
        return self.ratio(self.rate(f"{metric}_sum"), self.rate(f"{metric}_count"))

    def histogram_quantile(self, metric: str, quantile: float) -> Query:
        """Query for a quantile of what a histogram observed; no sample while it observes nothing.

        Raises
        ------
        InvalidValue
            If the quantile is no share.
        """
        # Over nothing the quantile is NaN, which a comparison leaves out.
        buckets = self.rate(f"{metric}_bucket", "le")
        return self.query("histogram_quantile({q}, {buckets}) >= 0", q=_share("quantile", quantile), buckets=buckets)

    def query(self, template: str, /, **parts: object) -> Query:
        """Put sums into a template as :func:`monitorkit.expr` does, without parentheses that change nothing.

        A variable of Grafana's for the window makes it text that only a dashboard understands.
        """
        text = str(rewrite(parse(expr(template, **parts)), _bare))
        return Query(text if self._variable is None else text.replace(f"[{_STAND_IN}]", f"[{self._variable}]"))

    def _sum(self, over: str, metric: str, also: Iterable[str], matchers: Mapping[str, object]) -> Query:
        values = {"metric": metric, "where": {**self.where, **matchers}, "window": self.window}
        by = list(dict.fromkeys((*self.by, *also)))
        return expr("sum by ({by}) (" + over + ")", by=by, **values)


def changed(query: str, change: Callable[[Expression], Expression | None]) -> Query:
    """Rewrite a query that may have variables of Grafana's for its windows.

    Parameters
    ----------
    query
        PromQL.
    change
        As for :func:`monitorkit.promql.rewrite`.

    Raises
    ------
    PromQLError
        If it is no query.

    Examples
    --------
    >>> changed("(rate(a[$__rate_interval]))", _bare)
    'rate(a[$__rate_interval])'
    """
    variables = _IN_BRACKETS.findall(query)
    text = str(rewrite(parse(_IN_BRACKETS.sub(f"[{_STAND_IN}]", query)), change))
    for variable in variables:
        text = text.replace(f"[{_STAND_IN}]", variable, 1)
    return Query(text)


def _share(what: str, value: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise InvalidValue(f"{what}: {value!r} is no share from 0 to 1; write 0.95 for 95 %")
    return float(value)


def _bare(node: Expression) -> Expression | None:
    """Take parentheses away; the tree is written with those that it needs."""
    return node.expr if isinstance(node, ParenExpression) else None


def _tuple(what: str, texts: object) -> tuple[str, ...]:
    found = tuple(texts) if isinstance(texts, Iterable) else (texts,)
    if not all(isinstance(text, str) for text in found):
        raise InvalidType(f"{what}: {texts!r} is neither text nor several texts")
    return found


def _matchers(where: Where) -> dict[str, object]:
    if where is None:
        return {}
    if not isinstance(where, Mapping):
        raise InvalidType(f"where: {where!r} is no mapping of labels to values, as in {{'model_version': '2'}}")
    return dict(where)
