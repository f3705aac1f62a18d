"""Run the notebooks and write their outputs: the only way in which outputs get into the repository.

Usage: python scripts/render_notebooks.py [--all] [NOTEBOOK ...]

A notebook whose sources have not changed since it was rendered is left alone, so that nobody commits new clock times
for no reason; ``--all`` runs every one. What differs from run to run and tells nothing is dropped or levelled: widget
state, execution times, versions of the kernel, ports, process ids, the folder that the repository lies in, and
the files that cells stand for in warnings.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import io
import re
import sys
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = ROOT / "notebooks"
TIMEOUT_SECONDS = 180
README_PICTURE = ("07_dashboards.ipynb", ROOT / "dashboards" / "inference.png")
"""The first picture of this notebook is the one at the head of the README."""
PICTURE_COLOURS = 255
"""Enough for a chart and its smooth edges, and a quarter of the bytes."""

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
LEVELLED = (
    (re.compile(r"(127\.0\.0\.1|localhost):\d{4,5}"), r"\1:PORT"),
    (re.compile(re.escape(str(ROOT))), "monitorkit"),
    (re.compile(r"\b(pid|process) \d+"), r"\1 PID"),
    (re.compile(r"\bat 0x[0-9a-f]+"), "at ADDRESS"),
    (re.compile(r"\S*/ipykernel_\d+/\d+\.py:"), "cell:"),
)


def source_sha256(notebook: nbformat.NotebookNode) -> str:
    """Checksum of what a person wrote: cell types, sources and tags."""
    cells = [(cell.cell_type, cell.source, cell.metadata.get("tags", [])) for cell in notebook.cells]
    return hashlib.sha256(repr(cells).encode()).hexdigest()


def rendered_from(notebook: nbformat.NotebookNode) -> str:
    """Checksum of the sources that the stored outputs were made from, empty where there are none."""
    return str(notebook.metadata.get("monitorkit", {}).get("source_sha256", ""))


def run(notebook: nbformat.NotebookNode) -> None:
    """Run all cells in a fresh kernel, in the folder of the notebooks."""
    client = NotebookClient(
        notebook,
        timeout=TIMEOUT_SECONDS,
        kernel_name="python3",
        store_widget_state=False,
        record_timing=False,
        resources={"metadata": {"path": str(NOTEBOOKS)}},
    )
    client.execute()


def level(value: Any) -> Any:  # noqa: ANN401 - outputs are JSON
    """Replace what differs from run to run in every text of an output, pictures aside."""
    if isinstance(value, str):
        for pattern, replacement in LEVELLED:
            value = pattern.sub(replacement, value)
        return value
    if isinstance(value, list):
        return [level(item) for item in value]
    if isinstance(value, dict):
        return {key: item if key.startswith("image/png") else level(item) for key, item in value.items()}
    return value


def clean(notebook: nbformat.NotebookNode) -> None:
    """Drop what tells nothing, and note the sources that the outputs belong to."""
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            kept = [output for output in cell.outputs if not _is_noise(output)]
            cell.outputs = [nbformat.from_dict(level(output)) for output in kept]
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
            "monitorkit": {"source_sha256": source_sha256(notebook)},
        }
    )


def _is_noise(output: nbformat.NotebookNode) -> bool:
    """Whether an output is a bare widget, which no reader of the file can show."""
    return WIDGET_VIEW in output.get("data", {}) and "image/png" not in output["data"]


def render(path: Path) -> None:
    """Run one notebook and write it back."""
    notebook = nbformat.read(path, as_version=4)
    run(notebook)
    shrink_pictures(notebook)
    clean(notebook)
    nbformat.validate(notebook)
    nbformat.write(notebook, path)
    if path.name == README_PICTURE[0]:
        README_PICTURE[1].write_bytes(first_picture(notebook))


def shrink_pictures(notebook: nbformat.NotebookNode) -> None:
    """Store pictures with a palette: history keeps each of them for ever."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if picture := output.get("data", {}).get("image/png"):
                image = Image.open(io.BytesIO(base64.b64decode(picture))).convert("RGB")
                small = io.BytesIO()
                image.quantize(PICTURE_COLOURS, dither=Image.Dither.NONE).save(small, "PNG", optimize=True)
                output["data"]["image/png"] = base64.b64encode(small.getvalue()).decode()


def first_picture(notebook: nbformat.NotebookNode) -> bytes:
    """The first PNG among the outputs."""
    data = (output.get("data", {}) for cell in notebook.cells for output in cell.get("outputs", []))
    return base64.b64decode(next(bundle["image/png"] for bundle in data if "image/png" in bundle))


def main() -> int:
    """Render what is asked for, or what has changed."""
    parser = argparse.ArgumentParser(description="Run the notebooks and write their outputs.")
    parser.add_argument("notebooks", nargs="*", type=Path, help="files; all of notebooks/ by default")
    parser.add_argument("--all", action="store_true", help="also those whose sources have not changed")
    arguments = parser.parse_args()
    for path in arguments.notebooks or sorted(NOTEBOOKS.glob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        if not arguments.all and rendered_from(notebook) == source_sha256(notebook):
            print(f"{path.name}: unchanged")
            continue
        print(f"{path.name}: running", flush=True)
        render(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
