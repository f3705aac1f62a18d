"""A folder of results that can no longer change: what is in it, how much, and what goes when it is full."""

from __future__ import annotations

import hashlib
import json
import os
import re
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from monitorkit.documents import absolute_path
from monitorkit.durations import Duration, seconds
from monitorkit.errors import InvalidType, InvalidValue

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

__all__ = ["PACE", "Cache", "CacheLike", "cache_of"]

MAX_BYTES = 1 << 30
MARGIN_SECONDS = 600.0
"""Ten minutes, as in Mimir's cache of results (``-query-frontend.max-cache-freshness``, grafana/mimir#7161)."""
PACE = "steps.txt"
"""Where it stands how many steps of a question are answered in time, once more were not."""
ABANDONED_SECONDS = 3600.0
"""A file that was not finished after so long belongs to a process that died."""

_OWN = re.compile(r"[0-9a-f]{32}")
_BLOCK = re.compile(r"-?[0-9]+\.parquet")
_TEMPORARY = re.compile(r"\.-?[0-9]+\.parquet\..+")


class Cache:
    """Where results of range queries are kept, to be used again exactly.

    Parameters
    ----------
    folder
        Where they are; it is made when there is something to keep. Several processes may share it.
    max_bytes
        How large it may become; what was not used for longest goes first.
    margin
        How long ago a step must be to be kept: longer than samples arrive late, where a server takes them out of order
        or a remote writer catches up.

    Examples
    --------
    >>> cache = Cache("results", max_bytes=10**9, margin="1h")
    >>> cache.n_bytes
    0
    """

    def __init__(
        self, folder: str | os.PathLike[str], *, max_bytes: int = MAX_BYTES, margin: Duration = MARGIN_SECONDS
    ) -> None:
        self.folder = absolute_path(folder, name="cache")
        if self.folder.exists() and not self.folder.is_dir():
            raise InvalidValue(f"cache: {self.folder} is a file; name a folder")
        if isinstance(max_bytes, bool) or not isinstance(max_bytes, int):
            raise InvalidType(f"max_bytes: {max_bytes!r} is no number of bytes")
        if max_bytes < 0:
            raise InvalidValue(f"max_bytes: {max_bytes!r} must not be negative")
        self.max_bytes = max_bytes
        self.margin_ms = round(seconds(margin, name="margin") * 1000)

    def __repr__(self) -> str:
        return f"Cache({str(self.folder)!r}: {self.n_bytes / 1e6:.1f} of {self.max_bytes / 1e6:.0f} MB)"

    @property
    def n_bytes(self) -> int:
        """How large it is now."""
        return sum(size for _, size, _ in self._files())

    def clear(self) -> None:
        """Forget all results; files that are not the cache's own stay."""
        for path, _, _ in self._files():
            _remove(path)

    def shelf(self, key: Mapping[str, Any]) -> Path:
        """Folder of the results for one key, which a person can read in each file."""
        text = json.dumps(key, sort_keys=True)
        return self.folder / hashlib.blake2b(text.encode(), digest_size=16).hexdigest()

    def trim(self) -> None:
        """Remove what was not used for longest, until the rest is within the bound."""
        files = sorted(self._files(), key=lambda file: file[2])
        excess = sum(size for _, size, _ in files) - self.max_bytes
        for path, size, used in files:
            abandoned = _TEMPORARY.fullmatch(path.name) and time.time() - used > ABANDONED_SECONDS
            if excess > 0 or abandoned:
                _remove(path)
                excess -= size

    def _files(self) -> Iterator[tuple[Path, int, float]]:
        """Each file of the cache, its size, and when it was last used."""
        with suppress(OSError):
            for shelf in self.folder.iterdir():
                if _OWN.fullmatch(shelf.name):
                    yield from _blocks(shelf)


CacheLike = str | os.PathLike[str] | Cache
"""A folder, or a cache with bounds of its own."""


def cache_of(cache: CacheLike | None) -> Cache | None:
    """Make a cache of what a user gave.

    Raises
    ------
    InvalidType
        If it is neither a folder nor a cache.
    """
    if cache is None or isinstance(cache, Cache):
        return cache
    return Cache(cache)


def _blocks(shelf: Path) -> Iterator[tuple[Path, int, float]]:
    with suppress(OSError):
        for path in shelf.iterdir():
            if path.name == PACE or _BLOCK.fullmatch(path.name) or _TEMPORARY.fullmatch(path.name):
                with suppress(OSError):
                    status = path.stat()
                    yield path, status.st_size, status.st_mtime


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink()
    with suppress(OSError):
        # Only where it is empty by now.
        path.parent.rmdir()
