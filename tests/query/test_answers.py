import threading
import time

import pytest

from monitorkit import processes
from monitorkit.errors import QueryError, ServerUnavailable
from monitorkit.query import answers as module
from monitorkit.query.answers import Answers


class Server:
    """Counts what it is asked; answers when it is let."""

    def __init__(self):
        self.free = threading.Event()
        self.asked = []

    def fetch(self, key, result="answer"):
        def ask():
            self.asked.append(key)
            assert self.free.wait(20)
            if isinstance(result, Exception):
                raise result
            return result

        return ask


@pytest.fixture
def server():
    server = Server()
    yield server
    server.free.set()


def look(answers, server, key, *, wait=None, result="answer"):
    deadline = None if wait is None else time.monotonic() + wait
    return answers.look((key,), server.fetch(key, result), deadline)


def wait_until(condition):
    return processes.wait_until(condition, timeout_seconds=20)


def settled(answers):
    return wait_until(lambda: answers._thread is None)


def test_who_asks_does_not_wait(server):
    answers = Answers()
    began = time.monotonic()
    assert look(answers, server, "a") is None
    assert time.monotonic() - began < 0.1
    server.free.set()
    assert wait_until(lambda: look(answers, server, "a") == "answer")
    assert server.asked == ["a"]


def test_who_is_patient_waits_until_the_answer_comes(server):
    answers = Answers()
    threading.Timer(0.02, server.free.set).start()
    assert look(answers, server, "a", wait=20) == "answer"


def test_patience_ends_at_the_deadline(server):
    answers = Answers()
    began = time.monotonic()
    deadline = began + 0.05
    for key in "abc":
        assert answers.look((key,), server.fetch(key), deadline) is None
    assert 0.04 < time.monotonic() - began < 0.5


def test_nobody_waits_for_what_is_known_already(server, monkeypatch):
    monkeypatch.setattr(module, "FRESH_SECONDS", 0)
    monkeypatch.setattr(module, "REST_FACTOR", 0)
    server.free.set()
    answers = Answers()
    assert look(answers, server, "a", wait=20) == "answer"
    server.free.clear()
    began = time.monotonic()
    assert look(answers, server, "a", wait=20, result="newer") == "answer"
    assert time.monotonic() - began < 1
    server.free.set()
    assert wait_until(lambda: look(answers, server, "a", result="newer") == "newer")


def test_what_is_fresh_is_not_asked_again(server):
    server.free.set()
    answers = Answers()
    for _ in range(5):
        assert look(answers, server, "a", wait=20) == "answer"
    assert server.asked == ["a"]


def test_what_took_long_rests_longer(server, monkeypatch):
    monkeypatch.setattr(module, "FRESH_SECONDS", 0)
    answers = Answers()
    threading.Timer(0.1, server.free.set).start()
    assert look(answers, server, "slow", wait=20) == "answer"
    assert settled(answers)
    assert answers._answers["slow",].due - time.monotonic() > 1  # twenty times a tenth of a second


def test_the_latest_question_is_fetched_first(server):
    answers = Answers()
    look(answers, server, "first")
    assert wait_until(lambda: server.asked == ["first"])
    look(answers, server, "early")
    look(answers, server, "late")
    server.free.set()
    assert settled(answers)
    assert server.asked == ["first", "late", "early"]


def test_a_server_that_does_not_answer_is_left_alone_for_a_while(server, monkeypatch):
    server.free.set()
    answers = Answers()
    look(answers, server, "a", wait=20, result=ServerUnavailable("http://x", "down"))
    assert settled(answers)
    began = time.monotonic()
    assert look(answers, server, "a", wait=20) is None
    assert look(answers, server, "b", wait=20) is None
    assert time.monotonic() - began < 1
    assert server.asked == ["a"]
    answers._silent_until = answers._answers["a",].due = 0  # the while is over
    assert look(answers, server, "a", wait=20) == "answer"


def test_questions_in_the_queue_are_dropped_when_the_server_falls_silent(server):
    answers = Answers()
    look(answers, server, "in line")
    assert wait_until(lambda: server.asked == ["in line"])
    look(answers, server, "behind")
    look(answers, server, "failing", result=ServerUnavailable("http://x", "down"))
    server.free.set()
    assert settled(answers)
    assert server.asked == ["in line", "failing"]
    answers._silent_until = 0
    assert look(answers, server, "behind", wait=20) == "answer"


@pytest.mark.parametrize("error", [QueryError("no"), ValueError("no"), KeyError("no"), ReferenceError("gone")])
def test_a_question_that_fails_does_not_silence_the_others(server, error):
    server.free.set()
    answers = Answers()
    assert look(answers, server, "bad", wait=20, result=error) is None
    assert look(answers, server, "good", wait=20) == "answer"
    assert look(answers, server, "bad", wait=20) is None
    assert server.asked == ["bad", "good"]


def test_what_was_known_stays_while_the_server_is_silent(server, monkeypatch):
    monkeypatch.setattr(module, "FRESH_SECONDS", 0)
    monkeypatch.setattr(module, "REST_FACTOR", 0)
    server.free.set()
    answers = Answers()
    assert look(answers, server, "a", wait=20) == "answer"
    assert look(answers, server, "a", result=ServerUnavailable("http://x", "down")) == "answer"
    assert settled(answers)
    assert look(answers, server, "a") == "answer"


def test_what_is_kept_is_bounded(server):
    server.free.set()
    answers = Answers()
    look(answers, server, "used", wait=20)
    for i in range(module.MOST_KEPT + 50):
        look(answers, server, str(i), wait=20)
        look(answers, server, "used", wait=20)
    assert len(answers._answers) <= module.MOST_KEPT + 1
    assert server.asked.count("used") == 1
    assert ("0",) not in answers._answers


def test_no_thread_stays_when_nothing_is_wanted(server):
    answers = Answers()
    look(answers, server, "a")
    thread = answers._thread
    assert thread.daemon
    server.free.set()
    thread.join(20)
    assert not thread.is_alive()
    assert answers._thread is None


def test_threads_may_ask_together(server):
    answers = Answers()
    found = []
    threads = [
        threading.Thread(target=lambda n=n: found.append(look(answers, server, str(n % 5), wait=20))) for n in range(20)
    ]
    for thread in threads:
        thread.start()
    server.free.set()
    for thread in threads:
        thread.join(20)
    assert found == ["answer"] * 20
    assert sorted(server.asked) == ["0", "1", "2", "3", "4"]
