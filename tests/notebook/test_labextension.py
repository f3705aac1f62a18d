"""What the kernel answers to the JupyterLab extension; that the two understand each other is tested in a browser."""

from types import SimpleNamespace

import comm
import pytest

from monitorkit.notebook import labextension


class Comm:
    """A front-end's end of a comm."""

    def __init__(self):
        self.said = []
        self.closed = False

    def on_msg(self, callback):
        self.receive = callback

    def send(self, data):
        self.said.append(data)

    def close(self):
        self.closed = True

    def ask(self, **question):
        self.receive({"content": {"data": question}})
        return self.said[-1]


@pytest.fixture
def targets(monkeypatch):
    manager = comm.CommManager()
    monkeypatch.setattr(labextension, "get_comm_manager", lambda: manager)
    return manager.targets


@pytest.fixture
def shell():
    return SimpleNamespace(kernel=object(), meta={}, user_ns={"window": "5m"})


@pytest.fixture
def opened(shell, targets):
    labextension.load(shell)
    opened = Comm()
    targets[labextension.TARGET](opened, {})
    yield opened
    labextension.unload(shell)


def test_entries_come_with_the_span_that_they_replace_counted_in_characters(opened):
    code = 'x = "😀"\n%promql label_repl'
    reply = opened.ask(id=7, method="complete", code=code, cursor=len(code))
    start = code.index("label_repl")
    item = {"text": "label_replace", "type": "function"}
    assert reply == {"id": 7, "answer": {"start": start, "end": len(code), "items": [item]}}


def test_the_users_variables_are_offered_in_a_template(opened):
    code = "%promql rate(up[{{wi"
    reply = opened.ask(id=1, method="complete", code=code, cursor=len(code))
    assert [item["text"] for item in reply["answer"]["items"]] == ["window"]


def test_help_is_text(opened):
    reply = opened.ask(id=2, method="inspect", code="%promql rate(up[5m])", cursor=9)
    assert reply["answer"].startswith("rate(range)")


@pytest.mark.parametrize("method", ["complete", "inspect"])
def test_python_is_left_to_others(opened, method):
    assert opened.ask(id=3, method=method, code="import os\nos.envi", cursor=17) == {"id": 3, "answer": None}


@pytest.mark.parametrize(
    "question",
    [{}, {"method": "run", "code": "1", "cursor": 1}, {"method": "complete", "code": None, "cursor": "x"}],
    ids=["empty", "another method", "other types"],
)
def test_what_cannot_be_answered_gets_a_reply_all_the_same(opened, question):
    assert opened.ask(id=4, **question) == {"id": 4, "answer": None}


def test_loading_twice_leaves_one_and_unloading_none(shell, targets, opened):
    labextension.load(shell)
    assert opened.closed
    assert list(targets) == [labextension.TARGET]
    labextension.unload(shell)
    assert not targets
    labextension.unload(shell)


def test_a_terminal_has_no_extension_to_answer(targets):
    labextension.load(SimpleNamespace(meta={}, user_ns={}))
    assert not targets
