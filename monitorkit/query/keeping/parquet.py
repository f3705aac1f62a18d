"""Tables of columns in Parquet files: the only module that knows pyarrow.

Every number keeps its bits, a NaN's included: floats are never dictionary-encoded, which would take all NaNs for one.
Each page has a checksum, so that a damaged file is noticed rather than read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from monitorkit.documents import replacing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pyarrow as pa

__all__ = ["KEY", "Damaged", "Table", "load", "save", "series_of"]

KEY = b"monitorkit"
"""Where a file keeps what its columns do not say."""

ROWS_PER_GROUP = 1 << 20
WORTH_THREADS_BYTES = 1 << 22
_FLOATS = {"float", "double"}


class Damaged(ValueError):
    """The bytes are no Parquet file, or not the ones that were written."""


@dataclass(frozen=True)
class Table:
    """The columns of a file, and the text that was put with them (None where there is none)."""

    text: str | None
    columns: Sequence[pa.ChunkedArray]

    def numbers(self, position: int) -> Any:  # noqa: ANN401 - an array of whatever type was written
        """One column as a numpy array of the type that was written."""
        column = self.columns[position]
        if str(column.type).startswith("timestamp"):
            # As counts since 1970, and what is missing as numpy's NaT.
            column = column.cast("int64").fill_null(np.iinfo(np.int64).min)
        return column.to_numpy()


def save(path: Path, columns: Mapping[str, Any], text: str) -> None:
    """Replace a file by these columns in one step, making its folder.

    Parameters
    ----------
    path
        The file.
    columns
        Columns of one length by name: numpy arrays, or pandas' own.
    text
        What is kept beside them.

    Raises
    ------
    ValueError, TypeError
        If a column holds what Parquet cannot, such as a text with half a surrogate pair.
    """
    import pyarrow as pa  # noqa: PLC0415 - slow to load, and only files need it
    from pyarrow import parquet  # noqa: PLC0415 - as above

    arrays = [pa.array(values) for values in columns.values()]
    table = pa.Table.from_arrays(arrays, names=list(columns)).replace_schema_metadata({KEY: text.encode()})
    floats = [name for name, array in zip(columns, arrays, strict=True) if str(array.type) in _FLOATS]
    times = [name for name, array in zip(columns, arrays, strict=True) if str(array.type).startswith("timestamp")]
    texts = [name for name, array in zip(columns, arrays, strict=True) if name not in {*floats, *times}]
    with replacing(path) as temporary:
        parquet.write_table(
            table,
            temporary,
            row_group_size=ROWS_PER_GROUP,
            compression="zstd",
            use_dictionary=texts,
            column_encoding={
                **dict.fromkeys(floats, "BYTE_STREAM_SPLIT"),
                **dict.fromkeys(times, "DELTA_BINARY_PACKED"),
            },
            write_page_checksum=True,
        )


def load(path: Path) -> Table:
    """Read a file.

    Raises
    ------
    Damaged
        If it is no Parquet file, or not as it was written.
    OSError
        If it cannot be opened.
    """
    import pyarrow as pa  # noqa: PLC0415 - as above
    from pyarrow import parquet  # noqa: PLC0415 - as above

    with path.open("rb") as file:
        try:
            # Arrow's threads gain nothing on a small file, and a process that ends the moment after it has started them
            # may be aborted ("terminate called without an active exception", seen with pyarrow 26 under load).
            threads = path.stat().st_size > WORTH_THREADS_BYTES
            with parquet.ParquetFile(file, page_checksum_verification=True, pre_buffer=threads) as opened:
                table = opened.read(use_threads=threads)
            text = (table.schema.metadata or {}).get(KEY)
            return Table(None if text is None else text.decode(), table.columns)
        except (pa.ArrowException, OSError, ValueError) as error:
            raise Damaged(str(error).splitlines()[0] if str(error) else type(error).__name__) from error


def series_of(values: Any) -> pa.ChunkedArray:  # noqa: ANN401 - as `save` takes them
    """The column that would come back from a file, without the file."""
    import pyarrow as pa  # noqa: PLC0415 - as above

    return pa.chunked_array([pa.array(values)])
