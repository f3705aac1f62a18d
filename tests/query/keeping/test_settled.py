import pytest

from monitorkit.query.keeping.settled import Outlook, outlook

HOUR = 3_600_000


@pytest.mark.parametrize(
    ("expr", "expected"),
    [
        ("up", Outlook()),
        ("rate(x[5m] offset 1h)", Outlook()),
        ("max_over_time(rate(x[1m])[1h:5m])", Outlook()),
        ("x offset -1h", Outlook(HOUR)),
        ("x[5m] offset -1h", Outlook(HOUR)),
        ("(sum(x offset -1h))[1h:] offset -1h", Outlook(2 * HOUR)),
        ("x @ 100", Outlook(0, 100_000)),
        ("x @ 100 / rate(y[5m] @ 200.5)", Outlook(0, 200_500)),
        ("sum_over_time(x[1h:] @ 300 offset -1h)", Outlook(HOUR, 300_000)),
    ],
)
def test_it_is_told_where_a_query_looks(expr, expected):
    assert outlook(expr) == expected


@pytest.mark.parametrize(
    ("expr", "reason"),
    [
        ("rate(x)", "dialect"),
        ("WITH (a = 1) a", "dialect"),
        ("sum(", "dialect"),
        ("x offset step()", "calculates"),
        ("x offset (1h - 2h)", "calculates"),
        ("x @ end()", "end of the range"),
        ("increase(x[5m] smoothed)", "beyond"),
    ],
)
def test_what_cannot_be_told_is_not_guessed(expr, reason):
    assert reason in outlook(expr).unknown
    assert outlook(expr).settled_ms(10**15, margin_ms=0) is None


def test_a_margin_before_now_has_settled():
    assert Outlook().settled_ms(10**6, margin_ms=1000) == 999_000
    assert Outlook(500).settled_ms(10**6, margin_ms=1000) == 998_500
    assert Outlook(0, 999_000).settled_ms(10**6, margin_ms=1000) == 999_000
    assert Outlook(0, 999_001).settled_ms(10**6, margin_ms=1000) is None
