"""One level of an index over labels: the different texts, in order, and which of them each row has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow.compute as pc

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["level"]


def level(texts: Any) -> tuple[NDArray[np.int64], pd.Index]:  # noqa: ANN401 - pyarrow has no types
    """Codes and texts of a level from Arrow's texts, as ``pandas.MultiIndex.from_arrays`` finds them, but faster.

    Examples
    --------
    >>> import pyarrow as pa
    >>> codes, different = level(pa.array(["b", "a", "b"]))
    >>> codes.tolist(), different.tolist()
    ([1, 0, 1], ['a', 'b'])
    """
    encoded = texts.dictionary_encode()
    # Arrow compares bytes of UTF-8, which are in the order of the code points that Python compares.
    order = pc.array_sort_indices(encoded.dictionary)
    codes = np.empty(len(order), dtype=np.int64)
    codes[order.to_numpy()] = np.arange(len(order))
    return codes[encoded.indices.to_numpy()], pd.Index(pd.array(encoded.dictionary.take(order), dtype="str"))
