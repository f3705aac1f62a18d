"""What each engine answers to the same calls on the same history: the differences between them as data.

`expected` is what Prometheus answers, worked out by hand from the history (written_history.py); `differs` holds what
another engine, or one version of it, answers instead. The tests ask every engine, and docs/engines.md is written from
what they got.
"""

import warnings
from dataclasses import dataclass, field

import pandas as pd
from written_history import T0

from monitorkit.errors import QueryError, Unsupported
from monitorkit.query import ServerWarning
from monitorkit.query.connection.build import BuildInfo
from monitorkit.query.tables import TsdbStatus

START = T0 // 1000
AT = START + 100
VM, VM_OLD, PROM_2 = "VictoriaMetrics", "VictoriaMetrics 1.79", "Prometheus 2.42"
SERIES = 'requests_total{instance="a:1",job="ai_model"}'
UNNAMED = SERIES.removeprefix("requests_total")
NOTHING = "nothing"
REMARK = "nothing, and a remark that says why"
UNSUPPORTED = "`Unsupported`"


@dataclass(frozen=True)
class Case:
    """One call, and what each engine makes of it."""

    method: str
    args: tuple
    expected: str
    differs: dict = field(default_factory=dict)
    why: str = ""
    options: dict = field(default_factory=dict)
    columns: tuple = ()
    """Those that are the same at each run, where a frame has others."""

    def __str__(self):
        options = ", ".join(f"{name}={value!r}" for name, value in self.options.items())
        return f"{self.method}({', '.join(filter(None, [*map(repr, self.args), options]))})"

    def expects(self, engine):
        """What an engine such as ``Prometheus 3.5`` is expected to answer."""
        return self.differs.get(engine, self.differs.get(engine.split()[0], self.expected))

    def ask(self, client):
        """What an engine answers, as text."""
        with warnings.catch_warnings(record=True) as issued:
            warnings.simplefilter("always", ServerWarning)
            try:
                answer = getattr(client, self.method)(*self.args, **self.options)
            except Unsupported:
                return UNSUPPORTED
            except QueryError as error:
                return f"refused: {error.error_type}" + (
                    "" if error.position is None else f", caret at {error.position}"
                )
        text = _shown(answer[list(self.columns)] if self.columns and len(answer) else answer)
        return f"{text}, and a remark that says why" if issued and self.method != "query" else text


def _shown(answer):
    if isinstance(answer, TsdbStatus):
        top = answer.metrics.iloc[0]
        return f"{top['metric']} has {top['series']} series" + ("; bytes by label" if len(answer.memory) else "")
    if isinstance(answer, BuildInfo):
        return "engine, version, revision" if answer.revision else "engine only"
    if isinstance(answer, dict):
        return "flags by name"
    if isinstance(answer, list):
        return ", ".join(answer) or NOTHING
    return _framed(answer) if isinstance(answer, pd.DataFrame) else str(answer)


def _framed(frame):
    if not len(frame):
        return NOTHING
    if isinstance(frame.index, pd.DatetimeIndex):
        return _ranged(frame)
    if frame.columns.tolist() == ["value"] and frame.index.names != [None]:
        return "\n".join(f"{_series(frame.index, key)} {value!r}".strip() for key, value in frame["value"].items())
    return "\n".join(" ".join(map(str, row)).strip() for row in frame.itertuples(index=False))


def _series(index, key):
    labels = dict(zip(index.names, key if isinstance(key, tuple) else (key,), strict=True))
    name = labels.pop("__name__")
    pairs = ",".join(f'{label}="{value}"' for label, value in labels.items() if value)
    return name + (f"{{{pairs}}}" if pairs else "")


def _ranged(frame):
    lines = []
    for key, column in frame.items():
        there = column.dropna()
        first, last = (float(there.iloc[end]) for end in (0, -1))
        lines.append(
            f"{_series(frame.columns, key)} {len(there)} of {len(column)} steps, {first!r} to {last!r}".strip()
        )
    return "\n".join(lines)


def _query(expr, expected, differs=None, why="", at=AT):
    return Case("query", (expr,), expected, differs or {}, why, {"at": at})


def _range(expr, start, end, step, expected, differs=None, why=""):
    options = {"start": START + start, "end": START + end, "step": step}
    return Case("query_range", (expr,), expected, differs or {}, why, options)


NAME_KEPT = "keeps the metric name in functions that do not change its meaning"

