import pytest

from monitorkit.errors import QueryError
from monitorkit.query.connection.limits import Limits
from monitorkit.query.times import Window

MONTH = Window(0, 90 * 86_400_000, 15_000)
DAY_STEPS = 86_400_000 // 15_000

# As the servers write them.
RESOLUTION = (
    "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)"
)
OLD_POINTS = "too many points for the given step=60000, start=1 and end=2: 43208; cannot exceed -search.maxPointsPerTimeseries=300"
NEW_POINTS = (
    'error when executing query="up" on the time range (start=1, end=2, step=3): too many points for the given start=1, '
    "end=2 and step=300000: 840961; the maximum number of points is 300; (see -search.maxPointsPerTimeseries flag)"
)
LENGTH = "the query time range exceeds the limit (query length: 2160h0m0s, limit: 768h0m0s)"
TOTAL = (
    "the total query time range exceeds the limit (query length: 2160h0m0s, limit: 768h0m0s) "
    "(err-mimir-max-total-query-length). To adjust the related per-tenant limit, configure"
)
WITH_LOOKBACK = "the query time range exceeds the limit (query length: 2161h5m0s, limit: 768h0m0s)"
IN_DAYS = "the query time range exceeds the limit (query length: 90d, limit: 32d)"


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        (RESOLUTION, 11_000),
        (OLD_POINTS, 300),
        (NEW_POINTS, 300),
        (LENGTH, 32 * DAY_STEPS + 1),
        (TOTAL, 32 * DAY_STEPS + 1),
        (IN_DAYS, 32 * DAY_STEPS + 1),
        # 90 days are 1 h 5 min longer to that server, so 32 days of its own are less here.
        (WITH_LOOKBACK, 32 * DAY_STEPS + 1 - 65 * 4),
    ],
)
def test_a_limit_is_read_from_what_the_server_says(text, steps):
    limits = Limits(max_points=None)
    assert limits.learn(QueryError(text), "x", MONTH)
    assert limits.steps("x", MONTH) == steps


@pytest.mark.parametrize(
    "text",
    [
        "query processing would load too many samples into memory in query execution",
        "cannot select more than -search.maxSamplesPerQuery=1000000000 samples; possible solutions: to increase",
        "cannot execute query: needs more than -search.maxMemoryPerQuery=1 bytes",
        "the number of matching timeseries exceeds 300000; either narrow down the search or increase -search.max*",
        "not enough memory for processing 9 data points across 3 time series with 3 points in each time series",
        "the query exceeded the maximum number of chunks (limit: 2000000 chunks) (err-mimir-max-chunks-per-query)",
        "the query exceeded the aggregated chunks size limit (limit: 11 bytes)",
        "the query exceeded the maximum allowed estimated amount of memory consumed by a single query (limit: 11 bytes)",
        "the estimated number of chunks for the query exceeded the maximum allowed",
        "expanding series: the query hit the max number of series limit (limit: 1 series)",
        "The query hit the max number of chunk bytes limit while fetching chunks {} (limit: 1)",
        "exceeded samples limit: rpc error: code = ResourceExhausted desc = limit 2 violated (got 3)",
        "rpc error: code = ResourceExhausted desc = grpc: received message larger than max (7833328 vs. 4194304)",
        "the time range of this query is longer than 24h",
    ],
)  # fmt: skip
def test_a_limit_without_a_number_of_steps_halves_the_piece(text):
    limits = Limits()
    piece = Window(0, 9_999_000, 1000)
    assert limits.learn(QueryError(text, error_type="execution"), "x", piece)
    assert limits.steps("x", piece) == 5000
    assert limits.learn(QueryError(text, error_type="422"), "x", Window(0, 4_999_000, 1000))
    assert limits.steps("x", piece) == 2500


@pytest.mark.parametrize(
    "text",
    [
        "unclosed left parenthesis",
        "found duplicate series for the match group {} on the right hand-side of the operation",
        "query timed out in query execution",
        'unknown position: parse error: unexpected identifier "limit"',
    ],
)
def test_other_refusals_are_no_limit(text):
    limits = Limits()
    assert not limits.learn(QueryError(text), "x", MONTH)
    assert limits.steps("x", MONTH) == 11_000


@pytest.mark.parametrize("text", [OLD_POINTS, LENGTH, RESOLUTION])
def test_a_limit_that_the_piece_kept_halves_it(text):
    # The limit of a subquery within, or of what the query looks back.
    limits = Limits()
    piece = Window(0, 99_000, 1000)
    assert limits.learn(QueryError(text), "x", piece)
    assert limits.steps("x", piece) == 50


def test_a_refused_single_step_cannot_be_made_smaller():
    limits = Limits()
    assert not limits.learn(QueryError("too many samples into memory"), "x", Window(5, 5, 1))
    assert not limits.learn(QueryError(LENGTH), "x", Window(5, 5, 1))


def test_what_depends_on_the_query_is_remembered_for_it_and_the_rest_for_all():
    limits = Limits()
    piece = Window(0, 9_999_000, 1000)
    assert limits.learn(QueryError("too many samples into memory"), "big", piece)
    assert (limits.steps("big", piece), limits.steps("small", piece)) == (5000, 11_000)
    assert limits.learn(QueryError(OLD_POINTS), "big", piece)
    assert (limits.steps("big", piece), limits.steps("small", piece)) == (300, 300)
    assert limits.learn(QueryError("the query time range exceeds the limit (query length: 1h, limit: 1m)"), "y", piece)
    assert limits.steps("small", piece) == 61
    assert limits.steps("small", Window(0, 10**9, 10**7)) == 1


def test_a_limit_never_grows():
    limits = Limits()
    piece = Window(0, 9_999_000, 1000)
    assert limits.learn(QueryError(OLD_POINTS), "x", piece)
    assert limits.learn(QueryError(RESOLUTION), "x", Window(0, 10**8, 1000))
    assert limits.learn(QueryError("too many samples into memory"), "x", piece)
    assert limits.steps("x", piece) == 300


def test_only_so_many_queries_are_remembered():
    limits = Limits()
    piece = Window(0, 9_999_000, 1000)
    for number in range(1000):
        assert limits.learn(QueryError("too many samples into memory"), f"x{number}", piece)
    assert limits.steps("x999", piece) == 5000
    assert limits.steps("x0", piece) == 11_000


def test_what_takes_too_long_is_asked_for_in_halves_down_to_few_steps():
    limits, window = Limits(), Window(0, 999_000, 1_000)
    sizes = []
    while limits.ease("x", window):
        sizes.append(limits.steps("x", window))
        window = Window(0, (sizes[-1] - 1) * 1_000, 1_000)
    assert sizes == [500, 250, 125, 62]
    assert limits.steps("y", Window(0, 999_000, 1_000)) == 11_000
    assert limits.steps("x", Window(0, 999_000, 2_000)) == 11_000
