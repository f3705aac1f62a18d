r"""Literals of the language: numbers, durations and strings, read and written.

Notes
-----
Source: promql/parser/lex.go (``scanNumber``, ``lexEscape``) and parse.go (``number``) of Prometheus 3.x; durations as
in github.com/prometheus/common/model, ``ParseDuration``; strings as Go's ``strconv.Quote`` writes them.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal

from monitorkit.durations import format_duration

__all__ = ["duration_text", "duration_value", "number_text", "number_value", "quote", "scan_number", "unquote"]

_MAX_SECONDS = 2**63 / 1e9
_UNITS = {"y": 31_536_000_000, "w": 604_800_000, "d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1_000, "ms": 1}
_DURATION = re.compile("".join(rf"(?:([0-9]+){unit}{'(?!s)' if unit == 'm' else ''})?" for unit in _UNITS))
_SIMPLE_DURATION = re.compile(r"([0-9]{1,9})(ms|[smhdwy])")
_ESCAPE = re.compile(
    r"\\(?:([abfnrtv\\\"'])|([0-7]{3})|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.?))", re.DOTALL
)
_CONTROL = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\"}
_WRITTEN = {ord(char): f"\\{letter}" for letter, char in _CONTROL.items()} | {ord('"'): '\\"'}
_PLAIN = re.compile(r"[ !#-\[\]-~]*")


def number_value(text: str) -> float | None:
    """Value of a number literal; None if the text is none, or too large.

    A leading zero means octal and ``0x`` hexadecimal, as in Go.
    """
    lowered = text.lower()
    if lowered in {"inf", "nan"}:
        return math.inf if lowered == "inf" else math.nan
    lowered = lowered.replace("_", "")
    try:
        if lowered.startswith("0x"):
            whole = int(lowered, 16)
            return float(whole) if whole < 2**63 else None
        if len(lowered) > 1 and lowered[0] == "0" and lowered.isdigit() and not set(lowered) & {"8", "9"}:
            octal = int(lowered, 8)
            return float(octal) if octal < 2**63 else float(lowered)
        value = float(lowered)
    except ValueError:
        return None
    return None if math.isinf(value) else value


def duration_value(text: str) -> float | None:
    """Seconds of a duration literal; None if its units repeat, are out of order, or it is longer than 292 years."""
    simple = _SIMPLE_DURATION.fullmatch(text)
    if simple is not None:
        milliseconds = int(simple[1]) * _UNITS[simple[2]]
    else:
        match = _DURATION.fullmatch(text)
        if match is None or len(text) > 200:  # noqa: PLR2004 - guards int() against thousands of digits
            return None
        milliseconds = sum(int(count or 0) * unit for count, unit in zip(match.groups(), _UNITS.values(), strict=True))
    seconds = milliseconds / 1000
    return seconds if seconds < _MAX_SECONDS else None


def in_duration_range(seconds: float) -> bool:
    """Whether a number of seconds fits Prometheus' durations: 64 bit nanoseconds."""
    return -_MAX_SECONDS <= seconds <= _MAX_SECONDS


