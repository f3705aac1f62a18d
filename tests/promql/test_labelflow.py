"""Label flow against hand-made expectations and against the labels that a real server returns."""

import random

import pytest

from monitorkit.promql import PromQLError, VectorSelector, label_flow, parse, rewrite, walk


def known(query):
    return label_flow(tree := parse(query))[tree]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("sum(up)", set()),
        ("sum by (job, instance) (up)", {"job", "instance"}),
        ("sum by (job, le) (sum by (job) (up))", {"job"}),
        ("sum without (job) (sum by (job, zone) (up))", {"zone"}),
        ('count_values("v", up)', {"v"}),
        ('count_values by (job) ("v", up)', {"job", "v"}),
        ("sum by (job) (a) / on (job) sum by (job, zone) (b)", {"job"}),
        ("sum by (job, zone) (a) / ignoring (zone) sum by (job) (b)", {"job"}),
        (
            "sum by (job, zone) (a) * on (job) group_left (version) sum by (job, version) (b)",
            {"job", "zone", "version"},
        ),
        ("sum by (job) (a) * on (job) group_right (version) sum by (job, zone) (b)", {"job", "zone"}),
        ("sum by (a) (x) or sum by (b) (x)", {"a", "b"}),
        ("sum by (a) (x) and on (a) sum by (b) (x)", {"a"}),
        ("histogram_quantile(0.9, sum by (le, job) (x))", {"job"}),
        ("topk(3, sum by (job) (x))", {"job"}),
        ("absent(up{job='a',zone=~'b',env='c',env!='d'})", {"job"}),
        ("absent(sum(up))", set()),
        ("vector(1)", set()),
        ("hour()", set()),
        ("1", set()),
        ('label_replace(vector(1), "a", "b", "", "")', {"a"}),
        ('label_join(sum by (x) (y), "a", ",", "x")', {"x", "a"}),
        ("(sum by (a) (x))[5m:]", {"a"}),
    ],
)
def test_a_closed_set_of_labels(query, names):
    assert known(query).names == names


@pytest.mark.parametrize(
    ("query", "gone"),
    [
        ("up", set()),
        ('up{job=""}', {"job"}),
        ("rate(up[5m])", {"__name__"}),
        ("last_over_time(up[5m])", set()),
        ("-up", {"__name__"}),
        ("+up", set()),
        ("up + 1", {"__name__"}),
        ("up > 1", set()),
        ("up > bool 1", {"__name__"}),
        ("sum without (job) (up)", {"job", "__name__"}),
        ("a / ignoring (x) b", {"x", "__name__"}),
        ('label_replace(up{job=""}, "job", "x", "", "")', set()),
        ("histogram_quantile(0.9, x)", {"le", "__name__"}),
        ('up{a=""} or up{b=""}', set()),
        ('up{a="",b=""} or up{b=""}', {"b"}),
        ('info(up{job=""})', set()),
    ],
)
def test_an_open_set_of_labels(query, gone):
    assert known(query).names is None
    assert known(query).gone == gone


@pytest.mark.parametrize(
    ("query", "always"),
    [
        ("up{job='a',zone!='',env=~'x|y',tier!~'.*z',gone=''}", {"__name__", "job", "zone", "env", "tier"} - {"tier"}),
        ("sum by (job, zone) (up{job='a'})", {"job"}),
        ("rate(up{job='a'}[5m])", {"job"}),
        ("sum without (job) (up{job='a',zone='b'})", {"zone"}),
        ("{a='1',b='2'} or {b='3',c='4'}", {"b"}),
        ("absent(up{job='a'})", {"job"}),
        ('count_values("v", up)', {"v"}),
    ],
)
def test_labels_that_each_series_carries(query, always):
    assert known(query).always == always


def test_each_node_has_its_own_labels():
    tree = parse("sum by (job) (rate(up{zone='a'}[5m]))")
    flow = label_flow(tree)
    assert [flow[node].may_carry("zone") for node in walk(tree)] == [False, True, True, True]
    assert [flow[node].may_carry("__name__") for node in walk(tree)] == [False, False, True, True]


PARTS = [
    *("A", "B", "C", "sum by (a) (A)", "sum by (a, b) (B)", "sum without (a) (C)", "max without (a, x) (A)", "sum(B)"),
    *("(A or B)", "(A and on (a) C)", "(A unless on (a) B)", "(B > 0)", "(B > bool 0)", "-A", "abs(C)", "topk(1, B)"),
    *(
        'count_values("v", A)',
        'label_replace(A, "n", "$1", "a", "(.*)")',
        'label_join(C, "a", "-", "a", "c")',
        "vector(1)",
    ),
    *("last_over_time(A[5m:1m])", "max_over_time(B[5m:1m])", "sort(C)", "timestamp(A)", "absent(A)", "clamp_min(B, 0)"),
]
JOINS = [
    *(
        "{} + on (a) {}",
        "{} > on (a) {}",
        "{} * on (a) group_left (c, b) {}",
        "{} * on (a) group_right (b) {}",
        "{} and {}",
    ),
    *("{} or {}", "{} unless {}", "{} + ignoring (b, c) {}", "{} == ignoring (b, c, x) {}", "{} + {}", "{} == {}"),
    *("{} + on () {}", "sum by (a, c, v) ({} or {})", "sum without (b) ({} or {})", "{} >= bool on (a, b) {}"),
]
SERIES = {
    "A": [{"a": "1", "b": "1"}],
    "B": [{"a": "1", "b": "1", "x": "y"}],
    "C": [{"a": "1", "c": "3"}],
}


def made(labels):
    """An expression that gives one series with these labels, on a server that has no data."""
    text = "vector(1)"
    for name, value in labels.items():
        text = f'label_replace({text}, "{name}", "{value}", "", "")'
    return parse(text)


def test_what_a_server_returns_is_what_the_flow_allows(server):
    chance = random.Random(0)
    seen = 0
    for _ in range(400):
        query = chance.choice(JOINS).format(chance.choice(PARTS), chance.choice(PARTS))
        tree = rewrite(parse(query), lambda n: made(SERIES[n.name][0]) if isinstance(n, VectorSelector) else None)
        answer = server.ask("query", query=str(tree), time="1700000000")
        if answer["status"] != "success":
            continue  # a match of many series with many, which only the data can tell
        flow = label_flow(tree)[tree]
        for sample in answer["data"]["result"]:
            carried = set(sample["metric"])
            seen += 1
            assert all(flow.may_carry(label) for label in carried), (query, carried, flow)
            assert flow.always <= carried, (query, carried, flow)
    assert seen > 100


def test_every_right_query_has_its_flow(valid, dashboards):
    for query in [*(case.query for case in valid), *dashboards]:
        try:
            tree = parse(query)
        except PromQLError:
            continue
        flow = label_flow(tree)
        assert all(flow[node] is not None for node in walk(tree))
