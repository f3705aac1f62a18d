"""The parser against its own list of queries, against real servers, against another parser, and against noise."""

import sys
import time
from functools import reduce

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitorkit.errors import InvalidType, InvalidValue
from monitorkit.promql import (
    AGGREGATIONS,
    FUNCTIONS,
    MAX_DEPTH,
    Aggregation,
    Call,
    MatrixSelector,
    NumberLiteral,
    PromQLError,
    StringLiteral,
    Subquery,
    UnaryExpression,
    VectorSelector,
    parse,
    postorder,
    tokens,
    walk,
)

SERVERS = {
    "2.42": {"version": "2.42"},
    "3.5": {"version": "3.5"},
    "3.5+": {"version": "3.5", "features": ("promql-experimental-functions", "promql-duration-expr")},
}
# Where this parser differs from a server that speaks the language of that version, and why.
DIFFERENCES = {
    'up{a=~"\\\\Qx"}': "before 3.0 a pattern was compiled as ^(?:…)$, and \\Q without \\E swallows the end of that",
    'up{a=~"(?<n>x)"}': "Go knows this form of a named group since 1.22; which Go built a server cannot be told",
    "up[5m b]": "up to 3.5 at least, any letter there is taken for a colon",
}


def accepted(query, **dialect):
    try:
        parse(query, **dialect)
    except PromQLError:
        return False
    return True


def test_the_lists_are_as_long_as_they_should_be_and_hold_nothing_twice(valid, invalid):
    queries = [case.query for case in (*valid, *invalid)]
    assert len(valid) >= 400
    assert len(invalid) >= 300
    assert len(set(queries)) == len(queries)


def test_each_function_and_aggregation_is_in_both_lists(valid, invalid):
    right = {node.function for case in valid for node in walk(parse(case.query)) if isinstance(node, Call)}
    right |= {node.operator for case in valid for node in walk(parse(case.query)) if isinstance(node, Aggregation)}
    wrong = " ".join(case.query for case in invalid)
    assert right >= (FUNCTIONS.keys() | AGGREGATIONS.keys()) - {"holt_winters"}
    assert [name for name in FUNCTIONS if f"{name}(" not in wrong] == []


def test_the_newest_language_takes_every_right_query(valid):
    assert [case.query for case in valid if not accepted(case.query)] == []


def test_the_newest_language_refuses_every_wrong_query(invalid):
    assert [case.query for case in invalid if accepted(case.query)] == []


@pytest.mark.parametrize("name", SERVERS)
def test_a_named_version_takes_what_that_server_takes(name, valid, invalid):
    differing = [c.query for c in (*valid, *invalid) if accepted(c.query, **SERVERS[name]) is not (name in c.accepted)]
    assert differing == []


def test_every_error_points_into_the_query_and_says_something(invalid):
    for case in invalid:
        with pytest.raises(PromQLError, match=r"parse error: \w|parse error: '") as caught:
            parse(case.query)
        error = caught.value
        assert 0 <= error.position <= error.end <= len(case.query), case.query
        assert error.query == case.query
        assert error.reason


def test_a_server_agrees_on_every_query(server, valid, invalid):
    dialect = {"version": server.version, "features": server.flags}
    queries = [case.query for case in (*valid, *invalid)]
    assert [query for query in queries if accepted(query, **dialect) is not server.accepts(query)] == []


def test_a_server_agrees_on_every_expression_of_the_dashboards(server, dashboards):
    dialect = {"version": server.version, "features": server.flags}
    differing = [query for query in dashboards if accepted(query, **dialect) is not server.accepts(query)]
    assert differing == []


@pytest.mark.parametrize("query", DIFFERENCES)
def test_the_differences_from_a_server_are_these(server, query):
    """Each shows on 2.42; a server that agrees is welcome, so the newer ones are only asked whether they answer."""
    dialect = {"version": server.version, "features": server.flags}
    agrees = accepted(query, **dialect) is server.accepts(query)
    assert not agrees or server.dialect.version >= (3, 0)


