import time
import warnings
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitorkit.query import PrometheusClient, ServerWarning
from monitorkit.query.connection.skew import TOLERATED_SECONDS, Skew

NOW = 1_700_000_000.25
VECTOR = b'{"status":"success","data":{"resultType":"vector","result":[]}}'


def seen(date, sent=NOW, received=NOW + 0.1, **headers):
    skew = Skew()
    skew.see({"Date": date, **headers}, sent=sent, received=received)
    return skew


@given(st.floats(-1e6, 1e6), st.floats(0, 100), st.floats(0, 1))
def test_clocks_differ_by_what_no_slowness_can_explain(ahead, took, part):
    written = int(NOW + took * part + ahead)  # the server's clock when it wrote, in whole seconds
    found = seen(formatdate(written, usegmt=True), received=NOW + took).ahead_seconds
    assert abs(found) <= abs(ahead) + 0.1
    if abs(ahead) <= TOLERATED_SECONDS:
        assert found == 0
    if abs(ahead) > TOLERATED_SECONDS + took + 1:
        assert found * ahead > 0
        assert abs(found) >= abs(ahead) - took - 1.1


@pytest.mark.parametrize("date", ["", "yesterday", "Mon, 99 Foo 2023 00:00:00 GMT", "Tue, 14 Nov 99999 22:13:20 GMT"])
def test_a_date_that_is_none_tells_nothing(date):
    assert seen(date).remark() is None


def test_an_answer_from_a_cache_tells_nothing():
    assert seen(formatdate(NOW - 3600, usegmt=True), Age="3600").remark() is None


def test_it_is_said_once_and_what_it_means():
    ahead = seen(formatdate(NOW + 90, usegmt=True))
    assert ahead.remark() == (
        "the server's clock is 1m30s ahead of this machine's, by which 'now' is meant: last= misses the newest 1m30s of "
        "its data; set the clocks right, or ask with end='now+1m30s'"
    )
    assert ahead.remark() is None
    behind = seen(formatdate(NOW - 3600, usegmt=True))
    assert behind.remark().startswith("the server's clock is 59m59s behind this machine's")


def test_clocks_that_were_set_right_are_no_longer_told_of():
    skew = seen(formatdate(NOW + 90, usegmt=True))
    skew.see({"Date": formatdate(NOW, usegmt=True)}, sent=NOW, received=NOW + 0.1)
    assert skew.remark() is None


def dated(faulty, offset):
    def behave(handler):
        handler.date_time_string = lambda: formatdate(time.time() + offset, usegmt=True)
        faulty.answer(handler, 200, VECTOR)

    faulty.behave = behave


@pytest.mark.parametrize(("offset", "word"), [(65, "ahead of"), (-65, "behind")])
def test_a_client_warns_once_that_the_clocks_differ(faulty, offset, word):
    dated(faulty, offset)
    with PrometheusClient(faulty.url) as client:
        with pytest.warns(ServerWarning, match=rf"the server's clock is 1m\d?s? {word} this machine's") as issued:
            frame = client.query("up")
        assert issued[0].filename == __file__
        assert frame.attrs["warnings"] == [str(issued[0].message)]
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert client.query("up").attrs["warnings"] == []


@pytest.mark.parametrize("offset", [-3, 0, 3])
def test_clocks_that_nearly_agree_are_not_told_of(faulty, offset):
    dated(faulty, offset)
    with PrometheusClient(faulty.url) as client:
        client.query("up")


def test_a_real_server_on_this_machine_has_its_clock(history):
    history.query("up")
    assert history._transport.skew.ahead_seconds == 0
