import dataclasses
import inspect

import pytest
import requests
from requests.auth import HTTPDigestAuth

from monitorkit.errors import InvalidType, InvalidValue
from monitorkit.query import PrometheusClient
from monitorkit.query.connection.access import Access, Bearer, Options, access
from monitorkit.services.connection import connect

SECRET = "s3cr3t"


def sent(**options):
    """What a request is sent with under these options."""
    options = access(**options).request_options
    return requests.Session().prepare_request(
        requests.Request("GET", "http://a/", headers=options["headers"], auth=options["auth"])
    )


def parameters(function):
    named = inspect.signature(function).parameters.values()
    return {one.name: one.default for one in named if one.kind is one.KEYWORD_ONLY}


def test_every_way_to_connect_takes_the_same_options():
    options = parameters(access)
    assert set(options) == set(Options.__annotations__)
    for way in (PrometheusClient, connect):
        # What is kept of results is no matter of the connection.
        assert {name: value for name, value in parameters(way).items() if name != "cache"} == options


def test_nothing_secret_is_shown():
    options = {
        "headers": {"X-Api-Key": SECRET},
        "auth": ("me", SECRET),
        "proxies": f"http://me:{SECRET}@proxy:3128",
        "tenant": SECRET,
    }
    shown = access(**options)
    assert SECRET not in repr(shown) + str(shown) + repr(Bearer(SECRET))
    assert {field.name for field in dataclasses.fields(Access) if field.repr} == {
        "timeout_seconds", "retries", "cert", "verify",
    }  # fmt: skip


def test_a_token_goes_into_its_header():
    assert sent(token=SECRET).headers["Authorization"] == f"Bearer {SECRET}"
    assert sent(token=f"{SECRET}\n").headers["Authorization"] == f"Bearer {SECRET}"


def test_a_token_may_be_given_anew_for_each_request(tmp_path):
    file = tmp_path / "token"
    file.write_text("one\n")
    auth = access(token=file.read_text).auth
    seen = []
    for text in ("one\n", "two\n"):
        file.write_text(text)
        seen.append(auth(requests.Request("GET", "http://a").prepare()).headers["Authorization"])
    assert seen == ["Bearer one", "Bearer two"]


def test_a_token_that_cannot_be_had_says_so_without_showing_anything(tmp_path):
    with pytest.raises(InvalidValue, match=r"^token: the function that gives it failed \(FileNotFoundError\)$"):
        sent(token=(tmp_path / SECRET).read_text)
    with pytest.raises(InvalidType, match="token: give a text, or a function that returns one"):
        sent(token=lambda: None)


