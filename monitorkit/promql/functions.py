"""The functions and aggregations of the language: what they take, what they give, since when, in one line each.

Notes
-----
Source: promql/parser/functions.go of Prometheus 3.16 for names and types; versions from its CHANGELOG.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from monitorkit.promql.versions import EXPERIMENTAL_FUNCTIONS, Feature, Version

__all__ = ["AGGREGATIONS", "FUNCTIONS", "TYPE_NAMES", "AggregationOperator", "Function", "ValueType"]

ValueType = Literal["scalar", "string", "vector", "matrix"]
"""Type of an expression, in the words of Prometheus' HTTP API."""

TYPE_NAMES: dict[ValueType, str] = {
    "scalar": "scalar",
    "string": "string",
    "vector": "instant vector",
    "matrix": "range vector",
}


@dataclass(frozen=True, slots=True)
class Function:
    """A function: ``name(parameters)``.

    Parameters
    ----------
    name
        As it is written; case matters.
    parameters
        Names of the parameters, for a signature.
    types
        Type of each parameter. The last one repeats where there may be more.
    least, most
        Numbers of arguments that it takes; `most` is None where there is no upper limit.
    returns
        Type of the result.
    doc
        What it gives, in one line.
    feature
        Since when it is there and whether it needs a flag.
    removed
        First version without it, and what took its place.
    """

    name: str
    parameters: tuple[str, ...]
    types: tuple[ValueType, ...]
    least: int
    most: int | None
    returns: ValueType
    doc: str
    feature: Feature
    removed: tuple[Version, str] | None = None

    @property
    def signature(self) -> str:
        """The call as documentation writes it: ``round(v, [to_nearest])``."""
        written = [name if i < self.least else f"[{name}]" for i, name in enumerate(self.parameters)]
        return f"{self.name}({', '.join(written)}{', …' if self.most is None else ''})"

    @property
    def experimental(self) -> bool:
        """Whether the newest Prometheus wants a flag for it."""
        return self.feature.flag is not None and self.feature.stable is None


@dataclass(frozen=True, slots=True)
class AggregationOperator:
    """An aggregation: ``name by (labels) ([parameter,] vector)``."""

    name: str
    parameter: ValueType | None
    doc: str
    feature: Feature


_LETTERS: dict[str, ValueType] = {"s": "scalar", "t": "string", "v": "vector", "m": "matrix"}
_PARAMETER = re.compile(r"(\w+):([stvm])")