def test_most_expressions_of_the_dashboards_are_valid(dashboards):
    assert sum(map(accepted, dashboards)) > 0.98 * len(dashboards)


def test_each_sub_expression_cut_out_by_its_span_is_the_same_again(valid, dashboards):
    for query in [*(case.query for case in valid), *dashboards]:
        if accepted(query):
            for node in cut_out(parse(query)):
                assert parse(node.text(query)) == node, (query, node.text(query))


def test_each_sub_expression_cut_out_by_its_span_is_valid_on_a_server(server, valid):
    pieces = {
        node.text(case.query)
        for case in valid
        if accepted(case.query, version=server.version, features=server.flags)
        for node in cut_out(server.parse(case.query))
    }
    assert len(pieces) > 500
    assert [piece for piece in pieces if not server.accepts(piece)] == []


def cut_out(tree):
    """Each node that can stand alone: the matchers in info() cannot, nor a selector whose @ belongs to its range."""
    not_alone = set()
    for node in walk(tree):
        if isinstance(node, Call) and node.function == "info":
            not_alone.update(map(id, node.args[1:]))
        if isinstance(node, MatrixSelector) and (node.at is not None or node.extension is not None):
            not_alone.add(id(node.vector))
        if id(node) not in not_alone:
            yield node


@pytest.mark.parametrize(
    ("query", "version", "words"),
    [
        ('{"a.b"}', "2.42", "a quoted name needs Prometheus 3.0 or newer; this is for 2.42"),
        ("time() - 5m", "v2.42.0+ds", "a duration in place of a number needs Prometheus 2.54 or newer"),
        ("up[300]", "2.42", "a duration without a unit: '300'; write 300s or 300m"),
        ("1_000", "2.53.1", "a number with underscores needs Prometheus 2.54"),
        (
            "up[5m * 2]",
            "3.5.3",
            "needs --enable-feature=promql-duration-expr on Prometheus 3.5, or Prometheus 3.14 or newer",
        ),
        ("up[5m * 2]", "3.0", "needs Prometheus 3.14 or newer, or 3.4 with --enable-feature=promql-duration-expr"),
        ("rate(up[5m] smoothed)", "3.5", "needs Prometheus 3.16 or newer, or 3.7 with --enable-feature"),
        ("a </ 5", "3.5", "a histogram trim operator needs Prometheus 3.11"),
        ("a + fill(0) b", "3.5", "needs Prometheus 3.10 or newer with --enable-feature=promql-binop-fill-modifiers"),
        (
            "info(up)",
            "3.5",
            "the function info() needs --enable-feature=promql-experimental-functions on Prometheus 3.5",
        ),
        ("info(up)", "2.42", "the function info() needs Prometheus 3.0 or newer with --enable-feature"),
        ("limitk(1, up)", "2.42", "the aggregation limitk needs Prometheus 2.54"),
        ("histogram_avg(up)", "2.42", "the function histogram_avg() needs Prometheus 2.51 or newer; this is for 2.42"),
        ("start()", "3.5", "the function start() needs Prometheus 3.12"),
        ("up @ 5", "2.20", "the @ modifier needs Prometheus 2.33 or newer, or 2.25 with"),
    ],
)
def test_a_query_that_is_too_new_names_the_version_it_needs(query, version, words):
    parse(query)
    with pytest.raises(PromQLError) as caught:
        parse(query, version=version)
    assert words in str(caught.value)


def test_flags_of_the_server_open_what_is_experimental():
    assert parse("mad_over_time(up[5m])", version="3.5", features=["promql-experimental-functions"]).function
    assert parse("up[2 * 5m]", version="3.5", features=["promql-duration-expr"]).type == "matrix"
    assert parse("holt_winters(up[5m], 0.5, 0.5)", version="2.42").function == "holt_winters"
    assert parse("up[min(5m, step())]", version="3.6", features=["promql-duration-expr"]).type == "matrix"


