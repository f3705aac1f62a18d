import numpy as np
import pandas as pd
import pytest
from remote_writing import remote_write, sample, series

from monitorkit.errors import InvalidType, InvalidValue
from monitorkit.query import PrometheusClient, join, quantiles, tidy

T0 = 1_700_000_000_000
MOMENT = T0 / 1000
TIMES = {"start": MOMENT, "end": MOMENT + 60, "step": 15}


def instant(names, rows):
    """Frame from label names and rows of (label values ..., value)."""
    levels = [pd.Index([row[n] for row in rows], dtype="str") for n in range(len(names))]
    index = levels[0].rename(names[0]) if len(names) == 1 else pd.MultiIndex.from_arrays(levels, names=names)
    return pd.DataFrame({"value": [float(row[-1]) for row in rows]}, index=index)


REQUESTS = instant(
    ["__name__", "instance", "status"],
    [("requests_total", "a:1", "ok", 90), ("requests_total", "a:1", "error", 10), ("requests_total", "b:1", "ok", 5)],
)
INFO = instant(["__name__", "instance", "version"], [("model_info", "a:1", "2", 1), ("model_info", "c:1", "3", 1)])


@pytest.fixture(scope="module")
def prom(prometheus_binary, start_server):
    """Client of a server with requests by status, facts about two models, and a limit."""
    url = start_server(prometheus_binary, "global: {}\n", "--web.enable-remote-write-receiver")
    written = []
    for instance, status, value in (("a:1", "ok", 90), ("a:1", "error", 10), ("b:1", "ok", 5), ("d:1", "ok", 7)):
        labels = {"__name__": "requests_total", "instance": instance, "status": status}
        written.append(series(labels, *(sample(T0 + 15_000 * n, value + n) for n in range(5))))
    for instance, version in (("a:1", "2"), ("b:1", "1"), ("c:1", "3")):
        labels = {"__name__": "model_info", "instance": instance, "version": version, "framework": "sklearn"}
        written.append(series(labels, *(sample(T0 + 15_000 * n, 1) for n in range(5))))
    remote_write(url, b"".join(written))
    with PrometheusClient(url) as client:
        yield client


def test_a_counter_gains_the_labels_of_an_info_metric_as_in_promql(prom):
    joined = join(prom.query("requests_total", at=MOMENT), prom.query("model_info", at=MOMENT))
    query = "requests_total * on (instance) group_left (framework, version) model_info"
    expected = prom.query(query, at=MOMENT)["value"]
    assert joined.columns.tolist() == ["left", "right"]
    ours = joined["left"] * joined["right"]
    assert ours.index.names == expected.index.names
    pd.testing.assert_series_equal(ours.sort_index(), expected.sort_index(), check_names=False)
    chosen = join(prom.query("requests_total", at=MOMENT), prom.query("model_info", at=MOMENT), include="version")
    assert chosen.index.names == ["__name__", "instance", "status", "version"]


def test_ranges_are_joined_as_in_promql(prom):
    joined = join(prom.query_range("requests_total", **TIMES), prom.query_range("model_info", **TIMES))
    query = "requests_total / on (instance) group_left (framework, version) model_info"
    expected = prom.query_range(query, **TIMES)
    ours = joined["left"] / joined["right"]
    pd.testing.assert_frame_equal(
        ours.sort_index(axis="columns"), expected.sort_index(axis="columns"), check_names=True, check_freq=False
    )
    assert joined.columns.names == ["side", "__name__", "framework", "instance", "status", "version"]


def test_one_to_one_keeps_the_labels_of_both():
    joined = join(REQUESTS.xs("ok", level="status", drop_level=False), INFO)
    assert joined.index.names == ["__name__", "instance", "status", "version"]
    assert joined.index.tolist() == [("", "a:1", "ok", "2")]
    assert joined.to_numpy().tolist() == [[90, 1]]


def test_the_side_with_several_may_be_the_right_one():
    joined = join(INFO, REQUESTS, names=("info", "requests"))
    other = join(REQUESTS, INFO, names=("requests", "info"))
    pd.testing.assert_frame_equal(joined[["requests", "info"]], other)


