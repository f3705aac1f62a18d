"""A recording in a folder: what was asked, what came back, and when, as files that a person can read and compare.

``index.jsonl`` has one line for each event, in order: the head, a reading of the clock, an answer, a failure. Each
different answer is a file of its own, called by its content, with one series or sample a line.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from monitorkit.documents import replacing
from monitorkit.errors import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

__all__ = ["SECRET_NAME", "Exchange", "Head", "Reading", "Request", "Tape", "load", "question_text"]

INDEX = "index.jsonl"
VERSION = 1
LAID_OUT_BYTES = 1 << 22
"""Longer answers are kept as they came: nobody compares them by eye."""

SECRET_NAME = re.compile(r"auth|cookie|credential|key|passw|secret|signature|token|x-amz", re.IGNORECASE)
"""Names of headers and parameters whose values are nobody else's business."""

_STRING = rb'"(?:[^"\\]|\\.)*"'
_BREAKS = re.compile(_STRING + rb"|(?<=\[)\{|(?<=\],)\[|(?<=\},)\{", re.DOTALL)
_LINE_ENDS = re.compile(_STRING + rb"|\n", re.DOTALL)
_ENDINGS = {"application/json": "json", "text/html": "html", "text/plain": "txt"}
_ANSWER = re.compile(r"[0-9a-f]{16}\.(json|html|txt|bin)")


@dataclass(frozen=True)
class Head:
    """Whom a recording is of: the server's URL, and when it began."""

    server: str
    began: str


@dataclass(frozen=True)
class Request:
    """What was asked: path below the server's root, and parameters by name and value, sorted."""

    path: str
    params: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, root: str, address: str, form: str = "") -> Request:
        """Read a request from its server's root, its address and the form that was sent to it.

        Examples
        --------
        >>> Request.of("http://host/prefix", "http://host/prefix/api/v1/query?query=up", "time=1")
        Request(path='api/v1/query', params=(('query', 'up'), ('time', '1')))
        """
        parts = urlsplit(address)
        pairs = [pair for text in (parts.query, form) for pair in parse_qsl(text, keep_blank_values=True)]
        kept = [pair for pair in pairs if not SECRET_NAME.search(pair[0])]
        return cls(parts.path.removeprefix(urlsplit(root).path).lstrip("/"), tuple(sorted(kept)))

    def __str__(self) -> str:
        return " ".join([self.path, *(f"{name}={value}" for name, value in self.params)])


@dataclass(frozen=True)
class Exchange:
    """A request, and the answer or the failure that it met."""

    request: Request
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    failure: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Reading:
    """What the clock said, in ms, for a question."""

    question: str
    now: int


def question_text(question: Sequence[object]) -> str:
    """Write a question to the clock as one text, the same in each run of a notebook."""
    plain = [each if each is None or isinstance(each, str | int | float) else repr(each) for each in question]
    return json.dumps(plain, ensure_ascii=False)


class Tape:
    """A recording that is being made. Threads may share it.

    Parameters
    ----------
    folder
        Where it goes; a recording that is there is replaced, other files stay.
    head
        Whom it is of.

    Raises
    ------
    InvalidValue
        If the folder cannot be used, or its index is no recording.
    """

    def __init__(self, folder: Path, head: Head) -> None:
        self.folder = folder
        self.n_answers = 0
        self._lock = threading.Lock()
        _clear(folder)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._index = (folder / INDEX).open("w", encoding="utf-8")
        except OSError as error:
            raise InvalidValue(f"folder: {folder} cannot be written ({error.strerror})") from error
        self._line({"monitorkit": "recording", "version": VERSION, **asdict(head)})

    def add(self, event: Exchange | Reading) -> None:
        """Add what happened; after the end, nothing."""
        if isinstance(event, Reading):
            self._line({"question": json.loads(event.question), "now": event.now})
            return
        line: dict[str, Any] = {"path": event.request.path, "params": event.request.params}
        if event.failure:
            line |= {"failure": event.failure, "reason": event.reason}
        else:
            name, laid_out = self._kept(event)
            line |= {"status": event.status, "headers": event.headers, "answer": name, "laid_out": laid_out}
        self._line(line, answers=1)

    def close(self) -> None:
        """End the recording."""
        with self._lock:
            self._index.close()

    def _line(self, line: dict[str, Any], *, answers: int = 0) -> None:
        text = json.dumps(line, ensure_ascii=False)
        with self._lock:
            if not self._index.closed:
                self._index.write(text + "\n")
                # At once: what a kernel that dies has recorded is there.
                self._index.flush()
                self.n_answers += answers

    def _kept(self, event: Exchange) -> tuple[str, bool]:
        """Name of the file that holds the body, and whether it was laid out in lines."""
        content = event.headers.get("Content-Type", "").partition(";")[0].strip()
        lines = _lines(event.body)
        name = f"{hashlib.blake2b(event.body, digest_size=8).hexdigest()}.{_ENDINGS.get(content, 'bin')}"
        with self._lock:
            if not (self.folder / name).exists():
                with replacing(self.folder / name) as temporary:
                    temporary.write_bytes(event.body if lines is None else lines)
        return name, lines is not None


