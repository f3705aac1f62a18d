"""Grafana's own library reads what we write, and writes it again with nothing lost or changed."""

import json
import warnings

import pytest

from monitorkit.dashboards import Dashboard, panels, standard
from monitorkit.dashboards.grafana import to_grafana

HEAT = Dashboard("Heat", [panels.Heatmap("Durations", "sum by (le) (rate(x_seconds_bucket[5m]))", min=0, max=10)])

sdk = pytest.importorskip("grafana_foundation_sdk")


@pytest.fixture(scope="module")
def again():
    with warnings.catch_warnings():
        # It prefers its classes for the newer format, which Grafana does not read from files.
        warnings.simplefilter("ignore", DeprecationWarning)
        from grafana_foundation_sdk.cog.encoder import JSONEncoder
        from grafana_foundation_sdk.cog.plugins import register_default_plugins
        from grafana_foundation_sdk.models import dashboard

        register_default_plugins()
    return lambda model: json.loads(JSONEncoder().encode(dashboard.Dashboard.from_json(model)))


def lost_or_changed(before, after, path=""):
    """What differs in `after`, but for what was added."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key, value in before.items():
            if key not in after:
                yield f"lost {path}/{key}: {value!r}"
            else:
                yield from lost_or_changed(value, after[key], f"{path}/{key}")
    elif isinstance(before, list) and isinstance(after, list):
        if len(before) != len(after):
            yield f"changed {path}: {len(before)} -> {len(after)} entries"
        for index, pair in enumerate(zip(before, after, strict=False)):
            yield from lost_or_changed(*pair, f"{path}/{index}")
    elif before != after:
        yield f"changed {path}: {before!r} -> {after!r}"


@pytest.mark.parametrize("board", [standard.inference(), Dashboard("Empty"), HEAT], ids=lambda board: board.uid)
def test_nothing_is_lost_on_the_way_through_grafanas_library(board, again):
    model = to_grafana(board)
    assert list(lost_or_changed(model, again(json.loads(json.dumps(model))))) == []


def test_a_loss_would_be_seen(again):
    model = to_grafana(standard.inference())
    model["panels"][1]["targets"][0]["exprr"] = "up"
    assert list(lost_or_changed(model, again(json.loads(json.dumps(model)))))
