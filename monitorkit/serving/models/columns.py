"""What a fitted model tells about the columns of its input: numbers or text, categories, missing values.

scikit-learn does not keep the types of the columns that a model was fitted on. Its encoders keep their categories, its
imputers are known by name, and tags tell what takes NaN; a ``ColumnTransformer`` says which of them gets which column.
Source: scikit-learn's developer guide, "Estimator tags"; the documented attributes ``transformers_``, ``categories_``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import starmap
from typing import TYPE_CHECKING, Any

import numpy as np

from monitorkit.serving.models.estimators import is_booster
from monitorkit.serving.reading.features import Feature, Features, Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["features_of"]

_IMPUTERS = frozenset({"SimpleImputer", "KNNImputer", "IterativeImputer"})
_TEXT_READERS = frozenset({"CountVectorizer", "TfidfVectorizer", "HashingVectorizer"})
_KEEP_COLUMNS = frozenset({"SimpleImputer", "FunctionTransformer"})


@dataclass(frozen=True)
class _Column:
    """What one step of a model does with one of its columns."""

    kind: Kind = "number"
    takes_missing: bool = False
    keeps_missing: bool = True
    """Whether what comes after it meets the missing value, too."""
    categories: frozenset[Any] | None = None
    null: Any = float("nan")


_NUMBER = _Column()
_IGNORED = _Column("any", takes_missing=True, keeps_missing=False)
_TEXT = _Column("text")


def features_of(
    owner: Any,  # noqa: ANN401 - any object
    names: Sequence[str] | None,
    count: int | None,
    dtypes: Sequence[Any] | None,
    gaps: Sequence[bool] | None = None,
) -> Features:
    """Tell what the rows of a model are made of.

    Parameters
    ----------
    owner
        The model.
    names, count
        Names of its columns and how many there are, None where that is not known.
    dtypes
        Types of the columns of an example that the user gave as a DataFrame, None where there is none.
    gaps
        Which columns of an example have a missing value, for a model that tells nothing about that.

    Examples
    --------
    >>> features_of(len, None, 2, None).count
    2
    """
    if count is None:
        return Features((Feature("text"),), bare=True) if _reads_texts(owner) else Features()
    columns = [
        Feature(column.kind, column.takes_missing, column.categories, column.null) for column in _columns(owner, count)
    ]
    if dtypes is not None:
        columns = list(starmap(_with_dtype, zip(columns, dtypes, strict=True)))
    if gaps is not None:
        columns = [replace(column, missing=column.missing or gap) for column, gap in zip(columns, gaps, strict=True)]
        # Whole numbers stay floats, as an example may have them by chance; truth values do not come by chance.
        columns = [
            replace(column, dtype=dtype) if getattr(dtype, "kind", "") == "b" else column
            for column, dtype in zip(columns, dtypes or [None] * count, strict=True)
        ]
    return Features(columns, names)


def _reads_texts(step: Any) -> bool:  # noqa: ANN401 - any object
    """Whether a model takes a list of texts, not a table: its first step turns each of them into numbers."""
    step = getattr(step, "best_estimator_", step)
    if not type(step).__module__.startswith("sklearn."):
        return False
    if hasattr(step, "steps"):
        inner = [one for _, one in step.steps if not isinstance(one, str)]
        return bool(inner) and _reads_texts(inner[0])
    if hasattr(step, "transformer_list"):
        return all(_reads_texts(one) for _, one in step.transformer_list if not isinstance(one, str))
    return type(step).__name__ in _TEXT_READERS


def _with_dtype(feature: Feature, dtype: Any) -> Feature:  # noqa: ANN401 - numpy's or pandas'
    """What the user's example says; it is right about text where the model does not tell."""
    kind = getattr(dtype, "kind", "O")
    if kind in "iufb":
        return feature
    if kind == "M":
        return replace(feature, kind="time", dtype=dtype)
    categories = getattr(dtype, "categories", None)
    of_text = categories is None or all(isinstance(value, str) for value in categories)
    missing = feature.missing or categories is not None
    return replace(feature, kind="text" if of_text else "any", missing=missing, dtype=dtype)


def _columns(step: Any, count: int) -> list[_Column]:  # noqa: ANN401 - any object
    """What a step, and what comes after it inside, does with each of its columns."""
    step = getattr(step, "best_estimator_", step)
    library = type(step).__module__.partition(".")[0]
    if library == "catboost":
        return _of_catboost(step, count)
    if library != "sklearn":
        # XGBoost and LightGBM have scikit-learn's tags, where they have its interface.
        return [_Column(takes_missing=is_booster(step) or _tag(step, "allow_nan"))] * count
    if hasattr(step, "steps"):
        return _chain([inner for _, inner in step.steps], count)
    if hasattr(step, "transformers_"):
        return _side_by_side(step.transformers_, _names(step), count)
    return _simple(step, count)


def _simple(step: Any, count: int) -> list[_Column]:  # noqa: ANN401 - any object
    """What a step that has no others inside does with each of its columns."""
    name = type(step).__name__
    if name in _TEXT_READERS:
        return [_TEXT] * count
    categories = getattr(step, "categories_", None)
    if isinstance(categories, list) and len(categories) == count:
        return [_encoded(step, values) for values in categories]
    if name in _IMPUTERS:
        return _imputed(step, count)
    prepared = getattr(step, "_preprocessor", None)  # of gradient boosting on columns of categories
    if prepared is not None and hasattr(prepared, "transformers_"):
        return [replace(column, categories=None, takes_missing=True) for column in _columns(prepared, count)]
    return [_Column(takes_missing=_tag(step, "allow_nan"))] * count


