"""What is loaded when it is first used: names of a package (PEP 562), modules that take long."""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["lazy_module", "lazy_names"]


def lazy_names(package: str, homes: Mapping[str, Sequence[str]]) -> Callable[[str], object]:
    """Make the ``__getattr__`` of a package.

    Parameters
    ----------
    package
        Name of the package.
    homes
        For each of its modules, the names that come from there; none where the module itself is the name.
    """
    home = {name: module for module, names in homes.items() for name in names or (module,)}

    def load(name: str) -> object:
        if name not in home:
            # With the module, so that Python can say which name was meant.
            raise AttributeError(f"module {package!r} has no attribute {name!r}", name=name, obj=sys.modules[package])
        module = import_module(f"{package}.{home[name]}")
        value = getattr(module, name) if homes[home[name]] else module
        setattr(sys.modules[package], name, value)
        return value

    return load


def lazy_module(name: str) -> ModuleType:
    """Stand in for a module until something of it is used.

    Parameters
    ----------
    name
        Its whole name. A name that is wrong is told of when it is used, not here.

    Notes
    -----
    Nothing of the module is kept in its place, so that what a test puts into the module is seen here as well. The
    loader of the standard library (``importlib.util.LazyLoader``) enters the unfinished module for everybody instead,
    which other threads may meet (python/cpython#114763).

    Examples
    --------
    >>> json = lazy_module("json")
    >>> json.dumps([1])
    '[1]'
    """
    return _Lazy(name, "Loaded when it is first used.")


class _Lazy(ModuleType):
    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the module has
        return getattr(import_module(self.__name__), name)
