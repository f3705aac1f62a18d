import pytest

from monitorkit import running
from monitorkit.query.keeping import blocks


@pytest.fixture
def small_blocks(monkeypatch):
    """Blocks of 50 steps, so that a short history has several."""
    monkeypatch.setattr(blocks, "STEPS", 50)


@pytest.fixture
def folder(tmp_path):
    """Folder of a recording; what runs on it ends with the test."""
    yield tmp_path / "recorded"
    for kind in ("recording", "prometheus"):
        while (service := running.latest(kind)) is not None:
            service.stop()