@pytest.mark.parametrize(
    ("how", "rows"),
    [
        ("inner", [("a:1", "ok", "2"), ("a:1", "error", "2")]),
        ("left", [("a:1", "ok", "2"), ("a:1", "error", "2"), ("b:1", "ok", "")]),
        ("right", [("a:1", "ok", "2"), ("a:1", "error", "2"), ("c:1", "", "3")]),
        ("outer", [("a:1", "ok", "2"), ("a:1", "error", "2"), ("b:1", "ok", ""), ("c:1", "", "3")]),
    ],
)
def test_series_without_partner_stay_if_asked_for(how, rows):
    joined = join(REQUESTS, INFO, how=how)
    assert joined.index.droplevel("__name__").tolist() == rows
    instances = [instance for instance, _, _ in rows]
    assert joined["left"].notna().tolist() == [instance != "c:1" for instance in instances]
    assert joined["right"].notna().tolist() == [instance in {"a:1", "c:1"} for instance in instances]
    swapped = {"left": "right", "right": "left"}.get(how, how)
    assert sorted(join(INFO, REQUESTS, how=swapped).index.tolist()) == sorted(joined.index.tolist())


def test_labels_to_match_on_can_be_chosen_and_the_side_with_several_keeps_its_own():
    left = instant(["instance", "job"], [("a", "x", 1), ("b", "x", 2)])
    right = instant(["instance", "job"], [("c", "x", 10)])
    joined = join(left, right, on="job")
    assert joined.index.tolist() == [("a", "x"), ("b", "x")]
    assert join(left, right, on="job", include="instance").index.tolist() == [("c", "x"), ("c", "x")]


def test_without_a_common_label_one_series_matches_all():
    total = instant(["__name__"], [("", 105)])
    joined = join(REQUESTS, total, names=("requests", "total"))
    assert (joined["requests"] / joined["total"]).tolist() == [90 / 105, 10 / 105, 5 / 105]


def test_an_absent_label_is_the_empty_text():
    left = instant(["job", "zone"], [("a", "", 1), ("a", "east", 2)])
    right = instant(["job", "zone"], [("a", "east", 10), ("a", "", 20)])
    assert join(left, right).to_numpy().tolist() == [[1, 20], [2, 10]]
    assert join(left, instant(["job"], [("a", 5)]), on=["job", "zone"]).to_numpy().tolist() == [[1, 5]]


def test_several_names_on_the_side_with_several_stay():
    both = pd.concat([REQUESTS.rename({"requests_total": "x"}, level=0), REQUESTS])
    names = join(both, INFO).index.get_level_values("__name__").tolist()
    assert names == ["x", "x", "requests_total", "requests_total"]
    same = instant(["__name__", "job"], [("x", "a", 1), ("y", "a", 2)])
    assert join(same, same, on=["__name__", "job"]).index.tolist() == [("x", "a"), ("y", "a")]


def test_three_results_are_joined_one_after_the_other():
    first = join(REQUESTS, INFO, names=("requests", "info"))
    limits = instant(["instance"], [("a:1", 100)])
    joined = join(first, limits, names=("first", "limit"))
    assert joined.columns.tolist() == ["requests", "info", "limit"]
    buckets = pd.DataFrame({"instance": "a:1", "le": ["1", "+Inf"], "value": [1.0, 2]}).set_index(["instance", "le"])
    assert join(quantiles(buckets, 0.5), limits).columns.tolist() == ["value", "lower", "upper", "right"]
    with pytest.raises(InvalidValue, match=r"join: both sides have a column 'requests'; rename one"):
        join(first, limits, names=("first", "requests"))


