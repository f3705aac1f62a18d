"""Names of a package that are loaded when they are first used (PEP 562)."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["lazy_names"]


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
