"""History for benchmarks/query.py: a day of 1,000 series every 15 s, and one moment of 100,000 series.

Written as OpenMetrics and made into blocks by promtool, one file for each block, two at a time: over several blocks it
would read its input again for each.
"""

from __future__ import annotations

import subprocess
from contextlib import ExitStack
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

START = 1_700_006_400 // 7200 * 7200
BLOCK_SECONDS = 7200
N_BLOCKS = 12
SCRAPE_SECONDS = 15
N_SERIES = 1000
N_WIDE = 100_000
WIDE_AT = START + (N_BLOCKS - 1) * BLOCK_SECONDS + 7000
AT_ONCE = 2

SIZES = {"a": 10, "b": 100, "c": 250, "d": 1000}
"""Label by which the first so many series are chosen: `load{size=~"[ab]"}` are the first 100."""


def write(folder: Path, promtool: Path) -> Path:
    """Make the blocks; return their folder."""
    data = folder / "data"
    values = np.random.default_rng(1)
    state = 100 * values.random(N_SERIES)
    for first in range(0, N_BLOCKS, AT_ONCE):
        with ExitStack() as running:
            for block in range(first, first + AT_ONCE):
                steps = values.normal(0, 0.1, (BLOCK_SECONDS // SCRAPE_SECONDS, N_SERIES))
                walk = state + np.cumsum(steps, axis=0)
                state = walk[-1]
                text = folder / f"{block}.txt"
                lines = [*_load(START + block * BLOCK_SECONDS, walk), *(_wide() if block == N_BLOCKS - 1 else ())]
                text.write_text("\n".join([*lines, "# EOF", ""]))
                command = [str(promtool), "tsdb", "create-blocks-from", "openmetrics", str(text), str(data)]
                process = running.enter_context(subprocess.Popen(command, stdout=subprocess.DEVNULL))
                running.callback(text.unlink)
                running.callback(_succeeded, process)
    return data


def _succeeded(process: subprocess.Popen[bytes]) -> None:
    if process.wait():
        raise SystemExit(f"promtool ended with {process.returncode}")


def _load(start: int, walk: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> Iterator[str]:
    yield "# TYPE load gauge"
    for n in range(N_SERIES):
        size = next(name for name, most in SIZES.items() if n < most)
        labels = f'cpu="{n % 8}",instance="10.0.{n // 250}.{n % 250}:9100",job="node",region="eu-{n % 3}",size="{size}"'
        for step, value in enumerate(walk[:, n].tolist()):
            yield f"load{{{labels}}} {value!r} {start + step * SCRAPE_SECONDS}"


def _wide() -> Iterator[str]:
    yield "# TYPE wide gauge"
    for n, value in enumerate(np.random.default_rng(2).random(N_WIDE).tolist()):
        labels = f'instance="10.{n // 62500}.{n // 250 % 250}.{n % 250}:9100",job="node",pod="pod-{n:06d}"'
        yield f'wide{{{labels},shard="{n % 10}",zone="z{n % 7}"}} {value!r} {WIDE_AT}'