def test_ranges_share_timestamps_or_keep_all(prom):
    early = prom.query_range("requests_total", start=MOMENT, end=MOMENT + 45, step=15)
    late = prom.query_range("model_info", start=MOMENT + 30, end=MOMENT + 60, step=15)
    seconds = {how: join(early, late, how=how).index.as_unit("ms").asi8 / 1000 - MOMENT for how in ("inner", "outer")}
    assert seconds["inner"].tolist() == [30, 45]
    assert seconds["outer"].tolist() == [0, 15, 30, 45, 60]
    joined = join(early, late, how="outer")
    assert joined["right"].iloc[:2].isna().all(axis=None)
    assert str(joined.index.dtype) == "datetime64[ms, UTC]"
    assert joined.index.name == "timestamp"


def test_ranges_whose_steps_never_meet_are_told(prom):
    early = prom.query_range("requests_total", start=MOMENT, end=MOMENT + 45, step=15)
    moved = prom.query_range("model_info", start=MOMENT + 0.001, end=MOMENT + 45, step=15)
    with pytest.raises(
        InvalidValue, match=r"no timestamp is in both ranges: the left begins 2023-11-14 22:13:20\+00:00, "
    ):
        join(early, moved)
    twice = pd.concat([early, early])
    with pytest.raises(InvalidValue, match=r"the right frame has several rows at 2023-11-14 22:13:20\+00:00; keep one"):
        join(early, twice)


def test_a_label_called_side_leaves_its_name_to_the_series():
    wide = pd.DataFrame([[1.0]], index=pd.to_datetime([0], utc=True), columns=pd.Index(["x"], name="side"))
    assert join(wide, wide).columns.names == ["side_", "side"]


def test_many_to_many_is_told_with_an_example_of_each_side():
    right = instant(["instance", "class"], [("a:1", "0", 1), ("a:1", "1", 2)])
    with pytest.raises(InvalidValue, match=r"several series of both sides match each other") as caught:
        join(REQUESTS, right)
    assert str(caught.value) == (
        'join: several series of both sides match each other with instance="a:1": the left has '
        'requests_total{instance="a:1",status="ok"} and requests_total{instance="a:1",status="error"}, the right has '
        '{instance="a:1",class="0"} and {instance="a:1",class="1"}; name more labels with on=, or aggregate one side first'
    )
    with pytest.raises(InvalidValue, match="match each other without a label that both sides have: the left has"):
        join(REQUESTS, right, on=[])


def test_several_on_the_left_for_one_and_on_the_right_for_another_is_many_to_many_too():
    left = instant(["job", "a"], [("x", "1", 1), ("x", "2", 2), ("y", "1", 3)])
    right = instant(["job", "b"], [("x", "1", 1), ("y", "1", 2), ("y", "2", 3)])
    with pytest.raises(InvalidValue, match=r'the left has \{job="x",a="1"\}.*the right has \{job="y",b="1"\}'):
        join(left, right)


def test_no_match_says_which_labels_differ():
    left = instant(["instance", "job"], [("a:1", "ai", 1)])
    right = instant(["instance", "job"], [("a:2", "ai", 1)])
    with pytest.raises(InvalidValue, match="no series match") as caught:
        join(left, right)
    assert str(caught.value) == (
        'join: no series match on instance, job; they differ in instance: the left has instance="a:1", '
        "the right instance=\"a:2\"; to match on the others write on=['job']"
    )
    crossed = instant(["instance", "job"], [("a:1", "x", 1), ("a:2", "ai", 1)])
    with pytest.raises(InvalidValue, match=r"each label agrees for some, but for no pair do all: instance, job"):
        join(left, crossed)
    assert join(left, right, how="outer").shape == (2, 2)


def test_empty_results_give_empty_ones_with_all_columns(prom):
    requests, nothing = prom.query("requests_total", at=MOMENT), prom.query("nothing_here", at=MOMENT)
    for one, other in ((requests, nothing), (nothing, requests), (nothing, nothing)):
        found = join(one, other)
        assert found.empty
        assert found.dtypes.astype(str).to_dict() == {"left": "float64", "right": "float64"}
    assert join(requests, nothing, how="left")["right"].isna().all()
    assert join(requests, nothing, on="instance").index.names == ["__name__", "instance", "status"]
    over_time, never = (prom.query_range(name, **TIMES) for name in ("requests_total", "nothing_here"))
    for found in (join(over_time, never), join(never, over_time), join(never, never)):
        assert found.empty
        assert str(found.index.dtype) == "datetime64[ms, UTC]"
        assert found["left"].columns.names == found["right"].columns.names if len(found.columns) else True
    kept = join(over_time, never, how="left")
    assert kept["right"].isna().all(axis=None)
    assert kept["left"].notna().all(axis=None)


