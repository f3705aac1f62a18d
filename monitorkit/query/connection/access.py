"""How a server is reached: with which credentials, through which proxy, for how long, how often.

What was meant for one server stays with it, and none of it is ever shown.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypedDict
from urllib.parse import urlsplit

import requests
from requests.auth import AuthBase
from requests.utils import check_header_validity

from monitorkit.durations import seconds
from monitorkit.errors import InvalidType, InvalidValue
from monitorkit.query.connection.retries import DEFAULT_RETRIES
from monitorkit.query.connection.sessions import DEFAULT_TIMEOUT_SECONDS, Session

__all__ = ["Access", "Auth", "Bearer", "Certificate", "Options", "Params", "Token", "access"]

Auth = tuple[str, str] | AuthBase
"""User and password, or any authentication of requests, such as ``HTTPDigestAuth`` or one that signs for AWS."""
Token = str | Callable[[], str]
"""A bearer token, or what gives the present one, such as ``Path("token").read_text``."""
Location = str | os.PathLike[str]
Certificate = Location | tuple[Location, Location]
"""A file with a client certificate and its key, or one file for each."""
Params = Mapping[str, str | Sequence[str]]
"""Parameters of requests by name: a text, or several for a name that is given several times."""

TENANT_HEADER = "X-Scope-OrgID"
_PROXY_SCHEMES = {"http", "https", "socks4", "socks4a", "socks5", "socks5h"}


class Options(TypedDict, total=False):
    """What may be said about reaching a server; described at :class:`monitorkit.query.PrometheusClient`."""

    timeout_seconds: float
    retries: int
    session: requests.Session | None
    headers: Mapping[str, str] | None
    auth: Auth | None
    token: Token | None
    tenant: str | None
    cert: Certificate | None
    verify: bool | Location
    proxies: str | Mapping[str, str] | None
    compression: bool | None
    params: Params | None


@dataclass(frozen=True)
class Access:
    """How one server is reached, checked, in the form that requests takes.

    Parameters
    ----------
    timeout_seconds
        How long one call may take as a whole, its repetitions included.
    retries
        How often a call is repeated where that may help.
    session
        The caller's own session, if there is one.
    headers, auth, cert, verify, proxies
        As for ``requests.request``.
    params
        What every call of the API carries besides its own.
    """

    timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS
    retries: int = DEFAULT_RETRIES
    session: requests.Session | None = field(default=None, repr=False)
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    auth: Any = field(default=None, repr=False)
    cert: str | tuple[str, str] | None = None
    verify: bool | str | None = None
    proxies: dict[str, str] | None = field(default=None, repr=False)
    params: dict[str, str | list[str]] = field(default_factory=dict, repr=False)

    @property
    def request_options(self) -> dict[str, Any]:
        """What every request is sent with."""
        names = ("headers", "auth", "cert", "verify", "proxies")
        return {name: getattr(self, name) for name in names}

    def equipped(self, session: Session) -> Session:
        """Put certificates and proxies on a session of ours, for what is asked through it by others."""
        session.verify = session.verify if self.verify is None else self.verify
        session.cert = self.cert
        session.proxies = dict(self.proxies or {})
        return session


class Bearer(AuthBase):
    """Authentication by a bearer token (RFC 6750), which a function may give anew for each request.

    Examples
    --------
    >>> Bearer("secret")
    Bearer(...)
    """

    def __init__(self, token: Token) -> None:
        self._token = token
        if not callable(token):
            self._header()

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Put the token on a request."""
        request.headers["Authorization"] = self._header()
        return request

    def __repr__(self) -> str:
        return "Bearer(...)"

    def _header(self) -> str:
        try:
            token = self._token() if callable(self._token) else self._token
        except Exception as error:
            raise InvalidValue(f"token: the function that gives it failed ({type(error).__name__})") from error
        if not isinstance(token, str):
            raise InvalidType("token: give a text, or a function that returns one")
        # A token from a file ends with its line.
        value = f"Bearer {token.strip()}"
        if not token.strip() or len(value.split()) != 2 or not value.isascii() or not value.isprintable():  # noqa: PLR2004 - Bearer and the token
            raise InvalidValue("token: it cannot be sent; it must be one word of ASCII characters")
        return value


