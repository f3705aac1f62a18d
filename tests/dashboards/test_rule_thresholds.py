import pytest

from monitorkit.alerting import AlertRule, high_latency, low_accuracy
from monitorkit.dashboards.panels import TimeSeries, above, below
from monitorkit.dashboards.thresholds import threshold_tuple
from monitorkit.errors import InvalidType, InvalidValue


def test_a_rule_gives_a_panel_its_threshold():
    assert TimeSeries("Latency", "x", thresholds=high_latency("500ms")).limits == (above(0.5, "red"),)
    assert TimeSeries("Accuracy", "x", thresholds=[low_accuracy(0.8), below(0.9, "orange")]).limits == (
        below(0.8, "red"),
        below(0.9, "orange"),
    )


def test_a_changed_rule_changes_the_panel():
    rule = high_latency()
    panel = TimeSeries("Latency", "x", thresholds=rule)
    assert panel.replace(thresholds=rule.with_threshold(2)).limits == (above(2.0),)


@pytest.mark.parametrize("expr", ["absent(up)", "up == 0"])
def test_a_rule_that_compares_with_no_limit_gives_none(expr):
    with pytest.raises(InvalidValue, match="fires neither above nor below a number"):
        threshold_tuple(AlertRule("Down", expr))


def test_what_is_no_threshold_is_refused():
    with pytest.raises(InvalidType, match="1 is no threshold; write above"):
        threshold_tuple([1])
    with pytest.raises(InvalidType, match="1 is no threshold"):
        threshold_tuple(1)
