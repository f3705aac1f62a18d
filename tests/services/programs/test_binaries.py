import os

import pytest

from monitorkit.errors import InvalidValue, ServiceError
from monitorkit.services.programs import binaries, debian, release
from monitorkit.services.programs.binaries import Binary, beside, find, install
from monitorkit.services.programs.catalog import Unobtainable, machine


def program(folder, version="9.8.7", name="prometheus"):
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    file.write_text(f"#!/bin/sh\necho 'prometheus, version {version}+ds (branch: none)'\n")
    file.chmod(0o755)
    return file


@pytest.fixture(autouse=True)
def nowhere(tmp_path, monkeypatch):
    """No Prometheus in the environment, on PATH or in the cache, and none to be downloaded."""
    monkeypatch.delenv("MONITORKIT_PROMETHEUS", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("MONITORKIT_CACHE", str(tmp_path / "cache"))

    def offline(*_, **__):
        raise Unobtainable("offline")

    monkeypatch.setattr(release, "fetch", offline)
    monkeypatch.setattr(debian, "fetch", offline)
    return tmp_path


def test_the_environment_variable_comes_first(nowhere, monkeypatch):
    program(nowhere / "bin", "1.0.0")
    chosen = program(nowhere / "mine", "2.0.0")
    monkeypatch.setenv("MONITORKIT_PROMETHEUS", str(chosen))
    assert find("prometheus") == Binary(chosen, "2.0.0", "MONITORKIT_PROMETHEUS")


def test_a_wrong_environment_variable_is_not_passed_over(nowhere, monkeypatch):
    program(nowhere / "bin")
    monkeypatch.setenv("MONITORKIT_PROMETHEUS", str(nowhere / "none"))
    with pytest.raises(ServiceError, match=r"MONITORKIT_PROMETHEUS is '.*none', which is no executable file"):
        find("prometheus")


def test_path_comes_before_the_cache(nowhere):
    cached = program(nowhere / "cache" / f"prometheus-3.0.0.{machine()}", "3.0.0")
    assert find("prometheus") == Binary(cached, "3.0.0", "cache")
    on_path = program(nowhere / "bin", "1.0.0")
    assert find("prometheus") == Binary(on_path, "1.0.0", "PATH")


def test_the_newest_of_the_cache_is_taken(nowhere):
    for version in ("3.5.10", "3.5.9", "2.60.0"):
        program(nowhere / "cache" / f"prometheus-{version}.{machine()}", version)
    program(nowhere / "cache" / f"prometheus-2.42.0-debian.{machine()}", "2.42.0")
    assert find("prometheus").version == "3.5.10"
    assert find("prometheus", "2.42.0").version == "2.42.0"


def test_one_of_another_version_is_passed_over_with_its_reason(nowhere):
    program(nowhere / "bin", "1.0.0")
    program(nowhere / "cache" / f"prometheus-3.0.0.{machine()}", "3.0.0")
    reasons = []
    assert find("prometheus", "v3.0.0", report=reasons.append).source == "cache"
    assert [reason.partition(":")[0] for reason in reasons] == ["MONITORKIT_PROMETHEUS", "PATH"]
    assert "is 1.0.0, not 3.0.0" in reasons[1]


def test_one_that_does_not_run_is_passed_over_with_its_reason(nowhere):
    broken = program(nowhere / "bin")
    broken.write_bytes(b"\x7fELF no program")
    program(nowhere / "cache" / f"prometheus-3.0.0.{machine()}", "3.0.0")
    reasons = []
    assert find("prometheus", report=reasons.append).version == "3.0.0"
    assert "prometheus does not run here" in reasons[1]


def test_where_there_is_none_the_error_lists_where_was_looked_and_what_to_do():
    with pytest.raises(ServiceError, match=r"(?s)not found.*is not set.*PATH: no.*cache: no.*`monitorkit install prom"):
        find("prometheus")


def test_where_none_can_be_had_each_reason_stands_once_with_what_to_do_by_hand():
    with pytest.raises(ServiceError, match="cannot be installed") as caught:
        install("prometheus", "3.4.5")
    text = str(caught.value)
    for way in ("MONITORKIT_PROMETHEUS:", "PATH:", "cache:", "release archive: offline", "Debian package: offline"):
        assert text.count(f"  {way}") == 1
    assert f"/v3.4.5/prometheus-3.4.5.{machine()}.tar.gz and set MONITORKIT_PROMETHEUS" in text


def test_reasons_that_were_reported_are_not_repeated_in_the_error():
    reasons = []
    with pytest.raises(ServiceError, match=r"^prometheus: cannot be installed; by hand: unpack"):
        install("prometheus", report=reasons.append)
    assert len(reasons) == 5


def test_installing_goes_on_to_the_next_way(nowhere, monkeypatch):
    asked = []

    def fetch(wanted, version, *, check):
        asked.append((wanted.name, version))
        return program(nowhere / "fetched", "2.42.0")

    monkeypatch.setattr(debian, "fetch", fetch)
    assert install("prometheus").source == "Debian package"
    assert asked == [("prometheus", None)]


def test_installing_asks_for_the_pinned_release(nowhere, monkeypatch):
    def fetch(wanted, version, *, check):
        return program(nowhere / "fetched", version)

    monkeypatch.setattr(release, "fetch", fetch)
    assert install("prometheus") == Binary(nowhere / "fetched" / "prometheus", "3.5.3", "release archive")


@pytest.mark.parametrize("version", ["3.5", "latest", "../../3.5.3", "3.5.3/x"])
def test_what_is_no_version_is_refused(version):
    with pytest.raises(InvalidValue, match="is no version; write three numbers"):
        install("prometheus", version)


def test_an_unknown_program_is_refused():
    with pytest.raises(InvalidValue, match="'promethous' is not known; choose from prometheus"):
        find("promethous")


def test_a_companion_is_found_beside_and_then_on_path(nowhere):
    prometheus = program(nowhere / "mine")
    assert beside(prometheus, "promtool") is None
    on_path = program(nowhere / "bin", name="promtool")
    assert beside(prometheus, "promtool") == on_path
    near = program(nowhere / "mine", name="promtool")
    assert beside(prometheus, "promtool") == near


def test_a_program_replaced_by_another_is_asked_again(nowhere):
    file = program(nowhere / "mine", "1.0.0")
    assert binaries.version_of(file) == "1.0.0"
    program(nowhere / "mine", "1.0.10")
    os.utime(file, (1, 1))
    assert binaries.version_of(file) == "1.0.10"