def access(
    from_url: tuple[str, str] | None = None,
    *,
    timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
    retries: int = DEFAULT_RETRIES,
    session: requests.Session | None = None,
    headers: Mapping[str, str] | None = None,
    auth: Auth | None = None,
    token: Token | None = None,
    tenant: str | None = None,
    cert: Certificate | None = None,
    verify: bool | Location = True,
    proxies: str | Mapping[str, str] | None = None,
    compression: bool | None = None,
    params: Params | None = None,
) -> Access:
    """Check what a user said about reaching a server.

    Parameters
    ----------
    from_url
        User and password that stood in the URL.

    Raises
    ------
    InvalidValue, InvalidType
        If any of it cannot be used; the message never repeats what may be secret.

    Examples
    --------
    >>> access(tenant="team", token="secret").headers
    {'X-Scope-OrgID': 'team'}
    """
    limit = seconds(timeout_seconds, name="timeout_seconds")
    if limit == 0:
        raise InvalidValue(f"timeout_seconds: {timeout_seconds!r} must be more than 0")
    if isinstance(retries, bool) or not isinstance(retries, int):
        raise InvalidType(f"retries: {retries!r} is no whole number; write 0 for none")
    if retries < 0:
        raise InvalidValue(f"retries: {retries!r} must not be negative; write 0 for none")
    if session is not None and not hasattr(session, "request"):
        raise InvalidType(f"session: {session!r} is no requests.Session")
    sent = {**_encoding(compression), **_headers(headers, tenant)}
    return Access(
        timeout_seconds=limit,
        retries=retries,
        session=session,
        headers=sent,
        auth=_auth(auth, token, from_url, sent),
        cert=_cert(cert),
        verify=_verify(verify),
        proxies=_proxies(proxies),
        params=_params(params),
    )


def _headers(headers: Mapping[str, str] | None, tenant: str | None) -> dict[str, str]:
    """Headers that can be sent; an unusable one is named without its value, which may be a secret."""
    if not isinstance(headers or {}, Mapping):
        raise InvalidType("headers: give a mapping of names to texts, as in {'X-Scope-OrgID': 'team'}")
    sent = dict(headers or {})
    if tenant is not None:
        if any(str(name).lower() == TENANT_HEADER.lower() for name in sent):
            raise InvalidValue(f"tenant: headers= has {TENANT_HEADER} already; give one of them, not both")
        if tenant == "":
            raise InvalidValue("tenant: it is empty, as an unset variable is; leave it out where there is none")
        sent[TENANT_HEADER] = tenant
    for name, value in sent.items():
        try:
            check_header_validity((name, value))
            str(value).encode("latin-1")
        except (requests.exceptions.InvalidHeader, UnicodeEncodeError):
            where = "tenant: it" if name == TENANT_HEADER and tenant is not None else f"headers: {name!r} or its value"
            raise InvalidValue(f"{where} cannot be sent; it must be one line of text") from None
    return sent


def _params(params: Params | None) -> dict[str, str | list[str]]:
    """Parameters that can be sent; an unusable one is named without its value, which may be a secret."""
    if not isinstance(params or {}, Mapping):
        raise InvalidType("params: give a mapping of names to texts, as in {'dedup': 'false'}")
    sent: dict[str, str | list[str]] = {}
    for name, value in (params or {}).items():
        several = [value] if isinstance(value, str) or not isinstance(value, Sequence) else list(value)
        if not isinstance(name, str) or not all(isinstance(each, str) for each in several):
            raise InvalidType(f"params: the value of {name!r} is no text; write it as the server's documentation does")
        sent[name] = value if isinstance(value, str) else several
    return sent


