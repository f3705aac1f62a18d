"""YAML and JSON documents in and out, and files that are replaced whole or not at all."""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from monitorkit.errors import InvalidType, InvalidValue, told

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import yaml

__all__ = ["YamlError", "absolute_path", "json_text", "read_yaml", "replacing", "write_file", "yaml_text"]


class YamlError(ValueError):
    """The text is no YAML; the message names line and column."""


def yaml_text(document: Mapping[str, Any]) -> str:
    """Write a document as YAML, keys in their own order, every text quoted where YAML would read it otherwise.

    Examples
    --------
    >>> print(yaml_text({"groups": [{"name": "monitorkit"}]}), end="")
    groups:
      - name: monitorkit
    """
    import yaml  # noqa: PLC0415 - reading and writing files of other programs is rare

    return yaml.dump(document, Dumper=_dumper(), sort_keys=False, allow_unicode=True, width=4096)


@cache
def _dumper() -> type[yaml.SafeDumper]:
    """What writes lists indented under their key, and texts of several lines as blocks."""
    import yaml  # noqa: PLC0415 - as above

    class Dumper(yaml.SafeDumper):
        def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002 - PyYAML's signature
            super().increase_indent(flow, indentless=False)

    def text_node(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
        style = "|" if "\n" in text else None
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)

    Dumper.add_representer(str, text_node)
    return Dumper


def read_yaml(text: str) -> Any:  # noqa: ANN401 - a YAML document is any value
    """Read one YAML document with plain values only.

    Raises
    ------
    YamlError
        If the text is no YAML; its message names line and column.
    """
    import yaml  # noqa: PLC0415 - as above

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise YamlError(str(error)) from error


def json_text(document: Mapping[str, Any]) -> str:
    """Write a document as indented JSON that ends in a newline, refusing NaN and infinity."""
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def absolute_path(path: str | os.PathLike[str], *, name: str = "path") -> Path:
    """Read a path that a person wrote: made absolute, ``~`` taken for the home folder.

    Raises
    ------
    InvalidType
        If it is no path.
    InvalidValue
        If it is empty, which would mean the current folder, or no system can have it.

    Examples
    --------
    >>> absolute_path("/data/./rules.yml").name
    'rules.yml'
    """
    if not isinstance(path, str | os.PathLike) or not isinstance(os.fspath(path), str):
        raise InvalidType(f"{name}: {told(path)} is no path; write it as text or as a Path")
    text = os.fspath(path)
    if not text or "\0" in text:
        raise InvalidValue(f"{name}: {told(text)} is no path; '.' is the current folder")
    return Path(text).expanduser().absolute()


def write_file(path: str | Path, text: str) -> Path:
    """Replace a file by `text` in one step, making its folder; see :func:`replacing`.

    Returns
    -------
    Path
        The file, absolute.
    """
    path = absolute_path(path)
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return path


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Replace a file in one step, making its folder: what is written into the file that this yields takes its place.

    A reader, or a process that dies half way, sees the old file or the new one, never a part.

    Raises
    ------
    InvalidValue, InvalidType
        If it is no path, or that of a folder.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder, replacing(Path(folder, "a.txt")) as temporary:
    ...     _ = temporary.write_text("whole")
    """
    path = absolute_path(path)
    if path.is_dir():
        raise InvalidValue(f"path: {str(path)!r} is a folder; name a file in it")
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(descriptor)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(path.stat().st_mode & 0o777 if path.exists() else 0o644)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
