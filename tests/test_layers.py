"""Each package imports only from those before it, and each outside library enters where it is expected."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "monitorkit"
LAYERS = (
    {"errors", "lazy"},
    {"arguments", "durations", "labels", "documents", "garbage", "guard", "progress", "cards"},
    {"processes", "ports"},
    {"running"},
    {"promql"},
    {"metrics"},
    {"serving"},
    {"query"},
    {"services"},
    {"alerting"},
    {"dashboards"},
    {"scenarios"},
    {"notebook"},
    {"cli"},
    {"__init__", "__main__"},
)
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names}

# A display hook may look the notebook package up by name when it is called.
LATE = {("dashboards", "notebook")}

# One door per dependency: the modules through which a library enters.
DOORS = {
    "subprocess": {"guard", "processes"},
    "tqdm": {"progress"},
    "yaml": {"documents"},
    "pyarrow": {"query"},
    "requests": {"query", "services"},
    "aiohttp": {"scenarios"},
    "cloudpickle": {"serving"},
    "uvicorn": {"serving"},
    "prometheus_api_client": {"query"},
    "prometheus_client": {"metrics", "serving"},
    "matplotlib": {"dashboards"},
    "IPython": {"notebook"},
    "pynvml": {"metrics"},
    "ipywidgets": {"notebook"},
    "sklearn": {"scenarios", "serving"},
}

MODULES = sorted(ROOT.rglob("*.py"))


def idea(path):
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imports(path):
    """Yield (module, whether only for type checkers) for each import in a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typing_only = {
        node
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and getattr(block.test, "id", "") == "TYPE_CHECKING"
        for node in ast.walk(block)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node in typing_only) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute here"
            if node.module == "monitorkit":
                yield from ((f"monitorkit.{alias.name}", node in typing_only) for alias in node.names)
            else:
                yield node.module, node in typing_only


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_imports_only_from_layers_above_its_own(path):
    own = idea(path)
    assert own in RANK, f"{own} has no layer; give it one in this test and in CONTRIBUTING.md"
    for module, _ in imports(path):
        if module.startswith("monitorkit.") and own != "__init__":
            other = module.split(".")[1]
            if other == own or (own, other) in LATE:
                continue
            assert RANK.get(other, len(LAYERS)) < RANK[own], f"{own} imports {other}, which is not above it"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_library_enters_through_its_door(path):
    for module, typing_only in imports(path):
        doors = DOORS.get(module.split(".")[0])
        if doors and not typing_only:
            assert idea(path) in doors, f"{module} enters through {sorted(doors)}, not through {idea(path)}"


def room(module):
    """Package and folder in it of a module; None for one that lies in no folder of a package."""
    _, *parts = module.split(".")
    return (parts[0], parts[1]) if len(parts) > 1 and (ROOT / parts[0] / parts[1]).is_dir() else None


def test_the_folders_of_a_package_form_no_circle():
    above = {}
    for path in MODULES:
        own = room(".".join(("monitorkit", *path.relative_to(ROOT).with_suffix("").parts)))
        others = {room(module) for module, _ in imports(path) if module.startswith("monitorkit.")}
        if own is not None:
            above.setdefault(own, set()).update(other for other in others - {own, None} if other[0] == own[0])
    assert above["query", "ranges"] == {("query", "connection"), ("query", "decoding")}
    # CycleError names the circle.
    assert set(TopologicalSorter(above).static_order()) == set(above)


def test_every_layer_exists():
    missing = {name for name in RANK if name != "promql"} - {idea(path) for path in MODULES}
    assert not missing
