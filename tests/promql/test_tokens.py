import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitorkit.promql import tokens


def kinds(query):
    return [token.kind for token in tokens(query)]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("up", ["identifier"]),
        ("a:b", ["metric identifier"]),
        ("up[5m:1m]", ["identifier", "[", "duration", ":", "duration", "]"]),
        ("SUM BY", ["sum", "by"]),
        ("{sum='x'}", ["{", "identifier", "=", "string", "}"]),
        ("up[step()]", ["identifier", "[", "identifier", "(", ")", "]"]),
        ("1 1.5 .5 1e3 0x1f 1_000 inf", ["number"] * 7),
        ("5m 1h30m 1.5m", ["duration"] * 3),
        ("5x 1__0 1..2", ["error"] * 3),
        ("'a' \"b\" `c\nd`", ["string"] * 3),
        ('"a', ["error"]),
        ("a$b", ["identifier", "error", "identifier"]),
        ("== != =~ !~ <= >= </ >/ < > =", ["==", "!=", "=~", "!~", "<=", ">=", "</", ">/", "<", ">", "="]),
        ("{a!~'b'}", ["{", "identifier", "!~", "string", "}"]),
        ("fill fill(0)", ["identifier", "fill", "(", "number", ")"]),
        ("a # b\nc", ["identifier", "identifier"]),
        ("", []),
    ],
)
def test_the_kinds_of_tokens(query, found):
    assert kinds(query) == found


@given(st.text())
def test_tokens_cover_all_but_blanks_and_comments(query):
    done = 0
    for token in tokens(query):
        assert token.start >= done
        assert query[token.start : token.end] == token.text != ""
        assert not query[done : token.start].lstrip(" \t\r\n") or "#" in query[done : token.start]
        done = token.end
