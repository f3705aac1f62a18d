import os
import subprocess
from pathlib import Path

SCRIPTS = Path(__file__).parents[1] / "scripts"

APT_GET = """#!/bin/sh
case "$*" in *download*) touch "./$(basename "$PWD").deb" ;; esac
"""
DPKG = """#!/bin/sh
case "$1" in
--print-architecture) echo any ;;
-x) mkdir -p "$3/usr/bin" && touch "$3/usr/bin/prometheus" ;;
esac
"""


def test_packages_of_another_suite_come_into_a_folder_named_from_here(tmp_path):
    programs = tmp_path / "programs"
    programs.mkdir()
    for name, text in (("apt-get", APT_GET), ("dpkg", DPKG)):
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    settings = {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "DEBIAN_MIRROR": "http://a",
        "DEBIAN_KEYRING": str(programs),
    }
    done = subprocess.run(
        ["bash", SCRIPTS / "debian-suite.sh", "forky", ".cache/newer", "prometheus"],
        cwd=tmp_path,
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / ".cache/newer/usr/bin/prometheus").is_file()
    assert [path.name for path in (tmp_path / ".cache").iterdir()] == ["newer"]
