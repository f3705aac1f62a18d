"""Classes as label values: bounded in number, whatever a client sends."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable

__all__ = ["MAX_CLASSES", "OTHER", "ClassNames", "class_name", "sorted_labels"]

MAX_CLASSES = 100
"""How many classes get series of their own; each costs five series."""

OTHER = "other"
"""The class that all further ones are counted under."""

MAX_NAME_LENGTH = 128


class ClassNames:
    """The classes of a model: those it declares, or those seen, first come first named.

    Parameters
    ----------
    declared
        The model's own classes; None where it has not told them.
    limit
        How many classes get a name, at least two; the others are all called ``other``.
    positive_class
        The class that scores are about; by default, where there are two, the greater label, as 1 is to 0.
    folded
        Called with each class that is named ``other``.

    Attributes
    ----------
    chosen
        The class that was chosen as the positive one, None for the default.

    Examples
    --------
    >>> classes = ClassNames(["cat", "dog"])
    >>> classes.name("dog"), classes.positive_class
    ('dog', 'dog')
    """

    def __init__(
        self,
        declared: Iterable[Hashable] = (),
        *,
        limit: int = MAX_CLASSES,
        positive_class: Hashable | None = None,
        folded: Callable[[Hashable], None] | None = None,
    ) -> None:
        self._limit = limit
        self.chosen = positive_class
        self._names: dict[Hashable, str] = {}
        self._n_told = 0
        self._overflown = False
        self._folded = folded
        for label in declared:
            self.name(label)

    def name(self, label: Hashable, *, told: bool = False) -> str:
        """Return the label value of a class, naming it if it is new and there is room.

        Parameters
        ----------
        label
            The class.
        told
            Whether it comes from a client, as true labels do. Those get half of the names: else whoever makes labels up
            would leave none for what the model predicts.
        """
        name = self._names.get(label)
        if name is None:
            if len(self._names) >= self._limit or (told and self._n_told >= self._limit // 2):
                self._overflown = True
                if self._folded is not None:
                    self._folded(label)
                return OTHER
            self._n_told += told
            name = self._names[label] = class_name(label)
        return name

    def choose(self, positive_class: Hashable | None) -> None:
        """Make scores be about this class; None for the default one."""
        self.chosen = positive_class

    @property
    def positive_class(self) -> Hashable | None:
        """The class that scores are about; None where they are means over all classes."""
        if self.chosen is not None:
            return self.chosen
        binary = len(self._names) == 2 and not self._overflown  # noqa: PLR2004 - two classes is what binary means
        return sorted_labels(self._names)[-1] if binary else None


def class_name(label: Hashable) -> str:
    """Write a class as a label value: a float that is whole without its ``.0``, long text cut.

    Examples
    --------
    >>> class_name(3), class_name(1.0), class_name("cat")
    ('3', '1', 'cat')
    """
    text = str(int(label)) if isinstance(label, float) and label.is_integer() else str(label)
    # Half a pair of surrogates is text in Python and cannot be written anywhere; a NUL ends text for who scrapes it.
    return text[:MAX_NAME_LENGTH].encode(errors="replace").decode().replace("\0", "?")


def sorted_labels(labels: Iterable[Hashable]) -> list[Hashable]:
    """Sort class labels as scikit-learn does; labels that do not compare are sorted by their text.

    Examples
    --------
    >>> sorted_labels([10, 9]), sorted_labels([10, "9"])
    ([9, 10], [10, '9'])
    """
    unique = list(labels)
    try:
        return sorted(unique)  # type: ignore[type-var]
    except TypeError:
        return sorted(unique, key=str)
