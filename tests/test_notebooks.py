"""The committed notebooks are what their sources make, and read as a course should."""

import base64
import importlib.util
import io
import re
from pathlib import Path

import nbformat
import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
MAX_CELL_LINES = 8


def load_render():
    spec = importlib.util.spec_from_file_location("render_notebooks", ROOT / "scripts" / "render_notebooks.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


render = load_render()


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def notebook(request):
    return nbformat.read(request.param, as_version=4)


def outputs(notebook):
    return [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]


def test_there_are_notebooks():
    assert NOTEBOOKS


def test_the_outputs_were_made_from_these_sources(notebook):
    assert render.rendered_from(notebook) == render.source_sha256(notebook), "run `make render`"


def test_nothing_that_changes_for_no_reason_is_stored(notebook):
    before = nbformat.writes(notebook)
    render.clean(notebook)
    assert nbformat.writes(notebook) == before


def test_no_cell_ended_in_an_error_or_wrote_a_warning_unless_its_tags_say_so(notebook):
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            allowed = "raises-exception" in cell.metadata.get("tags", [])
            assert output.output_type != "error" or allowed, output
            assert output.get("name") != "stderr" or "warns" in cell.metadata.get("tags", []), output


def test_every_picture_shows_something(notebook):
    pictures = [output["data"]["image/png"] for output in outputs(notebook) if "image/png" in output.get("data", {})]
    assert pictures
    for picture in pictures:
        pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(picture))).convert("L"), dtype=float)
        assert pixels.std() > 5
        assert min(pixels.shape) > 100


def test_a_notebook_has_the_form_of_the_course(notebook):
    headings = [
        line
        for cell in notebook.cells
        if cell.cell_type == "markdown"
        for line in cell.source.splitlines()
        if line.startswith("# ")
    ]
    assert len(headings) == 1
    assert "You will" in notebook.cells[0].source
    assert "You have" in notebook.cells[-1].source
    assert any("stop" in cell.source for cell in notebook.cells[-3:] if cell.cell_type == "code")


def test_exercises_have_solutions_which_are_folded(notebook):
    solutions = [cell for cell in notebook.cells if "solution" in cell.metadata.get("tags", [])]
    asked = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    assert any("## Exercise" in source for source in asked)
    assert solutions
    for cell in solutions:
        assert cell.metadata.get("jupyter", {}).get("source_hidden")
        assert cell.source.startswith("# One solution; a click unfolds it.\n")


def test_links_lead_somewhere_and_the_last_cell_to_another_notebook(notebook):
    links = [re.findall(r"\]\((\w+\.ipynb)\)", cell.source) for cell in notebook.cells if cell.cell_type == "markdown"]
    assert links[-1]
    assert {name for cell in links for name in cell} <= {path.name for path in NOTEBOOKS}


def test_cells_are_short(notebook):
    long = [
        cell.source
        for cell in notebook.cells
        if cell.cell_type == "code" and len(cell.source.splitlines()) > MAX_CELL_LINES
    ]
    assert not long


def test_clean_levels_ports_and_drops_bare_widgets():
    cell = nbformat.v4.new_code_cell("x")
    cell.metadata["execution"] = {"iopub.status.busy": "now"}
    cell.outputs = [
        nbformat.v4.new_output("stream", text="at http://127.0.0.1:43210/metrics"),
        nbformat.v4.new_output("display_data", data={render.WIDGET_VIEW: {}, "text/plain": "HBox()"}),
        nbformat.v4.new_output("display_data", data={render.WIDGET_VIEW: {}, "image/png": "127.0.0.1:43210"}),
    ]
    notebook = nbformat.v4.new_notebook(cells=[cell], metadata={"widgets": {"state": {}}})
    render.clean(notebook)
    assert [output.get("text") for output in cell.outputs] == ["at http://127.0.0.1:PORT/metrics", None]
    assert cell.outputs[1]["data"]["image/png"] == "127.0.0.1:43210"
    assert "execution" not in cell.metadata
    assert "widgets" not in notebook.metadata
