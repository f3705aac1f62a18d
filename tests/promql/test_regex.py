import random
import warnings

import pytest

from monitorkit.promql.literals import quote
from monitorkit.promql.regex import matches_empty, problem

ATOMS = [
    *"ab.*+?|()[]^$-/é",
    *(r"\d", r"\w", r"\b", r"\B", r"\A", r"\z", r"\Z", r"\pL", r"\p{Greek}", r"\p{Lu}", r"\PN", r"\p{foo}", r"\p{^Lu}"),
    *("{2}", "{1,3}", "{,3}", "{2,}", "{1001}", "{", "}", "x{0}", "x{3,2}", "{2}?", "*?", "**", "(a)*", "(|a)", "()"),
    *("(?:", "(?i)", "(?i:", "(?P<n>", "(?P<1a>", "(?P<>a)", "(?=", "(?!", "(?P=n)", "(?U)", "(?s-m)", "(?-)", "(?^i)"),
    *(
        "[a-z]",
        "[^a]",
        "[]a]",
        "[[:alpha:]]",
        "[[:foo:]]",
        "[a-",
        "[z-a]",
        "[a-\\d]",
        "[\\d-z]",
        "[\\b]",
        r"[\x41-\x42]",
    ),
    *(
        r"\x41",
        r"\x{41}",
        r"\x{110000}",
        r"\x4",
        r"\07",
        r"\1",
        r"\8",
        r"\123",
        r"\-",
        r"\_",
        r"\é",
        r"\n",
        r"\q",
        r"\C",
    ),
]


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("(", "missing closing )"),
        (")", "unexpected )"),
        ("[a", "missing closing ]: [a"),
        ("[z-a]", "invalid character class range: [z-a"),
        ("*a", "missing argument to repetition operator: *"),
        ("a**", "invalid nested repetition operator: *"),
        ("a{1001}", "invalid repeat count: {1001}"),
        ("(?<=a)b", "invalid or unsupported Perl syntax: (?<"),
        (r"(a)\1", r"invalid escape sequence: \1"),
        ("a\\", "trailing backslash"),
        ("(" * 300 + ")" * 300, "nests too deeply"),
    ],
)
def test_what_is_not_re2_is_named(pattern, words):
    assert words in problem(pattern)


@pytest.mark.parametrize(
    "pattern", ["", "a", "5..", "a|b", r"10\.0\.0\.1:9090", "(?i)a", r"\pL+", "[[:alpha:]]", r"\Qa(\E"]
)
def test_what_is_re2_has_no_problem(pattern):
    assert problem(pattern) is None


@pytest.mark.parametrize(
    "pattern", ["", "a*", "a?", "a|", "()", "(a|b*)", "^$", "a{0}", "a{0,3}", "(?i)", r"\B", "(?:a?b?)*", r"\Q\E"]
)
def test_a_pattern_that_can_be_empty(pattern):
    assert matches_empty(pattern)


@pytest.mark.parametrize(
    "pattern", ["a", ".", "a+", "a|b", "(a)", "a{1}", "^a$", r"\b", "[^a]", "a*b", r"\Qa\E", "(a|b)c*"]
)
def test_a_pattern_that_cannot_be_empty(pattern):
    assert not matches_empty(pattern)


def test_python_agrees_on_emptiness_where_it_reads_the_pattern_alike():
    import re

    chance = random.Random(0)
    simple = ["a", "b", ".", "*", "+", "?", "|", "(", ")", "[a-c]", "{0}", "{1,2}", "^", "$"]
    compared = 0
    for _ in range(4000):
        pattern = "".join(chance.choice(simple) for _ in range(chance.randrange(7)))
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                compiled = re.compile(pattern)
        except (re.error, FutureWarning):
            continue
        if problem(pattern) is None:
            compared += 1
            assert matches_empty(pattern) is (compiled.fullmatch("") is not None), pattern
    assert compared > 500


def test_a_server_agrees_on_random_patterns(server):
    chance = random.Random(1)
    differing = []
    for _ in range(1000):
        pattern = "".join(chance.choice(ATOMS) for _ in range(chance.randrange(1, 5)))
        ours = problem(pattern) is None
        if ours is not server.accepts(f"up{{a=~{quote(pattern)}}}"):
            differing.append(pattern)
        elif ours and matches_empty(pattern) is server.accepts(f"{{a=~{quote(pattern)}}}"):
            differing.append(f"empty: {pattern}")
    assert differing == []
