import gzip
import os
import signal
import threading
import time

import pytest
import requests
from requests.auth import HTTPDigestAuth

from monitorkit.errors import InvalidType, InvalidValue, QueryError, ServerUnavailable
from monitorkit.processes import wait_until
from monitorkit.query.connection.sessions import session
from monitorkit.query.connection.transport import Transport

SECRET = "s3cr3t"
OK = b'{"status":"success","data":["up"]}'


@pytest.fixture
def transport(faulty):
    faulty.behave = lambda handler: faulty.answer(handler, 200, OK)
    transport = Transport(faulty.url, timeout_seconds=5, retries=0)
    yield transport
    transport.close()


def test_an_answer_is_decoded(transport):
    assert transport.call("api/v1/labels").data == ["up"]
    assert transport.call("/api/v1/labels").data == ["up"]


def test_a_query_travels_whole_in_the_body_of_a_post(transport, faulty):
    expr = 'a{kind=~".+",path="it\'s & # + % ü\n"} + 1+1' + " " * 20_000
    transport.call("api/v1/query", {"query": expr}, method="POST")
    (request,) = faulty.requests
    assert (request.command, request.path) == ("POST", "/api/v1/query")
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert request.form == {"query": expr}


def test_a_get_carries_its_parameters_encoded(transport, faulty):
    transport.call("api/v1/labels", {"match[]": 'a{b="+ & ü"}'})
    (request,) = faulty.requests
    assert request.command == "GET"
    assert request.form == {"match[]": 'a{b="+ & ü"}'}


def test_a_server_that_refuses_post_is_asked_by_get_from_then_on(transport, faulty):
    def only_get(handler):
        faulty.answer(handler, *((200, OK) if handler.command == "GET" else (405, b"")))

    faulty.behave = only_get
    for _ in range(2):
        assert transport.call("api/v1/query", {"query": "up"}, method="POST").data == ["up"]
    assert [request.command for request in faulty.requests] == ["POST", "GET", "GET"]
    assert faulty.requests[-1].form == {"query": "up"}


def test_nothing_is_compressed_on_this_machine(transport, faulty):
    transport.call("api/v1/labels")
    assert faulty.requests[0].headers["Accept-Encoding"] == "identity"


@pytest.mark.parametrize(("compression", "asked"), [(True, "gzip, deflate"), (False, "identity"), (None, "identity")])
def test_compression_can_be_asked_for(faulty, compression, asked):
    def compressed(handler):
        zipped = "gzip" in handler.headers["Accept-Encoding"]
        faulty.answer(
            handler, 200, gzip.compress(OK) if zipped else OK, **({"Content_Encoding": "gzip"} if zipped else {})
        )

    faulty.behave = compressed
    transport = Transport(faulty.url, compression=compression)
    assert transport.call("api/v1/labels").data == ["up"]
    assert faulty.requests[0].headers["Accept-Encoding"] == asked
    transport.close()


def test_a_header_of_ones_own_says_more_than_compression(faulty):
    faulty.behave = lambda handler: faulty.answer(handler, 200, OK)
    transport = Transport(faulty.url, compression=True, headers={"accept-encoding": "br"})
    transport.call("api/v1/labels")
    assert faulty.requests[0].headers["Accept-Encoding"] == "br"
    transport.close()


@pytest.mark.parametrize(
    ("status", "body", "content_type", "reason"),
    [
        (200, b"<html>log in</html>", "text/html", "HTTP 200 with a web page instead of data; is this a login page"),
        (200, b"  <!doctype html>", "", "HTTP 200 with a web page"),
        (200, b"", "application/json", "HTTP 200 with an empty body; the server may be starting"),
        (503, b"", "text/plain", "HTTP 503 with an empty body; the server may be starting or overloaded: try again"),
        (503, b"Service Unavailable", "text/plain; charset=utf-8", "HTTP 503: Service Unavailable"),
        (400, b"unsupported path requested: /x\nmore", "text/plain", "HTTP 400: unsupported path requested: /x$"),
        (
            400,
            b"Client sent an HTTP request to an HTTPS server.\n",
            "",
            "HTTP 400: the server speaks HTTPS only; write https",
        ),
        (
            400,
            b"<html><center>The plain HTTP request was sent to HTTPS port</center></html>",
            "text/html",
            "HTTP 400: the server speaks HTTPS only",
        ),
        (401, b"no", "text/plain", r"HTTP 401: credentials are missing or wrong; pass auth=\(user, password\)"),
        (403, b"<html>", "text/html", "HTTP 403: these credentials do not allow it"),
        (
            404,
            b"404 page not found",
            "text/plain",
            "HTTP 404: nothing at this path; the URL should be the server's root",
        ),
        (429, b"", "text/plain", "HTTP 429: too many requests; try again"),
        (200, OK[:-5], "application/json", r"HTTP 200, but the body is not JSON .*cut short on its way"),
        (
            200,
            b'{"status":"ok"}',
            "application/json",
            'HTTP 200, but the body is JSON, but without "status" and "data"',
        ),
        (500, OK, "application/json", "HTTP 500: "),
    ],
)
def test_an_answer_of_no_use_says_which_and_what_to_do(transport, faulty, status, body, content_type, reason):
    faulty.behave = lambda handler: faulty.answer(handler, status, body, content_type)
    with pytest.raises(ServerUnavailable, match=reason) as caught:
        transport.call("api/v1/labels")
    assert str(caught.value).startswith(f"{faulty.url}/api/v1/labels: HTTP ")


