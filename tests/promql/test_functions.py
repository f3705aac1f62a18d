import pytest

from monitorkit.promql import AGGREGATIONS, FUNCTIONS


def test_there_are_as_many_as_prometheus_3_16_has():
    assert len(FUNCTIONS) == 91 + 1  # and holt_winters, which is gone
    assert len(AGGREGATIONS) == 14


@pytest.mark.parametrize("spec", [*FUNCTIONS.values(), *AGGREGATIONS.values()], ids=lambda spec: spec.name)
def test_each_is_told_in_one_line(spec):
    assert spec.doc.endswith(".")
    assert "\n" not in spec.doc
    assert 10 < len(spec.doc) < 120


@pytest.mark.parametrize(
    ("name", "signature"),
    [
        ("rate", "rate(range)"),
        ("time", "time()"),
        ("round", "round(v, [to_nearest])"),
        ("label_join", "label_join(v, dst, separator, [src], …)"),
        ("histogram_quantile", "histogram_quantile(phi, v)"),
    ],
)
def test_a_signature_shows_what_may_be_left_out(name, signature):
    assert FUNCTIONS[name].signature == signature


def test_what_is_experimental_says_so():
    assert {name for name, spec in FUNCTIONS.items() if spec.experimental} == {
        *("double_exponential_smoothing", "end", "histogram_quantiles", "info", "integral", "mad_over_time", "max_of"),
        *("min_of", "range", "sort_by_label", "sort_by_label_desc", "start", "start_timestamp", "step"),
        *("ts_of_first_over_time", "ts_of_last_over_time", "ts_of_max_over_time", "ts_of_min_over_time"),
    }


def test_types_are_those_of_the_server(server):
    """The server's own description of each function it knows, from its answer to parse_query (3.0 and newer)."""
    samples = {"scalar": "1", "vector": "up", "matrix": "up[5m]", "string": '"x"'}
    compared = 0
    for name, spec in FUNCTIONS.items():
        query = f"{name}({', '.join(samples[spec.types[min(i, len(spec.types) - 1)]] for i in range(spec.least))})"
        if not server.dialect.has(spec.feature) or spec.removed:
            continue
        assert server.accepts(query), query
        compared += 1
        if server.dialect.version >= (3, 0):
            theirs = server.ask("parse_query", query=query)["data"]["func"]
            assert theirs["returnType"] == spec.returns
            assert theirs["argTypes"] == list(spec.types[: len(theirs["argTypes"])])
            assert (theirs["variadic"] == 0) == (spec.least == spec.most)
            assert (theirs["variadic"] < 0) == (spec.most is None)
    assert compared > 60
