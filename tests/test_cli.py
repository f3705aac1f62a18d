import os
import subprocess
import sys

import pytest

from monitorkit import cli, services
from monitorkit.errors import ServiceError
from monitorkit.services.programs.binaries import Binary


@pytest.fixture
def found(monkeypatch, tmp_path):
    """A Prometheus that is found after one place where it is not."""

    def find(name, version=None, *, report=None):
        if report:
            report(f"PATH: no {name} {version} there")
        return Binary(tmp_path / name, "9.8.7", "cache")

    monkeypatch.setattr(services, "find", find)
    monkeypatch.setattr(services, "install", find)
    return tmp_path / "prometheus"


@pytest.mark.parametrize("command", ["install", "find"])
def test_path_and_version_go_to_output_and_reasons_to_errors(capsys, found, command):
    assert cli.main([command, "prometheus", "--version", "9.8.7"]) == 0
    assert capsys.readouterr() == (f"{found} 9.8.7 (cache)\n", "PATH: no prometheus 9.8.7 there\n")


def test_the_path_alone_is_for_scripts(capsys, found):
    assert cli.main(["install", "prometheus", "--quiet", "--print-path"]) == 0
    assert capsys.readouterr() == (f"{found}\n", "")


def test_quiet_says_nothing(capsys, found):
    assert cli.main(["install", "prometheus", "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")


def test_an_error_is_one_line_and_status_1(capsys, monkeypatch):
    def fail(*_, **__):
        raise ServiceError("cannot be installed; do it by hand", service="prometheus")

    monkeypatch.setattr(services, "install", fail)
    assert cli.main(["install", "prometheus"]) == 1
    assert capsys.readouterr() == ("", "monitorkit: prometheus: cannot be installed; do it by hand\n")


def test_an_unknown_program_is_an_error_too(capsys):
    assert cli.main(["find", "nothing"]) == 1
    assert "'nothing' is not known" in capsys.readouterr().err


def test_an_interrupt_ends_with_the_shells_status(monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(services, "install", interrupt)
    assert cli.main(["install", "prometheus"]) == 130


def test_no_command_shows_the_usage(capsys):
    with pytest.raises(SystemExit, match="2"):
        cli.main([])
    assert "usage: monitorkit" in capsys.readouterr().err


def test_the_module_runs_as_a_program():
    done = subprocess.run(
        [sys.executable, "-m", "monitorkit", "--help"], capture_output=True, text=True, timeout=60, check=True
    )
    assert "install" in done.stdout
    assert "find" in done.stdout


def test_a_reader_that_has_seen_enough_is_no_error_to_be_shown():
    reader, writer = os.pipe()
    os.close(reader)
    command = "import sys; from monitorkit import cli; cli.COMMANDS['find'] = cli.Command(lambda _: print('x') or 0); "
    done = subprocess.run(
        [sys.executable, "-c", f"{command}sys.exit(cli.main(['find']))"],
        stdout=writer,
        stderr=subprocess.PIPE,
        timeout=30,
        check=False,
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, b"")
