"""One level of an index over labels: the different texts, in order, and which of them each row has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["level"]


def level(texts: Sequence[str]) -> tuple[NDArray[np.int64], pd.Index]:
    """Codes and texts of a level, as ``pandas.MultiIndex.from_arrays`` finds them, several times as fast.

    Examples
    --------
    >>> codes, different = level(["b", "a", "b"])
    >>> codes.tolist(), different.tolist()
    ([1, 0, 1], ['a', 'b'])
    """
    encoded = pa.array(texts, pa.string()).dictionary_encode()
    # Arrow compares bytes of UTF-8, which are in the order of the code points that Python compares.
    order = pc.array_sort_indices(encoded.dictionary)
    codes = np.empty(len(order), dtype=np.int64)
    codes[order.to_numpy()] = np.arange(len(order))
    return codes[encoded.indices.to_numpy()], pd.Index(pd.array(encoded.dictionary.take(order), dtype="str"))
