from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitorkit.notebook.places import place_at
from monitorkit.query import PrometheusClient

PROM = PrometheusClient("http://127.0.0.1:9")


class Tempting:
    """Whoever calls, evaluates or looks further than is stored raises."""

    stored = PROM

    def __getattr__(self, name):
        raise AssertionError(f"{name} was asked for")

    @property
    def prom(self):
        raise AssertionError("a property was read")

    @property
    def __class__(self):
        raise AssertionError("the class was asked for")


NAMESPACE = {
    "prom": PROM,
    "app": SimpleNamespace(prom=PROM, db=SimpleNamespace(query=print)),
    "database": SimpleNamespace(query=print),
    "metric": "http_requests_total",
    "window": "5m",
    "n": 3,
    "odd": 'a"b',
}


def at(marked):
    cursor = marked.index("|")
    return place_at(marked[:cursor] + marked[cursor + 1 :], cursor, NAMESPACE)


def query(marked):
    """The query with a bar at the place in it; None where it is none."""
    place = at(marked)
    assert place is None or place.kind == "query", place
    return None if place is None else place.text[: place.cursor] + "|" + place.text[place.cursor :]


@pytest.mark.parametrize(
    ("marked", "found"),
    [
        ("%promql ra|", " ra|"),
        ("%promql  rate(up|[5m])  ", "  rate(up|[5m])  "),
        ("%promql|", None),
        ("%prom|ql up", None),
        ("x = 1\nfor i in y:\n    %promql u|p\nz", " u|p"),
        ("a, b = %promql up|", " up|"),
        ("%promql --last 5m --plot up|", " up|"),
        ("%promql --last=5m up|", " up|"),
        ("%promql --legend '{{a}} b' up|", " up|"),
        ("%promql -up|", " -up|"),
        ("%promql up + \\\n  down|\nx", " up +  \n  down|"),
        ("%promql up\nx = |", None),
        ("%promql_other up|", None),
        ("%promqlup|", None),
        ("print('%promql up|')", None),
        ("# %promql up|", None),
        ("f(\n%promql up|", None),
        ("%time %promql up|", None),
        ("%%promql\nup|", "\nup|"),
        ("\n\n  %%promql --last 5m\nup|\n", "\nup|\n"),
        ("%%promql up|", " up|"),
        ("%%promql\na = up\nb = down|\nc = x", " down|\n"),
        ("%%promql\na = up{job='x',\n b='|'}\nc = x", " up{job='x',\n b='|'}\n"),
        ("%%promql\nsum(rate(x\nb = down|", " down|"),
        ("%%promql\nup\ndown|\nleft", "down|\n"),
        ("%%promql\nup\nand|", "\nup\nand|"),
        ("%%promql\nsum(\n  up\n  down|\n)", "\nsum(\n  up\n  down|\n)"),
        ("%%promql\nsum(up)\nby (jo|)", "\nsum(up)\nby (jo|)"),
        ("%%promql\nup\n\n|", "|"),
        ("%%promql\nup\n\n|\n\ndown", "|"),
        ("%%promql\nup\n|", "\nup\n|"),
        ("%%promql\nup # a = b\n+ down|", "\nup # a = b\n+ down|"),
        ("%%promql\nup == down|", "\nup == down|"),
        ("%%promqlx\nup|", None),
        ("%%time\n%%promql\nup|", None),
    ],
)
def test_the_query_of_a_magic_is_found(marked, found):
    assert query(marked) == found


@pytest.mark.parametrize(
    ("marked", "kind", "option", "text"),
    [
        ("%promql --|", "option", "--", "--"),
        ("%promql -|", "option", "-", "-"),
        ("%promql --la|", "option", "--la", "--la"),
        ("%promql --plot --la| up", "option", "--la", "--la"),
        ("%promql --last |", "option value", "--last", ""),
        ("%promql --last 5| up", "option value", "--last", "5"),
        ("%promql --last=5|", "option value", "--last", "5"),
        ("%%promql --url http://x|\nup", "option value", "--url", "http://x"),
        ("%%promql --plot --as |\nup", "option value", "--as", ""),
    ],
)
def test_the_options_of_a_magic_are_found(marked, kind, option, text):
    place = at(marked)
    assert (place.kind, place.option, place.text) == (kind, option, text)
    assert marked.replace("|", "")[place.origins[0] : place.origins[-1]] == text


def test_the_options_before_a_query_are_known():
    assert at("%promql --url 'http://x' --plot up|").options == {"--url": "http://x", "--plot": ""}


def test_an_option_may_begin_where_the_query_does():
    assert at("%promql |").opens
    assert at("%promql --plot |up").opens
    assert at("%%promql |\nup").opens
    assert not at("%promql u|p").opens
    assert not at("%%promql\n|").opens
    assert not at("prom.query('|").opens


def test_a_template_is_filled_where_that_is_a_word():
    assert query("%promql rate({{metric}}[{{window}}]) + u|") == " rate(http_requests_total[5m]) + u|"
    assert query("%promql x{job={{ odd }}} + {{n}} + {{unknown}} + u|") == " x{job=_} + 3 + _ + u|"


