"""Debian packages without root: fetched with the machine's own apt, unpacked into the cache, nothing installed."""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from monitorkit.errors import ServiceError
from monitorkit.processes import run
from monitorkit.services.programs.cache import cache_folder, under_construction
from monitorkit.services.programs.catalog import Unobtainable, machine

if TYPE_CHECKING:
    from collections.abc import Callable

    from monitorkit.services.programs.catalog import Program

__all__ = ["fetch"]

_FILE = re.compile(r"(?P<package>[a-z0-9.+-]+)_(?:\d+%3a)?(?P<version>\d+\.\d+\.\d+)[^_ ]*_[a-z0-9]+\.deb")


def fetch(program: Program, version: str | None, *, check: Callable[[Path], str]) -> Path:
    """Put the executables of a Debian package into the cache and return the program's.

    Parameters
    ----------
    program
        What to get.
    version
        The version it must have; None takes what the machine's Debian has.
    check
        Tells the version of the unpacked executable, before it appears in the cache.

    Raises
    ------
    Unobtainable
        If the machine has no apt, no package lists, no such package, or another version.
    """
    for tool in ("apt-get", "dpkg"):
        if shutil.which(tool) is None:
            raise Unobtainable(f"there is no {tool} on this machine")
    offered = _offered(program)
    if version and offered != version:
        raise Unobtainable(f"the package of this machine's Debian is {offered}, not {version}")
    name = f"{program.name}-{offered}-debian.{machine()}"
    try:
        with under_construction(name, check=lambda folder: check(folder / program.name)) as folder:
            _unpack(program, folder)
    except OSError as error:
        raise Unobtainable(f"cannot be kept in {cache_folder()}: {error}") from error
    return cache_folder() / name / program.name


def _offered(program: Program) -> str:
    """Version that apt would download."""
    answer = _apt("--print-uris", program.packages[0])
    match = _FILE.search(answer)
    if match is None:
        raise Unobtainable(f"apt-get offers {answer.strip() or 'nothing'}")
    return match["version"]


def _apt(*arguments: str, folder: Path | None = None) -> str:
    try:
        answer = run(
            ["apt-get", "-q", "download", *arguments], timeout_seconds=600, cwd=folder, env={"LC_ALL": "C.UTF-8"}
        )
    except ServiceError as error:
        raise Unobtainable(str(error)) from error
    if answer.returncode != 0:
        errors = [line.removeprefix("E: ") for line in answer.output.splitlines() if line.startswith("E: ")]
        said = "; ".join(errors) or f"exit status {answer.returncode}"
        raise Unobtainable(f"apt-get download: {said}; `sudo apt-get update` may be needed first")
    return answer.output


def _unpack(program: Program, folder: Path) -> None:
    """Download the packages into a folder of their own and move their executables into `folder`."""
    with tempfile.TemporaryDirectory(prefix="monitorkit-debian-") as work:
        place = Path(work)
        _apt(program.packages[0], folder=place)
        for package in program.packages[1:]:
            # Older suites have the tools in the first package.
            try:
                _apt(package, folder=place)
            except Unobtainable:
                continue
        for file in place.glob("*.deb"):
            answer = run(["dpkg", "-x", file, place / "root"], timeout_seconds=120)
            if answer.returncode != 0:
                raise Unobtainable(f"dpkg -x {file.name}: {answer.output.strip()}")
        for name in program.executables:
            _place(place / "root" / "usr" / "bin", program.names if name == program.name else (name,), folder / name)


def _place(bin_folder: Path, names: tuple[str, ...], target: Path) -> None:
    for name in names:
        if (bin_folder / name).is_file():
            shutil.move(bin_folder / name, target)
            return
    raise Unobtainable(f"the package has no {names[0]}")
