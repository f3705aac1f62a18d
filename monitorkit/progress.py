"""Progress bars: in one form for all long work, in notebooks and terminals."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tqdm import tqdm

__all__ = ["progress_bar"]

DELAY_SECONDS = 1.0
"""Work that is done sooner shows no bar."""


@contextmanager
def progress_bar(
    total: float | None = None,
    *,
    desc: str,
    unit: str = "it",
    shown: bool = True,
    **options: Any,  # noqa: ANN401 - whatever else tqdm takes
) -> Iterator[tqdm[Any]]:
    """Show a bar that appears after a second and goes when the block is done, however far it came by then.

    Where output goes to a file there is none: a log is no place for carriage returns.

    Parameters
    ----------
    total
        How much there is to do; None where nobody knows.
    desc
        What is being done.
    unit
        What is counted.
    shown
        False for no bar at all.
    options
        Anything else of tqdm's.

    Examples
    --------
    >>> with progress_bar(3, desc="steps") as bar:
    ...     bar.update(3) and None
    """
    from tqdm.auto import tqdm as of_this_place  # noqa: PLC0415 - `import monitorkit` must stay light

    with of_this_place(
        total=total,
        desc=desc,
        unit=unit,
        delay=DELAY_SECONDS,
        leave=False,
        # None: shown in a terminal and in a notebook, not in a file.
        disable=None if shown else True,
        **options,
    ) as bar:
        yield bar
        # Waiting often ends before its limit; tqdm takes what is missing for a failure, and leaves a red bar behind.
        bar.total = bar.n
