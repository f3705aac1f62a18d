import pandas as pd
import pytest

from monitorkit.alerting import AlertRule
from monitorkit.alerting.states import wait_for_state
from monitorkit.errors import InvalidValue, RuleError

RULE = AlertRule("HighLatency", "avg(inference_latency_seconds) > 1")


class Source:
    """Alerts that change with each look."""

    def __init__(self, *looks):
        self.looks = list(looks)

    def alerts(self):
        look = self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]
        return pd.DataFrame(look, columns=["name", "state"])


PENDING, FIRING, OTHER = ("HighLatency", "pending"), ("HighLatency", "firing"), ("Other", "firing")


def test_the_state_is_awaited():
    source = Source([], [PENDING, OTHER], [PENDING, OTHER], [FIRING, OTHER])
    rows = wait_for_state(source, RULE, "firing", timeout="10s")
    assert rows.to_dict("records") == [{"name": "HighLatency", "state": "firing"}]
    assert len(source.looks) == 1


@pytest.mark.parametrize(
    ("look", "state"),
    [([PENDING], "pending"), ([FIRING], "pending"), ([PENDING, FIRING], "firing"), ([], "inactive"), ([OTHER], "inactive")],
)  # fmt: skip
def test_a_state_that_holds_already_needs_no_waiting(look, state):
    assert set(wait_for_state(Source(look), "HighLatency", state, timeout=0)["name"]) <= {"HighLatency"}


@pytest.mark.parametrize(
    ("look", "state", "message"),
    [
        ([], "firing", "HighLatency is inactive, not firing, after 0s"),
        ([PENDING], "firing", "HighLatency is pending, not firing"),
        ([PENDING], "inactive", "HighLatency is pending, not inactive"),
        ([FIRING], "inactive", "HighLatency is firing, not inactive"),
        ([OTHER], "pending", "HighLatency is inactive, not pending"),
    ],
)
def test_after_the_timeout_the_state_is_told(look, state, message):
    with pytest.raises(RuleError, match=message):
        wait_for_state(Source(look), RULE, state, timeout=0)


def test_a_state_that_there_is_not_is_refused():
    with pytest.raises(InvalidValue, match="state: 'red'; use one of inactive, pending, firing"):
        wait_for_state(Source([]), RULE, "red")