def test_an_error_of_the_api_is_a_query_error_whatever_the_status(transport, faulty):
    body = b'{"status":"error","errorType":"timeout","error":"query timed out in expression evaluation"}'
    for status in (200, 422, 503):
        faulty.behave = lambda handler, status=status: faulty.answer(handler, status, body)
        with pytest.raises(
            QueryError, match=r"^timeout: query timed out in expression evaluation\n  up\n  http://127"
        ) as e:
            transport.call("api/v1/query", {"query": "up"}, method="POST")
        assert (e.value.error_type, e.value.query, e.value.position) == ("timeout", "up", None)


def promise(handler, length, sent=b'{"status":'):
    """Announce a body of some length, and send its beginning."""
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(length))
    handler.end_headers()
    handler.wfile.write(sent)
    handler.close_connection = True


def test_a_body_that_ends_too_early_is_no_answer(transport, faulty):
    faulty.behave = lambda handler: promise(handler, 1000)
    with pytest.raises(ServerUnavailable, match="the connection broke off before the answer was complete; try again"):
        transport.call("api/v1/labels")


def test_a_chunked_body_that_ends_too_early_is_no_answer(transport, faulty):
    def cut(handler):
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        handler.wfile.write(b"22\r\n" + OK + b"\r\n")  # whole, but for the chunk that ends it
        handler.close_connection = True

    faulty.behave = cut
    with pytest.raises(ServerUnavailable, match="the connection broke off before the answer was complete"):
        transport.call("api/v1/labels")


def test_a_connection_that_closes_without_an_answer_is_no_answer(transport, faulty):
    def hang_up(handler):
        handler.close_connection = True

    faulty.behave = hang_up
    with pytest.raises(ServerUnavailable, match=r"the connection failed .*without response.*; try again"):
        transport.call("api/v1/labels")


def stall(handler):
    handler.server.released.wait(30)


def stall_in_the_body(handler):
    promise(handler, 1000)
    stall(handler)


def drip(handler):
    promise(handler, 1000)
    while not handler.server.released.wait(0.02):
        handler.wfile.write(b" ")


@pytest.mark.parametrize("behave", [stall, stall_in_the_body, drip])
def test_no_request_outlasts_its_timeout(faulty, behave):
    faulty.behave = behave
    transport = Transport(faulty.url, timeout_seconds=0.3)
    started = time.monotonic()
    with pytest.raises(
        ServerUnavailable, match=r"no complete answer within 0.3 s; ask for less, or pass a larger timeout"
    ):
        transport.call("api/v1/labels")
    assert time.monotonic() - started < 3
    transport.close()


def test_an_interrupt_cancels_the_request(faulty):
    hung_up = threading.Event()

    def await_hang_up(handler):
        os.kill(os.getpid(), signal.SIGINT)
        if handler.connection.recv(1) == b"":
            hung_up.set()

    faulty.behave = await_hang_up
    transport = Transport(faulty.url, timeout_seconds=20)
    with pytest.raises(KeyboardInterrupt):
        transport.call("api/v1/labels")
    assert hung_up.wait(5)
    transport.close()


def test_a_server_that_is_not_there_says_so():
    with (
        session() as http,
        pytest.raises(ServerUnavailable, match=r"^http://127.0.0.1:1: nothing listens there .*refused"),
    ):
        Transport("http://127.0.0.1:1", session=http).call("api/v1/labels")


def test_an_unknown_host_is_named():
    transport = Transport("http://nowhere.invalid")
    with pytest.raises(ServerUnavailable, match=r"^http://nowhere.invalid: (no such host|the connection failed)"):
        transport.call("api/v1/labels")
    transport.close()


# Redirects and secrets.


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_redirect_within_the_server_keeps_method_parameters_and_credentials(faulty, status, method):
    def moved(handler):
        if handler.path.startswith("/prefix/"):
            faulty.answer(handler, 200, OK)
        else:
            # A server repeats the parameters of a GET in the address that it sends.
            faulty.answer(handler, status, b"", Location=f"/prefix{handler.path}")

    faulty.behave = moved
    transport = Transport(faulty.url, auth=("me", SECRET), headers={"X-Scope-OrgID": "team"})
    assert transport.call("api/v1/query", {"query": "up + 1"}, method=method).data == ["up"]
    last = faulty.requests[-1]
    assert (last.command, last.form) == (method, {"query": "up + 1"})
    assert last.path.count("query=") == (method == "GET")
    assert last.headers["Authorization"].startswith("Basic ")
    assert last.headers["X-Scope-OrgID"] == "team"
    transport.close()


