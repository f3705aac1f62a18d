"""Label sets: quoting their values, writing them as PromQL, filling a legend.

Text that comes from outside is quoted in this one place, so that no label value can change the meaning of a query.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["METRIC_NAME", "NAME_LABEL", "format_series", "legend", "quote"]

NAME_LABEL = "__name__"
METRIC_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_REFERENCE = re.compile(r"\{\{\s*(.+?)\s*\}\}")
_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


def quote(value: str) -> str:
    r"""Write a label value as a PromQL string literal.

    Examples
    --------
    >>> print(quote('say "hi"'))
    "say \"hi\""
    """
    return f'"{value.translate(_ESCAPES)}"'


def format_series(labels: Mapping[str, str]) -> str:
    """Write a label set as the PromQL selector that names the series.

    Examples
    --------
    >>> format_series({"__name__": "up", "job": "ai_model"})
    'up{job="ai_model"}'
    """
    name = labels.get(NAME_LABEL, "")
    pairs = [f"{_label(key)}={quote(value)}" for key, value in labels.items() if key != NAME_LABEL and value]
    if not name or METRIC_NAME.fullmatch(name):
        return name + ("{" + ",".join(pairs) + "}" if pairs or not name else "")
    return "{" + ",".join([quote(name), *pairs]) + "}"


def _label(name: str) -> str:
    return name if _LABEL_NAME.fullmatch(name) else quote(name)


def legend(template: str, labels: Mapping[str, str]) -> str:
    """Fill ``{{label}}`` in a legend as Grafana does; an absent label is empty.

    Examples
    --------
    >>> legend("{{instance}} of {{job}}", {"instance": "a:1", "job": "ai_model"})
    'a:1 of ai_model'
    """
    return _REFERENCE.sub(lambda match: labels.get(match[1], ""), template)