def load(folder: Path) -> tuple[Head, list[Exchange | Reading]]:
    """Read a recording.

    Raises
    ------
    InvalidValue
        If there is none, or it is damaged or of another version.
    """
    try:
        lines = (folder / INDEX).read_text(encoding="utf-8").rstrip("\n").split("\n")
    except FileNotFoundError:
        raise InvalidValue(
            f"folder: there is no recording in {folder}; make one with mk.record(prom, folder)"
        ) from None
    except NotADirectoryError:
        raise InvalidValue(f"folder: {folder} is a file; name the folder that mk.record wrote") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidValue(f"folder: {folder / INDEX} cannot be read ({error})") from error
    head = _head(lines[:1], folder)
    events = []
    for number, line in enumerate(lines[1:], start=2):
        try:
            events.append(_event(json.loads(line), folder))
        except (ValueError, KeyError, TypeError, OSError) as error:
            if number == len(lines):
                # The kernel may have died in the middle of its last line.
                break
            raise InvalidValue(f"folder: {folder / INDEX}:{number} is damaged ({error}); record again") from error
    return head, events


def _head(lines: Iterable[str], folder: Path) -> Head:
    try:
        (line,) = map(json.loads, lines)
        of, version = line["monitorkit"], line["version"]
        head = Head(str(line["server"]), str(line["began"]))
    except (ValueError, KeyError, TypeError):
        of, version = None, None
    if of != "recording":
        raise InvalidValue(f"folder: {folder / INDEX} is no recording; make one with mk.record(prom, folder)")
    if version != VERSION:
        raise InvalidValue(f"folder: {folder} was recorded by a later version of monitorkit; update, or record again")
    return head


def _event(line: dict[str, Any], folder: Path) -> Exchange | Reading:
    if "now" in line:
        return Reading(json.dumps(line["question"], ensure_ascii=False), int(line["now"]))
    request = Request(line["path"], tuple((name, value) for name, value in line["params"]))
    if "failure" in line:
        return Exchange(request, failure=line["failure"], reason=line["reason"])
    if not _ANSWER.fullmatch(line["answer"]):
        raise ValueError(f"{line['answer']!r} is no name of an answer")
    body = (folder / line["answer"]).read_bytes()
    return Exchange(request, int(line["status"]), dict(line["headers"]), _folded(body) if line["laid_out"] else body)


def _clear(folder: Path) -> None:
    """Remove the recording that is there, and nothing else."""
    if (folder / INDEX).exists():
        _head((folder / INDEX).read_text(encoding="utf-8", errors="replace").split("\n")[:1], folder)
        for path in folder.iterdir():
            if _ANSWER.fullmatch(path.name):
                path.unlink()


def _lines(body: bytes) -> bytes | None:
    """JSON with one series or sample a line; None where it would not come back to the byte."""
    if len(body) > LAID_OUT_BYTES or body[:1] not in {b"{", b"["}:
        return None
    lines = _BREAKS.sub(lambda match: match[0] if match[0][:1] == b'"' else b"\n" + match[0], body) + b"\n"
    return lines if _folded(lines) == body else None


def _folded(lines: bytes) -> bytes:
    return _LINE_ENDS.sub(lambda match: b"" if match[0] == b"\n" else match[0], lines)
