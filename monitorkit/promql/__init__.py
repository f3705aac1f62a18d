"""PromQL as a language: read it, check it, walk it, change it, write it, colour it.

Pure: text in, values out; nothing here talks to a server. `parse` gives a tree of immutable nodes that know their span
in the text, or a `PromQLError` that says where the mistake is and what to write instead.
"""

from __future__ import annotations

from monitorkit.promql.compose import Query, escape_regex, expr
from monitorkit.promql.cursor.context import Context, context
from monitorkit.promql.errors import PromQLError
from monitorkit.promql.formatting import format  # noqa: A004 - the field's name for it
from monitorkit.promql.functions import AGGREGATIONS, FUNCTIONS, AggregationOperator, Function, ValueType
from monitorkit.promql.highlight import STYLE, highlight
from monitorkit.promql.labelflow import LabelFlow, Labels, label_flow
from monitorkit.promql.nodes import (
    At,
    Duration,
    DurationExpression,
    Expression,
    LabelMatcher,
    MatrixSelector,
    Node,
    NumberLiteral,
    StringLiteral,
    Subquery,
    VectorSelector,
)
from monitorkit.promql.operations import (
    Aggregation,
    BinaryExpression,
    Call,
    ParenExpression,
    UnaryExpression,
    VectorMatching,
)
from monitorkit.promql.parser import parse
from monitorkit.promql.reader import MAX_DEPTH
from monitorkit.promql.tokens import Token, tokens
from monitorkit.promql.tree import postorder, rewrite, selectors, walk
from monitorkit.promql.versions import Dialect, Feature

__all__ = [
    "AGGREGATIONS",
    "FUNCTIONS",
    "MAX_DEPTH",
    "STYLE",
    "Aggregation",
    "AggregationOperator",
    "At",
    "BinaryExpression",
    "Call",
    "Context",
    "Dialect",
    "Duration",
    "DurationExpression",
    "Expression",
    "Feature",
    "Function",
    "LabelFlow",
    "LabelMatcher",
    "Labels",
    "MatrixSelector",
    "Node",
    "NumberLiteral",
    "ParenExpression",
    "PromQLError",
    "Query",
    "StringLiteral",
    "Subquery",
    "Token",
    "UnaryExpression",
    "ValueType",
    "VectorMatching",
    "VectorSelector",
    "context",
    "escape_regex",
    "expr",
    "format",
    "highlight",
    "label_flow",
    "parse",
    "postorder",
    "rewrite",
    "selectors",
    "tokens",
    "walk",
]
