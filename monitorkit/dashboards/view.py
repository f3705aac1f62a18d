"""What :meth:`Dashboard.show` returns, as far as this layer knows it; the notebook's layer makes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, Self

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["View"]


class View(Protocol):
    """A dashboard that is being shown; :class:`monitorkit.notebook.live.LiveView` is the one there is."""

    @property
    def name(self) -> str:
        """The dashboard's uid."""

    @property
    def alive(self) -> bool:
        """Whether it renews itself."""

    def stop(self) -> None:
        """End it and leave the last picture; a second call does nothing."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...
