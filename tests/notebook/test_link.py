from urllib.parse import parse_qs, urlsplit

import pytest

from monitorkit.notebook.link import query_link

ODD = 'sum(a{b=~"c|d+ %20&#?"})\n/ 日本 > \'"<img>\''
RANGE = {"query": ODD, "start": "2026-01-31T12:00:00.000Z", "end": "2026-01-31T13:30:00.500Z", "step": 2.5}
INSTANT = {"query": ODD, "start": "2026-01-31T12:00:00.000Z", "end": "2026-01-31T12:00:00.000Z", "step": None}


def read(link):
    parts = urlsplit(link)
    assert set(link) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~:/?&=%")
    return parts.path, {name: value[0] for name, value in parse_qs(parts.query, strict_parsing=True).items()}


def test_a_range_opens_in_the_pages_of_prometheus_3():
    path, params = read(query_link("http://a:9090/prefix", "Prometheus", "3.5.3", RANGE))
    assert path == "/prefix/query"
    assert params == {
        "g0.expr": ODD,
        "g0.show_tree": "0",
        "g0.tab": "graph",
        "g0.range_input": "1h30m500ms",
        "g0.end_input": "2026-01-31 13:30:00.500",
        "g0.moment_input": "2026-01-31 13:30:00.500",
        "g0.res_type": "custom",
        "g0.res_step": "2.5",
    }


def test_a_range_opens_in_the_pages_of_prometheus_2_whose_steps_are_whole_seconds():
    path, params = read(query_link("http://a:9090", "Prometheus", "2.42.0", RANGE))
    assert path == "/graph"
    assert params["g0.expr"] == ODD
    assert (params["g0.tab"], params["g0.range_input"], params["g0.step_input"]) == ("0", "1h30m500ms", "2")


def test_an_instant_query_opens_as_a_table_at_its_moment():
    for version, tab in (("3.0.0", "table"), ("2.53.1", "1")):
        _, params = read(query_link("http://a:9090", "Prometheus", version, INSTANT))
        assert params["g0.tab"] == tab
        assert params["g0.moment_input"] == "2026-01-31 12:00:00"
        assert "g0.range_input" not in params


@pytest.mark.parametrize(("engine", "path"), [("Thanos", "/graph"), ("VictoriaMetrics", ""), ("Mimir", ""), ("", "")])
def test_other_engines_have_the_old_pages_or_none_that_are_known(engine, path):
    link = query_link("http://a:9090", engine, "0.35.1", INSTANT)
    assert urlsplit(link).path == path


def test_a_moment_that_no_calendar_has_gives_no_link():
    assert query_link("http://a:9090", "Prometheus", "3.5.3", INSTANT | {"end": "99999999999.000"}) == ""
