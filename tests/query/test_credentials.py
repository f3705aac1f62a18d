"""Credentials, certificates and proxies, on real TLS and through a real proxy."""

import hashlib
import hmac
import ssl

import pytest
import requests
import trustme
from forward_proxy import forward_proxy
from requests.auth import AuthBase, HTTPDigestAuth
from urllib3.exceptions import InsecureRequestWarning

import monitorkit as mk
from monitorkit.errors import ServerUnavailable
from monitorkit.query import PrometheusClient
from monitorkit.query.connection.transport import Transport

SECRET = "s3cr3t"
OK = b'{"status":"success","data":["up"]}'
ONE = b'{"status":"success","data":{"resultType":"scalar","result":[1,"1"]}}'


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch):
    """The certificates and proxies of this machine are none of these tests' business."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture(scope="module")
def ca(authority, tmp_path_factory):
    """File with the certificate of the authority."""
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return path


@pytest.fixture
def secure(faulty, authority):
    """Make a faulty server speak TLS: ``secure(names) -> url``; ``client_certificate=True`` asks for one."""

    def start(*names, client_certificate=False):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(*(names or ["127.0.0.1"])).configure_cert(context)
        if client_certificate:
            context.verify_mode = ssl.CERT_REQUIRED
            authority.configure_trust(context)
        faulty.socket = context.wrap_socket(faulty.socket, server_side=True)
        faulty.behave = lambda handler: faulty.answer(handler, 200, OK)
        return faulty.url.replace("http:", "https:")

    return start


@pytest.fixture
def client_files(authority, tmp_path):
    """A client certificate: one file with its key, and one file for each."""
    issued = authority.issue_cert("me@example.org")
    both, certificate, key = (tmp_path / name for name in ("both.pem", "cert.pem", "key.pem"))
    issued.private_key_and_cert_chain_pem.write_to_path(both)
    issued.cert_chain_pems[0].write_to_path(certificate)
    issued.private_key_pem.write_to_path(key)
    return both, (certificate, key)


# TLS.


def test_a_server_with_a_certificate_of_an_own_authority_is_known_by_it(secure, ca):
    url = secure()
    transport = Transport(url, verify=ca)
    assert transport.call("api/v1/labels").data == ["up"]
    transport.close()


def test_the_variable_of_requests_names_an_authority_as_well(secure, ca, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(ca))
    transport = Transport(secure())
    assert transport.call("api/v1/labels").data == ["up"]
    transport.close()


@pytest.mark.parametrize("names", [["127.0.0.1"], ["other.example"]])
def test_a_certificate_that_is_not_trusted_is_no_connection(secure, ca, names):
    url = secure(*names)
    transport = Transport(url, verify=ca if names == ["other.example"] else True)
    with pytest.raises(
        ServerUnavailable,
        match=r"no secure connection .*(certificate verify failed|IP address mismatch).*; check the address, verify= ",
    ):
        transport.call("api/v1/labels")
    transport.close()


def test_a_certificate_is_not_checked_where_that_was_asked_for(secure, monkeypatch, ca):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(ca))  # must not switch the check on again
    transport = Transport(secure("other.example"), verify=False)
    with pytest.warns(InsecureRequestWarning, match="Unverified HTTPS request"):
        assert transport.call("api/v1/labels").data == ["up"]
    transport.close()


@pytest.mark.parametrize("form", [0, 1])
def test_a_client_certificate_is_shown_to_the_server(faulty, secure, ca, client_files, form):
    url = secure(client_certificate=True)
    seen = []

    def behave(handler):
        seen.append(handler.connection.getpeercert()["subjectAltName"])
        faulty.answer(handler, 200, OK)

    faulty.behave = behave
    transport = Transport(url, verify=ca, cert=client_files[form])
    assert transport.call("api/v1/labels").data == ["up"]
    assert seen == [(("email", "me@example.org"),)]
    transport.close()


def test_without_the_client_certificate_there_is_no_connection(secure, ca):
    transport = Transport(secure(client_certificate=True), verify=ca, retries=1)
    with pytest.raises(
        ServerUnavailable,
        match=r"no secure connection .*check the address, verify= .* and cert= |the connection failed|broke off",
    ):
        transport.call("api/v1/labels")
    transport.close()


def test_a_file_that_is_no_certificate_is_told(secure, ca, tmp_path):
    nonsense = tmp_path / "nonsense.pem"
    nonsense.write_text("nonsense")
    url = secure()
    for options in ({"verify": nonsense}, {"verify": ca, "cert": nonsense}):
        transport = Transport(url, **options)
        with pytest.raises(ServerUnavailable, match=r"no secure connection|the connection failed"):
            transport.call("api/v1/labels")
        transport.close()


# Credentials.


def test_everything_passes_through_connect(faulty, secure, ca, client_files):
    url = secure(client_certificate=True)
    faulty.behave = lambda handler: faulty.answer(handler, 200, ONE)
    options = {"verify": ca, "cert": client_files[0], "token": SECRET, "tenant": "team", "retries": 1}
    with mk.connect(url, headers={"X-Key": "k"}, **options) as prom:
        prom.query("1")
    with PrometheusClient(url, headers={"X-Key": "k"}, **options) as client:
        client.query("1")
    assert len(faulty.requests) >= 4
    for request in faulty.requests:
        assert request.headers["Authorization"] == f"Bearer {SECRET}"
        assert request.headers["X-Scope-OrgID"] == "team"
        assert request.headers["X-Key"] == "k"
    assert SECRET not in repr(prom) + prom._repr_html_() + repr(client)


def test_the_client_that_people_know_has_the_same_credentials(faulty, secure, ca, client_files):
    url = secure(client_certificate=True)
    faulty.behave = lambda handler: faulty.answer(handler, 200, ONE)
    with PrometheusClient(url, verify=ca, cert=client_files[1], token=SECRET) as client:
        assert client.api.custom_query("1") == [1, "1"]
    assert faulty.requests[0].headers["Authorization"] == f"Bearer {SECRET}"


class Signed(AuthBase):
    """Signs method, path and body, as AWS Signature Version 4 does, with a number that no request has twice."""

    def __init__(self):
        self.n = 0

    def __call__(self, request):
        self.n += 1
        request.headers["X-Number"] = str(self.n)
        request.headers["X-Signature"] = signature(self.n, request.method, request.path_url, request.body)
        return request


def signature(number, method, path, body):
    text = f"{number} {method} {path} {body if isinstance(body, str) else (body or b'').decode()}"
    return hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_authentication_that_signs_sees_what_is_sent_and_signs_each_attempt(faulty, method):
    def behave(handler):
        right = signature(handler.headers["X-Number"], handler.command, handler.path, faulty.bodies[-1])
        signed = handler.headers["X-Signature"] == right
        status = 503 if handler.headers["X-Number"] == "1" else 200 if signed else 403
        faulty.answer(handler, status, OK if status == 200 else b"")

    faulty.behave = behave
    transport = Transport(faulty.url, auth=Signed())
    assert transport.call("api/v1/query", {"query": 'up{a="ü+ &"}', "time": "1"}, method=method).data == ["up"]
    assert [request.headers["X-Number"] for request in faulty.requests] == ["1", "2"]
    transport.close()


def test_a_digest_is_answered(faulty):
    def behave(handler):
        given = handler.headers.get("Authorization", "")
        if given.startswith("Digest ") and 'username="me"' in given and SECRET not in given:
            faulty.answer(handler, 200, OK)
        else:
            faulty.answer(handler, 401, b"", WWW_Authenticate='Digest realm="r", nonce="n", qop="auth"')

    faulty.behave = behave
    transport = Transport(faulty.url, auth=HTTPDigestAuth("me", SECRET))
    assert transport.call("api/v1/query", {"query": "up"}, method="POST").data == ["up"]
    transport.close()


def test_a_token_does_not_follow_a_redirect_to_another_host(faulty):
    elsewhere = faulty.url.replace("127.0.0.1", "localhost")
    faulty.behave = lambda handler: faulty.answer(handler, 302, b"", Location=f"{elsewhere}/api/v1/labels")
    transport = Transport(faulty.url, token=SECRET, tenant=SECRET, headers={"X-Key": SECRET})
    with pytest.raises(ServerUnavailable, match=r"redirects to another host, localhost:\d+"):
        transport.call("api/v1/labels")
    assert len(faulty.requests) == 1
    transport.close()


# Proxies.


def port(faulty):
    return ("127.0.0.1", faulty.server_address[1])


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_proxy_is_asked_for_the_server(faulty, method):
    faulty.behave = lambda handler: faulty.answer(handler, 200, OK)
    with forward_proxy(port(faulty), user=f"me:{SECRET}") as proxy:
        given = proxy.url.replace("//", f"//me:{SECRET}@")
        transport = Transport("http://prometheus.test:9090", proxies=given, token="t")
        assert transport.call("api/v1/query", {"query": "up"}, method=method).data == ["up"]
        transport.close()
    ((command, path, _),) = proxy.asked
    assert (command, path.partition("?")[0]) == (method, "http://prometheus.test:9090/api/v1/query")
    assert faulty.requests[0].form == {"query": "up"}
    assert faulty.requests[0].headers["Authorization"] == "Bearer t"
    assert "Proxy-Authorization" not in faulty.requests[0].headers


def test_a_secure_server_is_reached_through_a_tunnel(faulty, secure, ca):
    secure("prometheus.test")
    with forward_proxy(port(faulty), user=f"me:{SECRET}") as proxy:
        given = {"https": proxy.url.replace("//", f"//me:{SECRET}@")}
        transport = Transport("https://prometheus.test", proxies=given, verify=ca, token="t")
        assert transport.call("api/v1/labels").data == ["up"]
        transport.close()
    ((command, path, headers),) = proxy.asked
    assert (command, path) == ("CONNECT", "prometheus.test:443")
    assert "Authorization" not in headers
    assert faulty.requests[0].headers["Authorization"] == "Bearer t"


def test_a_proxy_that_was_asked_for_is_used_on_this_machine_too(faulty):
    faulty.behave = lambda handler: faulty.answer(handler, 200, OK)
    with forward_proxy(port(faulty)) as proxy:
        transport = Transport(faulty.url, proxies=proxy.url)
        assert transport.call("api/v1/labels").data == ["up"]
        transport.close()
    assert len(proxy.asked) == 1


def test_the_environment_names_proxies_and_exceptions(faulty, monkeypatch):
    faulty.behave = lambda handler: faulty.answer(handler, 200, OK)
    with forward_proxy(port(faulty)) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.setenv("no_proxy", "direct.invalid")
        for name in ("prometheus.test", "direct.invalid"):
            transport = Transport(f"http://{name}", timeout_seconds=5)
            if name == "direct.invalid":
                with pytest.raises(ServerUnavailable, match=r"no such host|the connection failed"):
                    transport.call("api/v1/labels")
            else:
                assert transport.call("api/v1/labels").data == ["up"]
            transport.close()
    assert len(proxy.asked) == 1


@pytest.mark.parametrize(
    ("scheme", "reason"), [("http", "HTTP 407: the proxy wants credentials"), ("https", "407 Proxy")]
)
def test_a_proxy_that_wants_other_credentials_is_told_without_showing_them(faulty, scheme, reason):
    with forward_proxy(port(faulty), user="me:other") as proxy:
        transport = Transport(f"{scheme}://prometheus.test", proxies=proxy.url.replace("//", f"//me:{SECRET}@"))
        with pytest.raises(ServerUnavailable, match=reason) as caught:
            transport.call("api/v1/labels")
        transport.close()
    assert len(proxy.asked) == 1
    error = caught.value
    while error is not None:
        assert SECRET not in f"{error} {error!r}"
        error = error.__cause__


def test_a_proxy_that_is_not_there_is_told(faulty):
    transport = Transport("http://prometheus.test", proxies=f"http://me:{SECRET}@127.0.0.1:1")
    with pytest.raises(ServerUnavailable, match=r"the proxy does not help .*refused.*; check proxies=") as caught:
        transport.call("api/v1/labels")
    error = caught.value
    while error is not None:
        assert SECRET not in f"{error} {error!r}"
        error = error.__cause__
    transport.close()


def test_a_session_of_the_caller_brings_its_own_settings(faulty, secure, ca):
    url = secure()
    with requests.Session() as http:
        http.verify = str(ca)
        http.auth = ("me", SECRET)
        transport = Transport(url, session=http)
        assert transport.call("api/v1/labels").data == ["up"]
    assert faulty.requests[0].headers["Authorization"].startswith("Basic ")
