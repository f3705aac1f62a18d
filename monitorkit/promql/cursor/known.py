"""What is known of a server's metrics: the form in which completion and help take it, wherever it comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitorkit.promql.cursor.names import Names
    from monitorkit.promql.nodes import LabelMatcher

__all__ = ["NOTHING", "Known", "Metadata"]


@dataclass(frozen=True, slots=True)
class Metadata:
    """What is said about a metric.

    Parameters
    ----------
    type
        ``counter``, ``gauge``, ``histogram``, ``summary``, ``recording rule``, …; empty where nobody says.
    help
        Its description; for a recording rule, its query.
    unit
        Its unit, where it is told.
    """

    type: str = ""
    help: str = ""
    unit: str = ""


class Known(Protocol):
    """What is known of a server. No answer may take long; what is not known yet is None, or empty."""

    def version(self) -> str:
        """The server's version of Prometheus, such as ``3.5.3``; empty where it is not known."""

    def metrics(self) -> Names | None:
        """Names of all metrics."""

    def labels(self, metric: str | None = None, matchers: Sequence[LabelMatcher] = ()) -> Names | None:
        """Labels of the series of a metric that matchers let through; of all series unless given."""

    def values(self, label: str, metric: str | None = None, matchers: Sequence[LabelMatcher] = ()) -> Names | None:
        """Values of a label on such series."""

    def metadata(self, metric: str) -> Metadata:
        """Type, description and unit of a metric."""

    def n_series(self, metric: str) -> int | None:
        """How many series a metric has; None where it is not known."""


class _Nothing:
    """No server."""

    def version(self) -> str:
        return ""

    def metrics(self) -> Names | None:
        return None

    def labels(self, metric: str | None = None, matchers: Sequence[LabelMatcher] = ()) -> Names | None:  # noqa: ARG002 - the protocol's
        return None

    def values(self, label: str, metric: str | None = None, matchers: Sequence[LabelMatcher] = ()) -> Names | None:  # noqa: ARG002 - as above
        return None

    def metadata(self, metric: str) -> Metadata:  # noqa: ARG002 - as above
        return Metadata()

    def n_series(self, metric: str) -> int | None:  # noqa: ARG002 - as above
        return None


NOTHING: Known = _Nothing()
"""Where there is no server: the language alone is known."""