def _encoding(compression: bool | None) -> dict[str, str]:  # noqa: FBT001 - the user's own choice
    """What to ask for; nothing where the address decides."""
    if compression is None:
        return {}
    if not isinstance(compression, bool):
        raise InvalidType(f"compression: {compression!r} must be True, False, or None for what fits the address")
    return {"Accept-Encoding": "gzip, deflate" if compression else "identity"}


def _auth(auth: Auth | None, token: Token | None, from_url: tuple[str, str] | None, headers: dict[str, str]) -> Any:  # noqa: ANN401 - what requests takes
    """Authentication as requests takes it; user and password as UTF-8 (RFC 7617)."""
    has_header = any(name.lower() == "authorization" for name in headers)
    if token is not None:
        if auth is not None or has_header:
            other = "auth=" if auth is not None else "an Authorization in headers="
            raise InvalidValue(f"token: there is {other} already; give one of them, not both")
        return Bearer(token)
    auth = auth or from_url
    if auth is None:
        # Without any, requests would put what ~/.netrc has for this host in place of the header.
        return (lambda request: request) if has_header else None
    if callable(auth):
        return auth
    if isinstance(auth, tuple) and [type(part) for part in auth] == [str, str]:
        return tuple(part.encode() for part in auth)
    raise InvalidType("auth: pass (user, password) or a requests authentication such as requests.auth.HTTPDigestAuth")


def _cert(cert: Certificate | None) -> str | tuple[str, str] | None:
    """Client certificate; its files must be there, and its key open, since OpenSSL would ask for a password."""
    if cert is None:
        return None
    if isinstance(cert, tuple) and len(cert) == 2:  # noqa: PLR2004 - certificate and key
        certificate, key = (_file(part, "cert") for part in cert)
        found: str | tuple[str, str] = (certificate, key)
    else:
        found = certificate = key = _file(cert, "cert")
    if b"ENCRYPTED" in Path(key).read_bytes():
        raise InvalidValue(
            f"cert: the key in {key!r} is encrypted; write it without: openssl pkey -in KEY -out OPEN_KEY"
        )
    return found


def _file(path: object, name: str) -> str:
    if not isinstance(path, str | os.PathLike):
        raise InvalidType(f"{name}: give the path of a file, or (certificate, key)")
    found = Path(path).expanduser()
    if not found.exists():
        raise InvalidValue(f"{name}: there is no file {str(path)!r}")
    return str(found)


def _verify(verify: bool | Location) -> bool | str | None:  # noqa: FBT001 - requests' own name and values
    """How the server's certificate is checked; None leaves it to requests, with REQUESTS_CA_BUNDLE."""
    if verify is True:
        return None
    if verify is False:
        return False
    if not isinstance(verify, str | os.PathLike):
        raise InvalidType("verify: give True, False or the path of a file with the certificates of your authority")
    return _file(verify, "verify")


def _proxies(proxies: str | Mapping[str, str] | None) -> dict[str, str] | None:
    """Proxies by the scheme of the server's URL; an address is not repeated in an error, it may hold a password."""
    if proxies is None:
        return None
    if isinstance(proxies, str):
        proxies = {"http": proxies, "https": proxies}
    if not isinstance(proxies, Mapping):
        raise InvalidType("proxies: give an address such as 'http://proxy:3128', or {'https': 'http://proxy:3128'}")
    return {str(scheme): _proxy(str(scheme), address) for scheme, address in proxies.items()}


def _proxy(scheme: str, address: object) -> str:
    """Address of one proxy, with its own scheme."""
    if not isinstance(address, str):
        raise InvalidType(f"proxies: the one for {scheme!r} is no text")
    whole = address if "://" in address else f"http://{address}"
    try:
        parts = urlsplit(whole)
        usable = parts.scheme in _PROXY_SCHEMES and parts.hostname and (parts.port or True)
    except ValueError:
        usable = False
    if not usable:
        raise InvalidValue(f"proxies: the one for {scheme!r} is no address of a proxy; write 'http://proxy:3128'")
    if parts.scheme.startswith("socks") and importlib.util.find_spec("socks") is None:
        raise InvalidValue("proxies: a SOCKS proxy needs PySocks; install it with: pip install PySocks")
    return whole
