"""What is exported of this machine's GPUs beside what nvidia-smi says, and what reading them costs.

Run it once on a machine that has one: ``pip install "monitorkit[gpu]"``, then ``python benchmarks/gpu_metrics.py``.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time

from monitorkit.metrics.machine.gpu import Gpus

FIELDS = "index,uuid,utilization.gpu,memory.used,memory.total,power.draw,temperature.gpu"
READINGS = 200


def main() -> None:
    """Print both, and the cost of a reading."""
    gpus = Gpus()
    begun = time.perf_counter()
    found = gpus.read()
    print(f"found {len(found)} GPUs in {1000 * (time.perf_counter() - begun):.1f} ms, the library's start included")
    if not found:
        sys.exit("no GPU here, no driver, or no nvidia-ml-py")
    for gpu in found:
        print(gpu.number, gpu.uuid, *(f"{name}={value:g}" for name, value in gpu.values.items()))
    program = shutil.which("nvidia-smi")
    if program:
        subprocess.run([program, f"--query-gpu={FIELDS}", "--format=csv"], check=True)
    begun = time.perf_counter()
    for _ in range(READINGS):
        gpus.read()
    print(f"a reading of all of them takes {1000 * (time.perf_counter() - begun) / READINGS:.2f} ms")


if __name__ == "__main__":
    main()
