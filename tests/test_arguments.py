import inspect

import numpy as np
import pandas as pd
import pytest

import monitorkit as mk
from monitorkit.arguments import arguments_of, checked, checked_methods, checked_name
from monitorkit.errors import InvalidType, InvalidValue
from monitorkit.query import PrometheusClient

SECRET = "s3cr3t"


@pytest.fixture
def client():
    with PrometheusClient("http://127.0.0.1:1") as client:
        yield client


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"stepp": "5s"}, r"^query_range: there is no argument 'stepp'; did you mean 'step'\?$"),
        ({"start_time": 1}, r"^query_range: there is no argument 'start_time'; did you mean 'start'\?$"),
        ({"resolution": 1}, r"^query_range: there is no argument 'resolution'; there are expr, last, start, end, step"),
    ],
)
def test_an_unknown_argument_says_which_one_was_meant(client, arguments, reason):
    with pytest.raises(InvalidType, match=reason):
        client.query_range("up", **arguments)


def test_a_missing_argument_is_named(client):
    with pytest.raises(InvalidType, match=r"^series: match is missing; write series\(match=\.\.\.\)$"):
        client.series()
    with pytest.raises(InvalidType, match=r"^PrometheusClient: url is missing; write PrometheusClient\(url=\.\.\.\)$"):
        PrometheusClient(timeout_seconds=1)


def test_a_value_without_a_name_says_which_names_there_are(client):
    with pytest.raises(
        InvalidType, match=r"^query_range: only expr goes without a name; write last=, start=, end=, step="
    ):
        client.query_range("up", "1h")


def test_the_ways_to_connect_say_so_as_well():
    for connect in (mk.connect, PrometheusClient):
        with pytest.raises(InvalidType, match=r"there is no argument 'timeout'; did you mean 'timeout_seconds'\?"):
            connect("http://127.0.0.1:1", timeout=5)
        with pytest.raises(InvalidType, match=r"only url goes without a name; write timeout_seconds=") as caught:
            connect("http://127.0.0.1:1", SECRET)
        assert SECRET not in str(caught.value)


def test_a_constructor_is_called_by_the_name_of_its_class():
    with pytest.raises(InvalidType, match=r"^PrometheusClient: there is no argument 'tokn'; did you mean 'token'\?$"):
        PrometheusClient("http://127.0.0.1:1", tokn=SECRET)


def test_names_signature_and_documentation_stay():
    def ask(expr, *, step=None):
        """Ask."""

    wrapped = checked(ask)
    assert (wrapped.__name__, wrapped.__doc__) == ("ask", "Ask.")
    assert inspect.signature(wrapped) == inspect.signature(ask)
    assert next(iter(inspect.signature(PrometheusClient).parameters)) == "url"


def test_a_mistake_within_the_function_stays_its_own():
    @checked
    def ask(expr):
        return expr + 1

    with pytest.raises(TypeError, match="can only concatenate str"):
        ask("up")
    with pytest.raises(InvalidType, match=r"^ask: expr is missing; write ask\(expr=\.\.\.\)$"):
        ask()


def test_too_many_values_are_counted():
    @checked_methods
    class Client:
        def close(self):
            return True

        def _private(self, expr):
            return expr

        @property
        def url(self):
            return "u"

    assert Client().close()
    assert Client().url == "u"
    with pytest.raises(InvalidType, match=r"^close: it takes 0 arguments, and got 1$"):
        Client().close(1)
    with pytest.raises(InvalidType, match=r"^close: there is no argument 'now'; there are none$"):
        Client().close(now=True)


def test_a_function_that_takes_anything_is_left_as_it_is():
    def ask(*args, **options):
        return options

    assert checked(ask) is ask


def test_two_functions_may_have_the_same_arguments():
    def ask(expr, *, step=15):
        """Ask.

        Parameters
        ----------
        expr
            PromQL.
        step
            In seconds.

            More of it.

        Returns
        -------
        str
            The answer.
        """
        return expr, step

    @checked
    @arguments_of(ask)
    def draw(*args, **options) -> int:
        """Draw.

        At once.

        Raises
        ------
        KeyError
            Never.
        """
        return ask(*args, **options)

    assert str(inspect.signature(draw)).replace("'", "") == "(expr, *, step=15) -> int"
    assert draw.__doc__ == (
        "Draw.\n\nAt once.\n\n"
        "Parameters\n----------\nexpr\n    PromQL.\nstep\n    In seconds.\n\n    More of it.\n\n"
        "Raises\n------\nKeyError\n    Never."
    )
    assert draw("up", step=1) == ("up", 1)
    with pytest.raises(InvalidType, match=r"^draw: there is no argument 'stepp'; did you mean 'step'\?$"):
        draw("up", stepp=1)


def test_without_docstrings_arguments_are_shared_all_the_same():
    @arguments_of(lambda expr: expr)
    def draw(*args):
        return args

    assert (str(inspect.signature(draw)), draw.__doc__) == ("(expr)", None)


def test_connecting_takes_and_describes_what_a_client_takes():
    client, connect = inspect.signature(PrometheusClient).parameters, inspect.signature(mk.connect).parameters
    assert list(client.values()) == list(connect.values())
    documented = inspect.getdoc(mk.connect).split("Raises")[0].splitlines()
    assert [line for line in documented if line in client] == list(client)


@pytest.mark.parametrize(
    "value",
    [pd.DataFrame({"a": range(1000)}), np.arange(100_000), "x" * 100_000, list(range(100_000)), "a\nb", 10**400],
)
def test_a_wrong_value_is_told_in_one_short_line(client, value):
    for ask in (
        lambda: client.query(expr=[value]),
        lambda: client.query("up", at=[value] if isinstance(value, int) else value),
        lambda: client.query_range("up", last=[value] if isinstance(value, int) else value),
    ):
        with pytest.raises((InvalidType, InvalidValue), match=": ") as raised:
            ask()
        assert "\n" not in str(raised.value)
        assert len(str(raised.value)) < 300


@pytest.mark.parametrize("name", ["", " \t", None, 3, pd.DataFrame({"a": range(1000)})])
def test_a_name_that_is_none_is_told_in_a_line(name):
    with pytest.raises(InvalidValue, match=r"^group: .* must be a text that is not empty$") as raised:
        checked_name(name, argument="group")
    assert len(str(raised.value)) < 300


def test_a_name_is_returned_as_it_is():
    assert checked_name(" größe ") == " größe "
