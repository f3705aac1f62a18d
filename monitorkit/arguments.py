"""Arguments of a function: told by name where they are wrong, and described once where two functions share them."""

from __future__ import annotations

import functools
import inspect
import re
from difflib import get_close_matches
from types import FunctionType
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from monitorkit.errors import InvalidType, InvalidValue, told

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["arguments_of", "checked", "checked_methods", "checked_name"]

P = ParamSpec("P")
R = TypeVar("R")
C = TypeVar("C", bound=type)

_PARAMETERS = re.compile(r"^Parameters\n-+\n.*?(?=^\w[^\n]*\n---|\Z)", re.MULTILINE | re.DOTALL)
_SECTION = re.compile(r"^\w[^\n]*\n---|\Z", re.MULTILINE)


def checked(function: Callable[P, R]) -> Callable[P, R]:
    """Let a function say what would be right where it is given an argument that it does not have, or lacks one.

    Raises
    ------
    InvalidType
        When the function is called so.

    Examples
    --------
    >>> @checked
    ... def ask(expr, *, step=None):
    ...     return expr
    >>> ask("up", stepp="5s")
    Traceback (most recent call last):
    monitorkit.errors.InvalidType: ask: there is no argument 'stepp'; did you mean 'step'?
    """
    parameters = list(inspect.signature(function).parameters.values())
    kinds = {one.kind for one in parameters}
    if inspect.Parameter.VAR_KEYWORD in kinds or inspect.Parameter.VAR_POSITIONAL in kinds:
        return function
    named = frozenset(one.name for one in parameters if one.kind is not one.POSITIONAL_ONLY)
    in_order = [one.name for one in parameters if one.kind is not one.KEYWORD_ONLY]
    needed = frozenset(one.name for one in parameters if one.default is one.empty)

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        if len(args) > len(in_order) or not named.issuperset(kwargs):
            raise InvalidType(_wrong(function, parameters, args, kwargs))
        if missing := needed.difference(in_order[: len(args)], kwargs):
            one = next(name for name in inspect.signature(function).parameters if name in missing)
            raise InvalidType(f"{_name(function)}: {one} is missing; write {_name(function)}({one}=...)")
        return function(*args, **kwargs)

    return call


def checked_methods(kind: C) -> C:
    """Apply :func:`checked` to the constructor and the public methods that a class defines.

    Examples
    --------
    >>> @checked_methods
    ... class Client:
    ...     def ask(self, expr, *, last=None, step=None): ...
    >>> Client().ask("up", "1h")
    Traceback (most recent call last):
    monitorkit.errors.InvalidType: ask: only expr goes without a name; write last= or step=
    """
    for name, value in list(vars(kind).items()):
        if isinstance(value, FunctionType) and (name == "__init__" or not name.startswith("_")):
            setattr(kind, name, checked(value))
    return kind


def arguments_of(other: Callable[P, object]) -> Callable[[Callable[..., R]], Callable[P, R]]:
    """Give a function the arguments of another one, and its docstring what that one says of them.

    Parameters
    ----------
    other
        A function or a class with a section "Parameters"; all that the decorated function is given goes to it.

    Examples
    --------
    >>> def ask(expr, *, step="15s"):
    ...     '''Ask.
    ...
    ...     Parameters
    ...     ----------
    ...     expr
    ...         PromQL.
    ...     '''
    >>> @arguments_of(ask)
    ... def draw(*args, **options):
    ...     '''Ask, and draw the answer.'''
    >>> inspect.signature(draw)
    <Signature (expr, *, step='15s')>
    >>> draw.__doc__.splitlines()[-1].strip()
    'PromQL.'
    """
    signature = inspect.signature(other)
    described = _PARAMETERS.search(inspect.getdoc(other) or "")

    def give(function: Callable[..., R]) -> Callable[P, R]:
        returned = inspect.signature(function).return_annotation
        vars(function)["__signature__"] = signature.replace(return_annotation=returned)
        doc = inspect.getdoc(function)
        if doc and described:
            # Without docstrings, as with -OO, there is nothing to be told.
            place = next(_SECTION.finditer(doc)).start()
            parts = (doc[:place], described[0], doc[place:])
            function.__doc__ = "\n\n".join(part.strip() for part in parts if part.strip())
        return function

    return give


def checked_name(name: str, *, argument: str = "name") -> str:
    """Return a name by which something is found again.

    Raises
    ------
    InvalidValue
        If it is no text, or nothing but space.

    Examples
    --------
    >>> checked_name(" ", argument="group")
    Traceback (most recent call last):
    monitorkit.errors.InvalidValue: group: ' ' must be a text that is not empty
    """
    if not isinstance(name, str) or not name.strip():
        raise InvalidValue(f"{argument}: {told(name)} must be a text that is not empty")
    return name


def _wrong(
    function: Callable[..., object],
    parameters: list[inspect.Parameter],
    args: tuple[object, ...],
    kwargs: dict[str, object],
) -> str:
    """Say which argument is not there, and which one may have been meant."""
    is_method = bool(parameters) and parameters[0].name == "self"
    name = _name(function)
    names = [one.name for one in parameters[is_method:]]
    unknown = next((given for given in kwargs if given not in names), None)
    if unknown is None:
        nameless = [one.name for one in parameters[is_method:] if one.kind is not one.KEYWORD_ONLY]
        free = [f"{one.name}=" for one in parameters if one.kind is one.KEYWORD_ONLY and one.name not in kwargs]
        if not free:
            return f"{name}: it takes {len(nameless)} arguments, and got {len(args) - is_method}"
        # The value is not repeated: it may be a secret.
        return f"{name}: only {_listed(nameless, 'and') or 'nothing'} goes without a name; write {_listed(free, 'or')}"
    meant = get_close_matches(unknown, names, n=1)
    if meant:
        return f"{name}: there is no argument {unknown!r}; did you mean {meant[0]!r}?"
    return f"{name}: there is no argument {unknown!r}; there are {', '.join(names) or 'none'}"


def _name(function: Callable[..., object]) -> str:
    """Name that a user calls: a constructor's is that of its class."""
    return function.__name__ if function.__name__ != "__init__" else function.__qualname__.split(".")[-2]


def _listed(names: list[str], word: str) -> str:
    return f"{', '.join(names[:-1])} {word} {names[-1]}" if len(names) > 1 else "".join(names)
