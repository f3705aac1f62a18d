"""The client: PromQL in, DataFrames out."""

from __future__ import annotations

import html
from dataclasses import asdict, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, Self

from monitorkit.arguments import checked_methods
from monitorkit.cards import card, link
from monitorkit.errors import InvalidType, InvalidValue, ServerUnavailable
from monitorkit.lazy import lazy_module
from monitorkit.query import expressions, times
from monitorkit.query.connection.retries import DEFAULT_RETRIES
from monitorkit.query.connection.sessions import DEFAULT_TIMEOUT_SECONDS
from monitorkit.query.connection.transport import Transport
from monitorkit.query.decoding.envelope import Malformed
from monitorkit.query.keeping.cache import cache_of
from monitorkit.query.provenance import described, remark
from monitorkit.query.questions import Questions
from monitorkit.query.server_info import ServerInfo

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    import requests

    from monitorkit.durations import Duration
    from monitorkit.query import frames
    from monitorkit.query.connection.access import Auth, Certificate, Location, Params, Token
    from monitorkit.query.keeping import reuse
    from monitorkit.query.keeping.cache import CacheLike
    from monitorkit.query.ranges import raw
else:
    # Connecting takes a tenth of the time that pandas and pyarrow take to load: they come with the first result.
    frames = lazy_module("monitorkit.query.frames")
    reuse = lazy_module("monitorkit.query.keeping.reuse")
    raw = lazy_module("monitorkit.query.ranges.raw")

__all__ = ["PrometheusClient"]


