import itertools
import warnings

import numpy as np
import pandas as pd
import pytest
from remote_writing import histogram, remote_write, sample, series

from monitorkit.errors import InvalidType, InvalidValue
from monitorkit.query import PrometheusClient, ServerWarning, quantiles, tidy

T0 = 1_700_000_000_000
ASKED = (0, 1e-9, 0.25, 0.5, 0.9, 0.99, 1)
MOMENT = T0 / 1000
ROUND = {"rtol": 1e-12, "atol": 0}

# Bounds and cumulative counts, each the edge of something.
CLASSIC = {
    "plain": {"0.1": 10, "0.5": 60, "1": 90, "+Inf": 100},
    "two spellings of a bound": {"1": 10, "1.0": 20, "2": 50, "+Inf": 60},
    "a bound in scientific notation": {"1e-3": 1, "2.5e+0": 3, "+Inf": 4},
    "no highest bucket": {"0.1": 10, "1": 20},
    "only the highest bucket": {"+Inf": 5},
    "nothing observed": {"1": 0, "2": 0, "+Inf": 0},
    "a count that falls": {"1": 10, "2": 5, "3": 20, "+Inf": 15},
    "bounds below zero": {"-5": 3, "-1": 7, "0": 8, "2": 20, "+Inf": 21},
    "the lowest ends at zero": {"0": 4, "1": 8, "+Inf": 8},
    "all in the highest": {"1": 0, "2": 0, "+Inf": 7},
    "empty below": {"1": 0, "2": 0, "4": 8, "+Inf": 8},
    "empty in the middle": {"1": 4, "2": 4, "4": 8, "+Inf": 8},
    "no number for a bound": {"x": 3, "1": 4, "2": 5, "+Inf": 6},
    "fractions": {"0.1": 0.1, "0.2": 0.30000000000000004, "0.3": 0.6, "+Inf": 0.7},
}


def random_histograms():
    rng = np.random.default_rng(0)
    for number in range(60):
        bounds = np.unique(np.round(rng.normal(0.5 * (number % 3), 2, rng.integers(1, 9)), 2))
        counts = np.cumsum(rng.integers(0, 4, len(bounds) + 1) * rng.choice([1, 0.1, 7]))
        if number % 5 == 0:
            rng.shuffle(counts)
        yield f"random {number}", dict(zip([*map(str, bounds), "+Inf"], counts.tolist(), strict=True))


NATIVE = {
    "positive": {"count": 12, "total": 30.0, "zeros": 2, "deltas": (3, 1, -1)},
    "both sides": {"count": 14, "total": 3.0, "zeros": 2, "deltas": (3, 1), "below": (1, 3)},
    "negative": {"count": 7, "total": -9.0, "zeros": 2, "below": (1, 3)},
    "fine": {"count": 10, "total": 30.0, "deltas": (1, 2, -1, 2), "schema": 5, "first": -20},
    "coarse": {"count": 4, "total": 30.0, "deltas": (1, 2), "schema": -3, "first": -1},
    "only zeros": {"count": 5, "total": 0.0, "zeros": 5},
    "nothing observed": {"count": 0, "total": 0.0},
    "some were NaN": {"count": 9, "total": float("nan"), "deltas": (3, 1)},
}
CUSTOM = {
    "custom": {"count": 9, "total": 9.0, "deltas": (2, 1, 1), "bounds": (0.1, 0.5, 1.0)},
    "custom highest": {"count": 9, "total": 9.0, "deltas": (2, 0, 0, 1), "bounds": (1.0, 2.0, 4.0)},
    "custom below zero": {"count": 9, "total": 9.0, "deltas": (2, 1, 1), "bounds": (-3.0, -1.0, 7.0)},
}


@pytest.fixture(scope="module")
def prom(prometheus_binary, start_server):
    """Client of a server that holds these histograms, and counters of classic ones over ten minutes."""
    flags = ("--enable-feature=native-histograms", "--web.enable-remote-write-receiver")
    url = start_server(prometheus_binary, "global: {}\n", *flags)
    with PrometheusClient(url) as client:
        major = int(client.version.split(".")[0])
        for case, counts in [*CLASSIC.items(), *random_histograms()]:
            remote_write(url, b"".join(bucket({"case": case}, le, sample(T0, count)) for le, count in counts.items()))
        for case, each in (NATIVE | (CUSTOM if major > 2 else {})).items():
            remote_write(url, series({"__name__": "native", "case": case}, histogram(T0, **each)))
        remote_write(url, b"".join(growing()))
        for body in growing_natively(with_custom=major > 2):
            remote_write(url, body)
        yield client


