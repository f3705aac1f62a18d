"""Label patterns: whether they are RE2, and whether they match the empty text.

Prometheus compiles each pattern when it reads a query and refuses the query where that fails. Python's ``re`` is
another language (it has look-around and back references, and no Unicode classes by name), so patterns are read here.

Notes
-----
Source: regexp/syntax of Go, flags ``Perl``; https://github.com/google/re2/wiki/Syntax.
"""

from __future__ import annotations

import re
from functools import lru_cache

__all__ = ["matches_empty", "problem"]

_MAX_REPEAT = 1000
_MAX_DEPTH = 250
_MAX_CODE = 0x10FFFF

_SIMPLE = re.compile(r"(?:[\w :/@#%&,;<>=~!\"'`-]|\\[.\\|+*?()\[\]{}^$/_-]|[.](?:[*+]\??)?)*+")
_REPEAT = re.compile(r"\{(\d+)(,(\d*))?\}")
_FLAGS = re.compile(r"\((?:\?(?:P?<([^>]*)>|([imsU]*(?:-[imsU]+)?)(:|\))))?")
_CLASSES = frozenset("dswDSW")
_ESCAPED = re.compile(r"\\(?:([0-7]{1,3})|x(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]+)\})|([afnrtv])|([^\w\s]|[ _]))")
_UNICODE = re.compile(r"\\[pP](?:([A-Z])|\{\^?([A-Za-z_]+)\})")
_POSIX = re.compile(r"\[:\^?(\w+):\]")
_POSIX_NAMES = frozenset(
    {
        "alnum",
        "alpha",
        "ascii",
        "blank",
        "cntrl",
        "digit",
        "graph",
        "lower",
        "print",
        "punct",
        "space",
        "upper",
        "word",
        "xdigit",
    }
)
_CATEGORIES = frozenset(("C", "L", "M", "N", "P", "S", "Z")) | frozenset(
    (
        "Cc",
        "Cf",
        "Co",
        "Cs",
        "Ll",
        "Lm",
        "Lo",
        "Lt",
        "Lu",
        "Mc",
        "Me",
        "Mn",
        "Nd",
        "Nl",
        "No",
        "Pc",
        "Pd",
        "Pe",
        "Pf",
        "Pi",
        "Po",
        "Ps",
        "Sc",
        "Sk",
        "Sm",
        "So",
        "Zl",
        "Zp",
        "Zs",
        "Any",
    )
)

_SCRIPTS = frozenset(
    re.findall(
        r"\w+",
        "Adlam Ahom Anatolian_Hieroglyphs Arabic Armenian Avestan Balinese Bamum Bassa_Vah Batak Bengali Bhaiksuki "
        "Bopomofo Brahmi Braille Buginese Buhid Canadian_Aboriginal Carian Caucasian_Albanian Chakma Cham Cherokee "
        "Chorasmian Common Coptic Cuneiform Cypriot Cypro_Minoan Cyrillic Deseret Devanagari Dives_Akuru Dogra "
        "Duployan Egyptian_Hieroglyphs Elbasan Elymaic Ethiopic Georgian Glagolitic Gothic Grantha Greek Gujarati "
        "Gunjala_Gondi Gurmukhi Han Hangul Hanifi_Rohingya Hanunoo Hatran Hebrew Hiragana Imperial_Aramaic "
        "Inherited Inscriptional_Pahlavi Inscriptional_Parthian Javanese Kaithi Kannada Katakana Kawi Kayah_Li "
        "Kharoshthi Khitan_Small_Script Khmer Khojki Khudawadi Lao Latin Lepcha Limbu Linear_A Linear_B Lisu Lycian "
        "Lydian Mahajani Makasar Malayalam Mandaic Manichaean Marchen Masaram_Gondi Medefaidrin Meetei_Mayek "
        "Mende_Kikakui Meroitic_Cursive Meroitic_Hieroglyphs Miao Modi Mongolian Mro Multani Myanmar Nabataean "
        "Nag_Mundari Nandinagari New_Tai_Lue Newa Nko Nushu Nyiakeng_Puachue_Hmong Ogham Ol_Chiki Old_Hungarian "
        "Old_Italic Old_North_Arabian Old_Permic Old_Persian Old_Sogdian Old_South_Arabian Old_Turkic Old_Uyghur "
        "Oriya Osage Osmanya Pahawh_Hmong Palmyrene Pau_Cin_Hau Phags_Pa Phoenician Psalter_Pahlavi Rejang Runic "
        "Samaritan Saurashtra Sharada Shavian Siddham SignWriting Sinhala Sogdian Sora_Sompeng Soyombo Sundanese "
        "Syloti_Nagri Syriac Tagalog Tagbanwa Tai_Le Tai_Tham Tai_Viet Takri Tamil Tangsa Tangut Telugu Thaana Thai "
        "Tibetan Tifinagh Tirhuta Toto Ugaritic Vai Vithkuqi Wancho Warang_Citi Yezidi Yi Zanabazar_Square ",
    )
)
"""Scripts of Unicode 15 by the names that Go's ``unicode.Scripts`` knows."""
_KNOWN = _CATEGORIES | _SCRIPTS


