import pytest

from monitorkit.errors import InvalidValue
from monitorkit.notebook.statements import Statement, statements


def cut(text):
    return [(one.name, one.query) for one in statements(text)]


@pytest.mark.parametrize(
    "query",
    [
        "up",
        "sum(\n\trate(x[5m])\n)",
        "a\n+ b",
        "a\n\n\n/ on (job)\n  group_left\n  b",
        "a / b\n- c",
        "sum\n\n(up)",
        "sum by (job)\n(up)",
        "sum(up)\n\nby (job)",
        "up\n{job='a'}",
        "up\noffset 5m",
        "a # one\n# two\n+ b # three",
        "`a\n\nb`",
        "rat(\n  x\n)\n\n/ y",
        "sum(rate(x[5m])\nup",
        "up{a='b'\n, c='d'",
        "rate(x[$__interval])\n/ 2",
        "a == on (x)\nbool",
    ],
)
def test_one_query_on_several_lines_stays_one(query):
    assert cut(f"\n  {query}\n") == [("", query)]


@pytest.mark.parametrize(
    ("text", "queries"),
    [
        ("a\nb\n\nc", ["a", "b", "c"]),
        ("sum(a)\nsum(b)", ["sum(a)", "sum(b)"]),
        ("rate(x[5m])\n(a + b)", ["rate(x[5m])", "(a + b)"]),
        ("a{b='c'}\n{d='e'}", ["a{b='c'}", "{d='e'}"]),
        ("up\n\n(a)", ["up", "(a)"]),
        ("a offset 5m\n1 + b\n'text'", ["a offset 5m", "1 + b", "'text'"]),
        ("a # first\n# second\nb", ["a # first", "b"]),
        ("rat(a)\nb", ["rat(a)", "b"]),
        ("a +\nb\nc by\nd", ["a +\nb", "c by\nd"]),
        ("{{m}}\nsum by ({{l}})\n(x)\n{{n}}", ["{{m}}", "sum by ({{l}})\n(x)", "{{n}}"]),
        ("a\r\n\r\nb\r\n", ["a", "b"]),
    ],
)
def test_queries_are_cut_where_one_ends_and_another_begins(text, queries):
    assert cut(text) == [("", query) for query in queries]


def test_a_name_begins_a_query_and_what_follows_has_none():
    text = "first = a\n  + b\nc\nlast=d{\n  job='x',\n  le='y'\n}\n"
    assert cut(text) == [("first", "a\n  + b"), ("", "c"), ("last", "d{\n  job='x',\n  le='y'\n}")]


def test_a_query_before_that_is_not_closed_does_not_swallow_the_next_name():
    assert cut("a = sum(up\nb = down") == [("a", "sum(up"), ("b", "down")]


def test_a_comparison_and_a_matcher_are_no_names():
    assert cut("up\n== 1") == [("", "up\n== 1")]
    assert cut("up{\njob\n='a'}") == [("", "up{\njob\n='a'}")]


def test_a_metrics_word_of_the_language_can_be_a_name():
    assert cut("sum = up\nby = down") == [("sum", "up"), ("by", "down")]


@pytest.mark.parametrize("text", ["", " \n\t\n", "# nothing\n  # at all"])
def test_nothing_is_nothing(text):
    assert statements(text) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("import = up", "import =: 'import' is a word of Python"),
        ("job:rate5m = up", "job:rate5m =: 'job:rate5m' is no name of a variable"),
        ("a =\n# nothing\nb = up", "a =: no query follows"),
        ("5 = up", "5 =: '5' is no name of a variable"),
    ],
)
def test_a_name_that_cannot_keep_a_frame_is_refused(text, message):
    with pytest.raises(InvalidValue, match=message):
        statements(text)


def test_a_long_cell_is_cut_soon():
    assert statements("\n".join(f"m{n} = rate(x{n}[5m])" for n in range(500)))[499] == Statement(
        "m499", "rate(x499[5m])"
    )