# name(parameter:type, ...) -> type | since | what it gives. After a semicolon parameters may be left out; "..." repeats
# the last; "!" marks one that is experimental, a version after it since when it is not.
_TABLE = """
abs(v:v) -> v | 2.0 | Absolute value of each sample.
absent(v:v) -> v | 2.0 | One series of value 1 when the vector is empty; labels from the equality matchers.
absent_over_time(range:m) -> v | 2.16 | One series of value 1 when no series has a sample in the range.
acos(v:v) -> v | 2.31 | Arc cosine of each sample, in radians.
acosh(v:v) -> v | 2.31 | Inverse hyperbolic cosine of each sample.
asin(v:v) -> v | 2.31 | Arc sine of each sample, in radians.
asinh(v:v) -> v | 2.31 | Inverse hyperbolic sine of each sample.
atan(v:v) -> v | 2.31 | Arc tangent of each sample, in radians.
atanh(v:v) -> v | 2.31 | Inverse hyperbolic tangent of each sample.
avg_over_time(range:m) -> v | 2.0 | Mean of the samples in the range, for each series.
ceil(v:v) -> v | 2.0 | Each sample rounded up to a whole number.
changes(range:m) -> v | 2.0 | How often the value changed within the range.
clamp(v:v, min:s, max:s) -> v | 2.26 | Each sample limited to the interval from min to max.
clamp_max(v:v, max:s) -> v | 2.0 | Each sample limited to at most max.
clamp_min(v:v, min:s) -> v | 2.0 | Each sample limited to at least min.
cos(v:v) -> v | 2.31 | Cosine of each sample, taken in radians.
cosh(v:v) -> v | 2.31 | Hyperbolic cosine of each sample.
count_over_time(range:m) -> v | 2.0 | Number of samples in the range, for each series.
day_of_month(; time:v) -> v | 2.0 | Day of the month in UTC, 1 to 31, of a Unix time; by default of now.
day_of_week(; time:v) -> v | 2.0 | Day of the week in UTC, 0 (Sunday) to 6, of a Unix time; by default of now.
day_of_year(; time:v) -> v | 2.37 | Day of the year in UTC, 1 to 366, of a Unix time; by default of now.
days_in_month(; time:v) -> v | 2.0 | Days in the month, 28 to 31, of a Unix time in UTC; by default of now.
deg(v:v) -> v | 2.31 | Radians to degrees.
delta(range:m) -> v | 2.0 | Difference of the last and the first sample of a gauge, extrapolated to the whole range.
deriv(range:m) -> v | 2.0 | Slope of a gauge per second, by linear regression over the range.
double_exponential_smoothing(range:m, sf:s, tf:s) -> v | 3.0! | Gauge smoothed, with factors for level and trend.
end() -> s | 3.12! | End of the query's time range, as a Unix time.
exp(v:v) -> v | 2.0 | e to the power of each sample.
first_over_time(range:m) -> v | 3.7!3.14 | Oldest sample in the range, for each series.
floor(v:v) -> v | 2.0 | Each sample rounded down to a whole number.
histogram_avg(v:v) -> v | 2.51 | Mean of the observations in each native histogram.
histogram_count(v:v) -> v | 2.40 | Number of observations in each native histogram.
histogram_fraction(lower:s, upper:s, v:v) -> v | 2.40 | Estimated share of observations between two bounds.
histogram_quantile(phi:s, v:v) -> v | 2.0 | Quantile phi (0 to 1) estimated from buckets; classic ones need le.
histogram_quantiles(v:v, label:t, phi:s; phi:s *9) -> v | 3.11! | Several quantiles at once, told apart by a label.
histogram_stddev(v:v) -> v | 2.47 | Estimated standard deviation of the observations in each native histogram.
histogram_stdvar(v:v) -> v | 2.47 | Estimated variance of the observations in each native histogram.
histogram_sum(v:v) -> v | 2.40 | Sum of the observations in each native histogram.
holt_winters(range:m, sf:s, tf:s) -> v | 2.0-3.0 double_exponential_smoothing | Its name before 3.0.
hour(; time:v) -> v | 2.0 | Hour of the day in UTC, 0 to 23, of a Unix time; by default of now.
idelta(range:m) -> v | 2.0 | Difference of the last two samples in the range.
increase(range:m) -> v | 2.0 | Growth of a counter over the range, resets taken into account.
info(v:v; labels:v) -> v | 3.0! | Each series with the labels of its info metrics, such as target_info, added.
integral(range:m; unit:s) -> v | 3.16! | Area under a gauge over the range.
irate(range:m) -> v | 2.0 | Growth of a counter per second between the last two samples.
label_join(v:v, dst:t, separator:t; src:t ...) -> v | 2.0 | Sets dst to the joined values of the source labels.
label_replace(v:v, dst:t, replacement:t, src:t, regex:t) -> v | 2.0 | Sets dst from src where the pattern matches.
last_over_time(range:m) -> v | 2.26 | Newest sample in the range, for each series.
ln(v:v) -> v | 2.0 | Natural logarithm of each sample.
log10(v:v) -> v | 2.0 | Logarithm to base 10 of each sample.
log2(v:v) -> v | 2.0 | Logarithm to base 2 of each sample.
mad_over_time(range:m) -> v | 2.49! | Median absolute deviation of the samples in the range.
max_of(a:s, b:s) -> s | 3.13! | The larger of two scalars.
max_over_time(range:m) -> v | 2.0 | Largest sample in the range, for each series.
min_of(a:s, b:s) -> s | 3.13! | The smaller of two scalars.
min_over_time(range:m) -> v | 2.0 | Smallest sample in the range, for each series.
minute(; time:v) -> v | 2.0 | Minute of the hour in UTC, 0 to 59, of a Unix time; by default of now.
month(; time:v) -> v | 2.0 | Month of the year in UTC, 1 to 12, of a Unix time; by default of now.
pi() -> s | 2.31 | The number pi.
predict_linear(range:m, seconds:s) -> v | 2.0 | Value of a gauge so many seconds from now, by linear regression.
present_over_time(range:m) -> v | 2.29 | 1 for each series that has a sample in the range.
quantile_over_time(phi:s, range:m) -> v | 2.0 | Quantile phi (0 to 1) of the samples in the range, for each series.
rad(v:v) -> v | 2.31 | Degrees to radians.
range() -> s | 3.12! | Length of the query's time range, in seconds.
rate(range:m) -> v | 2.0 | Growth of a counter per second, averaged over the range, resets taken into account.
resets(range:m) -> v | 2.0 | How often a counter was reset within the range.
round(v:v; to_nearest:s) -> v | 2.0 | Each sample rounded to the nearest multiple of to_nearest, 1 by default.
scalar(v:v) -> s | 2.0 | Value of the only series of a vector; NaN unless there is exactly one.
sgn(v:v) -> v | 2.26 | Sign of each sample: -1, 0 or 1.
sin(v:v) -> v | 2.31 | Sine of each sample, taken in radians.
sinh(v:v) -> v | 2.31 | Hyperbolic sine of each sample.
sort(v:v) -> v | 2.0 | Series ordered by value, smallest first; instant queries only.
sort_by_label(v:v; label:t ...) -> v | 2.49! | Series ordered by the values of labels; instant queries only.
sort_by_label_desc(v:v; label:t ...) -> v | 2.49! | As sort_by_label, in reverse.
sort_desc(v:v) -> v | 2.0 | Series ordered by value, largest first; instant queries only.
sqrt(v:v) -> v | 2.0 | Square root of each sample.
start() -> s | 3.12! | Start of the query's time range, as a Unix time.
start_timestamp(v:v) -> v | 3.14!use-start-timestamps | When each series began to count, as a Unix time.
stddev_over_time(range:m) -> v | 2.0 | Population standard deviation of the samples in the range.
stdvar_over_time(range:m) -> v | 2.0 | Population variance of the samples in the range.
step() -> s | 3.12! | Step of the range query, in seconds; 0 in an instant query.
sum_over_time(range:m) -> v | 2.0 | Sum of the samples in the range, for each series.
tan(v:v) -> v | 2.31 | Tangent of each sample, taken in radians.
tanh(v:v) -> v | 2.31 | Hyperbolic tangent of each sample.
time() -> s | 2.0 | Evaluation time, as a Unix time in seconds.
timestamp(v:v) -> v | 2.0 | Time of each sample itself, as a Unix time in seconds.
ts_of_first_over_time(range:m) -> v | 3.7! | Time of the oldest sample in the range.
ts_of_last_over_time(range:m) -> v | 3.5! | Time of the newest sample in the range.
ts_of_max_over_time(range:m) -> v | 3.5! | Time of the largest sample in the range.
ts_of_min_over_time(range:m) -> v | 3.5! | Time of the smallest sample in the range.
vector(s:s) -> v | 2.0 | A scalar as a vector with one series that has no labels.
year(; time:v) -> v | 2.0 | Year in UTC of a Unix time; by default of now.
"""
_LINE = re.compile(
    r"(?P<name>\w+)\((?P<least>[^;]*?)(?:; (?P<more>.*?))?\) -> (?P<returns>[sv]) \| (?P<since>\d+\.\d+)"
    r"(?P<flag>!)?(?P<stable>\d+\.\d+)?(?P<feature>[a-z-]+)?(?:-(?P<removed>\d+\.\d+) (?P<instead>\w+))? \| (?P<doc>.*)"
)


