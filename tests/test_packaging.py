"""The files that describe the project agree with each other."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def requirements(texts):
    parsed = [Requirement(text) for text in texts]
    return {canonicalize_name(requirement.name): str(requirement.specifier) for requirement in parsed}


def conda_requirements():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    assert set(environment) == {"name", "channels", "dependencies"}
    plain = [entry for entry in environment["dependencies"] if isinstance(entry, str)]
    through_pip = [text for entry in environment["dependencies"] if isinstance(entry, dict) for text in entry["pip"]]
    return requirements([*plain, *(text for text in through_pip if not text.startswith("-"))])


def test_conda_users_get_what_pip_users_get():
    have = conda_requirements()
    assert have.pop("python") == PROJECT["requires-python"]
    assert have.pop("pip") == ""
    assert have == requirements([*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["lab"]])


@pytest.mark.parametrize("readme", ["README.md", "README.zh-CN.md"])
def test_the_readme_gives_a_reason_for_each_dependency(readme):
    text = (ROOT / readme).read_text(encoding="utf-8")
    named = {
        canonicalize_name(name)
        for line in text.splitlines()
        if line.startswith("|")
        for name in re.findall(r"`([\w.-]+)`", line)
    }
    wanted = requirements([*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["lab"]])
    assert set(wanted) <= named


def test_the_version_is_the_same_everywhere():
    import monitorkit

    assert monitorkit.__version__ == PROJECT["version"]
    assert f"## {PROJECT['version']}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
