import argparse
import ast
import dataclasses
import io
import json.decoder
import logging
import re
import string
import textwrap
import token
import tokenize
import typing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitorkit.notebook.python_code import Piece, in_field, pieces, value, written

MODULES = (argparse, ast, dataclasses, json.decoder, logging, re, string, textwrap, tokenize, typing)


def strings(source):
    return [piece for piece in pieces(source) if piece.kind == "string"]


def spans_by_python(source):
    """Spans of the strings as Python's tokenizer finds them; since 3.12 it gives f-strings in parts."""
    lines = [0]
    for line in io.StringIO(source):
        lines.append(lines[-1] + len(line))
    found, begun = [], []
    for one in tokenize.generate_tokens(io.StringIO(source).readline):
        name = token.tok_name[one.type]
        start, end = (lines[line - 1] + column for line, column in (one.start, one.end))
        if name in {"FSTRING_START", "TSTRING_START"}:
            begun.append(start)
        elif name in {"FSTRING_END", "TSTRING_END"}:
            start = begun.pop()
            found += [(start, end)] if not begun else []
        elif name == "STRING" and not begun:
            found.append((start, end))
    return found


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_the_strings_of_real_modules_are_found_as_python_finds_them(module):
    source = Path(module.__file__).read_text(encoding="utf-8")
    found = strings(source)
    assert [(piece.start, piece.end) for piece in found] == spans_by_python(source)
    assert len(found) > 10
    assert all(piece.closed for piece in found)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_the_values_of_real_strings_are_those_that_python_reads(module):
    source = Path(module.__file__).read_text(encoding="utf-8")
    for piece in strings(source):
        if not {"f", "b", "t"} & set(piece.prefix):
            text = value(source, piece, {}.get)
            assert text.value == ast.literal_eval(source[piece.start : piece.end])
            assert len(text.origins) == len(text.value) + 1


@pytest.mark.parametrize(
    ("literal", "meant"),
    [
        (r"'a\tb\x41\u00e9\U0001f600\101\N{EM DASH}'", "a\tbA\u00e9\U0001f600A\u2014"),
        (r"'\q\''", "\\q'"),
        ("'a\\\nb'", "ab"),
        (r"r'\t\''", r"\t\'"),
        ("'''a\n'b''c'''", "a\n'b''c"),
        ("f'{{x}} {y} {z!r} {z[\"a\"]:>{w}}'", "{x} 5m _ _"),
        ("f'{ y }'", "5m"),
        ("rf'\\{y}'", "\\5m"),
    ],
)
def test_a_string_means_what_it_means(literal, meant):
    (piece,) = strings(literal)
    assert (piece.start, piece.end, piece.closed) == (0, len(literal), True)
    text = value(literal, piece, {"y": "5m"}.get)
    assert text.value == meant
    for char, origin in zip(text.value, text.origins, strict=False):
        assert literal[origin] in {char, "\\", "{", "}"}


@pytest.mark.parametrize(
    ("source", "spans"),
    [
        ("f('abc", [(2, 6)]),
        ("f('abc\n'd'", [(2, 6), (7, 10)]),
        ("f('''abc\n'd'", [(2, 12)]),
        ('f("a\\', [(2, 5)]),
        ("f(rb'a", [(2, 6)]),
        ("f'{x", [(0, 4)]),
        ("f'{x}", [(0, 5)]),
        ('f\'{d["a"]', [(0, 9)]),
        ("# 'abc\n'd'", [(7, 10)]),
        ("'a' 'b", [(0, 3), (4, 6)]),
        ("%time x = 'a\ny = 'b", [(17, 19)]),
        ("!echo 'a\ny = 'b", [(13, 15)]),
        ("files = !ls 'a\ny = 'b", [(19, 21)]),
        ("x = (\n% 'a'\n)", [(8, 11)]),
    ],
)
def test_strings_are_found_in_unfinished_code(source, spans):
    assert [(piece.start, piece.end) for piece in strings(source)] == spans


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("%promql up", ["%promql up"]),
        ("x = 1\n%promql up\ny", ["%promql up"]),
        ("for i in y:\n    %promql up\n", ["%promql up"]),
        ("a.b, c = %promql up", ["%promql up"]),
        ("%promql up \\\n + 1\nx", ["%promql up \\\n + 1"]),
        ("f(\n%promql up\n)", []),
        ("'''\n%promql up\n'''", []),
        ("x \\\n%promql", []),
        ("# %promql up", []),
        ("5 % promql", []),
        ("a = b % c", []),
        ("%promql rate(x[\n%promql up", ["%promql rate(x[", "%promql up"]),
    ],
)
def test_lines_that_are_ipythons_are_found(source, lines):
    assert [source[piece.start : piece.end] for piece in pieces(source) if piece.kind == "magic"] == lines


@pytest.mark.parametrize(
    ("marked", "inside"),
    [
        ("f'a{|x}b'", True),
        ("f'a{x|}b'", True),
        ("f'a{x}|b'", False),
        ("f'a|{x}b'", False),
        ("f'a{{|x}}b'", False),
        ("f'a{x|", True),
        ("f'a{x[|", True),
        ("'a{|x}'", False),
        ("rf'\\{x|}'", True),
        ("f'\\{x|}'", True),
        ("f'\\N{EM| DASH}'", False),
        ("f'\\'{x|}'", True),
    ],
)
def test_a_field_belongs_to_python(marked, inside):
    source = marked.replace("|", "")
    assert in_field(source, strings(source)[0], marked.index("|")) is inside


@pytest.mark.parametrize("prefix", ["", "r", "f", "rf", "u"])
@pytest.mark.parametrize("quote", ["'", '"', "'''", '"""'])
@given(text=st.text(alphabet=st.sampled_from("ab\\'\"{}\n\t\x00é😀"), max_size=8))
def test_written_text_is_read_back_by_python(prefix, quote, text):
    in_source = written(text, Piece("string", 0, 0, prefix, quote))
    if in_source is None:
        assert "r" in prefix
    else:
        literal = f"{prefix}{quote}{in_source} {quote}"  # the blank: what is typed goes on
        read = ast.literal_eval(literal) if "f" not in prefix else eval(literal)
        assert read == text + " "


@settings(deadline=None, max_examples=300)
@given(st.lists(st.sampled_from([*"'\"{}()[]\\\n %!#=a", "f'", 'f"{', "'''", '"""', "%promql up", "r'"])).map("".join))
def test_any_source_is_cut_without_loss(source):
    done = 0
    for piece in pieces(source):
        assert done <= piece.start < piece.end <= len(source)
        assert not source[done : piece.start].replace("\\\n", "").strip(" \t\f\r=a,")
        done = piece.end
        if piece.kind == "string":
            text = value(source, piece, {}.get)
            assert len(text.origins) == len(text.value) + 1
            assert list(text.origins) == sorted(text.origins)
            in_field(source, piece, (piece.start + piece.end) // 2)
