"""A real IPython without a terminal."""

from contextlib import contextmanager

from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config


@contextmanager
def ipython_shell():
    """Run one; there is a single one in a process at a time."""
    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "nocolor"
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance(config=config)
    try:
        yield shell
    finally:
        InteractiveShell.clear_instance()


@contextmanager
def extension_loaded(shell):
    """Load the extension, and leave the shell as it was."""
    before = dict(shell.user_ns)
    shell.run_line_magic("load_ext", "monitorkit")
    try:
        yield shell
    finally:
        shell.run_line_magic("unload_ext", "monitorkit")
        for name in set(shell.user_ns) - set(before):
            del shell.user_ns[name]
