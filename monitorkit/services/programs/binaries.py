"""Find a program on this machine, or get it: environment variable, PATH, cache, official release, Debian package."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from monitorkit.errors import ServiceError
from monitorkit.processes import run
from monitorkit.services.programs.cache import cache_folder
from monitorkit.services.programs.catalog import Program, Unobtainable, checked_version, machine, program

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Binary", "beside", "find", "install", "version_of"]

_VERSION = re.compile(r"\bversion v?(\d+\.\d+\.\d+(?:-[a-z]+\.\d+)?)", re.IGNORECASE)


@dataclass(frozen=True)
class Binary:
    """An executable that was found.

    Parameters
    ----------
    path
        The file.
    version
        What it says of itself, for example ``"3.5.3"``.
    source
        Where it is from: the environment variable, ``PATH``, ``cache``, ``release archive`` or ``Debian package``.
    """

    path: Path
    version: str
    source: str


def find(name: str, version: str | None = None, *, report: Callable[[str], None] | None = None) -> Binary:
    """Find a program that is already on this machine.

    Parameters
    ----------
    name
        ``"prometheus"``.
    version
        The version it must have; None takes any.
    report
        Called with the reason of each place where it is not, instead of listing them in the error.

    Raises
    ------
    ServiceError
        If it is nowhere; the message says where was looked and what to do.

    Examples
    --------
    >>> find("prometheus").path.name
    'prometheus'
    """
    return _first(program(name), version, _LOCAL, report=report)


def install(name: str, version: str | None = None, *, report: Callable[[str], None] | None = None) -> Binary:
    """Find a program on this machine, or else download it into the cache, without root.

    Parameters
    ----------
    name
        ``"prometheus"``.
    version
        The version it must have; None takes any that is here, and downloads the one that this package pins.
    report
        Called at once with the reason of each way that does not work here, instead of listing them in the error.

    Raises
    ------
    ServiceError
        If no way works; the message lists each with its reason, and what to do by hand.
    """
    return _first(program(name), version, {**_LOCAL, **_REMOTE}, report=report)


def beside(binary: Path, name: str) -> Path | None:
    """Find a companion program such as promtool: in the folder of `binary`, else on PATH, else None."""
    near = binary.resolve().with_name(name)
    if os.access(near, os.X_OK):
        return near
    found = shutil.which(name)
    return Path(found) if found else None


def version_of(binary: Path) -> str:
    """Ask an executable for its version.

    Raises
    ------
    Unobtainable
        If it cannot be run on this machine, or says no version.
    """
    try:
        stamp = binary.stat()
    except OSError as error:
        raise Unobtainable(f"{binary}: {error.strerror}") from error
    return _asked_version(binary, stamp.st_mtime_ns, stamp.st_size)


@lru_cache
def _asked_version(binary: Path, _changed: int, _size: int) -> str:
    try:
        answer = run([binary, "--version"], timeout_seconds=20)
    except ServiceError as error:
        raise Unobtainable(f"{binary} does not run here: {error}") from error
    match = _VERSION.search(answer.output)
    if answer.returncode != 0 or match is None:
        said = answer.output.strip().splitlines()
        raise Unobtainable(f"{binary} --version: {said[-1] if said else f'exit status {answer.returncode}'}")
    return match[1]


def _first(
    wanted: Program,
    version: str | None,
    ways: dict[str, Callable[[Program, str | None], Binary]],
    report: Callable[[str], None] | None,
) -> Binary:
    """Go through the ways in order; the first that gives a program of the right version wins."""
    version = checked_version(version) if version else None
    reasons: list[str] = []
    for way, take in ways.items():
        label = wanted.variable if way == "variable" else way
        try:
            binary = replace(take(wanted, version), source=label)
            if version and binary.version != version:
                raise Unobtainable(f"{binary.path} is {binary.version}, not {version}")  # noqa: TRY301 - as any other reason
        except Unobtainable as reason:
            report = report or reasons.append
            report(f"{label}: {reason}")
        else:
            return binary
    raise ServiceError(_advice(wanted, version, reasons, installing="release archive" in ways), service=wanted.name)


def _advice(wanted: Program, version: str | None, reasons: list[str], *, installing: bool) -> str:
    if installing:
        from monitorkit.services.programs import release  # noqa: PLC0415 - see _from_release

        head = "cannot be installed"
        todo = (
            f"by hand: unpack {release.address(wanted, version or wanted.version)} and set {wanted.variable} to the "
            f"path of {wanted.name} in it; on Debian and Ubuntu: sudo apt-get install {wanted.packages[0]}"
        )
    else:
        head = "not found"
        command = f"monitorkit install {wanted.name}" + (f" --version {version}" if version else "")
        todo = f"run `{command}`, or set {wanted.variable} to the path of a {wanted.name} that you have"
    return "\n".join([head, *(f"  {reason}" for reason in reasons), todo]) if reasons else f"{head}; {todo}"


def _from_variable(wanted: Program, _version: str | None) -> Binary:
    value = os.environ.get(wanted.variable)
    if not value:
        raise Unobtainable("is not set")
    found = shutil.which(Path(value).expanduser())
    if not found:
        # Somebody chose this one: going on to another would hide the mistake.
        raise ServiceError(
            f"{wanted.variable} is {value!r}, which is no executable file; correct it or unset it", service=wanted.name
        )
    return _binary(Path(found).absolute())


def _from_path(wanted: Program, _version: str | None) -> Binary:
    for name in wanted.names:
        if found := shutil.which(name):
            return _binary(Path(found).absolute())
    raise Unobtainable(f"no {wanted.name} there")


def _from_cache(wanted: Program, version: str | None) -> Binary:
    folder = cache_folder()
    releases = {
        tuple(int(number) for number in match[1].split(".")): found
        for found in folder.glob(f"{wanted.name}-*.{machine()}/{wanted.name}")
        if (match := re.search(r"-(\d+\.\d+\.\d+)[.-]", found.parent.name)) and version in {None, match[1]}
    }
    if not releases:
        raise Unobtainable(f"no {wanted.name}{f' {version}' if version else ''} in {folder}")
    return _binary(releases[max(releases)])


def _from_release(wanted: Program, version: str | None) -> Binary:
    from monitorkit.services.programs import release  # noqa: PLC0415 - loads the client's libraries, which finding needs not

    return _binary(release.fetch(wanted, version or wanted.version, check=version_of))


def _from_debian(wanted: Program, version: str | None) -> Binary:
    from monitorkit.services.programs import debian  # noqa: PLC0415 - as above

    return _binary(debian.fetch(wanted, version, check=version_of))


def _binary(path: Path) -> Binary:
    return Binary(path, version_of(path), source="")


_LOCAL: dict[str, Callable[[Program, str | None], Binary]] = {
    "variable": _from_variable,
    "PATH": _from_path,
    "cache": _from_cache,
}
_REMOTE: dict[str, Callable[[Program, str | None], Binary]] = {
    "release archive": _from_release,
    "Debian package": _from_debian,
}
