import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitorkit.promql import PromQLError, StringLiteral, parse
from monitorkit.promql.literals import duration_text, duration_value, number_text, number_value, quote, unquote


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1.0),
        ("1.5e3", 1500.0),
        (".5", 0.5),
        ("7.", 7.0),
        ("0x1F", 31.0),
        ("017", 15.0),
        ("08", 8.0),
        ("0_17", 15.0),
        ("1_000.5", 1000.5),
        ("Inf", math.inf),
        ("0777777777777777777777777", 777777777777777777777777.0),
        ("1e400", None),
        ("0x8000000000000000", None),
        ("0x", None),
    ],
)
def test_a_number_has_the_value_that_go_gives_it(text, value):
    assert number_value(text) == value


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("5m", 300.0),
        ("1h30m", 5400.0),
        ("500ms", 0.5),
        ("1y", 31_536_000.0),
        ("1w2d", 777_600.0),
        ("1m1h", None),
        ("1h1h", None),
        ("293y", None),
        ("1.5h", None),
        ("9" * 5000 + "s", None),
    ],
)
def test_a_duration_is_read_as_prometheus_reads_it(text, seconds):
    assert duration_value(text) == seconds


@given(st.floats(allow_nan=False))
def test_a_number_is_written_so_that_it_is_read_back_to_the_bit(value):
    written = number_text(value)
    assert parse(written).value == value
    assert math.copysign(1, parse(written).value) == math.copysign(1, value) or value == 0


@given(st.integers(min_value=1, max_value=9_000_000_000_000))
def test_a_duration_is_written_so_that_it_is_read_back(milliseconds):
    assert duration_value(duration_text(milliseconds / 1000)) == milliseconds / 1000


def test_a_duration_finer_than_a_millisecond_is_written_as_a_number():
    assert duration_text(0.0005) == "0.0005"
    assert duration_text(-90.0) == "-1m30s"


@given(st.text(st.characters(exclude_categories=["Cs"])).filter(lambda text: "\ufffd" not in text))
def test_any_text_comes_back_from_its_literal(value):
    assert unquote(quote(value)) == value
    assert parse(quote(value)) == StringLiteral(value)


@pytest.mark.parametrize(
    ("literal", "value"),
    [
        (r'"\a\b\f\n\r\t\v\\\""', '\a\b\f\n\r\t\v\\"'),
        (r"'\''", "'"),
        (r'"\101\x41\u0041\U00000041"', "AAAA"),
        (r"`\n'\"`", r"\n'\""),
        (r'"\xe6\x97\xa5"', "日"),
        (r'"\xff"', "\udcff"),
    ],
)
def test_escapes_are_those_of_go(literal, value):
    assert unquote(literal) == value


@pytest.mark.parametrize(
    "literal", [r'"\q"', r'"\'"', r"'\"'", r'"\400"', r'"\ud800"', r'"\U00110000"', r'"\x4"', r'"\8"']
)
def test_wrong_escapes_are_pointed_at(literal):
    assert unquote(literal) == 1
    with pytest.raises(PromQLError, match="unknown escape"):
        parse(literal)


@pytest.mark.parametrize(
    "value", ["plain", 'a "b"', "\\", "\n\t\r\a\x00\x7f", "é日😀", "\u00a0\u2028\ue000\U000e0001", "\udcff"]
)
def test_a_literal_is_written_as_the_server_writes_it(server, value):
    assert server.ask("format_query", query=quote(value))["data"] == quote(value)