@pytest.mark.parametrize("token", ["", " ", f"{SECRET} {SECRET}", f"{SECRET}\r\nX: y", f"{SECRET}ü", f"a\x00{SECRET}"])
def test_a_token_that_cannot_be_sent_is_refused_without_showing_it(token):
    with pytest.raises(
        InvalidValue, match="token: it cannot be sent; it must be one word of ASCII characters"
    ) as caught:
        access(token=token)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"token": SECRET, "auth": ("a", "b")}, "token: there is auth= already; give one of them, not both"),
        ({"token": SECRET, "headers": {"authorization": "x"}}, "token: there is an Authorization in headers= already"),
        ({"tenant": "a", "headers": {"x-scope-orgid": "b"}}, "tenant: headers= has X-Scope-OrgID already; give one"),
        ({"tenant": f"{SECRET}\n"}, "tenant: it cannot be sent; it must be one line of text"),
        ({"tenant": ""}, "tenant: it is empty, as an unset variable is; leave it out where there is none"),
        ({"headers": {"X\n": "a"}}, r"headers: 'X\\n' or its value cannot be sent"),
        ({"tenant": 5}, "tenant: it cannot be sent; it must be one line of text"),
        ({"cert": "/nowhere/c.pem"}, "cert: there is no file '/nowhere/c.pem'"),
        ({"verify": "/nowhere/ca.pem"}, "verify: there is no file '/nowhere/ca.pem'"),
        (
            {"proxies": f"http://me:{SECRET}@"},
            "proxies: the one for 'http' is no address of a proxy; write 'http://proxy",
        ),
        ({"proxies": {"https": "ftp://proxy"}}, "proxies: the one for 'https' is no address of a proxy"),
        ({"proxies": {"https": f"http://me:{SECRET}@proxy:port"}}, "proxies: the one for 'https' is no address"),
        ({"proxies": "socks5://proxy"}, "proxies: a SOCKS proxy needs PySocks; install it with: pip install PySocks"),
        ({"retries": -1}, "retries: -1 must not be negative; write 0 for none"),
    ],
)
def test_what_cannot_be_used_says_what_would_be_right(options, reason):
    with pytest.raises(InvalidValue, match=reason) as caught:
        access(**options)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"token": 5}, "token: give a text, or a function that returns one"),
        ({"auth": SECRET}, r"auth: pass \(user, password\)"),
        ({"cert": 5}, r"cert: give the path of a file, or \(certificate, key\)"),
        ({"cert": ("a", "b", "c")}, r"cert: give the path of a file, or \(certificate, key\)"),
        ({"verify": None}, "verify: give True, False or the path"),
        ({"verify": 0}, "verify: give True, False or the path"),
        ({"compression": "gzip"}, "compression: 'gzip' must be True, False, or None for what fits the address"),
        ({"proxies": 5}, "proxies: give an address such as 'http://proxy:3128'"),
        ({"proxies": {"http": None}}, "proxies: the one for 'http' is no text"),
        ({"retries": None}, "retries: None is no whole number; write 0 for none"),
        ({"retries": True}, "retries: True is no whole number"),
        ({"retries": 1.5}, "retries: 1.5 is no whole number"),
    ],
)
def test_what_is_of_another_type_is_refused(options, reason):
    with pytest.raises(InvalidType, match=reason) as caught:
        access(**options)
    assert SECRET not in str(caught.value)


def test_a_key_that_needs_a_password_is_refused_before_anything_asks_for_it(tmp_path):
    key = tmp_path / "key.pem"
    key.write_text("-----BEGIN ENCRYPTED PRIVATE KEY-----\n")
    certificate = tmp_path / "cert.pem"
    certificate.write_text("")
    with pytest.raises(
        InvalidValue, match=r"cert: the key in '.*key.pem' is encrypted; write it without: openssl pkey"
    ):
        access(cert=(certificate, key))
    assert access(cert=certificate).cert == str(certificate)


def test_one_proxy_is_for_both_schemes_and_may_be_without_its_own():
    assert access(proxies="proxy:3128").proxies == {"http": "http://proxy:3128", "https": "http://proxy:3128"}
    assert access(proxies={"https": "https://proxy"}).proxies == {"https": "https://proxy"}


def test_credentials_of_the_url_are_used_where_no_others_are_given():
    assert access(("me", SECRET)).auth == (b"me", SECRET.encode())
    assert access(("me", SECRET), auth=("you", "x")).auth == (b"you", b"x")
    assert isinstance(access(("me", SECRET), token="x").auth, Bearer)
    digest = HTTPDigestAuth("me", SECRET)
    assert access(("me", SECRET), auth=digest).auth is digest


def test_a_netrc_does_not_take_the_place_of_a_header(tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine a login me password other\n")
    monkeypatch.setenv("NETRC", str(netrc))
    assert sent(headers={"Authorization": "Custom x"}).headers["Authorization"] == "Custom x"
    assert sent(token=SECRET).headers["Authorization"] == f"Bearer {SECRET}"
    assert sent().headers["Authorization"].startswith("Basic ")


def test_the_environment_decides_how_certificates_are_checked_unless_told(tmp_path):
    assert access().verify is None
    assert access(verify=False).verify is False
    assert access(verify=tmp_path).verify == str(tmp_path)
