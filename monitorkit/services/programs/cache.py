"""The folder that installed programs live in: each release whole or not there at all."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from monitorkit.services.programs.catalog import Unobtainable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["cache_folder", "under_construction"]

_PARTIAL = ".partial-"
_ABANDONED_SECONDS = 24 * 3600


def cache_folder() -> Path:
    """Folder of the installed programs; ``MONITORKIT_CACHE`` names another one."""
    if folder := os.environ.get("MONITORKIT_CACHE"):
        return Path(folder).expanduser().absolute()
    import platformdirs  # noqa: PLC0415 - `import monitorkit` must stay light

    return platformdirs.user_cache_path("monitorkit")


@contextmanager
def under_construction(name: str, *, check: Callable[[Path], object]) -> Iterator[Path]:
    """Give a folder to build a release in; it appears in the cache as `name` when the block ends well.

    The appearing is one rename, so nobody sees a half of it, and of two processes that build the same one the first
    wins and the second's work is dropped.

    Parameters
    ----------
    name
        Name of the finished folder.
    check
        Raises :class:`Unobtainable` for a folder that is no good. One that is there already is then replaced.
    """
    folder = cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    _sweep(folder)
    partial = Path(tempfile.mkdtemp(dir=folder, prefix=_PARTIAL))
    try:
        yield partial
        check(partial)
        partial.chmod(0o755)
        try:
            partial.rename(folder / name)
        except OSError:
            if not (folder / name).is_dir():
                raise
            _replace(folder / name, partial, check)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _replace(present: Path, built: Path, check: Callable[[Path], object]) -> None:
    try:
        check(present)
    except Unobtainable:
        present.rename(built / "replaced")
        built.rename(present)
        shutil.rmtree(present / "replaced", ignore_errors=True)


def _sweep(folder: Path) -> None:
    """Remove what installations that were killed left a day ago or earlier."""
    for partial in folder.glob(f"{_PARTIAL}*"):
        with suppress(OSError):
            if time.time() - partial.stat().st_mtime > _ABANDONED_SECONDS:
                shutil.rmtree(partial, ignore_errors=True)
