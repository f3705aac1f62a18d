import hashlib
import io
import os
import tarfile
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from monitorkit.services.programs import binaries, release
from monitorkit.services.programs.catalog import Unobtainable, machine, program

PROMETHEUS = program("prometheus")
VERSION = "9.8.7"
STEM = f"prometheus-{VERSION}.{machine()}"
FOLDER = f"prometheus/prometheus/releases/download/v{VERSION}"
SCRIPT = f"#!/bin/sh\necho 'prometheus, version {VERSION} (branch: none)'\n".encode()


class Handler(SimpleHTTPRequestHandler):
    """Serves a folder; archives in ``stalling`` stop after half of their bytes, those in ``cut`` end there."""

    stalling = threading.Event()
    cut = threading.Event()
    released = threading.Event()

    def log_message(self, *arguments):
        pass

    def copyfile(self, source, outputfile):
        if not self.path.endswith(".tar.gz") or not (self.stalling.is_set() or self.cut.is_set()):
            super().copyfile(source, outputfile)
            return
        body = source.read()
        outputfile.write(body[: len(body) // 2])
        outputfile.flush()
        if self.stalling.is_set():
            self.released.wait(30)


@pytest.fixture
def site(tmp_path, monkeypatch):
    """Folder that a release host serves, under ``MONITORKIT_RELEASES``; the cache is empty."""
    root = tmp_path / "site"
    (root / FOLDER).mkdir(parents=True)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(root)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setenv("MONITORKIT_RELEASES", f"http://127.0.0.1:{server.server_port}/")
    monkeypatch.setenv("MONITORKIT_CACHE", str(tmp_path / "cache"))
    for event in (Handler.stalling, Handler.cut, Handler.released):
        event.clear()
    yield root / FOLDER
    Handler.released.set()
    server.shutdown()
    server.server_close()
    thread.join()


def archive(members):
    """A .tar.gz of (name, content) pairs; a content that is a TarInfo is put in as it is."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in members:
            if isinstance(content, tarfile.TarInfo):
                tar.addfile(content)
                continue
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def publish(site, members=None, *, body=None, checksum=None):
    body = body or archive(members or good())
    (site / f"{STEM}.tar.gz").write_bytes(body)
    checksum = checksum or hashlib.sha256(body).hexdigest()
    (site / "sha256sums.txt").write_text(f"{'0' * 64}  other.tar.gz\n{checksum}  {STEM}.tar.gz\n")


def good():
    return [
        (f"{STEM}/{name}", content)
        for name, content in (("LICENSE", b"x"), ("prometheus", SCRIPT), ("promtool", SCRIPT))
    ]


def fetch():
    return release.fetch(PROMETHEUS, VERSION, check=binaries.version_of)


def refused(site, match):
    with pytest.raises(Unobtainable, match=match):
        fetch()
    cache = site.parents[4] / "cache"
    assert list(cache.glob("*")) == []


def test_a_release_is_downloaded_verified_and_kept(site, tmp_path):
    publish(site)
    found = fetch()
    assert found == tmp_path / "cache" / STEM / "prometheus"
    assert sorted(file.name for file in found.parent.iterdir()) == ["prometheus", "promtool"]
    assert binaries.version_of(found) == VERSION


def test_the_address_is_that_of_the_official_host_unless_a_mirror_is_named(monkeypatch):
    monkeypatch.delenv("MONITORKIT_RELEASES", raising=False)
    assert release.address(PROMETHEUS, VERSION) == f"https://github.com/{FOLDER}/{STEM}.tar.gz"


def test_the_bar_knows_the_real_size(site, monkeypatch):
    totals = []
    real = release.progress_bar
    monkeypatch.setattr(
        release, "progress_bar", lambda total, **options: totals.append(total) or real(total, **options)
    )
    publish(site)
    fetch()
    assert totals == [(site / f"{STEM}.tar.gz").stat().st_size]


def test_a_wrong_checksum_is_refused(site):
    publish(site, checksum="1" * 64)
    refused(site, "published is 1111.*damaged or forged")


def test_an_archive_that_the_checksums_do_not_name_is_refused(site):
    publish(site)
    (site / "sha256sums.txt").write_text(f"{'0' * 64}  other.tar.gz\n")
    refused(site, "names no prometheus-9.8.7.*there is none for this machine")


def test_a_truncated_archive_is_refused_even_where_its_checksum_was_published(site):
    whole = archive([(f"{STEM}/prometheus", os.urandom(10_000)), *good()])
    publish(site, body=whole[: len(whole) // 2])
    refused(site, "the archive cannot be read")


def test_a_connection_cut_in_the_middle_is_refused(site):
    publish(site, [*good(), (f"{STEM}/big", bytes(range(256)) * 4000)])
    Handler.cut.set()
    refused(site, "tar.gz: ")


def test_a_stall_ends(site, monkeypatch):
    monkeypatch.setattr(release, "TIMEOUT_SECONDS", (5.0, 0.3))
    publish(site)
    Handler.stalling.set()
    refused(site, r"nothing came for 0\.3 s")


def link(name, to, kind=tarfile.SYMTYPE):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, to
    return name, info


@pytest.mark.parametrize(
    "member",
    [
        (f"{STEM}/../../escaped", b"x"),
        ("../escaped", b"x"),
        ("/nowhere/monitorkit-escaped", b"x"),
        link(f"{STEM}/prometheus", "/bin/sh"),
        link(f"{STEM}/data", "../.."),
        link(f"{STEM}/promtool", "../../../bin/sh", tarfile.LNKTYPE),
        link(f"{STEM}/pipe", "", tarfile.FIFOTYPE),
    ],
    ids=["inner ..", "..", "absolute", "symlink", "folder link", "hard link", "pipe"],
)
def test_an_archive_that_would_lead_out_of_its_folder_is_refused(site, tmp_path, member):
    publish(site, [member, *good()])
    refused(site, "the archive is refused")
    assert not list(tmp_path.rglob("*escaped"))


def test_an_archive_without_the_program_is_refused(site):
    publish(site, [(f"{STEM}/promtool", SCRIPT), (f"{STEM}/docs/prometheus", SCRIPT)])
    refused(site, "has no prometheus")


def test_a_release_that_does_not_exist_is_named(site):
    refused(site, "answered 404")


def test_a_host_that_is_down_is_named(site, monkeypatch):
    monkeypatch.setenv("MONITORKIT_RELEASES", "http://127.0.0.1:1")
    refused(site, r"127\.0\.0\.1:1/.*refused")


def test_a_program_of_another_version_is_refused(site):
    other = SCRIPT.replace(VERSION.encode(), b"1.2.3")
    publish(site, [(f"{STEM}/prometheus", other), (f"{STEM}/promtool", other)])
    refused(site, r"holds version 1\.2\.3")


def test_a_program_that_does_not_run_here_is_refused(site):
    publish(site, [(f"{STEM}/prometheus", b"\x7fELF no program"), (f"{STEM}/promtool", SCRIPT)])
    refused(site, "prometheus does not run here")


def test_a_cache_that_cannot_be_written_is_named(site, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MONITORKIT_CACHE", str(tmp_path / "file" / "cache"))
    publish(site)
    with pytest.raises(Unobtainable, match=r"cannot be kept in .*file/cache"):
        fetch()


def test_two_at_once_both_get_it(site):
    publish(site)
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _: fetch(), range(2))
    assert first == second
    assert binaries.version_of(first) == VERSION


def test_one_that_has_been_damaged_is_replaced(site):
    publish(site)
    found = fetch()
    found.write_text("")
    assert binaries.version_of(fetch()) == VERSION