def _of_catboost(model: Any, count: int) -> list[_Column]:  # noqa: ANN401 - one of CatBoost's
    texts = {*model.get_cat_feature_indices(), *model.get_text_feature_indices()}
    takes_missing = model.get_all_params().get("nan_mode") != "Forbidden"
    return [_TEXT if place in texts else _Column(takes_missing=takes_missing) for place in range(count)]


def _chain(steps: Sequence[Any], count: int) -> list[_Column]:
    steps = [step for step in steps if not isinstance(step, str)]
    if not steps:
        return [_Column(takes_missing=True)] * count
    first, rest = steps[0], steps[1:]
    columns = _columns(first, count)
    if rest and type(first).__name__ in _KEEP_COLUMNS:
        after = _chain(rest, count)
        return [_one_after_the_other(column, then) for column, then in zip(columns, after, strict=True)]
    if not rest:
        return columns
    takes, keeps = _then(rest)
    return [
        replace(column, takes_missing=column.takes_missing and takes, keeps_missing=keeps)
        if column.keeps_missing
        else column
        for column in columns
    ]


def _one_after_the_other(column: _Column, then: _Column) -> _Column:
    takes = column.takes_missing and (not column.keeps_missing or then.takes_missing)
    keeps = column.keeps_missing and then.keeps_missing
    kind = then.kind if column.kind == "any" or then.kind == "text" else column.kind
    return _Column(kind, takes, keeps, then.categories, column.null if takes else then.null)


def _then(steps: Sequence[Any]) -> tuple[bool, bool]:
    """Whether steps take missing values in whatever columns the one before them makes, and whether they keep them."""
    for step in steps:
        column = _columns(step, 1)[0]
        if not column.takes_missing or not column.keeps_missing:
            return column.takes_missing, False
    return True, True


def _side_by_side(parts: Sequence[tuple[str, Any, Any]], names: Sequence[str] | None, count: int) -> list[_Column]:
    found: list[_Column | None] = [None] * count
    for _, step, chosen in parts:
        places = _places(chosen, names, count)
        if not places or (isinstance(step, str) and step == "drop"):
            continue
        columns = [_Column(takes_missing=True)] * len(places) if isinstance(step, str) else _columns(step, len(places))
        for place, column in zip(places, columns, strict=True):
            before = found[place]
            found[place] = column if before is None else _both(before, column)
    return [_IGNORED if column is None else column for column in found]


def _both(one: _Column, other: _Column) -> _Column:
    """A column that goes to two."""
    kind: Kind = "text" if "text" in (one.kind, other.kind) else one.kind
    sets = [column.categories for column in (one, other) if column.categories is not None]
    return _Column(
        kind,
        one.takes_missing and other.takes_missing,
        one.keeps_missing or other.keeps_missing,
        frozenset.intersection(*sets) if sets else None,
        one.null,
    )


def _places(chosen: Any, names: Sequence[str] | None, count: int) -> list[int]:  # noqa: ANN401 - as scikit-learn takes them
    """Which columns a part of a ColumnTransformer gets: by name, by number, by mask or by slice."""
    if isinstance(chosen, slice):
        if isinstance(chosen.start, str) or isinstance(chosen.stop, str):
            known = list(names or ())
            start = None if chosen.start is None else known.index(chosen.start)
            return list(range(count))[start : None if chosen.stop is None else known.index(chosen.stop) + 1]
        return list(range(count))[chosen]
    some = np.atleast_1d(np.asarray(chosen)).tolist()
    if some and isinstance(some[0], bool):
        return [place for place, wanted in enumerate(some) if wanted]
    return [list(names or ()).index(one) if isinstance(one, str) else int(one) % count for one in some]


def _encoded(encoder: Any, values: Any) -> _Column:  # noqa: ANN401 - an encoder and its categories of one column
    known = np.asarray(values).tolist()
    nulls = [value for value in known if value is None or value != value]  # noqa: PLR0124 - NaN is unequal to itself
    known = [value for value in known if value not in nulls and value == value]  # noqa: PLR0124 - as above
    texts = sum(isinstance(value, str) for value in known)
    kind: Kind = "number" if not texts else ("text" if texts == len(known) else "any")
    strict = getattr(encoder, "handle_unknown", "error") == "error" and hasattr(encoder, "handle_unknown")
    ordered = type(encoder).__name__ == "OrdinalEncoder"
    return _Column(
        kind,
        takes_missing=bool(nulls) or not strict,
        keeps_missing=ordered,
        categories=frozenset(known) if strict else None,
        null=nulls[0] if nulls else float("nan"),
    )


def _imputed(imputer: Any, count: int) -> list[_Column]:  # noqa: ANN401 - one of scikit-learn's
    marker = getattr(imputer, "missing_values", np.nan)
    fills = marker is None or marker != marker  # noqa: PLR0124 - NaN is unequal to itself
    values = getattr(imputer, "statistics_", None)
    texts = [isinstance(value, str) for value in values] if values is not None and len(values) == count else []
    return [
        _Column(
            "text" if of_text else "number", fills, keeps_missing=not fills, null=None if marker is None else np.nan
        )
        for of_text in texts or [False] * count
    ]


def _names(step: Any) -> list[str] | None:  # noqa: ANN401 - any object
    names = getattr(step, "feature_names_in_", None)
    return None if names is None else [str(name) for name in names]


def _tag(step: Any, name: str) -> bool:  # noqa: ANN401 - any object
    """A tag of an estimator's input; False where it has none."""
    tags = getattr(step, "__sklearn_tags__", None)
    return bool(getattr(getattr(tags(), "input_tags", None), name, False)) if tags is not None else False
