"""What the rows of a model are made of: names of columns, numbers or text, and where a value may be missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from monitorkit.serving.values import Matrix

__all__ = ["ANY_NUMBERS", "Feature", "Features", "Kind", "frame_of"]

_SHOWN = 10

Kind = Literal["number", "text", "time", "any"]


@dataclass(frozen=True, slots=True)
class Feature:
    """One column of a model's input.

    Attributes
    ----------
    kind
        What its values are; times come as text, as ISO 8601 has it; ``"any"`` for a column that the model does not look
        at.
    missing
        Whether a value may be missing: null in JSON, NaN in binary.
    categories
        The values that it may have, None where the model takes others, too.
    null
        What the model knows a missing value as: NaN or None.
    dtype
        Type of the column in a DataFrame, None for the one that its kind has.
    """

    kind: Kind = "number"
    missing: bool = False
    categories: frozenset[Any] | None = None
    null: Any = float("nan")
    dtype: Any = None

    @property
    def of_truth(self) -> bool:
        """Whether its values are true and false, which 1 and 0 stand for, too."""
        return getattr(self.dtype, "kind", "") == "b"

    @property
    def is_plain(self) -> bool:
        """Whether every number will do."""
        return self.kind == "number" and self.categories is None and self.dtype is None


class Features:
    """The columns of a model's input.

    Parameters
    ----------
    columns
        One for each; None where the model has not told how many there are.
    names
        Their names, None where they have none.
    bare
        Whether a row is one text, with no list around it: the model takes a list of texts, not a table.

    Attributes
    ----------
    count
        How many there are, None where that is not known.
    numeric
        Whether every row of so many finite numbers will do.
    only_numbers
        Whether all of them are numbers, if not any number.
    types
        By place, the types that columns must have in a DataFrame beyond those of numbers and text.

    Examples
    --------
    >>> features = Features((Feature(), Feature("text")), ["size", "color"])
    >>> features.count, features.numeric
    (2, False)
    """

    __slots__ = ("bare", "columns", "count", "names", "numeric", "only_numbers", "types")

    def __init__(
        self, columns: Sequence[Feature] | None = None, names: Sequence[str] | None = None, *, bare: bool = False
    ) -> None:
        self.columns = columns
        self.names = names
        self.bare = bare
        self.count = None if columns is None else len(columns)
        self.numeric = columns is None or all(column.is_plain for column in columns)
        self.types = {place: one.dtype for place, one in enumerate(columns or ()) if one.dtype is not None}
        self.only_numbers = columns is None or all(column.kind == "number" for column in columns)

    def reordered(self, X: Matrix, other: Features) -> Matrix:
        """Rows with the columns in the order of another model that was fitted on the same ones.

        Examples
        --------
        >>> Features(names=["a", "b"]).reordered(np.array([[1.0, 2.0]]), Features(names=["b", "a"]))
        array([[2., 1.]])
        """
        names, wanted = self.names, other.names
        if names is None or wanted is None or list(names) == list(wanted) or set(names) != set(wanted):
            return X
        ordered: Matrix = X[:, [list(names).index(name) for name in wanted]]
        return ordered

    def mismatch(self, other: Features) -> str:
        """Why rows for this model do not fit another one, in a few words; empty where they do, or nothing is known.

        Examples
        --------
        >>> Features([Feature()] * 2).mismatch(Features([Feature()] * 3))
        'takes 3 columns, and the model that is served 2'
        """
        if None not in {self.count, other.count} and self.count != other.count:
            return f"takes {other.count} columns, and the model that is served {self.count}"
        if self.names is not None and other.names is not None and set(self.names) != set(other.names):
            unlike = sorted(set(other.names) ^ set(self.names))[:_SHOWN]
            return f"has not the columns of the model that is served: {', '.join(unlike)}"
        return ""

    def column(self, number: int) -> Feature:
        """One of the columns."""
        return _PLAIN if self.columns is None else self.columns[number]


def frame_of(X: Matrix, features: Features) -> pd.DataFrame:
    """Rows as a DataFrame with the names of the columns, each of its own type.

    Parameters
    ----------
    X
        An array of shape (n_rows, n_features).
    features
        What its columns are; they have names.

    Examples
    --------
    >>> features = Features((Feature(), Feature("text")), ["size", "color"])
    >>> [dtype.kind for dtype in frame_of(np.array([[2.0, "red"]], dtype=object), features).dtypes]
    ['f', 'O']
    """
    import pandas as pd  # noqa: PLC0415 - most models are served without it

    names = list(features.names or ())
    if features.columns is None or (X.dtype != object and not features.types):
        return pd.DataFrame(X, columns=names)
    columns = [
        X[:, place].astype(np.float64) if column.kind == "number" else pd.Series(X[:, place], dtype=object)
        for place, column in enumerate(features.columns)
    ]
    frame = pd.DataFrame(dict(enumerate(columns))).astype(features.types)
    frame.columns = pd.Index(names)
    return frame


_PLAIN = Feature()

ANY_NUMBERS = Features()
"""Rows of any number of numbers."""
