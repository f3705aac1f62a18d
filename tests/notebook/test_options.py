import pytest

from monitorkit.errors import InvalidValue
from monitorkit.notebook.options import OPTIONS, help_text, misplaced, read_options

NAMES = ["--last", "--start", "--end", "--step", "--at", "--as", "--plot", "--tidy", "--url", "--legend", "--cache"]


def read(line, **variables):
    return read_options(line, variables)


def test_the_options_are_data_for_help_and_completion():
    assert [option.name for option in OPTIONS] == NAMES
    assert [option.name for option in OPTIONS if not option.metavar] == ["--plot", "--tidy"]
    assert [line.split()[0] for line in help_text().splitlines()] == NAMES


@pytest.mark.parametrize(
    "line", ["--last 1h --plot", "--last=1h   --plot", "  --plot --last '1h'", '--last "1h" --plot']
)
def test_options_may_be_written_in_each_usual_way(line):
    options, rest = read(f"{line} up")
    assert (options.last, options.plot, options.tidy, rest) == ("1h", True, False, "up")


@pytest.mark.parametrize("query", ['a{b="--plot"}', "-x", "--1", "a - -b", "'--last 5m'", "up{a='x  y'}\t / 2"])
def test_the_query_behind_is_left_as_it_is(query):
    assert read(f"--tidy {query}")[1] == query
    assert read(query)[1] == query
    assert misplaced(query) == ""


def test_values_in_quotes_hold_blanks_and_braces():
    assert read('--legend "{{a}} of {{ b }}" up')[0].legend == "{{a}} of {{ b }}"
    assert read("--legend {{a}}:{{b}} up")[0].legend == "{{a}}:{{b}}"
    assert read("--start '2026-01-31 12:00' up")[0].start == "2026-01-31 12:00"


def test_a_value_may_be_a_variable():
    begin = object()
    options, rest = read("--start {{ begin }} --url {{begin}} up{{x}}", begin=begin)
    assert options.start is begin is options.url
    assert read("--last 1h --cache {{begin}} up", begin=begin)[0].cache is begin
    assert rest == "up{{x}}"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--plto up", "no option --plto; did you mean --plot"),
        ("--xyz up", "no option --xyz; there are --last, --start"),
        ("--last", "--last needs a value: --last DURATION, length of the range"),
        ("--last --plot up", "--last needs a value"),
        ('--legend "a up', "--legend: the value's quotation mark \" is not closed"),
        ("--legend a'b up", "--legend: the value's quotation mark ' is not closed"),
        ("--plot=yes up", "--plot takes no value"),
        ("--tidy --tidy up", "--tidy is given twice"),
        ("--at 1 --step 5s up", "--at asks for one moment, --step for a range"),
        ("--cache kept up", "--cache keeps ranges of time, and this asks for one moment; add --last 1h"),
        ("--cache kept --at 5m up", "--cache keeps ranges of time"),
        ("--last 1h --cache --plot up", "--cache needs a value: --cache FOLDER, where steps"),
        ("--as 'a b' up", "'a b' is no name of a variable"),
        ("--start {{begin}} up", r"\{\{begin\}\}: there is no variable begin"),
    ],
)
def test_what_cannot_be_meant_is_refused(line, message):
    with pytest.raises(InvalidValue, match=message):
        read(line)


@pytest.mark.parametrize("name", NAMES)
def test_an_option_behind_the_query_is_found(name):
    assert misplaced(f"sum(up) {name} 5m") == name
    assert misplaced(f"up\n{name}") == name


@pytest.mark.parametrize("query", ["up --lasting", "a{b='c --last 5m'}", "up # --last 5m", "a--last", "a - -last"])
def test_what_only_looks_like_an_option_is_none(query):
    assert misplaced(query) == ""
