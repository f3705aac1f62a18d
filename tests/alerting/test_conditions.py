import math

import pytest

from monitorkit.alerting import Condition, condition_of
from monitorkit.alerting.conditions import number_text, with_threshold
from monitorkit.errors import InvalidType, InvalidValue


@pytest.mark.parametrize(
    ("expr", "query", "op", "value"),
    [
        ("avg(inference_latency_seconds) > 1", "avg(inference_latency_seconds)", ">", 1.0),
        ("model_accuracy<0.9", "model_accuracy", "<", 0.9),
        ("model_accuracy <= .9", "model_accuracy", "<=", 0.9),
        ("up == 0", "up", "==", 0.0),
        ("up != 1", "up", "!=", 1.0),
        ("delta(x[5m]) >= -1e-3", "delta(x[5m])", ">=", -0.001),
        ("rate(a[5m])\n  / rate(b[5m])\n  > 2\n", "rate(a[5m])\n  / rate(b[5m])", ">", 2.0),
        ("up == 0 # a target is down", "up", "==", 0.0),
        ("up # and not > 7\n == 0", "up", "==", 0.0),
        ("up # now\n - up offset 1h > 0", "up # now\n - up offset 1h", ">", 0.0),
        ("x > 1 < 5", "x > 1", "<", 5.0),
        ("sum(a and b or c) > 3", "sum(a and b or c)", ">", 3.0),
        ('x{text="a or b > 2"} > 1', 'x{text="a or b > 2"}', ">", 1.0),
        (r'x{text="say \" > 2"} > 1', r'x{text="say \" > 2"}', ">", 1.0),
        ("x{text='(('} > 1", "x{text='(('}", ">", 1.0),
        ("x{text=`\\`} > 1", "x{text=`\\`}", ">", 1.0),
        ("x[5m:1s] offset 1h > 1", "x[5m:1s] offset 1h", ">", 1.0),
        ("operand > 1", "operand", ">", 1.0),
    ],
)
def test_a_comparison_with_a_number_is_split(expr, query, op, value):
    assert condition_of(expr) == Condition(query, op, value)


@pytest.mark.parametrize(
    "expr",
    [
        "absent(up)",
        "a > b",
        "a > bool 1",
        "1 < a",
        "(a > 1)",
        "a > 1 and b > 2",
        "a unless b > 2",
        "a OR b > 2",
        "a > 1 + 2",
        "a > on() 1",
        'x{text="> 1',
        "# a > 1",
    ],
)
def test_what_is_no_comparison_as_a_whole_has_no_condition(expr):
    assert condition_of(expr) is None


def test_a_threshold_is_changed_in_its_place():
    assert with_threshold("up # > 1\n > 1 # high", 2.5) == "up # > 1\n > 2.5 # high"


def test_an_expression_without_a_threshold_cannot_have_it_changed():
    with pytest.raises(InvalidValue, match=r"'absent\(up\)' is not compared with a number"):
        with_threshold("absent(up)", 1)


@pytest.mark.parametrize(
    ("value", "text"), [(1, "1"), (1.0, "1"), (0.9, "0.9"), (-2, "-2"), (1e300, "1e+300"), (0.1 + 0.2, repr(0.1 + 0.2))]
)
def test_a_number_is_written_without_losing_a_bit(value, text):
    assert number_text(value) == text
    assert float(number_text(value)) == value


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_threshold_must_be_finite(value):
    with pytest.raises(InvalidValue, match="is not finite"):
        number_text(value)


@pytest.mark.parametrize("value", ["1", None, True])
def test_a_threshold_must_be_a_number(value):
    with pytest.raises(InvalidType, match="is no number"):
        number_text(value)


@pytest.mark.parametrize(
    ("op", "above"), [(">", True), (">=", True), ("<", False), ("<=", False), ("==", None), ("!=", None)]
)
def test_the_operator_says_on_which_side_the_alert_fires(op, above):
    assert Condition("x", op, 1).fires_above is above