def test_wrong_arguments_are_told():
    with pytest.raises(InvalidType, match="query: int is no text"):
        parse(5)
    with pytest.raises(InvalidValue, match="version: 'newest' is no version of Prometheus"):
        parse("up", version="newest")


# Nesting and length.


@pytest.mark.parametrize(
    ("head", "core", "tail"),
    [
        ("(", "up", ")"),
        ("-", "up", ""),
        ("sum(", "up", ")"),
        ("2 ^ ", "up", ""),
        ("(1 + ", "up", ")"),
        ("up[", "5m", "]"),
    ],
)
def test_nesting_has_a_limit_that_is_named(head, core, tail):
    deep = head * 5000 + core + tail * 5000
    with pytest.raises(PromQLError, match=rf"deeper than {MAX_DEPTH} levels|expected a duration"):
        parse(deep)


def test_nesting_up_to_the_limit_is_fine():
    levels = MAX_DEPTH - 1
    tree = parse("(" * levels + "up" + ")" * levels)
    assert sum(1 for _ in walk(tree)) == levels + 1
    assert parse(str(tree)) == tree
    with pytest.raises(PromQLError, match="deeper than"):
        parse("(" * MAX_DEPTH + "up" + ")" * MAX_DEPTH)


def test_a_stack_that_is_nearly_full_gives_the_same_error():
    def with_little_stack(left):
        return parse("(" * 100 + "up" + ")" * 100) if left == 0 else with_little_stack(left - 1)

    depth = reduce(lambda n, _: n + 1, iter_frames(), 0)
    with pytest.raises(PromQLError, match="too deep for the stack that is left"):
        with_little_stack(sys.getrecursionlimit() - depth - 60)


def iter_frames():
    frame = sys._getframe()
    while frame is not None:
        yield frame
        frame = frame.f_back


def test_a_chain_of_operators_may_be_of_any_length():
    query = " or ".join(f"m{n}" for n in range(1200))
    tree = parse(query)
    assert sum(1 for node in walk(tree) if isinstance(node, VectorSelector)) == 1200
    assert parse(str(tree)) == tree
    assert hash(tree) == hash(parse(query))
    assert next(iter(postorder(tree))) == parse("m0")
    assert repr(tree).startswith("<BinaryExpression m0 or m1")


# Noise: whatever the input, only the parser's own error, and soon.

MAX_SECONDS = 0.2


def refused(query):
    """Read a query; how long a refusal took, in seconds of this process, or 0 where it is right."""
    began = time.process_time()
    try:
        tree = parse(query)
    except PromQLError as error:
        assert 0 <= error.position <= len(query)  # noqa: PT017 - one of two outcomes
        return time.process_time() - began
    assert parse(str(tree)) == tree
    return 0.0


def survives(query):
    # The best of three: what else the machine does, and a collection of garbage, say nothing of the parser.
    assert any(refused(query) < MAX_SECONDS for _ in range(3))


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=10_000))
def test_any_text_is_read_or_refused(query):
    survives(query)


FRAGMENTS = [
    *"(){}[],+-*/%^@:=!<>#\"'`\\._0159 \n\t",
    *(
        "up",
        "rate(",
        "sum by (",
        "[5m]",
        "[5m:1m]",
        " offset ",
        " @ ",
        "and ",
        "on (",
        "group_left ",
        "bool ",
        "5m",
        "1e3",
    ),
    *(
        '{job="a"}',
        '=~"',
        "start()",
        "</",
        "fill(",
        "smoothed",
        "0x",
        "ü",
        "😀",
        "\ufffd",
        "\x00",
        "\U0001d7d9",
        "inf",
        "1_0",
        "é",
    ),
]


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from(FRAGMENTS), max_size=1500).map("".join))
def test_any_pile_of_fragments_is_read_or_refused(query):
    survives(query[:10_000])


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_right_query_with_a_few_mistakes_is_read_or_refused(data, valid):
    query = data.draw(st.sampled_from([case.query for case in valid]))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(query)))
        cut = data.draw(st.integers(0, 3))
        query = query[:at] + data.draw(st.sampled_from(["", *FRAGMENTS])) + query[at + cut :]
    survives(query)