CASES = [
    # Values.
    _query("requests_total", f"{SERIES} 90.0"),
    _query("requests_total offset 50s", f"{SERIES} 40.0"),
    _query(f"requests_total @ {START + 50}", f"{SERIES} 40.0"),
    _query("sum by (job) (requests_total)", '{job="ai_model"} 90.0'),
    _query("-requests_total", f"{UNNAMED} -90.0"),
    _query("requests_total == requests_total", f"{SERIES} 90.0"),
    _query("requests_total and on (job) clash", NOTHING),
    _query("requests_total unless clash", f"{SERIES} 90.0"),
    _query('{job=~"ai.*"}', f"{SERIES} 90.0"),
    _query('special{n=""}', NOTHING),
    _query("absent(nothing)", "1.0"),
    _query("1 + 1", "2.0"),
    _query("vector(1)", "1.0"),
    _query("time()", f"{float(AT)!r}"),
    _query("timestamp(requests_total)", f"{UNNAMED} {START + 90}.191"),
    _query("clash", 'clash{timestamp="t",value="v"} 7.0'),
    _query("rate(requests_total[1m])", f"{UNNAMED} 1.0"),
    _query("max_over_time(rate(requests_total[1m])[5m:1m])", f"{UNNAMED} 1.0"),
    _query("stddev_over_time(requests_total[1m])", f"{UNNAMED} 17.07825127659933"),
    _query("last_over_time(requests_total[1m])", f"{SERIES} 90.0"),
    _query(
        "count_over_time(requests_total[1m])",
        f"{UNNAMED} 6.0",
        {PROM_2: f"{UNNAMED} 7.0"},
        "a sample exactly on the left edge counts before Prometheus 3.0 only",
        at=START + 100.191,
    ),
    _query(
        "requests_total",
        NOTHING,
        {PROM_2: f"{SERIES} 3590.0"},
        "the last sample is 5 minutes old, to the ms: it counts before Prometheus 3.0 only",
        at=START + 3890.191,
    ),
    _query("requests_total", f"{SERIES} 3590.0", at=START + 3889.191),
    _query(
        "increase(requests_total[1m])",
        f"{UNNAMED} 24.809",
        {VM: f"{UNNAMED} 20.0"},
        "Prometheus extrapolates to the edges of the window, VictoriaMetrics does not",
        at=START + 25,
    ),
    _query(
        "changes(requests_total[1m])",
        f"{UNNAMED} 5.0",
        {VM: f"{UNNAMED} 6.0"},
        "VictoriaMetrics counts from the sample before the window",
    ),
    _query(
        "deriv(requests_total[1m])",
        f"{UNNAMED} 1.0",
        {VM: f"{UNNAMED} 1.0000000000000004"},
        "another order of the same additions",
    ),
    _query(
        "avg_over_time(requests_total[1m])",
        f"{UNNAMED} 65.0",
        {VM: f"{SERIES} 65.0"},
        f"VictoriaMetrics {NAME_KEPT}",
    ),
    _query(
        "clamp_max(requests_total, 50)",
        f"{UNNAMED} 50.0",
        {VM: f"{SERIES} 50.0"},
        f"VictoriaMetrics {NAME_KEPT}",
    ),
    _query(
        "special",
        "\n".join(
            f'special{{n="{n}"}} {value}'
            for n, value in enumerate(
                ["nan", "inf", "-inf", "5e-324", "1.7976931348623157e+308", "-0.0", "0.1", "0.30000000000000004"]
            )
        ),
        {
            VM: "\n".join(
                f'special{{n="{n}"}} {value}'
                for n, value in enumerate(
                    ["inf", "-inf", "0.0", "1.797693134862315e+308", "0.0", "0.1", "0.3"], start=1
                )
            )
        },
        "VictoriaMetrics stores decimal numbers of some 15 digits, no NaN, no -0",
    ),
    _query("sum(special)", "nan", {VM: NOTHING}, "VictoriaMetrics drops NaN from results"),
    _query('"a"', "'a'", {VM: NOTHING}, "VictoriaMetrics knows no string results"),
    # Ranges.
    _range("requests_total", 0, 600, "60s", f"{SERIES} 10 of 11 steps, 50.0 to 590.0"),
    _range("requests_total", 7, 1507, "15s", f"{SERIES} 101 of 101 steps, 0.0 to 1500.0"),
    _range("requests_total @ end()", 0, 600, "60s", f"{SERIES} 11 of 11 steps, 590.0 to 590.0"),
    _range("2", 0, 600, "60s", "11 of 11 steps, 2.0 to 2.0"),
    _range("nothing", 0, 600, "60s", NOTHING),
    _range(
        "requests_total",
        0,
        13_000,
        "1s",
        f"{SERIES} 3890 of 13001 steps, 0.0 to 3590.0",
        {VM: f"{SERIES} 3605 of 13001 steps, 0.0 to 3590.0"},
        "in a range VictoriaMetrics takes a series for gone after a few of its own intervals, Prometheus after 5 minutes",
    ),
    _range(
        "holes",
        0,
        2400,
        "60s",
        "holes 10 of 41 steps, 1.0 to 2.0",
        {PROM_2: "holes 12 of 41 steps, 1.0 to 2.0", VM: "holes 41 of 41 steps, 1.0 to 2.0"},
        "samples up to 20 minutes apart, one a NaN: VictoriaMetrics looks back as far as it knows the samples to be apart",
    ),
    # What is refused.
    _query("sum(up", "refused: bad_data, caret at 6"),
    _query("nope(up)", "refused: bad_data, caret at 0"),
    _query("rate(up) by (x)", "refused: bad_data, caret at 9"),
    _query('{a="b"', "refused: bad_data, caret at 6"),
    _query("up offset", "refused: bad_data, caret at 9"),
    _query("label_replace(up)", "refused: bad_data, caret at 0"),
    _query("special * on () special", "refused: execution"),
    _query(
        'up{a=~"("}',
        "refused: bad_data, caret at 3",
        {VM: "refused: bad_data, caret at 6"},
        "the caret is at the matcher, or at its value",
    ),
    _query(
        '{"requests_total"}',
        f"{SERIES} 90.0",
        {PROM_2: "refused: bad_data, caret at 1", VM_OLD: "refused: bad_data, caret at 1"},
        "quoted names came with Prometheus 3.0",
    ),
    _query("1 > 2", "refused: bad_data, caret at 2", {VM: NOTHING}, "VictoriaMetrics filters numbers as well"),
    _query(
        "rate(requests_total)",
        "refused: bad_data, caret at 5",
        {VM: f"{UNNAMED} 1.0"},
        "MetricsQL chooses a window by itself",
    ),
    _query(
        "median_over_time(requests_total[1m])",
        "refused: bad_data, caret at 0",
        {VM: f"{SERIES} 65.0"},
        "a function of MetricsQL",
    ),
    _range(
        "requests_total[5s]",
        0,
        600,
        "60s",
        "refused: bad_data",
        {VM_OLD: f"{SERIES} 10 of 11 steps, 50.0 to 590.0", VM: NOTHING},
        "a range selector has no value at a step",
    ),
    # The rest of the API.
    Case("series", (["requests_total", "clash"],), "clash   t v\nrequests_total a:1 ai_model"),
    Case("series", ("up{",), "refused: bad_data, caret at 3"),
    Case("labels", (), "__name__, path, timestamp, value", options={"match": ["clash", "odd"]}),
    Case("label_values", ("instance",), "a:1", options={"match": "requests_total"}),
    Case(
        "label_values",
        ("__name__",),
        "clash",
        options={"match": '{__name__=~"clash|late"}', "start": START - 10, "end": START + 10},
    ),
    Case("label_values", ("a.b",), NOTHING),
    Case(
        "labels",
        (),
        NOTHING,
        {VM_OLD: "__name__, a, instance, job, kind, le, n, path, timestamp, value"},
        "VictoriaMetrics 1.79 lists labels of all times",
        options={"start": 0, "end": 1},
    ),
    Case(
        "metadata",
        ("work_seconds",),
        "work_seconds histogram Time that <b>work</b> takes. seconds",
        {VM_OLD: REMARK, VM: "work_seconds histogram Time that <b>work</b> takes."},
        "VictoriaMetrics keeps metadata in newer versions, never a unit",
    ),
    Case("targets", (), "ai_model up", columns=("job", "health")),
    Case(
        "targets",
        (),
        "ai_model up\nunwanted dropped",
        options={"state": "any"},
        columns=("job", "health"),
    ),
    Case(
        "rules",
        (),
        "one:sum recording\nFires alerting firing\nWaits alerting pending",
        {VM: REMARK},
        "VictoriaMetrics evaluates no rules: vmalert does",
        columns=("name", "type", "state"),
    ),
    Case(
        "alerts",
        (),
        "Fires firing 2.5\nWaits pending 1.0",
        {VM: REMARK},
        "as for rules",
        columns=("name", "state", "value"),
    ),
    Case(
        "exemplars",
        ("work_seconds_bucket",),
        "a 1.0 0.75 x abc",
        {VM: REMARK},
        "VictoriaMetrics stores no exemplars",
        options={"last": "5m"},
        columns=("kind", "le", "value", "exemplar_kind", "trace_id"),
    ),
    Case(
        "buildinfo",
        (),
        "engine, version, revision",
        {VM: "engine only"},
        "VictoriaMetrics tells no version (1.79) or a false one",
    ),
    Case("flags", (), "flags by name", {VM: UNSUPPORTED}, "VictoriaMetrics has no such path"),
    Case(
        "tsdb_status",
        (),
        "work_seconds_bucket has 3 series; bytes by label",
        {VM: "work_seconds_bucket has 3 series"},
        "VictoriaMetrics does not count bytes",
    ),
    Case(
        "format_query",
        ("sum(rate(x[5m]))by(a)",),
        "sum by (a) (rate(x[5m]))",
        {VM: "sum by (a) (rate(x[5m])), and a remark that says why"},
        "where the server has no formatter, monitorkit's own does it",
    ),
    Case("ready", (), "True"),
]
