import json
import subprocess
import sys

import pytest

from monitorkit.lazy import lazy_module


def test_a_module_is_loaded_when_something_of_it_is_used():
    code = (
        "import sys; from monitorkit.lazy import lazy_module; colors = lazy_module('colorsys');"
        "before = 'colorsys' in sys.modules; colors.rgb_to_hsv(0, 0, 0); print(before, 'colorsys' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False True\n"


def test_what_is_put_into_the_module_is_seen(monkeypatch):
    lazy = lazy_module("json")
    assert lazy.dumps([1]) == "[1]"
    monkeypatch.setattr(json, "dumps", lambda _: "another")
    assert lazy.dumps([1]) == "another"


def test_what_is_not_there_is_told_by_its_name():
    with pytest.raises(AttributeError, match="module 'json' has no attribute 'nonsense'"):
        _ = lazy_module("json").nonsense
    with pytest.raises(ModuleNotFoundError, match="No module named 'no_such_module'"):
        _ = lazy_module("no_such_module").anything
