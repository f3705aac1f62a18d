import pytest

from monitorkit.query.keeping import blocks


@pytest.fixture
def small_blocks(monkeypatch):
    """Blocks of 50 steps, so that a short history has several."""
    monkeypatch.setattr(blocks, "STEPS", 50)
