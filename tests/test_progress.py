import os
import pty
import subprocess
import sys
import termios

import pytest
import tqdm.notebook

from monitorkit.progress import progress_bar

CODE = """
from monitorkit import progress
progress.DELAY_SECONDS = 0
with progress.progress_bar(10, desc="steps", shown={shown}, mininterval=0) as bar:
    for _ in range(10):
        bar.update()
"""


def in_a_terminal(code):
    """What a program writes to a terminal."""
    master, slave = pty.openpty()
    termios.tcsetwinsize(slave, (24, 80))
    subprocess.run([sys.executable, "-c", code], stderr=slave, stdout=slave, check=True, timeout=60)
    os.close(slave)
    written = b""
    try:
        while part := os.read(master, 4096):
            written += part
    except OSError:  # Linux' way to say that the other end has closed
        pass
    os.close(master)
    return written.decode()


def test_a_terminal_shows_the_bar():
    assert "steps" in in_a_terminal(CODE.format(shown=True))


@pytest.mark.parametrize("shown", [True, False])
def test_a_file_stays_clean(shown):
    done = subprocess.run([sys.executable, "-c", CODE.format(shown=shown)], capture_output=True, check=True, timeout=60)
    assert done.stderr == done.stdout == b""


def test_a_bar_that_is_not_wanted_is_not_shown():
    assert in_a_terminal(CODE.format(shown=False)) == ""


@pytest.mark.parametrize("steps", [5, 10])
def test_in_a_notebook_a_bar_goes_when_its_block_is_done_however_far_it_came(monkeypatch, steps):
    monkeypatch.setattr("tqdm.auto.tqdm", tqdm.notebook.tqdm)
    with progress_bar(10, desc="steps") as bar:
        bar.update(steps)
    assert bar.container.layout.visibility == "hidden"


def test_in_a_notebook_a_bar_stays_where_its_block_failed(monkeypatch):
    monkeypatch.setattr("tqdm.auto.tqdm", tqdm.notebook.tqdm)
    with pytest.raises(TypeError, match="str"), progress_bar(10, desc="steps") as bar:
        bar.update("five")
    assert bar.container.children[1].bar_style == "danger"
    assert bar.container.layout.visibility != "hidden"