def _version(text: str) -> Version:
    major, minor = text.split(".")
    return int(major), int(minor)


def _function(line: str) -> Function:
    match = _LINE.fullmatch(line)
    if match is None:  # pragma: no cover - the table is above
        raise AssertionError(line)
    least = _PARAMETER.findall(match["least"])
    more = _PARAMETER.findall(match["more"] or "") * int((match["more"] or "").partition("*")[2] or 1)
    parameters = [*least, *more]
    endless = (match["more"] or "").endswith("...")
    return Function(
        name=match["name"],
        parameters=tuple(name for name, _ in parameters),
        types=tuple(_LETTERS[letter] for _, letter in parameters),
        least=len(least),
        most=None if endless else len(parameters),
        returns=_LETTERS[match["returns"]],
        doc=match["doc"],
        feature=Feature(
            f"the function {match['name']}()",
            _version(match["since"]),
            (match["feature"] or EXPERIMENTAL_FUNCTIONS) if match["flag"] else None,
            _version(match["stable"]) if match["stable"] else None,
        ),
        removed=(_version(match["removed"]), match["instead"]) if match["removed"] else None,
    )


FUNCTIONS: dict[str, Function] = {function.name: function for function in map(_function, _TABLE.strip().splitlines())}
"""Each function of the language by its name."""


def _aggregation(name: str, parameter: ValueType | None, doc: str, since: Version | None = None) -> AggregationOperator:
    flag = EXPERIMENTAL_FUNCTIONS if since else None
    return AggregationOperator(name, parameter, doc, Feature(f"the aggregation {name}", since or (2, 0), flag))


AGGREGATIONS: dict[str, AggregationOperator] = {
    operator.name: operator
    for operator in (
        _aggregation("sum", None, "Sum of the values in each group."),
        _aggregation("avg", None, "Mean of the values in each group."),
        _aggregation("count", None, "Number of series in each group."),
        _aggregation("min", None, "Smallest value in each group."),
        _aggregation("max", None, "Largest value in each group."),
        _aggregation("group", None, "1 for each group: which label values there are."),
        _aggregation("stddev", None, "Population standard deviation of the values in each group."),
        _aggregation("stdvar", None, "Population variance of the values in each group."),
        _aggregation("topk", "scalar", "The k series with the largest values in each group, labels kept."),
        _aggregation("bottomk", "scalar", "The k series with the smallest values in each group, labels kept."),
        _aggregation("quantile", "scalar", "Quantile phi (0 to 1) over the series in each group."),
        _aggregation("count_values", "string", "Number of series for each value, the value in the named label."),
        _aggregation("limitk", "scalar", "Any k series of each group, always the same ones.", (2, 54)),
        _aggregation("limit_ratio", "scalar", "A share of the series of each group, always the same ones.", (2, 54)),
    )
}
"""Each aggregation of the language by its name, in lower case."""
