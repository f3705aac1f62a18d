"""The JupyterLab extension: what is committed is what its sources give, and an install has it."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = ROOT / "labextension"
BUNDLE = ROOT / "monitorkit" / "labextension"
NAME = "@monitorkit/jupyterlab-promql"


def node_version():
    """The version of Node here, (0,) where there is none."""
    if not shutil.which("node") or not shutil.which("npm"):
        return (0,)
    told = subprocess.run(["node", "--version"], stdout=subprocess.PIPE, text=True, check=True, timeout=60).stdout
    return tuple(map(int, re.findall(r"\d+", told)))


NODE = node_version() >= (20, 19)


def checksum(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def files(folder):
    return {path.relative_to(folder).as_posix(): checksum(path) for path in folder.rglob("*") if path.is_file()}


def package(folder):
    return json.loads((folder / "package.json").read_text(encoding="utf-8"))


def test_what_is_committed_was_built_from_the_sources_beside_it():
    built = {}
    for line in (SOURCES / "built.sha256").read_text(encoding="utf-8").splitlines():
        written, name = line.split("  ")
        built[(SOURCES / name).resolve()] = written
    names = ["licenses.mjs", "package.json", "package-lock.json", "rspack.config.cjs", "tsconfig.json"]
    paths = [*(SOURCES / name for name in names), *(SOURCES / "src").rglob("*"), *BUNDLE.rglob("*")]
    now = {path.resolve(): checksum(path) for path in paths if path.is_file()}
    assert now == built, "sources and bundle differ: run `make labextension` and commit what it writes"


def test_the_bundle_is_small_and_names_the_licences_of_what_is_in_it():
    assert sum(path.stat().st_size for path in BUNDLE.rglob("*")) < 120_000
    assert package(BUNDLE)["jupyterlab"]["_build"]["load"] in files(BUNDLE)
    report = json.loads((BUNDLE / "static" / "third-party-licenses.json").read_text(encoding="utf-8"))
    licences = {entry["name"]: entry["licenseId"] for entry in report["packages"]}
    assert set(package(SOURCES)["dependencies"]) <= set(licences)
    assert set(licences.values()) <= {"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "MIT"}
    assert all(len(entry["extractedText"]) > 500 for entry in report["packages"])


def test_what_it_is_built_with_is_fixed_and_from_any_registry():
    lock = (SOURCES / "package-lock.json").read_text(encoding="utf-8")
    assert "://" not in lock
    described = package(SOURCES)
    for name, version in (described["dependencies"] | described["devDependencies"]).items():
        assert re.fullmatch(r"\d+\.\d+\.\d+", version), name
        assert json.loads(lock)["packages"][f"node_modules/{name}"]["version"] == version


def test_it_knows_which_options_of_the_magic_take_a_value():
    from monitorkit.notebook.options import OPTIONS

    written = (SOURCES / "src" / "options.ts").read_text(encoding="utf-8")
    names = re.search(r"VALUED = \[([^]]*)\]", written)[1].replace("'", "").split(", ")
    assert [f"--{name}" for name in names] == [option.name for option in OPTIONS if option.metavar]


@pytest.mark.parametrize("how", [[], ["--editable"]], ids=["installed", "editable"])
def test_an_install_shows_it_to_jupyterlab(how, tmp_path):
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*command, "--ignore-installed", "--prefix", tmp_path, *how, ROOT], check=True, timeout=100)
    share = tmp_path / "share" / "jupyter"
    installed = files(share / "labextensions" / NAME)
    assert installed == files(BUNDLE) | {"install.json": checksum(SOURCES / "install.json")}
    assert not list(tmp_path.rglob("monitorkit/labextension")), "it is in the install twice"
    settings = json.loads((share / "lab" / "settings" / "overrides.d" / "monitorkit.json").read_text(encoding="utf-8"))
    assert settings["@jupyterlab/completer-extension:manager"] == {"showDocumentationPanel": True}

    folders = {f"JUPYTER_{kind}_DIR": str(tmp_path / kind) for kind in ("CONFIG", "DATA", "RUNTIME")}
    listed = subprocess.run(
        [sys.executable, "-m", "jupyter", "labextension", "list"],
        env=os.environ | folders | {"JUPYTER_PATH": str(share)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=True,
        timeout=60,
    ).stdout
    plain = re.sub(r"\x1b\[\d*m", "", listed)
    own = plain[plain.index(str(share)) :]
    assert re.search(rf"{NAME} v{package(BUNDLE)['version']} enabled OK \(python, monitorkit\)", own), plain


@pytest.mark.skipif(not (NODE and os.environ.get("CI")), reason="only in CI, and with Node: it takes half a minute")
@pytest.mark.timeout(600)
def test_building_again_gives_the_same_bytes(tmp_path):
    shutil.copytree(SOURCES, tmp_path / "labextension", ignore=shutil.ignore_patterns("node_modules", "lib"))
    (tmp_path / "scripts").mkdir()
    shutil.copy(ROOT / "scripts" / "build_labextension.sh", tmp_path / "scripts")
    built = subprocess.run(
        ["sh", "scripts/build_labextension.sh"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=580,
    )
    assert built.returncode == 0, built.stdout
    assert files(tmp_path / "monitorkit" / "labextension") == files(BUNDLE)
    assert (tmp_path / "labextension" / "built.sha256").read_bytes() == (SOURCES / "built.sha256").read_bytes()