def bucket(labels, le, *points):
    return series({"__name__": "x_seconds_bucket", "le": le, **labels}, *points)


def growing():
    """Counters of two jobs; one of b's buckets comes and goes."""
    rng = np.random.default_rng(1)
    for job in "ab":
        counts = rng.integers(0, 9, (40, 4)).cumsum(axis=1).cumsum(axis=0)
        for position, le in enumerate(["0.1", "0.5", "1", "+Inf"]):
            kept = [n for n in range(40) if not (job == "b" and position == 1 and 10 < n < 35)]
            yield bucket({"job": job}, le, *(sample(T0 + 15_000 * n, float(counts[n, position])) for n in kept))


def growing_natively(*, with_custom):
    """Native histograms of three jobs over ten minutes: fine ones, ones on both sides of zero, ones with own bounds."""
    rng = np.random.default_rng(2)
    for job, layout in (
        ("a", {"schema": 3, "first": -5}),
        ("b", {"first": 2}),
        ("c", {"bounds": (0.1, 0.25, 1.0, 7.0)}),
    ):
        n_buckets, n_below = (5, 0) if job == "c" else (8, 4 if job == "b" else 0)
        counts = rng.integers(0, 4, (40, n_buckets)).cumsum(axis=0)
        below = rng.integers(0, 2, (40, n_below)).cumsum(axis=0)
        zeros = np.zeros(40, dtype=int) if job == "c" else rng.integers(0, 2, 40).cumsum()
        points = [
            histogram(
                T0 + 15_000 * n,
                count=int(counts[n].sum() + below[n].sum() + zeros[n]),
                total=float(n),
                zeros=int(zeros[n]),
                deltas=tuple(np.diff(counts[n], prepend=0).tolist()),
                below=tuple(np.diff(below[n], prepend=0).tolist()),
                **layout,
            )
            for n in range(40)
        ]
        if with_custom or job != "c":
            yield series({"__name__": "lasting", "job": job}, *points)


