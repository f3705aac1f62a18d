import pytest

from monitorkit.errors import ServiceError
from monitorkit.processes import Completed
from monitorkit.services.programs import debian
from monitorkit.services.programs.binaries import version_of
from monitorkit.services.programs.catalog import Unobtainable, machine, program

PROMETHEUS = program("prometheus")
OFFER = (
    "'http://deb.example/prometheus_2.42.0%2bds-5_amd64.deb' prometheus_2.42.0+ds-5+deb12u1_amd64.deb 19 SHA256:81\n"
)
SCRIPT = "#!/bin/sh\necho 'prometheus, version 2.42.0+ds (branch: none)'\n"


@pytest.fixture
def apt(tmp_path, monkeypatch):
    """A machine with apt and dpkg, whose answers a test decides; what was asked is recorded."""
    answers = {
        "offer": Completed(0, OFFER),
        "prometheus": Completed(0, ""),
        "promtool": Completed(100, "E: Unable to locate package promtool\n"),
    }
    asked = []

    def run(argv, *, timeout_seconds, cwd=None, env=None):
        asked.append([str(argument) for argument in argv])
        if argv[0] == "dpkg":
            for name in ("prometheus", "promtool"):
                file = argv[3] / "usr" / "bin" / name
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(SCRIPT)
                file.chmod(0o755)
            return Completed(0, "")
        if "--print-uris" in argv:
            return answers["offer"]
        package = argv[-1]
        if answers[package].returncode == 0:
            (cwd / f"{package}.deb").touch()
        return answers[package]

    monkeypatch.setenv("MONITORKIT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(debian, "run", run)
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    return answers, asked


def fetch(version=None):
    return debian.fetch(PROMETHEUS, version, check=version_of)


def test_the_executables_of_the_package_are_kept(apt, tmp_path):
    found = fetch()
    assert found == tmp_path / "cache" / f"prometheus-2.42.0-debian.{machine()}" / "prometheus"
    assert sorted(file.name for file in found.parent.iterdir()) == ["prometheus", "promtool"]


def test_a_package_of_another_version_is_not_downloaded(apt):
    with pytest.raises(Unobtainable, match=r"is 2\.42\.0, not 3\.5\.3"):
        fetch("3.5.3")
    assert len(apt[1]) == 1


def test_missing_package_lists_are_named_with_what_to_do(apt):
    apt[0]["offer"] = Completed(100, "E: Unable to locate package prometheus\n")
    with pytest.raises(Unobtainable, match="Unable to locate package prometheus; `sudo apt-get update`"):
        fetch()


def test_a_failing_download_is_named(apt, tmp_path):
    apt[0]["prometheus"] = Completed(100, "W: unsandboxed\nE: Failed to fetch\nE: Unable to fetch some\n")
    with pytest.raises(Unobtainable, match="Failed to fetch; Unable to fetch some"):
        fetch()
    assert list((tmp_path / "cache").iterdir()) == []


def test_apt_that_hangs_is_named(apt, monkeypatch):
    def run(*_, **__):
        raise ServiceError("did not end within 600 s", service="apt-get")

    monkeypatch.setattr(debian, "run", run)
    with pytest.raises(Unobtainable, match="apt-get: did not end within 600 s"):
        fetch()


@pytest.mark.parametrize("tool", ["apt-get", "dpkg"])
def test_a_machine_without_debian_is_named(monkeypatch, tool):
    monkeypatch.setattr("shutil.which", lambda name: None if name == tool else name)
    with pytest.raises(Unobtainable, match=f"there is no {tool} on this machine"):
        fetch()


def test_the_real_package_works_without_being_installed(tmp_path, monkeypatch):
    monkeypatch.setenv("MONITORKIT_CACHE", str(tmp_path))
    try:
        found = fetch()
    except Unobtainable as reason:
        pytest.skip(f"no Debian package to be had here: {reason}")
    assert version_of(found)
    assert version_of(found.with_name("promtool"))
