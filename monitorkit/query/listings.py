"""What a server holds, listed: series, labels and their values, metadata, exemplars."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from monitorkit.arguments import checked_methods
from monitorkit.errors import MonitorkitError
from monitorkit.lazy import lazy_module
from monitorkit.query import remarks, selection, times
from monitorkit.query.connection import parts
from monitorkit.query.connection.offer import Offer
from monitorkit.query.expressions import checked

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd

    from monitorkit.durations import Duration
    from monitorkit.query import tables
    from monitorkit.query.connection.transport import Transport
    from monitorkit.query.decoding.envelope import Answer
else:
    tables = lazy_module("monitorkit.query.tables")

__all__ = ["Listings"]

DEFAULT_LAST = "1h"

_CUT = "results truncated due to limit"
_EXEMPLAR_STORAGE = "exemplar-storage"


@checked_methods
class Listings:
    """What a server holds, listed.

    Each answer has the same form whichever engine gives it, also where it is empty. What a server does not have raises
    :class:`~monitorkit.Unsupported`; what it has, but leaves empty by its nature, comes with a
    :class:`~monitorkit.query.ServerWarning`.
    """

    _transport: Transport

    @property
    def url(self) -> str:
        """Root of the server."""
        return self._transport.url

    def series(
        self,
        match: str | Sequence[str],
        *,
        last: Duration | None = None,
        start: times.Moment | None = None,
        end: times.Moment | None = None,
        limit: int | None = None,
    ) -> pd.DataFrame:
        """List the series that a selector matches.

        Parameters
        ----------
        match
            A selector such as ``up{job="a"}``, or several: what one of them matches is in.
        last, start, end
            Only series with samples in this range; all that are stored unless given.
        limit
            Most series; which ones is up to the server.

        Returns
        -------
        DataFrame of shape (n_series, n_labels)
            One row for each series, one column for each label: ``__name__`` first, the others sorted; absent: ``""``.

        Raises
        ------
        QueryError
            If a selector is none.
        ServerUnavailable
            If no usable answer comes.
        """
        answer = self._listing(parts.SERIES, match, last, start, end, limit, method="POST")
        return self._framed(parts.SERIES, answer, lambda data: tables.series(data[:limit]))

    def labels(
        self,
        *,
        match: str | Sequence[str] | None = None,
        last: Duration | None = None,
        start: times.Moment | None = None,
        end: times.Moment | None = None,
        limit: int | None = None,
    ) -> list[str]:
        """Names of all labels, or of those on the series that a selector matches.

        Parameters
        ----------
        match, last, start, end, limit
            As for :meth:`series`.
        """
        answer = self._listing(parts.LABELS, match, last, start, end, limit, method="POST")
        return self._offer.read(parts.LABELS, answer, lambda data: _texts(data, limit))

    def label_values(
        self,
        label: str,
        *,
        match: str | Sequence[str] | None = None,
        last: Duration | None = None,
        start: times.Moment | None = None,
        end: times.Moment | None = None,
        limit: int | None = None,
    ) -> list[str]:
        """Values of one label, for example the metric names: ``label_values("__name__")``.

        Parameters
        ----------
        label
            Its name; any text (Prometheus 3.0 and newer).
        match, last, start, end, limit
            As for :meth:`series`.
        """
        written = selection.label_path(label)
        plain = written == label
        if not plain:
            written = selection.label_path(label, encoded=self._transport.engine().encodes_labels)
        path = f"{parts.LABEL_VALUES.path}/{written}/values"
        # What a server makes of an odd path says nothing about other labels.
        answer = self._listing(parts.LABEL_VALUES, match, last, start, end, limit, path=path, remember=plain)
        return self._offer.read(parts.LABEL_VALUES, answer, lambda data: _texts(data, limit))

    def metadata(self, metric: str | None = None, *, limit: int | None = None) -> pd.DataFrame:
        """List what targets say of their metrics.

        Parameters
        ----------
        metric
            Only this metric.
        limit
            Most metrics.

        Returns
        -------
        DataFrame of shape (n_entries, 4)
            ``metric``, ``type``, ``help``, ``unit``; a metric that targets describe in different ways has several rows.
        """
        params = {} if metric is None else {"metric": checked(metric, name="metric", example="a name such as 'up'")}
        params |= {} if limit is None else selection.limited(limit)
        answer = self._offer.ask(parts.METADATA, params)
        self._offer.remark_if_hollow(parts.METADATA, empty=not answer.data)
        return self._framed(parts.METADATA, answer, lambda data: tables.metadata(dict(list(data.items())[:limit])))

    def exemplars(
        self,
        expr: str,
        *,
        last: Duration | None = None,
        start: times.Moment | None = None,
        end: times.Moment | None = None,
    ) -> pd.DataFrame:
        """List the exemplars of the series in a query.

        Parameters
        ----------
        expr
            PromQL; exemplars of each series that it selects.
        last, start, end
            The range, as in :meth:`query_range`; the last hour unless given.

        Returns
        -------
        DataFrame
            One row for each exemplar: the labels of the series, ``timestamp``, ``value``, the labels of the exemplar,
            such as ``trace_id``.
        """
        now = self._transport.now_ms("exemplars", expr, last, start, end)
        if last is None and start is None:
            last = DEFAULT_LAST
        span = selection.span(last=last, start=start, end="now" if end is None else end, now=now)
        answer = self._offer.ask(parts.EXEMPLARS, {"query": checked(expr)} | span, method="POST")
        self._remark_if_no_exemplars(empty=not answer.data)
        return self._framed(parts.EXEMPLARS, answer, tables.exemplars)

    @cached_property
    def _offer(self) -> Offer:
        return Offer(self._transport)

    def _listing(
        self,
        part: parts.Part,
        match: str | Sequence[str] | None,
        last: Duration | None,
        start: times.Moment | None,
        end: times.Moment | None,
        limit: int | None,
        **call: Any,  # noqa: ANN401 - as for the offer
    ) -> Answer[Any]:
        """Answer to a listing, restricted in the same way for all of them."""
        params = selection.matching(match) | ({} if limit is None else selection.limited(limit))
        now = self._transport.now_ms(part.what, match, last, start, end)
        span = selection.span(last=last, start=start, end=end, now=now)
        answer = self._offer.ask(part, params | self._transport.engine().listing_params | span, **call)
        # Whoever sets a limit knows of it.
        remarks.issue(text for text in answer.warnings if not (limit and text == _CUT))
        return answer

    def _remark_if_no_exemplars(self, *, empty: bool) -> None:
        self._offer.remark_if_hollow(parts.EXEMPLARS, empty=empty)
        if not empty or self._transport.engine().name != "Prometheus":
            return
        try:
            flags = self._offer.ask(parts.FLAGS)
            features = self._offer.read(parts.FLAGS, flags, lambda data: str(data.get("enable-feature", "")))
        except MonitorkitError:
            return
        if _EXEMPLAR_STORAGE not in features:
            remarks.issue(["this Prometheus stores no exemplars; start it with --enable-feature=exemplar-storage"])

    def _framed(self, part: parts.Part, answer: Answer[Any], reader: Callable[[Any], pd.DataFrame]) -> pd.DataFrame:
        """The answer as a frame, with what the server said about it in its attrs."""
        frame = self._offer.read(part, answer, reader)
        frame.attrs = {
            "server": self._transport.server,
            "warnings": list(answer.warnings),
            "infos": list(answer.infos),
        }
        return frame


def _texts(names: list[Any], limit: int | None) -> list[str]:
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise TypeError("no list of texts")
    return names[:limit]
