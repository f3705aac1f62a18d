"""What there is to tell of a model that is served."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from monitorkit.metrics import Reference
    from monitorkit.serving.models.model import Model

__all__ = ["Shown"]


class Shown(Protocol):
    """A model, and what it is served as."""

    @property
    def model(self) -> Model:
        """The model as the server sees it."""

    @property
    def name(self) -> str:
        """Value of the label ``model_name``."""

    @property
    def version(self) -> str:
        """Value of the label ``model_version``."""

    @property
    def reference(self) -> Reference | None:
        """What drift of its input is measured from; None where there is nothing."""