@pytest.mark.parametrize(
    "query",
    [
        "(" * 10_000,
        "-" * 10_000,
        "up" + "[5m:]" * 2000,
        "a+" * 5000,
        "a+" * 4999 + "a",
        "1^" * 5000,
        '"' + "\\" * 9_999,
        '"' * 9_999,
        "'\"" * 5_000,
        "#" * 10_000,
        "0" * 10_000,
        "9" * 10_000,
        "1e" * 5_000,
        "1_" * 5_000,
        "0x" + "f" * 9_998,
        "up[" + "1" * 9_990 + "s]",
        "up[" + "5m" * 4_900 + "]",
        "up{" + 'a="b",' * 1_600 + "}",
        'up{a=~"' + "(" * 9_900 + '"}',
        'up{a=~"' + "(a|" * 3_000 + '"}',
        'up{a=~"' + "a*" * 4_900 + '"}',
        'up{a=~"' + "[" * 9_900 + '"}',
        "{" * 10_000,
        "sum by (" + "a," * 4_900 + ") (up)",
        "max_of(" * 1_400,
        "up offset " + "-" * 9_000 + "5m",
        "up[" + "(" * 9_000,
        " " * 10_000,
        "\n" * 9_999 + "up",
        "a:" * 5_000,
    ],
    ids=lambda query: query[:12],
)
def test_ten_thousand_characters_of_one_kind_are_soon_done(query):
    began = time.process_time()
    accepted(query)
    assert time.process_time() - began < MAX_SECONDS


# Another parser: promql-parser, in Rust.


def test_the_tree_has_the_shape_that_another_parser_finds(valid, dashboards):
    other = pytest.importorskip("promql_parser")
    compared, unknown = 0, []
    for query in [*(case.query for case in valid), *dashboards]:
        try:
            theirs = other.parse(query)
        except (ValueError, UnicodeError):
            unknown.append(query)
            continue
        if accepted(query):
            compared += 1
            assert shape(parse(query)) == their_shape(theirs, other), query
    assert compared > 1000
    assert len(unknown) < 0.1 * compared


def shape(node):
    if isinstance(node, NumberLiteral):
        return "number"
    if isinstance(node, UnaryExpression) and node.operator == "+":
        return shape(node.expr)
    name = getattr(node, "operator", None) or getattr(node, "function", None) or ""
    return (type(node).__name__, name, *map(shape, node.children))


def their_shape(node, other):  # noqa: PLR0911 - one a kind
    kind = type(node).__name__
    if kind == "NumberLiteral":
        return "number"
    if kind == "UnaryExpr":
        inner = their_shape(node.expr, other)
        return "number" if inner == "number" else ("UnaryExpression", "-", inner)
    if kind == "BinaryExpr":
        return ("BinaryExpression", str(node.op), their_shape(node.lhs, other), their_shape(node.rhs, other))
    if kind == "AggregateExpr":
        below = [n for n in (node.param, node.expr) if n is not None]
        return ("Aggregation", str(node.op), *(their_shape(n, other) for n in below))
    if kind == "Call":
        return ("Call", node.func.name, *(their_shape(n, other) for n in node.args))
    if kind == "MatrixSelector":
        return ("MatrixSelector", "", their_shape(node.vector_selector, other))
    if kind in {"ParenExpr", "SubqueryExpr"}:
        return ({"ParenExpr": "ParenExpression", "SubqueryExpr": "Subquery"}[kind], "", their_shape(node.expr, other))
    return (kind, "")


def test_tokens_are_what_the_parser_read():
    assert [token.text for token in tokens("up + 1")] == ["up", "+", "1"]
    assert isinstance(parse("'x'"), StringLiteral)
    assert isinstance(parse("up[5m:]"), Subquery)
