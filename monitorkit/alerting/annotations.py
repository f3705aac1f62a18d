"""Templates in the labels and annotations of a rule: ``{{ .Labels.instance }} is at {{ .Value }}``.

Only their outer form is looked at here. What stands between the braces is Go's template language; promtool checks that.
"""

from __future__ import annotations

import re

from monitorkit.errors import RuleError

__all__ = ["ACTION", "check_template"]

# What Go's lexer takes for one action: texts inside it may hold braces.
ACTION = re.compile(r'\{\{(?P<body>(?:"(?:\\.|[^"\\])*"|`[^`]*`|\}(?!\})|[^"`}])*)\}\}', re.DOTALL)


def check_template(text: str, where: str) -> None:
    """Refuse a text whose ``{{`` and ``}}`` do not match, or with nothing between them.

    Parameters
    ----------
    text
        The label's or annotation's value.
    where
        What it is, for the error message.

    Raises
    ------
    RuleError
        If a brace pair is open or empty.

    Examples
    --------
    >>> check_template("latency is {{ .Value }", "HighLatency: annotation 'summary'")
    Traceback (most recent call last):
        ...
    monitorkit.errors.RuleError: HighLatency: annotation 'summary': '{{' without '}}' in 'latency is {{ .Value }'; ...
    """
    rest = ACTION.sub("", text)
    if "{{" in rest:
        raise RuleError(f"{where}: '{{{{' without '}}}}' in {text!r}; write a value as '{{{{ .Labels.instance }}}}'")
    if "}}" in rest:
        raise RuleError(f"{where}: '}}}}' without '{{{{' in {text!r}; write a value as '{{{{ .Labels.instance }}}}'")
    if any(not action["body"].strip() for action in ACTION.finditer(text)):
        raise RuleError(
            f"{where}: nothing between '{{{{' and '}}}}' in {text!r}; write '{{{{ .Value }}}}', for example"
        )
