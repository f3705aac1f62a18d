"""The files in dashboards/ are those that the package makes now."""

from pathlib import Path

from monitorkit.alerting import standard_rules
from monitorkit.dashboards import standard
from monitorkit.dashboards.provisioning import bundle_texts

FOLDER = Path(__file__).parents[2] / "dashboards"


def test_the_committed_files_are_up_to_date():
    made = bundle_texts(standard.inference(), standard_rules())
    found = {
        str(path.relative_to(FOLDER)): path.read_text(encoding="utf-8")
        for path in FOLDER.rglob("*")
        if path.is_file() and path.suffix != ".png"
    }
    assert sorted(found) == sorted(made), "run: python scripts/render_dashboards.py"
    assert [name for name, text in made.items() if found[name] != text] == [], (
        "run: python scripts/render_dashboards.py"
    )