def quiet(ask, *args, **named):
    """What the server answers, without its remarks about odd buckets."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ServerWarning)
        return ask(*args, **named)


def test_the_values_are_those_of_promql(prom):
    query = 'x_seconds_bucket{case!=""}'
    found = quantiles(prom.query(query, at=MOMENT), ASKED)
    for q in ASKED:
        expected = quiet(prom.query, f"histogram_quantile({q}, {query})", at=MOMENT)["value"]
        ours = found["value"].xs(q, level="quantile")
        assert len(expected) == len(CLASSIC) + 60
        pd.testing.assert_series_equal(ours.sort_index(), expected.sort_index(), check_exact=True)


def test_each_value_lies_between_its_bounds_and_so_does_the_true_quantile(prom):
    found = quantiles(prom.query('x_seconds_bucket{case=~"random.*"}', at=MOMENT), ASKED)
    known = found.dropna(subset="value")
    assert (known["lower"] <= known["value"]).all()
    assert (known["value"] <= known["upper"]).all()
    for case, counts in random_histograms():
        cumulative = np.array(list(counts.values()))
        if (np.diff(cumulative) < 0).any() or not cumulative[-1] > 0:
            continue
        ends = np.array([float(le) for le in counts])
        for q in ASKED:
            row = found.loc[("", case, q)]
            holding = int(np.argmax((cumulative >= q * cumulative[-1]) & (cumulative > 0)))
            start = ends[holding - 1] if holding else 0 if ends[0] > 0 else -np.inf
            assert row["lower"] <= start
            assert ends[holding] <= row["upper"]


def test_an_interval_is_the_bucket():
    frame = pd.DataFrame({"le": ["0.1", "0.5", "1", "+Inf"], "value": [10.0, 60, 90, 100]})
    found = quantiles(frame, [0.05, 0.5, 0.95])
    assert found["lower"].tolist() == [0, 0.1, 1]
    assert found["upper"].tolist() == [0.1, 0.5, np.inf]
    np.testing.assert_allclose(found["value"], [0.05, 0.42, 1], **ROUND)
    below = quantiles(pd.DataFrame({"le": ["-1", "2", "+Inf"], "value": [5.0, 9, 9]}), 0.1)
    assert below[["value", "lower", "upper"]].to_numpy().tolist() == [[-1, -np.inf, -1]]


def test_a_range_gives_what_promql_gives_at_each_step(prom):
    of = "sum by (le, job) (rate(x_seconds_bucket{case=''}[1m]))"
    times = {"start": MOMENT + 60, "end": MOMENT + 600, "step": 15}
    frame = prom.query_range(of, **times)
    found = quantiles(frame, (0.5, 0.95))
    assert found.columns.tolist() == ["__name__", "job", "quantile", "timestamp", "value", "lower", "upper"]
    for q in (0.5, 0.95):
        expected = tidy(quiet(prom.query_range, f"histogram_quantile({q}, {of})", **times))
        ours = found[(found["quantile"] == q) & found["value"].notna()].drop(columns=["quantile", "lower", "upper"])
        keys = ["job", "timestamp"]
        pd.testing.assert_frame_equal(
            ours.sort_values(keys).reset_index(drop=True), expected.sort_values(keys).reset_index(drop=True), rtol=1e-12
        )
    long = quantiles(prom.query_range(of, **times, tidy=True), (0.5, 0.95))
    pd.testing.assert_frame_equal(long, found)


def test_native_histograms_give_what_their_server_gives(prom):
    found = quantiles(prom.query("native", at=MOMENT), ASKED)
    cases = NATIVE | (CUSTOM if prom.version >= "3" else {})
    assert sorted(found["case"].unique()) == sorted(cases)
    # 2.x takes the other bucket where a rank is just at the edge of two.
    for q in ASKED if prom.version >= "3" else (0.1, 0.3, 0.6, 0.9):
        query = f'histogram_quantile({q}, native{{case!="some were NaN"}})'
        expected = quiet(prom.query, query, at=MOMENT)["value"].droplevel("__name__")
        ours = quantiles(prom.query("native", at=MOMENT), q).set_index("case").loc[expected.index]
        if prom.version >= "3":
            np.testing.assert_allclose(ours["value"], expected, rtol=1e-12, atol=1e-300)
        # 2.x spreads observations linearly within a bucket: another value, within the same bounds.
        assert (expected.isna() == ours["value"].isna()).all()
        assert ((ours["lower"] <= expected) & (expected <= ours["upper"]) | expected.isna()).all()
        assert ((ours["lower"] <= ours["value"]) & (ours["value"] <= ours["upper"]) | expected.isna()).all()


@pytest.mark.parametrize("query", ["lasting", "rate(lasting[1m])", "sum(rate(lasting{job=~'a|b'}[1m]))"])
def test_native_histograms_over_time_give_what_their_server_gives(prom, query):
    times = {"start": MOMENT + 60, "end": MOMENT + 585, "step": 15}
    frame = prom.query_range(query, **times)
    for q in (0.05, 0.3, 0.77, 0.95):
        theirs = prom.query_range(f"histogram_quantile({q}, {query})", **times, tidy=True)
        both = quantiles(frame, q).merge(theirs, on=[*({"job"} & {*theirs}), "timestamp"], suffixes=("", "_theirs"))
        assert len(both) == len(theirs) >= 36
        if prom.version >= "3":
            np.testing.assert_allclose(both["value"], both["value_theirs"], rtol=1e-12)
        assert ((both["lower"] <= both["value"]) & (both["value"] <= both["upper"])).all()
        inside = (both["lower"] <= both["value_theirs"]) & (both["value_theirs"] <= both["upper"])
        # 2.x may take the other bucket where a rank is just at the edge of two; 3.x may round beyond the edge.
        assert inside.mean() > 0.95


def test_observations_that_are_nan_rank_above_all_others(prom):
    # 3 in (0.5, 1], 4 in (1, 2], 2 NaN.
    found = quantiles(prom.query('native{case="some were NaN"}', at=MOMENT), (1 / 9, 5 / 9, 0.9))
    np.testing.assert_allclose(found["value"], [2 ** (1 / 3 - 1), 2 ** (2 / 4), np.nan], rtol=1e-12)
    assert found["lower"].tolist()[:2] == [0.5, 1]
    assert found[["lower", "upper"]].iloc[2].isna().all()


def test_plain_numbers_beside_native_histograms_are_left_out(history):
    frame = history.query("native", at=T0 / 1000 + 86_400)
    assert frame["value"].notna().sum() == 1
    found = quantiles(frame, 0.5)
    assert found["job"].tolist() == ["a", "b"]
    assert found["value"].isna().tolist() == [False, True]


def test_rows_in_another_order_and_levels_dropped_change_nothing(prom):
    frame = prom.query('x_seconds_bucket{case=~"plain|fractions"}', at=MOMENT)
    expected = quantiles(frame)
    shuffled = quantiles(frame.iloc[::-1])
    pd.testing.assert_frame_equal(shuffled.sort_index(), expected.sort_index())
    bare = quantiles(frame.droplevel("__name__"))
    pd.testing.assert_frame_equal(bare, expected.droplevel("__name__"))
    assert quantiles(frame.xs("plain", level="case"), 0.5)["value"].tolist() == [0.1 + 0.4 * 40 / 50]
    floats = frame.reset_index().assign(le=lambda rows: rows["le"].astype(float))
    assert quantiles(floats)["value"].tolist() == expected["value"].tolist()


def test_only_le_for_a_label_leaves_only_the_quantile():
    frame = pd.DataFrame({"value": [6.0, 10, 10]}, index=pd.Index(["0.1", "0.5", "+Inf"], name="le"))
    found = quantiles(frame, 0.9)
    assert found.index.names == ["quantile"]
    assert found["value"].tolist() == [0.4]


@pytest.mark.parametrize(
    "q", [0.9, np.float64(0.9), np.array(0.9), [0.9, 0.9], np.array([0.9]), pd.Series([0.9]), {0.9}]
)
def test_one_quantile_may_be_given_in_any_way(q):
    frame = pd.DataFrame({"le": ["0.1", "0.5", "+Inf"], "value": [6.0, 10, 10]})
    assert quantiles(frame, q)["value"].tolist() == [0.4]


def test_times_in_another_zone_stay_there(prom):
    frame = prom.query_range("x_seconds_bucket{job='a'}", start=MOMENT, end=MOMENT + 60, step=15)
    found = quantiles(frame.tz_convert("Europe/Berlin"), 0.5)
    assert str(found["timestamp"].dtype) == "datetime64[ms, Europe/Berlin]"
    pd.testing.assert_frame_equal(
        found.assign(timestamp=found["timestamp"].dt.tz_convert("UTC")), quantiles(frame, 0.5)
    )


def test_several_metrics_keep_their_names_and_one_loses_it():
    rows = [(name, le) for name, le in itertools.product("xy", ["1", "+Inf"])]
    index = pd.MultiIndex.from_tuples(rows, names=["__name__", "le"])
    frame = pd.DataFrame({"value": [1.0, 2, 2, 2]}, index=index)
    assert quantiles(frame, 0.5).index.tolist() == [("x", 0.5), ("y", 0.5)]
    assert quantiles(frame.loc[["x"]], 0.5).index.tolist() == [("", 0.5)]


def test_a_label_called_as_a_column_is_kept_under_another_name():
    index = pd.MultiIndex.from_tuples([("a", "1", "u"), ("a", "+Inf", "u")], names=["quantile", "le", "upper"])
    frame = pd.DataFrame({"value": [1.0, 2]}, index=index)
    assert quantiles(frame).index.names == ["label_quantile", "upper", "quantile"]
    found = quantiles(tidy(frame))
    assert found.columns.tolist() == ["label_quantile", "label_upper", "quantile", "value", "lower", "upper"]
    assert found["label_upper"].unique().tolist() == ["u"]


def test_a_nan_bucket_makes_nan_in_an_instant_result_and_is_missing_in_a_range():
    frame = pd.DataFrame({"le": ["1", "2", "+Inf"], "value": [1.0, np.nan, 4]})
    assert quantiles(frame, 0.5)[["value", "lower", "upper"]].isna().all(axis=None)
    times = pd.DatetimeIndex([1000], name="timestamp").tz_localize("UTC")
    wide = pd.DataFrame([[1.0, np.nan, 4]], index=times, columns=pd.Index(["1", "2", "+Inf"], name="le"))
    assert quantiles(wide, 0.2)[["value", "lower", "upper"]].to_numpy().tolist() == [[0.8, 0, 1]]
    assert quantiles(wide * np.nan).empty


def test_what_was_wrong_with_buckets_is_said_beside_where_they_come_from(prom):
    good = prom.query('x_seconds_bucket{case="plain"}', at=MOMENT)
    assert quantiles(good, 0.9).attrs == good.attrs | {"query": f"histogram_quantile(0.9, {good.attrs['query']})"}
    assert quantiles(good, (0, 0.9)).attrs["query"].endswith(', "quantile", 0, 0.9)')
    bad = prom.query('x_seconds_bucket{case=~"no highest.*|a count.*|no number.*"}', at=MOMENT)
    before = bad.copy(deep=True)
    assert quantiles(bad).attrs["infos"] == [
        "quantiles: 1 series without a number in 'le' left out",
        "quantiles: 1 histograms had a bucket that counts less than the one below",
        'quantiles: 1 histograms have no bucket le="+Inf"',
    ]
    pd.testing.assert_frame_equal(bad, before)
    assert bad.attrs == before.attrs


@pytest.mark.parametrize("query", ["nothing_here", "nothing_here[1m]"])
def test_an_empty_instant_result_gives_an_empty_one(prom, query):
    found = quantiles(prom.query(query, at=MOMENT))
    assert found.empty
    assert found.columns.tolist()[-3:] == ["value", "lower", "upper"]
    assert set(found[["value", "lower", "upper"]].dtypes.astype(str)) == {"float64"}


def test_an_empty_range_gives_an_empty_tidy_frame(prom):
    found = quantiles(prom.query_range("nothing_here", start=MOMENT, end=MOMENT + 10, step=1))
    full = quantiles(prom.query_range("x_seconds_bucket", start=MOMENT, end=MOMENT + 10, step=1))
    assert found.empty
    assert found.columns.tolist() == ["__name__", "quantile", "timestamp", "value", "lower", "upper"]
    pd.testing.assert_series_equal(found.dtypes, full.dtypes[found.columns])


def test_an_argument_that_is_none_is_told_with_the_one_that_was_meant():
    with pytest.raises(InvalidType, match="there is no argument 'quantile'"):
        quantiles(pd.DataFrame({"le": ["1", "+Inf"], "value": [1.0, 1]}), quantile=0.5)


def test_what_is_no_frame_of_buckets_is_told_in_a_line(prom):
    with pytest.raises(InvalidValue, match=r"no label 'le' on these series; ask for buckets"):
        quantiles(prom.query("vector(1)"))
    frame = pd.DataFrame({"le": ["1", "+Inf"], "value": [1.0, 1]})
    with pytest.raises(InvalidValue, match=r"no series has a number for its label 'le' \(the first has ''\)"):
        quantiles(frame.assign(le=""))
    with pytest.raises(InvalidValue, match=r"values of this frame are no numbers"):
        quantiles(frame.assign(value="x"))
    with pytest.raises(InvalidValue, match=r"neither timestamps for an index nor a column 'value'"):
        quantiles(frame.drop(columns="value"))
    with pytest.raises(InvalidType, match=r"quantiles: str is no frame; pass what prom.query\(\) returned"):
        quantiles("x")


@pytest.mark.parametrize(
    ("q", "error", "said"),
    [
        (95, InvalidValue, r"95 is not within 0 and 1; write 0.95 for 95 %"),
        (-0.1, InvalidValue, r"-0.1 is not within 0 and 1$"),
        ([0.5, np.nan], InvalidValue, r"nan is not within 0 and 1"),
        ("0.5", InvalidType, r"'0.5' is no number from 0 to 1"),
        (True, InvalidType, r"True is no number"),
        (None, InvalidType, r"None is no number"),
        ([], InvalidValue, r"q is empty"),
    ],
)
def test_a_quantile_that_is_none_is_told(q, error, said):
    with pytest.raises(error, match=said):
        quantiles(pd.DataFrame({"le": ["1", "+Inf"], "value": [1.0, 1]}), q)


def test_infinite_counts_pass_without_a_warning():
    frame = pd.DataFrame({"le": ["1", "2", "+Inf"], "value": [np.inf, np.inf, np.inf]})
    assert np.isnan(quantiles(frame, 0.5)["value"].item())