def test_attributes_tell_both_queries_and_all_remarks(prom):
    left, right = prom.query("requests_total", at=MOMENT), prom.query("model_info", at=MOMENT)
    left.attrs["infos"] = ["odd"]
    before = left.attrs.copy(), right.attrs.copy()
    attrs = join(left, right, names=("requests", "info")).attrs
    assert attrs["queries"] == {"requests": "requests_total", "info": "model_info"}
    assert attrs["infos"] == ["odd"]
    assert attrs["start"] == left.attrs["start"]
    assert "query" not in attrs
    assert (left.attrs, right.attrs) == before


def test_one_column_of_a_frame_can_be_joined():
    ratio = join(REQUESTS, INFO)["left"]
    assert join(ratio, INFO).columns.tolist() == ["left", "right"]


def test_one_series_of_a_range_is_joined_with_another(prom):
    over_time = prom.query_range("requests_total", **TIMES)
    one, other = over_time[over_time.columns[0]], over_time[over_time.columns[1]]
    joined = join(one, one)
    assert joined["left"].iloc[:, 0].tolist() == joined["right"].iloc[:, 0].tolist() == one.tolist()
    with pytest.raises(InvalidValue, match="no series match"):
        join(one, other)


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        ({"on": "nope"}, InvalidValue, "on: no label 'nope' on either side; the left has instance, status, the right "),
        ({"on": 3}, InvalidType, "on: 3: give a label's name"),
        ({"on": [1]}, InvalidType, r"on: \[1\]: give a label's name"),
        ({"how": "cross"}, InvalidValue, "how: 'cross': use one of inner, left, right, outer"),
        ({"include": "nope"}, InvalidValue, "include: the right has no label 'nope'; it has instance, version"),
        ({"names": ("a", "a")}, InvalidType, r"names: \('a', 'a'\): give two different texts"),
        ({"names": "ab"}, InvalidType, "names: 'ab'"),
    ],
)
def test_wrong_arguments_are_told(arguments, error, said):
    with pytest.raises(error, match=said):
        join(REQUESTS, INFO, **arguments)


def test_what_cannot_be_joined_is_told_in_a_line(prom):
    over_time = prom.query_range("requests_total", **TIMES)
    with pytest.raises(InvalidValue, match="left was asked at one moment, the right over a range; ask both alike"):
        join(REQUESTS, over_time)
    with pytest.raises(InvalidValue, match="right frame is in the long form"):
        join(REQUESTS, tidy(INFO))
    with pytest.raises(InvalidValue, match="left frame is in the long form"):
        join(prom.samples("requests_total[1m]", at=MOMENT), INFO)
    with pytest.raises(InvalidType, match="join: dict is no frame"):
        join({}, INFO)


def test_names_of_a_legend_match_each_other():
    left = pd.DataFrame({"value": [1.0, 2]}, index=["a", "b"])
    right = pd.DataFrame({"value": [20.0, 10]}, index=["b", "a"])
    assert join(left, right).to_numpy().tolist() == [[1, 10], [2, 20]]


def test_a_hundred_thousand_series_are_joined_row_by_row():
    n = 100_000
    index = pd.MultiIndex.from_arrays([np.arange(n).astype(str), (np.arange(n) % 10).astype(str)], names=["id", "job"])
    left = pd.DataFrame({"value": np.arange(n, dtype=float)}, index=index)
    right = pd.DataFrame({"value": np.arange(10.0)}, index=pd.Index(np.arange(10).astype(str), name="job"))
    joined = join(left, right)
    np.testing.assert_array_equal(joined["right"], np.arange(n) % 10)
    assert joined.index.equals(index)
