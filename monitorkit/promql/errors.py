"""The one error that reading a query raises."""

from __future__ import annotations

from monitorkit.errors import QueryError

__all__ = ["PromQLError"]


class PromQLError(QueryError):
    """A query that is not valid PromQL.

    Parameters
    ----------
    message
        What is wrong.
    query
        The text that was read.
    position
        Offset of the mistake in `query`, in characters.
    end
        Offset just after the mistake; `position` where it has no length.
    suggestion
        What to write instead, where that can be told.

    Examples
    --------
    >>> print(PromQLError("unknown function 'rat'", query="rat(up[5m])", position=0, suggestion="did you mean 'rate'?"))
    parse error: unknown function 'rat'; did you mean 'rate'?
      rat(up[5m])
      ^
    """

    def __init__(
        self,
        message: str,
        *,
        query: str,
        position: int,
        end: int | None = None,
        suggestion: str = "",
    ) -> None:
        self.reason = message
        self.end = position if end is None else end
        self.suggestion = suggestion
        text = f"{message}; {suggestion}" if suggestion else message
        super().__init__(text, query=query, error_type="parse error", position=position)

    @property
    def line(self) -> int:
        """Line of the mistake, counted from 1."""
        return self.query.count("\n", 0, self.position) + 1

    @property
    def column(self) -> int:
        """Column of the mistake in its line, in characters, counted from 1."""
        return (self.position or 0) - (self.query.rfind("\n", 0, self.position) + 1) + 1
