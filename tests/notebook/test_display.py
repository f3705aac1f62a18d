import base64

import pytest

from monitorkit.dashboards import Dashboard
from monitorkit.dashboards.panels import Stat
from monitorkit.notebook import display


class Publisher:
    def __init__(self):
        self.messages = []

    def publish(self, **message):
        self.messages.append(message)


class Shell:
    def __init__(self):
        self.display_pub = Publisher()
        self.kernel = object()


@pytest.fixture
def shell(monkeypatch):
    shell = Shell()
    monkeypatch.setattr(display, "_shell", lambda: shell)
    return shell


def test_a_picture_is_shown_and_exchanged_under_one_id(shell, server):
    picture = Dashboard("B", [Stat("Up", "up")]).draw(server)
    output = display.PictureOutput(picture)
    output.update(picture)
    first, second = shell.display_pub.messages
    assert (first["update"], second["update"]) == (False, True)
    assert first["transient"] == second["transient"] != display.PictureOutput(picture)._display_id
    assert base64.b64decode(first["data"]["image/png"]) == picture.png
    assert first["metadata"]["image/png"] == {"width": picture.width, "height": picture.height}


def test_another_cells_capture_does_not_catch_it(shell, server):
    picture = Dashboard("B", [Stat("Up", "up")]).draw(server)
    output = display.PictureOutput(picture)
    mine, shell.display_pub = shell.display_pub, Publisher()
    output.update(picture)
    assert len(mine.messages) == 2
    assert shell.display_pub.messages == []


def test_a_kernel_is_a_notebook_and_nothing_else_is(shell, monkeypatch):
    assert display.in_notebook()
    del shell.kernel
    assert not display.in_notebook()
    monkeypatch.undo()
    assert not display.in_notebook()