def problem(pattern: str) -> str | None:
    """What is wrong with a pattern as RE2; None if nothing is.

    Examples
    --------
    >>> problem("5..|4.."), problem("(a")
    (None, 'missing closing )')
    """
    if _SIMPLE.fullmatch(pattern):
        return None
    try:
        _read(pattern)
    except _BadPattern as error:
        return str(error)
    return None


def matches_empty(pattern: str) -> bool:
    """Whether a valid pattern, which must match a whole value, matches the empty value.

    Examples
    --------
    >>> matches_empty(".*"), matches_empty(".+"), matches_empty("a|")
    (True, False, True)
    """
    return _read(pattern)


class _BadPattern(Exception):
    """A pattern that is not RE2."""


class _Group:
    """A group under reading: whether an alternative so far can be empty, and whether the present one can."""

    __slots__ = ("any_empty", "empty", "last", "repeated")

    def __init__(self) -> None:
        self.any_empty = False
        self.empty = True
        self.last: bool | None = None  # what the last atom can be; None where there is none to repeat
        self.repeated = False

    def add(self, *, empty: bool) -> None:
        self._settle()
        self.last, self.repeated = empty, False

    def repeat(self, operator: str, *, to_empty: bool) -> None:
        if self.last is None:
            raise _BadPattern(f"missing argument to repetition operator: {operator}")
        if self.repeated:
            raise _BadPattern(f"invalid nested repetition operator: {operator}")
        self.last, self.repeated = self.last or to_empty, True

    def alternative(self) -> None:
        self._settle()
        self.any_empty, self.empty, self.last = self.any_empty or self.empty, True, None

    def close(self) -> bool:
        self._settle()
        return self.any_empty or self.empty

    def _settle(self) -> None:
        if self.last is not None:
            self.empty = self.empty and self.last


@lru_cache(maxsize=512)
def _read(pattern: str) -> bool:
    """Read a pattern to its end; whether it can match the empty text."""
    groups = [_Group()]
    at = 0
    while at < len(pattern):
        char = pattern[at]
        group = groups[-1]
        if char == "(":
            at, opens = _open(pattern, at)
            if opens:
                groups.append(_Group())
                if len(groups) > _MAX_DEPTH:
                    raise _BadPattern("expression nests too deeply")
        elif char == ")":
            if len(groups) == 1:
                raise _BadPattern("unexpected )")
            empty = groups.pop().close()
            groups[-1].add(empty=empty)
            at += 1
        elif char == "|":
            group.alternative()
            at += 1
        elif char in "*+?" or (char == "{" and _REPEAT.match(pattern, at)):
            at = _repeat(pattern, at, group)
        else:
            at = _atom(pattern, at, group)
    if len(groups) > 1:
        raise _BadPattern("missing closing )")
    return groups[0].close()


def _open(pattern: str, at: int) -> tuple[int, bool]:
    """End of what opens a group, and whether one was opened: ``(?i)`` opens none."""
    match = _FLAGS.match(pattern, at)
    if match is None or (match[0] == "(" and pattern[at + 1 : at + 2] == "?"):
        raise _BadPattern(f"invalid or unsupported Perl syntax: {pattern[at : at + 3]}")
    name, _, closing = match.groups()
    if name is not None and not re.fullmatch(r"[A-Za-z0-9_]+", name):
        raise _BadPattern(f"invalid named capture: {match[0]}")
    if closing is not None and match[2] == "" and closing == ")":
        raise _BadPattern("missing argument to repetition operator: ?")
    return match.end(), closing != ")"


