"""Which models are at work in a server, and in which role."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Generic, Literal, TypeVar

import numpy as np

from monitorkit.errors import InvalidType, InvalidValue

if TYPE_CHECKING:
    from collections.abc import Callable

    from monitorkit.serving.models.shown import Shown
    from monitorkit.serving.work.faults import Faults

__all__ = ["LineUp", "Role", "checked_share"]

Role = Literal["served", "canary", "shadow"]

S = TypeVar("S", bound="Shown")


@dataclass(frozen=True)
class LineUp(Generic[S]):
    """The models at work in a server; never changed, but replaced as a whole, so that a request meets one line-up.

    Attributes
    ----------
    served
        The model that answers.
    canary, share
        Another one that answers a share of the requests, from 0 to 1.
    shadow
        One that sees a copy of the requests and never answers.
    faults
        What is injected for a demonstration.
    draw
        Returns a number from 0 to 1, for each request another one.
    """

    served: S
    canary: S | None = None
    share: float = 0.0
    shadow: S | None = None
    faults: Faults | None = None
    draw: Callable[[], float] = random.random

    def choose(self, version: str | None = None) -> S:
        """The model that answers the next request: one of the version that it names, as long as there is one."""
        if version is not None:
            return self.find(version) or self.served
        if self.canary is None or self.draw() >= self.share:
            return self.served
        return self.canary

    def find(self, version: str) -> S | None:
        """The model of this version among those that answer."""
        return next((one for one in (self.served, self.canary) if one is not None and one.version == version), None)

    @property
    def answering(self) -> tuple[str, ...]:
        """Versions of those that answer."""
        return tuple(one.version for one in (self.served, self.canary) if one is not None)

    @property
    def listening(self) -> tuple[str, ...]:
        """Versions of those that see copies."""
        return () if self.shadow is None else (self.shadow.version,)

    def check_version(self, version: str, role: Role) -> None:
        """Refuse a version that has another role already: what both count could not be told apart.

        Raises
        ------
        InvalidValue
            If it has.
        """
        for other, one in (("served", self.served), ("canary", self.canary), ("shadow", self.shadow)):
            if one is not None and one.version == version and other != role:
                advice = {
                    "served": "give the other model a version of its own",
                    "canary": "server.promote() makes it the served one, server.canary(None) ends it",
                    "shadow": "server.shadow(None) ends it",
                }[other]
                what = "the version that is served" if other == "served" else f"the {other}'s"
                raise InvalidValue(f"version: {version!r} is {what}: {advice}")

    def with_canary(self, canary: S | None, share: float = 0.0, seed: int | None = None) -> LineUp[S]:
        """The line-up with another canary, or none."""
        draw = random.random if seed is None else random.Random(seed).random  # noqa: S311 - traffic, no secrets
        return replace(self, canary=canary, share=share, draw=draw)

    def promoted(self) -> LineUp[S]:
        """The line-up in which the canary is served.

        Raises
        ------
        InvalidValue
            If there is none.
        """
        if self.canary is None:
            raise InvalidValue("promote: there is no canary; server.canary(model, version='2', share=0.1) starts one")
        return replace(self.with_canary(None), served=self.canary)

    @property
    def notes(self) -> list[str]:
        """What is out of the ordinary, in a few words each."""
        notes = []
        if self.canary is not None:
            notes.append(f"canary {self.canary.version!r} gets {100 * self.share:g} %")
        if self.shadow is not None:
            notes.append(f"shadow {self.shadow.version!r} sees a copy")
        if self.faults is not None and self.faults.active:
            notes.append(f"injected: {self.faults}")
        return notes


def checked_share(share: float) -> float:
    """Check what share of the requests a canary gets.

    Raises
    ------
    InvalidType, InvalidValue
        If it is no number above 0, up to 1.

    Examples
    --------
    >>> checked_share(0.1)
    0.1
    """
    if isinstance(share, bool) or not isinstance(share, int | float | np.integer | np.floating):
        raise InvalidType(f"share: {share!r} is no number; write 0.1 for a tenth of the requests")
    if not 0 < share <= 1:
        raise InvalidValue(f"share: {share!r} is no share above 0, up to 1; write 0.1 for a tenth of the requests")
    return float(share)
