import pytest

from monitorkit.errors import InvalidType, InvalidValue
from monitorkit.query.connection.address import is_loopback, root, same_server

SECRET = "s3cr3t"


@pytest.mark.parametrize(
    ("url", "clean"),
    [
        ("localhost:9090", "http://localhost:9090"),
        ("http://localhost:9090/", "http://localhost:9090"),
        (" https://Prom.example/a/b// ", "https://prom.example/a/b"),
        ("http://[::1]:9090", "http://[::1]:9090"),
    ],
)
def test_a_url_is_put_into_one_form(url, clean):
    assert root(url) == (clean, None)


@pytest.mark.parametrize("url", ["", "http://", "ftp://a", "http://a:port", f"http://me:{SECRET}@a:port", "http://[a"])
def test_what_is_no_address_is_refused_without_showing_it(url):
    with pytest.raises(InvalidValue, match=r"url: no address of a server; write 'http://127.0.0.1:9090'") as caught:
        root(url)
    assert SECRET not in str(caught.value)


def test_a_url_with_parameters_is_refused():
    with pytest.raises(InvalidValue, match=r"url: a: write the server's root only, without \?... and #...") as caught:
        root(f"http://a/graph?token={SECRET}")
    assert SECRET not in str(caught.value)
    with pytest.raises(InvalidType, match="url: NoneType is no text"):
        root(None)


def test_user_and_password_are_taken_out_of_a_url():
    assert root("http://m%C3%AB:a%40b@h:1/p") == ("http://h:1/p", ("më", "a@b"))
    assert root("http://me@h") == ("http://h", ("me", ""))


@pytest.mark.parametrize("url", ["http://localhost:1", "http://127.1.2.3", "https://[::1]:9090/x"])
def test_this_machine_is_known_by_its_names(url):
    assert is_loopback(url)


@pytest.mark.parametrize("url", ["http://localhost.example", "http://10.0.0.1", "http://127.0.0.1.nip.io", ""])
def test_other_machines_are_not_this_one(url):
    assert not is_loopback(url)


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ("http://a", "http://a/x?y", True),
        ("http://a", "http://a:80/", True),
        ("https://a", "https://a:443/", True),
        ("http://a", "https://a", True),
        ("https://a", "http://a", False),
        ("http://a:9090", "https://a", False),
        ("http://a", "http://b", False),
        ("http://a", "http://a:81", False),
        ("http://a", "http://a.b", False),
    ],
)
def test_only_the_same_server_or_its_secure_side_is_the_same(old, new, same):
    assert same_server(old, new) is same
