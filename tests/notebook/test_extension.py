import pytest
from ipython_shell import extension_loaded, ipython_shell

from monitorkit.notebook import extension


@pytest.fixture(scope="module")
def ipython():
    with ipython_shell() as shell:
        yield shell


def callbacks(shell):
    return list(shell.events.callbacks["post_run_cell"])


def magics(shell):
    return shell.magics_manager.magics["line"] | shell.magics_manager.magics["cell"]


def test_unloading_leaves_nothing_behind(ipython, capsys):
    before = callbacks(ipython)
    with extension_loaded(ipython):
        assert len(callbacks(ipython)) > len(before)
        assert "promql" in magics(ipython)
    assert callbacks(ipython) == before
    assert "promql" not in magics(ipython)
    assert not ipython.run_cell("%promql up").success


def test_loading_again_replaces_what_was_loaded(ipython):
    with extension_loaded(ipython) as shell:
        first = shell.magics_manager.registry["PromQLMagics"]
        extension.load(shell)
        assert shell.magics_manager.registry["PromQLMagics"] is not first
        assert sum(getattr(each, "__name__", "") == "after_cell" for each in callbacks(shell)) == 1


def test_unloading_what_is_not_loaded_does_nothing(ipython):
    before = callbacks(ipython)
    extension.unload(ipython)
    assert callbacks(ipython) == before


@pytest.mark.parametrize("part", [extension.completion, extension.labextension], ids=lambda part: part.__name__)
def test_completion_is_loaded_and_unloaded_with_the_magics(ipython, monkeypatch, part):
    calls = []
    monkeypatch.setattr(part, "load", lambda shell: calls.append(("load", shell)))
    monkeypatch.setattr(part, "unload", lambda shell: calls.append(("unload", shell)))
    with extension_loaded(ipython):
        pass
    assert calls == [("load", ipython), ("unload", ipython)]