def test_a_redirect_to_another_host_is_not_followed(faulty):
    url = faulty.url.replace("127.0.0.1", "localhost")
    faulty.behave = lambda handler: faulty.answer(handler, 302, b"", Location=f"{url}/x?{SECRET}")
    transport = Transport(faulty.url, auth=("me", SECRET))
    with pytest.raises(
        ServerUnavailable, match=r"redirects to another host, localhost:\d+; connect to that one"
    ) as caught:
        transport.call("api/v1/labels")
    assert SECRET not in str(caught.value)
    assert len(faulty.requests) == 1
    transport.close()


def test_a_redirect_to_nonsense_is_not_followed(transport, faulty):
    faulty.behave = lambda handler: faulty.answer(handler, 302, b"", Location="http://[nonsense")
    with pytest.raises(
        ServerUnavailable, match=r"the connection failed .Invalid IPv6 URL.; try again, or check the address"
    ):
        transport.call("api/v1/labels")


def test_redirects_in_a_circle_end(transport, faulty):
    faulty.behave = lambda handler: faulty.answer(handler, 302, b"", Location=handler.path)
    with pytest.raises(ServerUnavailable, match="more than 5 redirects; check the address"):
        transport.call("api/v1/labels")


def test_a_proxy_is_not_asked_for_what_runs_on_this_machine(transport, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert transport.call("api/v1/labels").data == ["up"]


def test_user_and_password_in_the_url_are_used_and_never_shown(faulty):
    faulty.behave = lambda handler: faulty.answer(handler, 401, b"")
    transport = Transport(faulty.url.replace("//", f"//m%C3%AB:{SECRET}%40@"))
    with pytest.raises(ServerUnavailable, match="HTTP 401") as caught:
        transport.call("api/v1/query", {"query": "up"})
    assert faulty.requests[0].headers["Authorization"] == requests.auth._basic_auth_str("më".encode(), b"s3cr3t@")
    for shown in (str(caught.value), repr(caught.value), repr(transport), transport.url, transport.server):
        assert SECRET not in shown
    transport.close()


@pytest.mark.parametrize("auth", [("me", SECRET), HTTPDigestAuth("me", SECRET)])
def test_credentials_and_headers_stay_out_of_every_error(auth):
    headers = {"Authorization": SECRET, "X-Key": SECRET}
    transport = Transport("http://127.0.0.1:1", auth=auth, headers=headers)
    with pytest.raises(ServerUnavailable, match="refused") as caught:
        transport.call("api/v1/labels")
    error = caught.value
    while error is not None:
        assert SECRET not in str(error)
        error = error.__cause__
    transport.close()


@pytest.mark.parametrize("value", [f"{SECRET}\n", f" {SECRET}", f"{SECRET}日本", 5])
def test_a_header_that_cannot_be_sent_is_named_without_its_value(value):
    with pytest.raises(
        InvalidValue, match="headers: 'X-Key' or its value cannot be sent; it must be one line"
    ) as caught:
        Transport("http://a", headers={"X-Key": value})
    assert SECRET not in str(caught.value)


def test_an_auth_of_another_kind_is_refused_without_showing_it():
    with pytest.raises(InvalidType, match=r"auth: pass \(user, password\)") as caught:
        Transport("http://a", auth=SECRET)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("timeout", [0, -1, float("nan")])
def test_a_timeout_must_be_a_time(timeout):
    with pytest.raises(InvalidValue, match=r"timeout_seconds: .* must be (more than 0|finite and not negative)"):
        Transport("http://a", timeout_seconds=timeout)


def test_a_session_of_the_caller_is_left_open_and_as_it_was(faulty):
    faulty.behave = lambda handler: faulty.answer(handler, 200, OK)
    with requests.Session() as http:
        headers = dict(http.headers)
        transport = Transport(faulty.url, session=http, headers={"X": "y"}, auth=("a", "b"))
        transport.call("api/v1/labels")
        transport.close()
        assert (dict(http.headers), http.auth) == (headers, None)
        assert http.get(faulty.url, timeout=5).ok


def test_a_connection_is_used_again(transport, faulty):
    for _ in range(3):
        transport.call("api/v1/query", {"query": "up"}, method="POST")
    assert wait_until(lambda: len(faulty.requests) == 3, timeout_seconds=5)
    assert len({request.client_address for request in faulty.requests}) == 1


@pytest.mark.parametrize("session", [3, "http", object()])
def test_what_is_no_session_is_refused(session):
    with pytest.raises(InvalidType, match=r"session: .* is no requests\.Session"):
        Transport("http://a", session=session)


@pytest.mark.parametrize("headers", [3, SECRET, [SECRET]])
def test_headers_are_a_mapping_and_are_not_shown(headers):
    with pytest.raises(InvalidType, match="headers: give a mapping of names to texts") as caught:
        Transport("http://a", headers=headers)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("timeout", [None, True, [1]])
def test_a_timeout_is_no_other_thing(timeout):
    with pytest.raises(InvalidType, match=r"timeout_seconds: .* is no duration"):
        Transport("http://a", timeout_seconds=timeout)