def _repeat(pattern: str, at: int, group: _Group) -> int:
    match = _REPEAT.match(pattern, at)
    end = match.end() if match else at + 1
    end += pattern[end : end + 1] == "?"
    operator = pattern[at:end]
    least = 0
    if match is not None:
        least = int(match[1][:6])
        most = least if match[2] is None else int(match[3][:6] or least)
        if least > _MAX_REPEAT or most > _MAX_REPEAT or most < least:
            raise _BadPattern(f"invalid repeat count: {operator}")
    group.repeat(operator, to_empty=(least == 0 if match else pattern[at] != "+"))
    return end


def _atom(pattern: str, at: int, group: _Group) -> int:
    char = pattern[at]
    if char == "[":
        at = _class(pattern, at)
    elif char == "\\":
        return _escape(pattern, at, group)
    else:
        group.add(empty=char in "^$")
        return at + 1
    group.add(empty=False)
    return at


def _escape(pattern: str, at: int, group: _Group) -> int:
    after = pattern[at + 1 : at + 2]
    if after == "Q":
        end = pattern.find("\\E", at + 2)
        for _ in pattern[at + 2 : end if end >= 0 else None]:
            group.add(empty=False)
        return len(pattern) if end < 0 else end + 2
    if after in {"A", "z", "b", "B"} and after:
        group.add(empty=after != "b")
        return at + 2
    group.add(empty=False)
    return _character(pattern, at)


def _character(pattern: str, at: int) -> int:
    """End of an escape that stands for a character or a class of them."""
    after = pattern[at + 1 : at + 2]
    if not after:
        raise _BadPattern("trailing backslash at end of expression")
    if after in _CLASSES or after == "C":
        if after == "C":
            raise _BadPattern("invalid escape sequence: \\C")
        return at + 2
    if after in {"p", "P"}:
        match = _UNICODE.match(pattern, at)
        if match is None or (match[1] or match[2]) not in _KNOWN:
            raise _BadPattern(f"invalid character class range: {pattern[at : at + 4]}")
        return match.end()
    escape = _ESCAPED.match(pattern, at)
    if (
        escape is None
        or (escape[1] and len(escape[1]) == 1 and escape[1] != "0")
        or (escape[3] and int(escape[3], 16) > _MAX_CODE)
    ):
        raise _BadPattern(f"invalid escape sequence: {pattern[at : at + 2]}")
    return escape.end()


def _class(pattern: str, at: int) -> int:
    """End of a character class that begins with ``[``."""
    start = at
    at += 2 if pattern[at + 1 : at + 2] == "^" else 1
    first = True
    while at < len(pattern) and (pattern[at] != "]" or first):
        first = False
        posix = _POSIX.match(pattern, at)
        if posix is not None:
            if posix[1] not in _POSIX_NAMES:
                raise _BadPattern(f"invalid character class range: {posix[0]}")
            at = posix.end()
            continue
        low, at = _class_character(pattern, at)
        if low is not None and pattern[at : at + 1] == "-" and pattern[at + 1 : at + 2] not in {"]", ""}:
            high, at = _class_character(pattern, at + 1)
            if high is None or high < low:
                raise _BadPattern(f"invalid character class range: {pattern[start:at]}")
    if at >= len(pattern):
        raise _BadPattern(f"missing closing ]: {pattern[start:]}")
    return at + 1


def _class_character(pattern: str, at: int) -> tuple[int | None, int]:
    """Code of one character of a class, None for a class within it; and where the next one begins."""
    if pattern[at] != "\\":
        return ord(pattern[at]), at + 1
    end = _character(pattern, at)
    escape = _ESCAPED.fullmatch(pattern, at, end)
    if escape is None:
        return None, end
    octal, byte, long, control, char = escape.groups()
    if octal:
        return int(octal, 8), end
    if byte or long:
        return int(byte or long, 16), end
    return (
        ord({"a": "\a", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}[control]) if control else ord(char)
    ), end
