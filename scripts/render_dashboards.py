"""Make the files in dashboards/ from the dashboard and the rules of the package."""

from __future__ import annotations

from pathlib import Path

from monitorkit.alerting import standard_rules
from monitorkit.dashboards import standard
from monitorkit.dashboards.provisioning import bundle

FOLDER = Path(__file__).parents[1] / "dashboards"


def render(folder: Path = FOLDER) -> list[Path]:
    """Write the files and return their paths."""
    return bundle(folder, standard.inference(), standard_rules())


if __name__ == "__main__":
    for path in render():
        print(path.relative_to(FOLDER.parent))
