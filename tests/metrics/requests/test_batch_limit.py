from prometheus_client import CollectorRegistry

from monitorkit.metrics.requests.batch_limit import BatchLimitFamily

LABELS = {"model_name": "digits", "model_version": "1"}


def test_the_limit_is_that_of_now_under_each_version_at_work():
    registry, limits = CollectorRegistry(), iter([32, 1])
    BatchLimitFamily(registry, lambda: [("digits", "1"), ("digits", "2")], lambda: next(limits))
    assert registry.get_sample_value("inference_batch_size_limit", LABELS | {"model_version": "2"}) == 32
    assert registry.get_sample_value("inference_batch_size_limit", LABELS) == 1


def test_where_nothing_is_batched_there_is_none():
    registry = CollectorRegistry()
    BatchLimitFamily(registry, lambda: [("digits", "1")], lambda: None)
    assert list(registry.collect()) == []
