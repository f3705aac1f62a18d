import subprocess
import sys

import numpy as np

from monitorkit.query.keeping import parquet

TASKS = """
import os, sys, pathlib
import pyarrow.compute, pyarrow.parquet
from monitorkit.query.keeping import parquet
tasks = pathlib.Path("/proc/self/task")
count = lambda: len(list(tasks.iterdir())) if tasks.exists() else 0
before = count()
parquet.load(pathlib.Path(sys.argv[1]))
print(count() - before)
"""


def test_a_small_file_is_read_without_threads(tmp_path):
    path = tmp_path / "a.parquet"
    parquet.save(path, {"a": np.arange(1000), "b": np.arange(1000.0)}, "note")
    done = subprocess.run([sys.executable, "-c", TASKS, path], capture_output=True, text=True, check=True)
    assert done.stdout == "0\n"


def test_a_large_file_comes_back_as_well(tmp_path, monkeypatch):
    path = tmp_path / "a.parquet"
    monkeypatch.setattr(parquet, "WORTH_THREADS_BYTES", 0)
    parquet.save(path, {"a": np.arange(1000), "b": np.arange(1000.0)}, "note")
    table = parquet.load(path)
    assert table.text == "note"
    assert [table.numbers(column).tolist() for column in range(2)] == [list(range(1000))] * 2
