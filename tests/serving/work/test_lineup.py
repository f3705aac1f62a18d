"""Which model answers, and which versions may stand beside each other."""

from types import SimpleNamespace

import numpy as np
import pytest

from monitorkit.errors import InvalidType, InvalidValue
from monitorkit.serving.work.faults import Faults
from monitorkit.serving.work.lineup import LineUp, checked_share


def one(version):
    return SimpleNamespace(version=version)


def test_the_served_model_answers_where_there_is_no_canary():
    lineup = LineUp(one("1"), draw=lambda: 0.0)
    assert lineup.choose().version == "1"
    assert (lineup.answering, lineup.listening) == (("1",), ())
    assert lineup.notes == []


@pytest.mark.parametrize(("draw", "version"), [(0.0, "2"), (0.2999, "2"), (0.3, "1"), (0.9999, "1")])
def test_a_canary_answers_where_the_draw_is_below_its_share(draw, version):
    assert LineUp(one("1"), one("2"), share=0.3, draw=lambda: draw).choose().version == version


def test_a_share_may_be_one_of_numpys_numbers():
    assert checked_share(np.float32(0.25)) == 0.25


def test_a_share_of_one_is_every_request():
    lineup = LineUp(one("1")).with_canary(one("2"), 1.0)
    assert {lineup.choose().version for _ in range(1000)} == {"2"}


def test_a_seed_gives_the_same_draws():
    both = [LineUp(one("1")).with_canary(one("2"), 0.5, seed) for seed in (3, 3, 4)]
    first, second, other = ([lineup.choose().version for _ in range(100)] for lineup in both)
    assert first == second != other
    assert 30 < first.count("2") < 70


def test_a_promoted_canary_is_served_alone():
    lineup = LineUp(one("1"), shadow=one("3")).with_canary(one("2"), 0.5).promoted()
    assert (lineup.served.version, lineup.canary, lineup.answering) == ("2", None, ("2",))
    assert lineup.listening == ("3",)
    with pytest.raises(InvalidValue, match="promote: there is no canary"):
        lineup.promoted()


@pytest.mark.parametrize(
    ("version", "role", "message"),
    [
        ("1", "canary", "version: '1' is the version that is served: give the other model"),
        ("1", "shadow", "version: '1' is the version that is served"),
        ("2", "served", r"version: '2' is the canary's: server.promote\(\)"),
        ("2", "shadow", "version: '2' is the canary's"),
        ("3", "served", r"version: '3' is the shadow's: server.shadow\(None\)"),
        ("3", "canary", "version: '3' is the shadow's"),
    ],
)
def test_a_version_has_one_role(version, role, message):
    lineup = LineUp(one("1"), one("2"), share=0.1, shadow=one("3"))
    with pytest.raises(InvalidValue, match=message):
        lineup.check_version(version, role)
    lineup.check_version("4", role)


def test_a_role_may_keep_its_version():
    lineup = LineUp(one("1"), one("2"), share=0.1, shadow=one("3"))
    for version, role in (("1", "served"), ("2", "canary"), ("3", "shadow")):
        lineup.check_version(version, role)


def test_it_says_what_is_out_of_the_ordinary():
    faults = Faults(latency_seconds=0.2, errors=0.05)
    lineup = LineUp(one("1"), one("2"), share=0.1, shadow=one("3"), faults=faults)
    assert lineup.notes == [
        "canary '2' gets 10 %",
        "shadow '3' sees a copy",
        "injected: latency 200 ms, errors 5 %",
    ]
    faults.end()
    assert lineup.notes == ["canary '2' gets 10 %", "shadow '3' sees a copy"]


@pytest.mark.parametrize(
    ("share", "error", "message"),
    [
        (0, InvalidValue, "share: 0 is no share above 0"),
        (1.1, InvalidValue, r"share: 1.1 is no share above 0, up to 1; write 0\.1"),
        (float("nan"), InvalidValue, "share: nan is no share"),
        ("10%", InvalidType, "share: '10%' is no number"),
        (True, InvalidType, "share: True is no number"),
        (None, InvalidType, "share: None is no number"),
    ],
)
def test_a_share_that_is_none_is_refused(share, error, message):
    with pytest.raises(error, match=message):
        checked_share(share)
