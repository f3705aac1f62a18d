"""Frames in files: everything that makes a frame what it is, in Parquet that any program can read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from monitorkit.documents import absolute_path
from monitorkit.errors import InvalidType, InvalidValue
from monitorkit.labels import NAME_LABEL, format_series
from monitorkit.query.keeping import parquet
from monitorkit.query.keeping.columns import Note, pack, plain, unpack

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping
    from pathlib import Path

__all__ = ["read", "write"]

VERSION = 1


def write(frame: pd.DataFrame, path: str | os.PathLike[str]) -> Path:
    """Write a frame into a Parquet file, to be read by :func:`monitorkit.read` exactly as it is.

    Parameters
    ----------
    frame
        What a query returned, also after filtering, sorting or adding columns; or any frame of plain values.
    path
        The file; one that is there is replaced in one step, and a missing folder is made.

    Returns
    -------
    Path
        The file, absolute.

    Raises
    ------
    InvalidType
        If it is no frame, or holds values that cannot be kept exactly.
    InvalidValue
        If the path is that of a folder, or nothing can be written there.

    Notes
    -----
    Index, labels, types, ``attrs`` and every bit of every value are kept. Other programs find one column for each
    index level and each series, called by the series' selector, such as ``up{job="a"}``; a second of the same name gets
    ``#2``. What they cannot hold stands as JSON under the key ``monitorkit`` of the file's metadata.

    Examples
    --------
    >>> import tempfile
    >>> frame = pd.DataFrame({"value": [1.0]}, index=pd.Index(["up"], name="__name__"))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     read(write(frame, f"{folder}/up.parquet")).equals(frame)
    True
    """
    given: Any = frame
    if not isinstance(given, pd.DataFrame):
        hint = "; write series.to_frame()" if isinstance(given, pd.Series) else ""
        raise InvalidType(f"frame: {type(given).__name__} is no DataFrame{hint}")
    path = absolute_path(path)
    try:
        columns, note = _packed(frame)
        parquet.save(path, columns, json.dumps(note, ensure_ascii=False))
    except OSError as error:
        raise InvalidValue(f"path: {path} cannot be written ({error.strerror or error})") from error
    except UnicodeEncodeError as error:
        raise InvalidValue(f"frame: {error.object[:40]!r} is no text that a file can hold: half a character") from None
    return path


def read(path: str | os.PathLike[str]) -> pd.DataFrame:
    """Read a frame that :func:`monitorkit.write` wrote.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    DataFrame
        As it was written: index, labels, types, ``attrs``, every bit of every value.

    Raises
    ------
    InvalidValue
        If there is no such file, it is damaged, or another program wrote it.
    """
    path = absolute_path(path)
    try:
        table = parquet.load(path)
    except parquet.Damaged as error:
        raise InvalidValue(f"path: {path} is no Parquet file, or damaged ({error}); write it again") from None
    except FileNotFoundError:
        raise InvalidValue(f"path: there is no file {path}") from None
    except OSError as error:
        raise InvalidValue(f"path: {path} cannot be read ({error.strerror or error})") from error
    if table.text is None:
        raise InvalidValue(f"path: {path} was not written by mk.write; read it with pandas.read_parquet")
    return _restored(table, json.loads(table.text), path)


def _packed(frame: pd.DataFrame) -> tuple[dict[str, Any], Note]:
    """Columns of the file by name, and what restores the frame from them."""
    index, index_note = _packed_index(frame.index)
    values, notes = _packed_values(frame)
    names = _unique([*_level_names(frame.index, index_note), *_column_names(frame.columns)])
    note = {
        "version": VERSION,
        "attrs": _packed_attrs(frame.attrs),
        "index": index_note,
        "columns": _packed_labels(frame.columns),
        "types": notes[0] if notes and all(each == notes[0] for each in notes) else notes,
    }
    return dict(zip(names, [*index, *values], strict=True)), note


def _packed_attrs(attrs: Mapping[Any, Any]) -> dict[str, Any]:
    for name, value in attrs.items():
        # One by one, so that the error names the one.
        plain(value, f"attrs[{name!r}]")
    packed: dict[str, Any] = plain(dict(attrs), "attrs")
    return packed


def _restored(table: parquet.Table, note: dict[str, Any], path: Path) -> pd.DataFrame:
    if note.get("version") != VERSION or "columns" not in note:
        raise InvalidValue(f"path: {path} holds no frame that this version of monitorkit can read; update monitorkit")
    index, n_levels = _restored_index(table, note["index"])
    n_columns = len(table.columns) - n_levels
    types = note["types"] if isinstance(note["types"], list) else [note["types"]] * n_columns
    if n_columns and all(each == {"type": "float64"} for each in types):
        # One row per series in memory, as a query makes it.
        matrix = np.empty((n_columns, len(index)))
        for position in range(n_columns):
            matrix[position] = table.numbers(n_levels + position)
        frame = pd.DataFrame(matrix.T, index=index, copy=False)
    else:
        columns = {n: unpack(table, n_levels + n, each) for n, each in enumerate(types)}
        frame = pd.DataFrame(columns, index=index, copy=False)
    frame.columns = _restored_labels(note["columns"])
    frame.attrs = note["attrs"]
    return frame


# The index: one column in the file for each level.


def _packed_index(index: pd.Index) -> tuple[list[Any], Note]:
    names = plain(list(index.names), "the names of the index")
    if isinstance(index, pd.RangeIndex):
        return [], {"names": names, "range": [index.start, index.stop, index.step]}
    levels = [index.get_level_values(level) for level in range(index.nlevels)]
    packed = [pack(level, f"index level {name!r}") for level, name in zip(levels, names, strict=True)]
    note = {"names": names, "levels": [note for _, note in packed], "multi": isinstance(index, pd.MultiIndex)}
    return [values for values, _ in packed], note | _frequency(index)


def _restored_index(table: parquet.Table, note: Note) -> tuple[pd.Index, int]:
    """The index, and how many columns it took."""
    if "range" in note:
        return _counted(note), 0
    levels = [pd.Index(unpack(table, position, each)) for position, each in enumerate(note["levels"])]
    if note["multi"]:
        return pd.MultiIndex.from_arrays(levels, names=note["names"]), len(levels)
    return _named(levels[0], note), 1


def _frequency(index: pd.Index) -> Note:
    """What pandas knows of the distance of times, which their values alone do not say."""
    return {} if getattr(index, "freq", None) is None else {"freq": index.freqstr}  # type: ignore[attr-defined]


def _counted(note: Note) -> pd.Index:
    start, stop, step = note["range"]
    return pd.RangeIndex(start, stop, step, name=note["names"][0])


def _named(index: pd.Index, note: Note) -> pd.Index:
    """An index of one level with its name and frequency."""
    if "freq" in note:
        return pd.DatetimeIndex(index, freq=note["freq"], name=note["names"][0])
    return index.rename(note["names"][0])


def _level_names(index: pd.Index, note: Note) -> list[str]:
    if "range" in note:
        return []
    return [f"level_{n}" if name is None else str(name) for n, name in enumerate(index.names)]


# The columns: their labels stand in the note, and, for people and other programs, in their names.


def _packed_values(frame: pd.DataFrame) -> tuple[list[Any], list[Note]]:
    if frame.shape[1] and (frame.dtypes == np.float64).all():
        return list(frame.to_numpy().T), [{"type": "float64"}] * frame.shape[1]
    packed = [pack(frame.iloc[:, n], f"column {label!r}") for n, label in enumerate(frame.columns)]
    return [values for values, _ in packed], [note for _, note in packed]


def _packed_labels(labels: pd.Index) -> Note:
    names = plain(list(labels.names), "the names of the columns")
    if isinstance(labels, pd.RangeIndex):
        return {"names": names, "range": [labels.start, labels.stop, labels.step]}
    if isinstance(labels, pd.MultiIndex):
        return {
            "names": names,
            "levels": [_packed_label_level(level) for level in labels.levels],
            "codes": [codes.tolist() for codes in labels.codes],
        }
    return {"names": names, "levels": [_packed_label_level(labels)]} | _frequency(labels)


def _packed_label_level(level: pd.Index) -> Note:
    kind = str(level.dtype)
    if kind.startswith("datetime64"):
        return {"type": kind, "values": level.asi8.tolist()}  # type: ignore[attr-defined]  # of an index of times
    if kind not in {"object", "str", "string", "int64", "float64", "bool"}:
        raise InvalidType(f"columns: a file cannot keep column labels of type {kind}; rename the columns")
    # pandas makes an index of tuples when a frame with labels gets a column with a plain name.
    values = [list(label) if isinstance(label, tuple) else label for label in level]
    return {"type": kind, "values": plain(values, "columns")}


def _restored_labels(note: Note) -> pd.Index:
    if "range" in note:
        return _counted(note)
    levels = [_restored_label_level(each) for each in note["levels"]]
    if "codes" in note:
        parts: Any = levels  # pandas' stubs know no Index here
        return pd.MultiIndex(levels=parts, codes=note["codes"], names=note["names"], verify_integrity=False)
    return _named(levels[0], note)


def _restored_label_level(note: Note) -> pd.Index:
    if note["type"].startswith("datetime64"):
        return pd.Index(np.array(note["values"], dtype=np.int64), dtype=note["type"])
    # No label is a list, so each list was a tuple.
    labels = [tuple(label) if isinstance(label, list) else label for label in note["values"]]
    index: pd.Index = pd.Index(labels, dtype=note["type"], tupleize_cols=False)
    return index


def _column_names(labels: pd.Index) -> list[str]:
    """Names in the file: the selector of a series, else the label itself."""
    if labels.names[0] != NAME_LABEL:
        return [" ".join(map(str, label)) if isinstance(label, tuple) else str(label) for label in labels]
    names = [str(name) for name in labels.names]
    rows = labels if isinstance(labels, pd.MultiIndex) else ((label,) for label in labels)
    return [format_series({name: str(value) for name, value in zip(names, row, strict=True)}) for row in rows]


def _unique(names: Iterable[str]) -> list[str]:
    """Names each different from the others: a later one of the same name is numbered."""
    seen: dict[str, int] = {}
    unique = []
    for name in names:
        free = name
        while free in seen:
            seen[name] += 1
            free = f"{name} #{seen[name]}"
        seen[free] = 1
        unique.append(free)
    return unique