def number_text(value: float) -> str:
    """Write a number without an exponent where that stays readable."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    text = repr(value)
    if "e" in text and abs(int(text.partition("e")[2])) <= 21:  # noqa: PLR2004 - as many digits as a long integer
        text = format(Decimal(text), "f")
    return text.removesuffix(".0")


def duration_text(seconds: float) -> str:
    """Write seconds as a duration; as a plain number where it is finer than a millisecond."""
    size = abs(seconds)
    if round(size * 1000) / 1000 != size:
        return number_text(seconds)
    return ("-" if seconds < 0 else "") + format_duration(size)


def scan_number(text: str, start: int) -> tuple[str, int]:
    """Kind and end of the number or duration that begins at `start`.

    Returns
    -------
    tuple of str and int
        ``number``, ``duration``, or ``error`` where it runs into letters or is malformed; the offset after it.
    """
    end, valid = _number_end(text, start)
    if valid:
        return "number", end
    match = _DURATION_TAIL.match(text, end)
    if match is not None:
        return "duration", match.end()
    while end < len(text) and (text[end] in "._" or (text[end].isascii() and text[end].isalnum())):
        end += 1
    return "error", end


_DURATION_TAIL = re.compile(r"[smhdwy]s?(?:[0-9]+[smhdw]s?)*(?![0-9A-Za-z_])")


def _number_end(text: str, start: int) -> tuple[int, bool]:  # noqa: C901 - one state machine
    """End of the longest number, and whether it is one: a digit, dot, exponent and underscore at a time."""
    end, digits = start, "0123456789"
    if text[start : start + 2] in {"0x", "0X"}:
        end, digits = start + 2, "0123456789abcdefABCDEF"
        end += text[end : end + 1] == "_"
    end += text[end : end + 1] == "."
    end += text[end : end + 1] in digits and end < len(text)
    dot = exponent = False
    while end < len(text):
        char, after = text[end], text[end + 1 : end + 2]
        if char == ".":
            if dot or after in {"_", "."} or len(digits) > 10:  # noqa: PLR2004 - hexadecimal has no fraction
                return end + 1, False
            dot = True
        elif char in "eE":
            if exponent:
                return end + 1, False
            exponent = True
            end += after in {"+", "-"}
            after = text[end + 1 : end + 2]
            if not after or after in "._eE":
                return end + 1, False
        elif char == "_":
            if not after or after in "._eE":
                return end + 1, False
        elif char not in digits:
            break
        else:
            while end + 1 < len(text) and text[end + 1] in digits:
                end += 1
        end += 1
    return end, not (end < len(text) and (text[end] == "_" or (text[end].isascii() and text[end].isalpha())))


def unquote(literal: str) -> str | int:
    r"""Value of a string literal with its quotes, or the offset in it of an escape that is wrong.

    Bytes that are no UTF-8 (``"\xff"``) become lone surrogates, as in `os.fsdecode`; `quote` writes them back.

    Examples
    --------
    >>> unquote(r"'a\tb'"), unquote(r'"a\q"')
    ('a\tb', 2)
    """
    mark, body = literal[0], literal[1:-1]
    if mark == "`" or "\\" not in body:
        return body
    parts: list[bytes] = []
    done = 0
    for match in _ESCAPE.finditer(body):
        piece = _unescaped(match, mark)
        if piece is None:
            return match.start() + 1
        parts += [body[done : match.start()].encode("utf-8", "surrogatepass"), piece]
        done = match.end()
    parts.append(body[done:].encode("utf-8", "surrogatepass"))
    return b"".join(parts).decode("utf-8", "surrogateescape")


def _unescaped(match: re.Match[str], mark: str) -> bytes | None:
    letter, octal, byte, short, long, _ = match.groups()
    if letter is not None:
        if letter in "\"'":
            return letter.encode() if letter == mark else None
        return _CONTROL[letter].encode()
    if octal is not None or byte is not None:
        code = int(octal, 8) if octal is not None else int(byte, 16)
        return bytes([code]) if code <= 0xFF else None  # noqa: PLR2004 - a byte
    if short is None and long is None:
        return None
    code = int(short or long, 16)
    if code > 0x10FFFF or 0xD800 <= code < 0xE000:  # noqa: PLR2004 - Unicode's limits
        return None
    return chr(code).encode()


def quote(value: str) -> str:
    r"""Write text as a string literal, everything that is not printable escaped.

    Examples
    --------
    >>> print(quote('a "b"\x00\u00a0'))
    "a \"b\"\x00\u00a0"
    """
    if _PLAIN.fullmatch(value):
        return f'"{value}"'
    return '"' + "".join(char if char == " " else _escaped(char) for char in value) + '"'


def _escaped(char: str) -> str:
    code = ord(char)
    written = _WRITTEN.get(code)
    if written is not None:
        return written
    if char.isprintable():
        return char
    if 0xDC80 <= code <= 0xDCFF:  # noqa: PLR2004 - a byte that was no UTF-8
        return f"\\x{code - 0xDC00:02x}"
    if code < 0x80:  # noqa: PLR2004 - ASCII
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004 - the basic plane
