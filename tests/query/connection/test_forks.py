import os

import pytest
import requests

from monitorkit.query import PrometheusClient

CHILDREN = 3
QUERIES = 40


def own_answers(client, number):
    """Whether each query gets its own answer."""
    asked = [number * 1000 + each for each in range(QUERIES)]
    return [client.query(f"vector({each})")["value"].item() for each in asked] == asked


def in_children(work):
    """Do work in forked children, and return how each of them ended: 0 where it was right."""
    children = []
    for number in range(1, CHILDREN + 1):
        child = os.fork()
        if child == 0:
            code = 2
            try:
                code = 0 if work(number) else 1
            finally:
                os._exit(code)
        children.append(child)
    return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # Python 3.12: threads of other tests
def test_forked_children_get_their_own_answers(history):
    assert own_answers(history, 0)
    assert in_children(lambda number: own_answers(history, number)) == [0] * CHILDREN
    assert own_answers(history, 0)


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # Python 3.12: threads of other tests
def test_forked_children_get_their_own_answers_through_a_session_of_the_caller(history):
    with requests.Session() as session, PrometheusClient(history.url, session=session) as client:
        assert own_answers(client, 0)
        assert in_children(lambda number: own_answers(client, number)) == [0] * CHILDREN
        assert own_answers(client, 0)
