"""The magics in a real kernel, as a front-end sees them."""

import pytest
from jupyter_client.manager import start_new_kernel
from recording_server import matrix, recording_server, vector

ODD = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def kernel():
    """Run a cell in a kernel: ``run(code)`` gives its messages as pairs of type and content, and the reply's status."""
    manager, client = start_new_kernel(kernel_name="python3")

    def run(code):
        messages = []
        reply = client.execute_interactive(code, timeout=60, output_hook=messages.append)
        return [
            (message["msg_type"], message["content"]) for message in messages if message["msg_type"] != "status"
        ], reply["content"]["status"]

    try:
        yield run
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        manager.cleanup_resources()


@pytest.fixture(scope="module")
def server(kernel):
    with recording_server() as server:
        kernel(f"import os; os.environ['MONITORKIT_URL'] = {server.url!r}\n%load_ext monitorkit")
        yield server


def kinds(messages):
    return [kind for kind, _ in messages if kind != "execute_input"]


def test_a_frame_comes_first_and_its_link_under_it(kernel, server):
    server.instant = vector(({"job": ODD}, 1), warnings=[ODD])
    messages, status = kernel("%promql up")
    assert (kinds(messages), status) == (["execute_result", "display_data"], "ok")
    html = [content["data"]["text/html"] for kind, content in messages if "data" in content]
    assert "&lt;img src=x onerror=alert(1)&gt;" in html[0]
    assert "/query?g0.expr=up&amp;" in html[1]
    assert not any("<img" in text for text in html)


def test_a_picture_is_a_png_with_text_for_where_none_can_be_shown(kernel, server):
    server.ranged = matrix(({"job": "a"}, [(1_700_000_000, 1)]))
    messages, _ = kernel("%promql --plot --start 1700000000 --end 1700000060 up")
    data = dict(messages)["execute_result"]["data"]
    assert set(data) == {"image/png", "text/plain"}
    assert data["text/plain"] == "up: 1"


def test_what_is_kept_shows_nothing(kernel, server):
    messages, _ = kernel("x = %promql up")
    assert kinds(messages) == []


def test_a_mistake_is_an_error_of_one_line_and_ends_the_run(kernel, server):
    messages, status = kernel("%promql --lst 5m up")
    (error,) = (content for kind, content in messages if kind == "error")
    assert error["traceback"] == ["InvalidValue: no option --lst; did you mean --last?"]
    # A notebook that is run as a whole must not go on with what the query did not bring.
    assert status == "error"
    assert kernel("%promql up")[1] == "ok"