@checked_methods
class PrometheusClient(ServerInfo):
    """Queries to a Prometheus, or to anything with its HTTP API, as DataFrames.

    Parameters
    ----------
    url
        Root of the server, with its path prefix if it has one. A user and password in it become `auth`.
    timeout_seconds
        How long one call may take, its repetitions included.
    retries
        How often a call is repeated that failed in a way that may pass: HTTP 429, 502, 503 or 504, a connection that
        broke. The pauses grow; what the server asks for (Retry-After) is waited for. 0 for never.
    session
        A requests session to use; it stays yours to close.
    headers
        Headers for every request.
    auth
        ``(user, password)``, or any requests authentication, for example one that signs requests for AWS.
    token
        A bearer token, or a function that returns the present one, such as ``Path("token").read_text``.
    tenant
        The tenant of a Mimir, Cortex or other server that reads ``X-Scope-OrgID``.
    cert
        Client certificate: one file with its key, or ``(certificate, key)``.
    verify
        Whether the server's certificate is checked; or a file with the certificates of your own authority.
    proxies
        Address of a proxy, or addresses by scheme; the variables HTTP_PROXY, HTTPS_PROXY and NO_PROXY unless given.
    compression
        Whether answers come compressed. Unless given, not from this machine: there, compressing takes longer than
        sending.
    params
        Parameters for every call, such as ``{"dedup": "false"}`` for Thanos or ``{"extra_label": "team=a"}`` for
        VictoriaMetrics.
    cache
        A folder, or a :class:`~monitorkit.query.Cache`, for results of :meth:`query_range` that can no longer change.

    Notes
    -----
    What the server remarks about a result is in ``frame.attrs["warnings"]`` and ``["infos"]``; a warning is also issued
    as a :class:`~monitorkit.query.ServerWarning`, since it means that the numbers may be incomplete or wrong.

    "Now" is this machine's time. Where the server's clock differs by more than 5 s, a warning says so once.

    Examples
    --------
    >>> PrometheusClient("http://127.0.0.1:9090")
    PrometheusClient('http://127.0.0.1:9090')
    """

    def __init__(
        self,
        url: str,
        *,
        timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
        retries: int = DEFAULT_RETRIES,
        session: requests.Session | None = None,
        headers: Mapping[str, str] | None = None,
        auth: Auth | None = None,
        token: Token | None = None,
        tenant: str | None = None,
        cert: Certificate | None = None,
        verify: bool | Location = True,
        proxies: str | Mapping[str, str] | None = None,
        compression: bool | None = None,
        params: Params | None = None,
        cache: CacheLike | None = None,
    ) -> None:
        self._cache = cache_of(cache)
        self._transport = Transport(
            url,
            timeout_seconds=timeout_seconds,
            retries=retries,
            session=session,
            headers=headers,
            auth=auth,
            token=token,
            tenant=tenant,
            cert=cert,
            verify=verify,
            proxies=proxies,
            compression=compression,
            params=params,
        )

    def query(
        self,
        expr: str,
        *,
        at: times.Moment | None = None,
        legend: str | None = None,
        tidy: bool = False,
        stats: str | None = None,
    ) -> pd.DataFrame:
        """Evaluate a query at one moment.

        Parameters
        ----------
        expr
            PromQL.
        at
            The moment: a datetime (a naive one means local time), a unix time, ``"now-1h"``, ``"1h30m"`` (ago); now
            unless given.
        legend
            Name the rows by a template such as ``"{{instance}}"`` instead of by their labels.
        tidy
            Give the labels as columns instead of as the index.
        stats
            ``"all"`` to have the server count its work into ``frame.attrs["stats"]``: times, and samples looked at.

        Returns
        -------
        DataFrame of shape (n_series, 1)
            Column ``value``, indexed by the labels, in the server's order. A range selector such as ``x[5m]`` gives
            its raw samples, as :meth:`samples` does; native histograms come out as tidy buckets.

        Raises
        ------
        QueryError
            If the server refuses the query.
        ServerUnavailable
            If no usable answer comes.
        """
        now = self._transport.now_ms("query", expr, at)
        at_ms = now if at is None else times.moment(at, now=now, name="at")
        answer = self._questions.at(expressions.checked(expr), at_ms, stats)
        frame = frames.instant(answer.data, legend=legend, tidy=tidy)
        return described(frame, answer, self._transport, expr, times.Window(at_ms, at_ms, 0), stats)

    def samples(
        self,
        expr: str,
        *,
        at: times.Moment | None = None,
        last: Duration | None = None,
        start: times.Moment | None = None,
        end: times.Moment | None = None,
    ) -> pd.DataFrame:
        """Fetch raw samples with their true timestamps, over a time of any length.

        Parameters
        ----------
        expr
            A selector such as ``inference_requests_total{status="ok"}``, with `last`, or `start` and `end`; or one with
            its range in brackets, ``inference_requests_total[5m]``.
        at
            End of a range in brackets, as in :meth:`query`.
        last
            Length of the time, up to `end`.
        start, end
            First and last moment, both included, as `at` in :meth:`query`; `end` is now unless given.

        Returns
        -------
        DataFrame of shape (n_samples, n_labels + 2)
            One row per sample: the labels, ``timestamp``, ``value``; series after series, each in the order of time.

        Raises
        ------
        InvalidValue
            If the query is no selector, or has no range, or two.
        QueryError, ServerUnavailable
            As for :meth:`query`.

        Notes
        -----
        From `start` to `end` means the same on every server: all samples with start <= timestamp <= end. A range in
        brackets means what the server means by it: with the sample that lies exactly at its beginning up to Prometheus
        2.x, without it since 3.0 (migration guide, "Range selectors and lookback exclude samples coinciding with the
        left boundary") and in VictoriaMetrics. An offset or ``@`` moves the time that is fetched, not the timestamps.

        A long time is fetched in pieces, side by side; each sample is in exactly one of them.
        """
        now = self._transport.now_ms("samples", expr, at, last, start, end)
        wanted = raw.request(expressions.checked(expr), at=at, last=last, start=start, end=end, now=now)
        answer = self._questions.samples(wanted)
        if answer.data.kind != "matrix":
            raise InvalidValue(f"samples: {expr!r} is no range selector such as x[5m]; use query() for this one")
        return described(frames.sample_rows(answer.data), answer, self._transport, expr, wanted.asked)

    def query_range(
        self,
        expr: str,
        *,
        last: Duration | None = None,
        start: times.Moment | None = None,
        end: times.Moment | None = None,
        step: Duration | None = None,
        legend: str | None = None,
        tidy: bool = False,
        stats: str | None = None,
        cache: CacheLike | Literal[False] | None = None,
    ) -> pd.DataFrame:
        """Evaluate a query at every step of a range of time.

        Parameters
        ----------
        expr
            PromQL.
        last
            Length of the range, up to `end`; one hour when `start` is not given either.
        start, end
            First and last moment, as `at` in :meth:`query`; `end` is now unless given.
        step
            Distance between two steps, such as ``"15s"``; what Grafana would take unless given.
        legend
            Name the columns by a template such as ``"{{instance}}"`` instead of by their labels.
        tidy
            Give one row per real sample instead of one column per series.
        stats
            ``"all"`` to have the server count its work into ``frame.attrs["stats"]``: times, and samples looked at.
        cache
            A folder, or a :class:`~monitorkit.query.Cache`, where what can no longer change is kept and used again;
            that of the client unless given, False for none. Not with `stats`.

        Returns
        -------
        DataFrame of shape (n_steps, n_series)
            Indexed by ``timestamp`` (UTC, to the ms): every step when there is any series, no row when there is none.

        Raises
        ------
        InvalidValue
            If the range or the step makes no sense.
        QueryError, ServerUnavailable
            As for :meth:`query`.

        Notes
        -----
        Prometheus answers at most 11,000 steps at once, and servers have limits of their own: on how long a range is,
        or how much it loads. A range beyond them is asked for in pieces, side by side; the result is the same, sample
        by sample. What a server refuses is remembered, and so is what it does not answer in time: asked once more,
        such a range goes in smaller pieces, each with a time of its own, and with a cache those that came are kept.

        With a cache, a start or end that is relative to now is moved down to a multiple of the step, as in Grafana: so
        the steps of today are those of tomorrow, and only the new ones are asked for. Steps of the last ten minutes,
        answers with warnings, results without any series, and queries that look at their range as a whole are not kept.
        ``attrs["cache"]`` tells how many steps came from the folder. What is written into the past later, or deleted
        from it, is not seen until the folder is removed or cleared. Tokens that see different data need folders of
        their own.
        """
        now = self._transport.now_ms("query_range", expr, last, start, end, step)
        # What a server counts is of the whole query, so all of it is asked for.
        keep = None if stats or cache is False else self._cache if cache is None else cache_of(cache)

        def window_at(present: int) -> times.Window:
            return times.window(last=last, start=start, end=end, step=step, now=present)

        window = window_at(now) if keep is None else reuse.aligned(window_at, now)
        answer, use = self._questions.range(expressions.checked(expr), window, keep=keep, now=now, stats=stats)
        if remark := self._transport.engine().remark(window, now_ms=now):
            answer = replace(answer, warnings=(*answer.warnings, remark))
        try:
            frame = frames.ranged(answer.data, window, legend=legend, tidy=tidy)
        except Malformed as error:
            raise ServerUnavailable(self._questions.range_address, f"{error}; tidy=True gives each of them") from None
        frame = described(frame, answer, self._transport, expr, window, stats)
        if use is not None:
            frame.attrs["cache"] = asdict(use)
        return frame

    @cached_property
    def api(self) -> Any:  # noqa: ANN401 - the library publishes no types
        """The same server as a ``prometheus_api_client.PrometheusConnect``, on the same session."""
        from prometheus_api_client import PrometheusConnect  # noqa: PLC0415 - slow to load, and few need it
        from urllib3.util import Retry  # noqa: PLC0415 - as above

        transport = self._transport
        adapter = transport.session.get_adapter(self.url)
        api = PrometheusConnect(
            url=self.url,
            headers=transport.access.headers,
            auth=transport.access.auth,
            session=transport.session,
            timeout=transport.timeout_seconds,
            retry=Retry(0, read=False),
        )
        # It puts an adapter of its own on the session, and so on our requests as well.
        transport.session.mount(self.url, adapter)
        return api

    def check(self) -> None:
        """Ask for the least that shows whether queries are answered.

        Raises
        ------
        ServerUnavailable
            If no server with the API of Prometheus answers.
        QueryError
            If it refuses even a query of ``1``.
        """
        remark(self._questions.least(), self._transport)

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __getstate__(self) -> object:
        raise InvalidType(f"{self!r} stays in its process; make another with mk.connect() where one is needed")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.url!r})"

    def _repr_html_(self) -> str:
        """Say in a notebook where the server is, how it is, and what to do next."""
        ready = self.ready()
        state = f"ready, {self._transport.engine()}".rstrip(", ") if ready else "not answering"
        step = 'prom.query("up")' if ready else "mk.start_prometheus()"
        return card(
            f"<b>{html.escape(type(self).__name__)}</b> · {link(self.url)} · {html.escape(state)}",
            f"next: <code>{html.escape(step)}</code>",
        )

    @property
    def _questions(self) -> Questions:
        # Made anew each time: a client's transport can change.
        return Questions(self._transport)
