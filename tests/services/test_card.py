from types import SimpleNamespace

import pandas as pd

from monitorkit.errors import ServerUnavailable
from monitorkit.services.card import card

EVIL = "<script>alert(1)</script>"


def prometheus(**options):
    targets = pd.DataFrame(
        {"job": [EVIL, "b"], "instance": ["a:1", "b:2"], "health": ["down", "up"], "last_error": [EVIL, ""]}
    )
    usual = {"name": EVIL, "url": "http://h/'\"><b>", "state": EVIL, "alive": True, "engine": EVIL, "version": EVIL}
    return SimpleNamespace(**(usual | {"targets": lambda: targets} | options))


def test_everything_from_outside_is_escaped():
    html = card(prometheus())
    assert "<script" not in html
    assert 'href="http://h/&#x27;&quot;&gt;&lt;b&gt;"' in html
    assert "1 of 2 targets up" in html
    assert "is down: &lt;script&gt;" in html


def test_one_that_does_not_answer_says_why():
    def targets():
        raise ServerUnavailable("http://h", EVIL)

    html = card(prometheus(targets=targets))
    assert "http://h: &lt;script&gt;" in html
    assert "<script" not in html


def test_one_that_has_ended_says_what_to_do_without_asking_it():
    html = card(prometheus(alive=False, targets=None))
    assert "mk.start_prometheus()" in html


def test_one_without_a_name_of_its_own_is_named_once():
    html = card(prometheus(name="http://h:9090", url="http://h:9090"))
    assert html.count(">http://h:9090<") == 1
    assert "http://h:9090" in card(prometheus(name="mine", url="http://h:9090"))
    assert "<b>mine</b>" in card(prometheus(name="mine", url="http://h:9090"))
