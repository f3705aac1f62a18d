import pytest

from monitorkit.durations import LONGEST_SECONDS, seconds
from monitorkit.errors import InvalidValue


@pytest.mark.parametrize("duration", [1e30, 10**30, "300y", "9" * 30])
def test_more_than_prometheus_can_count_is_refused(duration):
    with pytest.raises(InvalidValue, match=r"last: .* is longer than Prometheus can count, 292 years"):
        seconds(duration, name="last")


def test_the_longest_that_it_can_count_is_taken():
    assert seconds("292y") == 292 * 365 * 86400 <= LONGEST_SECONDS
