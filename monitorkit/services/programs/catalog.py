"""The programs that can be found and installed, as data: names, pinned versions, where their releases are."""

from __future__ import annotations

import platform
import re
from dataclasses import dataclass

from monitorkit.errors import InvalidValue

__all__ = ["PROGRAMS", "Program", "Unobtainable", "checked_version", "machine", "program"]

_MACHINES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "armv7", "armv6l": "armv6", "i386": "386", "i686": "386"}
_VERSION = re.compile(r"\d+\.\d+\.\d+(?:-[a-z]+\.\d+)?")


class Unobtainable(Exception):
    """One way of getting a program does not work here; the text says why."""


@dataclass(frozen=True)
class Program:
    """A program of others that this package runs.

    Parameters
    ----------
    name
        Its name here and in the release archive.
    version
        The release that is installed where none is asked for.
    archive
        Path of the release archive below the release host; ``{version}`` and ``{machine}`` are filled in.
    executables
        What is taken from the archive, the program itself first.
    packages
        Debian packages to take; the first is needed, the others are taken where the suite has them.
    aliases
        Names of the program itself on machines where the distribution renames it.
    """

    name: str
    version: str
    archive: str
    executables: tuple[str, ...]
    packages: tuple[str, ...]
    aliases: tuple[str, ...] = ()

    @property
    def variable(self) -> str:
        """Environment variable that names the executable."""
        return f"MONITORKIT_{self.name.upper()}"

    @property
    def names(self) -> tuple[str, ...]:
        """What the executable is called, the usual name first."""
        return (self.name, *self.aliases)

    def archive_path(self, version: str) -> str:
        """Path of the archive of one release for this machine, below the release host."""
        return self.archive.format(version=version, machine=machine())


PROGRAMS = {
    "prometheus": Program(
        name="prometheus",
        version="3.5.3",  # the long-term support line, https://prometheus.io/docs/introduction/release-cycle/
        archive="prometheus/prometheus/releases/download/v{version}/prometheus-{version}.{machine}.tar.gz",
        executables=("prometheus", "promtool"),
        packages=("prometheus", "promtool"),
    ),
    "node_exporter": Program(
        name="node_exporter",
        version="1.9.1",
        archive="prometheus/node_exporter/releases/download/v{version}/node_exporter-{version}.{machine}.tar.gz",
        executables=("node_exporter",),
        packages=("prometheus-node-exporter",),
        aliases=("prometheus-node-exporter",),
    ),
}


def program(name: str) -> Program:
    """Look a program up by name.

    Raises
    ------
    InvalidValue
        If it is not in the catalogue.

    Examples
    --------
    >>> program("prometheus").variable
    'MONITORKIT_PROMETHEUS'
    """
    if name not in PROGRAMS:
        raise InvalidValue(f"program: {name!r} is not known; choose from {', '.join(PROGRAMS)}")
    return PROGRAMS[name]


def machine() -> str:
    """Name this machine as release archives do, for example ``linux-amd64``."""
    hardware = platform.machine().lower()
    return f"{platform.system().lower()}-{_MACHINES.get(hardware, hardware)}"


def checked_version(version: str) -> str:
    """Return a version without its leading ``v``; it becomes part of a URL and of a folder name.

    Raises
    ------
    InvalidValue
        If it does not look like a version.
    """
    text = version.strip().removeprefix("v")
    if not _VERSION.fullmatch(text):
        raise InvalidValue(f"version: {version!r} is no version; write three numbers, as in '3.5.3'")
    return text