def test_in_a_template_it_is_a_variable():
    place = at("%promql rate({{me|")
    assert (place.kind, place.text) == ("variable", "me")
    assert at("%promql rate({{ | }}[5m])").kind == "variable"
    assert at("%%promql --plot\nrate({{metric}}[{{w|}}])").text == "w"


@pytest.mark.parametrize("method", ["query", "query_range", "samples", "explain", "lint"])
def test_the_query_in_a_string_is_found(method):
    assert query(f"prom.{method}('rate(up|") == "rate(up|"


@pytest.mark.parametrize(
    ("marked", "found"),
    [
        ("prom.query('up|')", "up|"),
        ("prom.query(\"up{job='|a'}\", at=5)", "up{job='|a'}"),
        ("prom.query('''\nsum(\n  up|", "\nsum(\n  up|"),
        ("prom.query('up|\nx = 'y'", "up|"),
        ("prom . query (  'up|'", "up|"),
        ("prom.query(expr='up|')", "up|"),
        ("prom.query_range(last='5m', expr='up|')", "up|"),
        ("prom.query_range(last=f('5m', [1]), expr='up|')", "up|"),
        ("prom.query(f(1), '|", None),
        ("prom.query(  # why\n 'sum('  # so\n  'up|'", "sum(up|"),
        ("f(prom.query('up|'), g(1))", "up|"),
        ("x = [prom.query('a'), prom.query('up|", "up|"),
        ("app.prom.query('up|", "up|"),
        (r"prom.query('up{job=\'a\t|'", "up{job='a\t|"),
        ("prom.query(r'up{job=~\"\\d|", 'up{job=~"\\d|'),
        ("prom.query(f'rate({metric}[{window}]) + {n} + u|')", "rate(http_requests_total[5m]) + 3 + u|"),
        ("prom.query(f'{{{n}}} {metric!r} {f(x)} u|')", "{3} _ _ u|"),
        ("prom.query(f'up{{job=\"{odd}\", u|')", 'up{job="a"b", u|'),
        ("prom.query(f'rate({met|')", None),
        ("prom.query(f'rate({metric|}[5m])')", None),
        ("prom.query(b'up|", None),
        ("prom.query('up'|)", None),
        ("prom.query(|'up')", None),
        ("prom.query('up', '|", None),
        ("prom.query('up', at='|", None),
        ("prom.query(x + '|", None),
        ("prom.query(['|", None),
        ("prom.label_values('|", None),
        ("query('|", None),
        ("prom('|", None),
        ("prom.query['|", None),
        ("database.query('|", None),
        ("app.db.query('|", None),
        ("unknown.query('|", None),
        ("f().prom.query('|", None),
        ("x['a'].prom.query('|", None),
        ("# prom.query('up|", None),
        ("'prom.query(\"up|'", None),
        ("!echo 'x\nprom.query('up|", "up|"),
        ("%time prom.query('up|", None),
    ],
)
def test_strings_that_go_to_a_client_are_found_and_no_others(marked, found):
    assert query(marked) == found


@pytest.mark.parametrize("path", ["tempting", "tempting.prom", "tempting.stored", "tempting.missing"])
def test_nothing_is_called_to_find_the_client(path):
    cell = f"{path}.query('up"
    assert place_at(cell, len(cell), {"tempting": Tempting()}) is None


def test_only_a_clients_own_string_has_a_client():
    assert at("prom.query('|").client is PROM
    assert at("%promql |").client is None


def test_each_character_knows_where_it_comes_from():
    marked = "prom.query('a\\t' \"b{{{{\" f'{{ {metric} {{|')"
    place = at(marked)
    assert place.text == "a\tb{{{{{ http_requests_total {"
    cell = marked.replace("|", "")
    assert [cell[origin] for origin in place.origins[:8]] == ["a", "\\", "b", "{", "{", "{", "{", "{"]
    assert place.origins[place.cursor] == marked.index("|")


def test_text_is_written_as_the_place_needs_it():
    assert at("%promql |").written('a"{b}') == 'a"{b}'
    assert at("%promql |").written("{{a}}") is None  # it would be filled in
    assert at("prom.query('|").written("it's\n\\") == "it\\'s\\x0a\\\\"
    assert at('prom.query(f"|').written('{"a"}') == '{{\\"a\\"}}'
    assert at("prom.query(r'|").written("it's") is None
    assert [at(marked).mark for marked in ("%promql |", "prom.query('|", 'prom.query("|', 'prom.query("""|')] == list(
        "\"\"''"
    )


PIECES = [
    *"'\"{}()[]\\\n %=,.|#-",
    "prom",
    ".query(",
    "f'",
    '"""',
    "%promql ",
    "%%promql",
    "--last ",
    "up",
    "{{",
    "expr=",
]


@settings(deadline=None, max_examples=400)
@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join), st.integers(0, 40))
def test_any_cell_and_cursor_have_a_place_or_none(cell, cursor):
    cursor = min(cursor, len(cell))
    place = place_at(cell, cursor, NAMESPACE)
    if place is not None:
        assert len(place.origins) == len(place.text) + 1
        assert 0 <= place.cursor <= len(place.text)
        assert list(place.origins) == sorted(place.origins)
        assert 0 <= place.origins[0] <= place.origins[-1] <= len(cell)
        assert place.cursor == len(place.text) or place.origins[place.cursor] >= cursor or place.kind == "query"
