"""Queries of drift on a real Prometheus, against scipy on the same counts."""

import numpy as np
import pytest
from known_history import History
from prometheus_client import CollectorRegistry, Counter, Gauge
from scipy.spatial.distance import jensenshannon
from scipy.stats import entropy

from monitorkit.errors import InvalidType, InvalidValue
from monitorkit.metrics import Drift, Reference, queries
from monitorkit.metrics.series.registry import MODEL_LABELS

WINDOW = "60s"
STEADY, QUIET, RESTART = 30, 60, 28
REFERENCE = {"age": [0.2, 0.5, 0.2, 0.1], "empty bins": [0.5, 0.5, 0.0, 0.0]}
BINS = ["(-inf, 1.5]", "(1.5, 3]", "(3, inf)", "missing"]


class Features:
    """The two families as they are specified, for two versions of a model."""

    def __init__(self):
        self.registry = CollectorRegistry()
        labels = [*MODEL_LABELS, "feature", "bin"]
        self.counts = Counter("model_feature_bin", "", labels, registry=self.registry)
        self.ratio = Gauge("model_feature_reference_ratio", "", labels, registry=self.registry)
        for version in ("1", "2"):
            for feature, shares in REFERENCE.items():
                for name, share in zip(BINS, shares if version == "1" else shares[::-1], strict=True):
                    self.counts.labels("m", version, feature, name)
                    self.ratio.labels("m", version, feature, name).set(share)

    def scrape(self, history, instance, time):
        for family in self.registry.collect():
            family.samples = [sample for sample in family.samples if not sample.name.endswith("_created")]
            history.write(family, instance, time)


@pytest.fixture(scope="module")
def known():
    """The history, and counts by version, feature and turn."""
    rng = np.random.default_rng(9)
    history, counts = History(), {}
    drawn = {"age": [0.3, 0.3, 0.3, 0.1], "empty bins": [0.6, 0.0, 0.4, 0.0]}
    for instance in ("a:1", "b:1"):
        features = Features()
        for turn in range(70):
            if turn == RESTART and instance == "b:1":
                features = Features()
            for version in ("1", "2"):
                for feature, shares in drawn.items():
                    row = rng.multinomial(50 if turn <= 40 else 0, shares)
                    for name, count in zip(BINS, row, strict=True):
                        features.counts.labels("m", version, feature, name).inc(count)
                    counts.setdefault((version, feature), {}).setdefault(turn, []).append(row)
            features.scrape(history, instance, 1_700_000_000 + 10 * turn)
    return history, counts


@pytest.fixture(scope="module")
def value(evaluator, known):
    return evaluator(known[0])


@pytest.fixture
def shares(known):
    """Shares in the window and in the reference."""

    def shares(version, feature):
        rows = [row for turn in range(STEADY - 4, STEADY + 1) for row in known[1][version, feature][turn]]
        total = np.sum(rows, axis=0)
        reference = np.array(REFERENCE[feature] if version == "1" else REFERENCE[feature][::-1])
        return total / total.sum(), reference

    return shares


def plain_psi(p, q):
    return ((p - q) * np.log(p / q)).sum()


def plain_kl(p, q):
    return (p * np.log(p / q)).sum()


STATISTICS = {
    "psi": lambda p, q: plain_psi(p.clip(1e-4), q.clip(1e-4)),
    "kl": lambda p, q: plain_kl(p.clip(1e-4), q.clip(1e-4)),
    "js": lambda p, q: jensenshannon(p, q, base=2),
    "hellinger": lambda p, q: np.linalg.norm(np.sqrt(p) - np.sqrt(q)) / np.sqrt(2),
}


@pytest.mark.parametrize("name", STATISTICS)
def test_each_feature_of_each_version_is_compared_with_its_reference(value, shares, name):
    found = value(getattr(queries, name)("m", window=WINDOW), STEADY)
    assert found == {
        (feature, "m", version): pytest.approx(STATISTICS[name](*shares(version, feature)), rel=1e-9)
        for version in ("1", "2")
        for feature in REFERENCE
    }


def test_the_divergence_is_scipys_where_no_bin_is_empty(value, shares):
    query = queries.kl("m", feature="age", window=WINDOW, where={"model_version": "1"}, by=())
    assert value(query, STEADY) == {("age",): pytest.approx(entropy(*shares("1", "age")), rel=1e-9)}


def test_shares_can_be_seen_beside_those_of_the_reference(value, shares):
    chosen = {"feature": "age", "where": {"model_version": "1"}, "by": ()}
    p, q = shares("1", "age")
    current = value(queries.feature_share("m", window=WINDOW, **chosen), STEADY)
    assert current == {(name, "age"): pytest.approx(share) for name, share in zip(BINS, p, strict=True)}
    assert value(queries.reference_share("m", **chosen), STEADY) == dict(
        zip([(name, "age") for name in BINS], q, strict=True)
    )


def test_the_share_of_a_bin_is_its_share_among_all(value, shares):
    where = {"model_version": "1", "bin": "missing"}
    share = value(queries.feature_share("m", feature="age", window=WINDOW, where=where, by=()), STEADY)
    assert share == {("missing", "age"): pytest.approx(shares("1", "age")[0][3])}


@pytest.mark.parametrize("name", [*STATISTICS, "feature_share"])
def test_no_traffic_gives_no_sample(value, name):
    assert value(getattr(queries, name)("m", window=WINDOW), QUIET) == {}
    assert value(getattr(queries, name)("no such model"), QUIET) == {}


def test_what_a_model_exports_gives_the_statistics_that_it_computes_itself(evaluator):
    rng = np.random.default_rng(2)
    history = History()
    # The window at turn 19 holds the scrapes of turns 2 to 19: the rows of 17 turns.
    reference = Reference.of(rng.normal(size=(2000, 2)), names=["age", "income"], drift=Drift(window=17 * 40))
    replica = history.replica("m", "a:1", reference=reference)
    replica.metrics.drift.observe(rng.normal(scale=3, size=(2000, 2)))
    for turn in range(20):
        replica.metrics.drift.observe(rng.normal(loc=1, size=(40, 2)))
        replica.scrape(turn)
    value = evaluator(history)
    for name in ("psi", "js"):
        found = value(getattr(queries, name)("m", window="180s"), 19)
        for feature in reference.features:
            labels = {"model_name": "m", "model_version": "1", "feature": feature, "statistic": name}
            own = replica.registry.get_sample_value("model_feature_drift", labels)
            assert found[feature, "m", "1"] == pytest.approx(own, rel=1e-9)


@pytest.mark.parametrize("floor", [0, 1, -1, "a", True, float("nan")])
def test_a_floor_that_is_no_share_is_refused(floor):
    with pytest.raises(InvalidValue, match=r"floor: .* between 0 and 1"):
        queries.psi(floor=floor)


def test_the_features_that_drifted_most_come_first(value, shares):
    everything = {
        (feature, "m", version): STATISTICS["psi"](*shares(version, feature))
        for version in "12"
        for feature in REFERENCE
    }
    furthest = sorted(everything, key=everything.get)[::-1][:2]
    found = value(queries.most_drifted("m", n=2, window=WINDOW), STEADY)
    assert list(found) == furthest
    assert found == {labels: pytest.approx(everything[labels], rel=1e-9) for labels in furthest}


@pytest.mark.parametrize(
    ("n", "error"), [(0, InvalidValue), (-1, InvalidValue), (True, InvalidType), (2.5, InvalidType)]
)
def test_a_number_of_features_that_is_none_is_refused(n, error):
    with pytest.raises(error, match="n: "):
        queries.most_drifted(n=n)
