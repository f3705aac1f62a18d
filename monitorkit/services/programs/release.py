"""Official release archives: download, compare with the published checksum, take the executables out."""

from __future__ import annotations

import hashlib
import os
import shutil
import tarfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from monitorkit.progress import progress_bar
from monitorkit.query.connection.sessions import session
from monitorkit.services.programs.cache import cache_folder, under_construction
from monitorkit.services.programs.catalog import Unobtainable

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests

    from monitorkit.services.programs.catalog import Program

__all__ = ["CHECKSUMS", "address", "fetch"]

CHECKSUMS = "sha256sums.txt"
TIMEOUT_SECONDS = (10.0, 30.0)
"""To connect, and without a byte."""
_HOST = "https://github.com"
_CHUNK = 1 << 18


def address(program: Program, version: str) -> str:
    """URL of a release archive for this machine; ``MONITORKIT_RELEASES`` names a mirror of the release host."""
    host = os.environ.get("MONITORKIT_RELEASES") or _HOST
    return f"{host.rstrip('/')}/{program.archive_path(version)}"


def fetch(program: Program, version: str, *, check: Callable[[Path], str]) -> Path:
    """Put a release into the cache and return its executable.

    Parameters
    ----------
    program, version
        What to get.
    check
        Tells the version of the unpacked executable, before it appears in the cache.

    Raises
    ------
    Unobtainable
        If it cannot be downloaded, is not what was published, or does not run here.
    """
    url = address(program, version)
    name = PurePosixPath(url).name.removesuffix(".tar.gz")

    def right(folder: Path) -> None:
        if (said := check(folder / program.name)) != version:
            raise Unobtainable(f"{url} holds version {said}")

    try:
        with session() as http, under_construction(name, check=right) as folder:
            archive = folder / "archive"
            published = _published(http, url)
            _verify(_download(http, url, archive), published, url)
            _unpack(archive, program.executables, folder)
            archive.unlink()
    except OSError as error:
        # What requests raises is an OSError too, as are a full disk and a folder that cannot be written.
        raise Unobtainable(_reason(error, url)) from error
    return cache_folder() / name / program.name


def _reason(error: OSError, url: str) -> str:
    """What went wrong, without the layers of wrapping around it."""
    response = getattr(error, "response", None)
    if response is not None:
        return f"{response.url} answered {response.status_code} {response.reason}"
    if not hasattr(error, "request"):
        return f"cannot be kept in {cache_folder()}: {error}"
    if "Timeout" in type(error).__name__ or "timed out" in str(error):
        return f"{url}: nothing came for {TIMEOUT_SECONDS[1]:g} s"
    return f"{url}: {_innermost(error)}"


def _innermost(error: BaseException) -> str:
    for deeper in (getattr(error, "reason", None), *error.args):
        if isinstance(deeper, BaseException):
            return _innermost(deeper)
    return str(error)


def _published(http: requests.Session, url: str) -> str:
    """Published SHA-256 of an archive, in lower-case hexadecimal."""
    folder, _, archive = url.rpartition("/")
    answer = http.get(f"{folder}/{CHECKSUMS}", timeout=TIMEOUT_SECONDS)
    answer.raise_for_status()
    for line in answer.text.splitlines():
        checksum, _, name = line.partition(" ")
        if name.strip().removeprefix("*") == archive:
            return checksum.lower()
    raise Unobtainable(f"{folder}/{CHECKSUMS} names no {archive}: there is none for this machine")


def _download(http: requests.Session, url: str, file: Path) -> str:
    """Stream a URL into a file under a progress bar and return the SHA-256 of its bytes."""
    digest = hashlib.sha256()
    # Not asked for identity, a server may compress the archive once more, and the bar would not know its size.
    with http.get(url, stream=True, timeout=TIMEOUT_SECONDS, headers={"Accept-Encoding": "identity"}) as answer:
        answer.raise_for_status()
        size = int(answer.headers.get("Content-Length", 0)) or None
        name = PurePosixPath(url).name
        with file.open("wb") as target, progress_bar(size, desc=name, unit="B", unit_scale=True) as bar:
            for chunk in answer.iter_content(_CHUNK):
                target.write(chunk)
                digest.update(chunk)
                bar.update(len(chunk))
    return digest.hexdigest()


def _verify(checksum: str, published: str, url: str) -> None:
    if checksum != published:
        raise Unobtainable(f"{url}: SHA-256 is {checksum}, published is {published}; the download is damaged or forged")


def _unpack(archive: Path, executables: tuple[str, ...], folder: Path) -> None:
    """Take the executables out of an archive, each written under our own name for it.

    No path of the archive is used for writing; an archive with a name or a link that would lead out of its folder
    is refused as a whole all the same, since no release has one.
    """
    try:
        with tarfile.open(archive, "r:gz") as tar:
            members = tar.getmembers()
            for member in members:
                _refuse_escape(member)
            for name in executables:
                _take(tar, _member(members, name), folder / name)
    except (tarfile.TarError, EOFError, ValueError) as error:
        raise Unobtainable(f"the archive cannot be read: {error}") from error


def _refuse_escape(member: tarfile.TarInfo) -> None:
    path = PurePosixPath(member.name)
    if path.is_absolute() or ".." in path.parts or not (member.isfile() or member.isdir()):
        raise Unobtainable(f"the archive is refused: {member.name!r} leads out of it or is no plain file")


def _member(members: list[tarfile.TarInfo], name: str) -> tarfile.TarInfo:
    """The executable of this name, one folder deep as release archives have it."""
    depth = 2
    for member in members:
        path = PurePosixPath(member.name)
        if path.name == name and len(path.parts) <= depth and member.isfile():
            return member
    raise Unobtainable(f"the archive has no {name}")


def _take(tar: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> None:
    source = tar.extractfile(member)
    assert source is not None  # noqa: S101 - it is a plain file
    with source, target.open("wb") as file:
        shutil.copyfileobj(source, file)
    target.chmod(0o755)
