import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monitorkit.errors import InvalidType, InvalidValue
from monitorkit.query.selection import label_path, limited, matching, span

NOW = 1_700_000_000_000


def test_one_selector_or_several_are_parameters():
    assert matching(None) == {}
    assert matching("up") == {"match[]": ["up"]}
    assert matching(("up", "x")) == {"match[]": ["up", "x"]}


@pytest.mark.parametrize(
    ("match", "error", "message"),
    [
        ("", InvalidValue, "match: it is empty; write a selector such as 'up'"),
        (["up", " "], InvalidValue, "match: it is empty; write a selector such as 'up'"),
        ("up{a='\udc80'}", InvalidValue, r"match: '\\udc80' is no character that can be sent"),
        ([], InvalidValue, "match: no selector in it; write one such as 'up'"),
        ([5], InvalidType, "match: 5 is no text; write a selector such as 'up'"),
        (5, InvalidType, "match: 5 is no text; write a selector such as 'up'"),
    ],
)
def test_what_is_no_selector_is_told(match, error, message):
    with pytest.raises(error, match=message):
        matching(match)


def test_what_is_not_given_of_a_range_is_left_to_the_server():
    assert span(now=NOW) == {}
    assert span(start=1, now=NOW) == {"start": "1.000"}
    assert span(end="now", now=NOW) == {"end": "1700000000.000"}
    assert span(last="1h", end=7200, now=NOW) == {"start": "3600.000", "end": "7200.000"}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"last": "1h", "start": 1}, "last='1h' and start=1: give one of them, not both"),
        ({"start": 10, "end": 9}, r"end: 1970-01-01T00:00:09.000Z is before the start, 1970-01-01T00:00:10.000Z"),
        ({"last": "x"}, "last: 'x'"),
    ],
)
def test_an_impossible_range_is_told(given, message):
    with pytest.raises(InvalidValue, match=message):
        span(**given, now=NOW)


@pytest.mark.parametrize("limit", [0, -1, 1.5, "5", True, None])
def test_a_limit_that_limits_nothing_is_told(limit):
    with pytest.raises(InvalidValue, match=r"limit: .* must be a whole number of at least 1"):
        limited(limit)


@pytest.mark.parametrize(("label", "error"), [("", InvalidValue), (5, InvalidType), (None, InvalidType)])
def test_what_is_no_label_is_told(label, error):
    with pytest.raises(error, match=r"^label: .*write a name such as 'job'"):
        label_path(label)


@given(st.text(st.characters(codec="utf-8")).filter(str.strip))
@example("U__job")
def test_a_label_of_any_kind_is_read_back_as_prometheus_does(label):
    written = label_path(label)
    assert written.isascii()
    assert not set(written) & set("/?#%&. ")
    assert (unescaped(written) if written.startswith("U__") else written) == label


def unescaped(text):
    """What Prometheus makes of it: model.UnescapeName in common/model/metric.go (0.60)."""
    rest, name = text.removeprefix("U__"), ""
    while rest:
        if rest.startswith("__"):
            name, rest = name + "_", rest[2:]
        elif rest.startswith("_"):
            number, _, rest = rest[1:].partition("_")
            name += chr(int(number, 16))
        else:
            name, rest = name + rest[0], rest[1:]
    return name
