"""Where a service keeps its data: a folder of the user's own, or one that is gone when the service is."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from monitorkit.documents import absolute_path
from monitorkit.errors import ServiceError
from monitorkit.processes import lock_holder, pid_exists

__all__ = ["Storage"]

_PREFIX = "monitorkit-"
_LOCK = ".monitorkit.lock"
_YOUNG_SECONDS = 30.0
"""A folder made this short a time ago may belong to a service that has not taken its lock yet."""


@dataclass(frozen=True)
class Storage:
    """The folders and files of one service.

    Parameters
    ----------
    data
        Folder of the time series themselves.
    temporary
        Folder to remove when the service is stopped; None where the user named `data`.
    """

    data: Path
    temporary: Path | None = None

    @classmethod
    def open(cls, name: str, data: str | Path | None) -> Storage:
        """Use the folder that was named, or make one for this service and sweep those whose service has died.

        Raises
        ------
        ServiceError
            If the folder that was named cannot be made, or not be written to.
        """
        if data is not None:
            folder = absolute_path(data, name="data")
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise ServiceError(f"data: cannot make {folder}: {error.strerror}", service=name) from error
            if not os.access(folder, os.W_OK):
                raise ServiceError(f"data: {folder} cannot be written to; name another folder", service=name)
            return cls(folder)
        _sweep(Path(tempfile.gettempdir()))
        word = "".join(letter if letter.isalnum() else "-" for letter in name)[:32]
        folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{word}-"))
        (folder / _LOCK).touch()
        return cls(folder / "data", folder)

    @property
    def lock(self) -> Path:
        """File that is locked while the service runs."""
        return (self.temporary or self.data) / _LOCK

    @property
    def own(self) -> Path:
        """Folder of what this package writes: configuration, rules, log."""
        return self.temporary or self.data / "monitorkit"

    @property
    def config(self) -> Path:
        """The configuration that is written where the user gives none."""
        return self.own / "prometheus.yml"

    @property
    def rules(self) -> Path:
        """The rule file that rules given as objects are written to."""
        return self.own / "rules.yml"

    @property
    def log(self) -> Path:
        """What the service writes."""
        return self.own / "prometheus.log"

    def discard(self) -> None:
        """Remove a temporary folder; one that the user named stays."""
        if self.temporary:
            shutil.rmtree(self.temporary, ignore_errors=True)


def _sweep(place: Path) -> None:
    """Remove temporary folders of this user whose service and owner are both gone.

    The guard removes the folder of an owner that dies. What is left is rare: guard and owner killed together, or a
    service that died before its owner did.
    """
    for lock in place.glob(f"{_PREFIX}*/{_LOCK}"):
        with suppress(OSError):
            stamp = lock.stat()
            if stamp.st_uid == os.getuid() and time.time() - stamp.st_mtime > _YOUNG_SECONDS and not _in_use(lock):
                shutil.rmtree(lock.parent, ignore_errors=True)


def _in_use(lock: Path) -> bool:
    """Whether a guard holds the lock, or the owner written into it still lives and may start the service again."""
    if lock_holder(lock) is not None:
        return True
    owner = lock.read_text(encoding="utf-8").strip()
    return owner.isdigit() and pid_exists(int(owner))
