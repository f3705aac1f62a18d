import pytest

from monitorkit.dashboards import Dashboard

AT = 1_700_000_000.0


@pytest.fixture
def draw(source):
    """Draw panels over what a source answers, at one moment."""

    def draw_panels(answers, *panels, **options):
        return Dashboard("Board", list(panels), **options).draw(source(answers), at=AT)

    return draw_panels
