"""What `import monitorkit` promises."""

import ast
import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import monitorkit

ROOT = Path(__file__).parents[1]
HEAVY = ("pandas", "numpy", "matplotlib", "IPython", "requests", "uvicorn", "prometheus_client", "yaml", "asyncio")


@pytest.mark.parametrize("name", monitorkit.__all__)
def test_a_public_name_is_there_and_documented(name):
    value = getattr(monitorkit, name)
    assert value.__doc__, f"{name} has no docstring"


def test_type_checkers_see_the_same_names_as_users():
    tree = ast.parse(Path(monitorkit.__file__).read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    seen = {alias.name for node in block.body for alias in node.names}
    assert seen == set(monitorkit.__all__)
    assert sorted(monitorkit.__all__) == monitorkit.__all__


@pytest.mark.parametrize("package", sorted(path.parent.name for path in (ROOT / "monitorkit").glob("*/__init__.py")))
def test_every_name_in_all_exists(package):
    module = import_module(f"monitorkit.{package}")
    assert all(hasattr(module, name) for name in module.__all__)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'monitorkit' has no attribute 'nonsense'"):
        _ = monitorkit.nonsense


def test_a_mistyped_name_carries_what_python_needs_to_suggest_another():
    with pytest.raises(AttributeError, match="quantile") as raised:
        _ = monitorkit.quantile
    assert (raised.value.name, raised.value.obj) == ("quantile", monitorkit)
    assert "quantiles" in dir(raised.value.obj)


def test_importing_is_light_and_starts_nothing():
    code = (
        "import sys, threading, json; before = set(sys.modules); import monitorkit;"
        "print(json.dumps([sorted({m.split('.')[0] for m in set(sys.modules) - before}), threading.active_count()]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    modules, n_threads = json.loads(done.stdout)
    assert not set(HEAVY) & set(modules)
    assert n_threads == 1
    assert done.stderr == ""


@pytest.mark.parametrize("readme", ["README.md", "README.zh-CN.md"])
def test_the_readme_names_only_what_exists(readme):
    text = (ROOT / readme).read_text(encoding="utf-8")
    block = text.split("```python", 1)[1].split("```", 1)[0]
    used = {
        node.attr
        for node in ast.walk(ast.parse(block))
        if isinstance(node, ast.Attribute) and getattr(node.value, "id", "") == "mk"
    }
    assert used <= set(monitorkit.__all__)
    assert used
