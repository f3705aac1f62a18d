import pytest

from monitorkit.alerting import Condition, high_latency, high_latency_mean, low_accuracy, standard_rules
from monitorkit.errors import InvalidValue, RuleError


def test_the_users_two_rules_are_written_as_they_wrote_them():
    assert high_latency().expr == "avg(inference_latency_seconds) > 1"
    assert low_accuracy().expr == "model_accuracy < 0.9"


def test_the_mean_is_taken_over_all_requests_of_a_model():
    condition = high_latency_mean("500ms", window="1m").condition
    assert condition == Condition(
        "sum by (model_name, model_version) (rate(inference_request_duration_seconds_sum[1m]))"
        " / (sum by (model_name, model_version) (rate(inference_request_duration_seconds_count[1m])) > 0)",
        ">",
        0.5,
    )


def test_thresholds_are_passed_on():
    assert [rule.condition.value for rule in standard_rules(latency="250ms", accuracy=0.8)] == [0.25, 0.25, 0.8]
    assert {rule.for_ for rule in standard_rules(for_="3s")} == {"3s"}


@pytest.mark.parametrize("rule", standard_rules(), ids=lambda rule: rule.name)
def test_every_rule_says_what_happened_and_what_to_do(rule):
    assert set(rule.annotations) == {"summary", "description", "action"}
    assert "$" not in "".join([rule.expr, *rule.annotations.values()])
    assert rule.severity in {"page", "ticket"}


def test_slow_models_are_told_to_batch_and_wrong_ones_to_retrain():
    assert "batching" in high_latency().annotations["action"]
    assert "retrain" in low_accuracy().annotations["action"]


@pytest.mark.parametrize("threshold", [0, -0.1, 90, float("nan")])
def test_an_accuracy_that_is_no_share_is_refused(threshold):
    with pytest.raises(RuleError, match=r"is no share; write 0\.9 for 90 %"):
        low_accuracy(threshold)


def test_a_latency_that_is_none_is_refused():
    with pytest.raises(InvalidValue, match="threshold: 'slow' is no duration"):
        high_latency("slow")
    with pytest.raises(RuleError, match="threshold 0 is always exceeded"):
        high_latency_mean(0)
