"""The magics ``%promql`` and ``%%promql``."""

from __future__ import annotations

import warnings
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from IPython.core.magic import Magics, line_cell_magic, magics_class, no_var_expand
from IPython.display import display

from monitorkit.errors import InvalidValue, MonitorkitError, QueryError, ServerUnavailable
from monitorkit.notebook.footer import footer
from monitorkit.notebook.link import query_link
from monitorkit.notebook.options import help_text, misplaced, read_options
from monitorkit.notebook.source import Sources
from monitorkit.notebook.statements import Statement, statements
from monitorkit.notebook.template import fill
from monitorkit.promql import parse
from monitorkit.query.remarks import ServerWarning

if TYPE_CHECKING:
    import pandas as pd

    from monitorkit.notebook.options import Options
    from monitorkit.query import PrometheusClient

__all__ = ["PromQLMagics"]


HELP = f"""\
Ask Prometheus; the result is a frame.

%promql [options] query         one query
name = %promql [options] query  its frame kept under a name
%%promql [options]              queries below, each on lines of its own; name = query keeps a frame under a name

{{{{name}}}} in a query stands for the value of a variable, quoted as its place needs.

Options stand before the query:

{help_text()}
"""


@magics_class
class PromQLMagics(Magics):
    """PromQL in a line or a cell of a notebook."""

    shell: Any

    def __init__(self, shell: Any) -> None:  # noqa: ANN401 - IPython's shell
        super().__init__(shell)
        self._sources = Sources()
        self._shown: list[tuple[object, dict[str, str]]] = []

    @no_var_expand
    @line_cell_magic
    def promql(self, line: str, cell: str | None = None) -> object:
        """Ask Prometheus; HELP takes the place of this text."""
        options, rest = read_options(line, self.shell.user_ns)
        if options.help:
            print(HELP)  # noqa: T201 - what was asked for
            return None
        found = _found(rest, cell)
        if options.as_ is not None:
            found = [_kept(options.as_, found)]
        client = self._sources.client(options.url)
        result: object = None
        for number, statement in enumerate(found, start=1):
            query = fill(statement.query, self.shell.user_ns)
            frame = _asked(client, query, options)
            if statement.name:
                self.shell.user_ns[statement.name] = frame
            result = _shown(frame, statement, options)
            if result is not None:
                below = _below(client, frame)
                if number < len(found):
                    display(result)  # type: ignore[no-untyped-call]
                    self._publish(below)
                else:
                    self._shown.append((result, below))
        return result

    promql.__doc__ = HELP  # what %promql? shows

    def after_cell(self, result: Any) -> None:  # noqa: ANN401 - IPython's ExecutionResult
        """Put what belongs under a result there, once IPython has shown it; nothing where it was kept under a name."""
        shown, self._shown = self._shown, []
        for value, below in shown:
            if getattr(result, "result", None) is value:
                self._publish(below)

    def close(self) -> None:
        """Close the connections."""
        self._sources.close()

    def _publish(self, bundle: dict[str, str]) -> None:
        if bundle:
            self.shell.display_pub.publish(data=bundle)


def _found(rest: str, cell: str | None) -> list[Statement]:
    """The statements of a line or cell."""
    found = [Statement("", rest)] if rest else []
    if cell is not None:
        found = statements(f"{rest}\n{cell}" if rest else cell)
    if not found:
        raise InvalidValue("%promql: there is no query; write one behind it, for example %promql up")
    for statement in found:
        if option := misplaced(statement.query):
            raise InvalidValue(
                f"{option} stands behind the query, where it means subtraction; write options first: "
                f"%promql {option} … query"
            )
    return found


def _kept(name: str, found: list[Statement]) -> Statement:
    """The only statement, with the name that ``--as`` gives it."""
    if len(found) > 1:
        raise InvalidValue(f"--as {name}: there are {len(found)} queries here; write {name} = before one of them")
    if found[0].name:
        raise InvalidValue(f"--as {name}: the query has the name {found[0].name} already; leave one out")
    return Statement(name, found[0].query)


def _asked(client: PrometheusClient, query: str, options: Options) -> pd.DataFrame:
    """The frame of a query.

    The server decides what is a query: it may know more than this package, and gets every text as it was written. Where
    it refuses one, or none answers, our parser tells the mistake, with a suggestion.
    """
    form: dict[str, Any] = {"legend": options.legend, "tidy": options.tidy}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ServerWarning)  # what it says stands under the result
            if options.ranged:
                span = {name: getattr(options, name) for name in ("last", "start", "end", "step", "cache")}
                return client.query_range(query, **span, **form)
            return client.query(query, at=options.at, **form)
    except QueryError as refusal:
        if refusal.error_type == "bad_data":
            parse(query, version=client.version if client.engine == "Prometheus" else None)
        raise
    except ServerUnavailable:
        parse(query)
        raise


def _shown(frame: pd.DataFrame, statement: Statement, options: Options) -> object:
    """What a statement shows: a picture where one was asked for, else the frame; nothing where the cell named it."""
    if options.plot:
        from monitorkit.dashboards.plotting import plot  # noqa: PLC0415 - few queries need matplotlib

        # The query stands right above the picture; its name is what tells several pictures of a cell apart.
        return plot(frame, title=statement.name if statement.name and options.as_ is None else None)
    return frame if not statement.name or options.as_ is not None else None


def _below(client: PrometheusClient, frame: pd.DataFrame) -> dict[str, str]:
    """Link and remarks for under a result."""
    asked = {str(name): value for name, value in frame.attrs.items()}
    link = ""
    with suppress(MonitorkitError):
        link = query_link(client.url, client.engine, client.version, asked)
    return footer(link, asked)
