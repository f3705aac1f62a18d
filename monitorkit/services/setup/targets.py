"""What Prometheus scrapes: a server with a ``metrics_url``, a URL or ``host:port``, read into one form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from monitorkit.errors import InvalidType, InvalidValue

__all__ = ["DEFAULT_JOB", "SELF_JOB", "Jobs", "Target", "jobs", "target"]

DEFAULT_JOB = "ai_model"
SELF_JOB = "prometheus"
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Target:
    """One address that answers with metrics.

    Parameters
    ----------
    address
        ``host:port``, which becomes the label ``instance``.
    path
        Path of the metrics.
    scheme
        ``http`` or ``https``.
    params
        Parameters of the URL, as pairs.
    """

    address: str
    path: str = "/metrics"
    scheme: str = "http"
    params: tuple[tuple[str, str], ...] = ()

    @property
    def labels(self) -> dict[str, str]:
        """What differs from Prometheus' defaults, as the labels by which a target overrides its job.

        Notes
        -----
        Prometheus documentation, "Configuration", section "relabel_config": ``__scheme__``, ``__metrics_path__`` and
        ``__param_<name>`` decide how a target is scraped.
        """
        labels = {f"__param_{name}": value for name, value in self.params}
        if self.path != "/metrics":
            labels["__metrics_path__"] = self.path
        if self.scheme != "http":
            labels["__scheme__"] = self.scheme
        return labels


Jobs = Mapping[str, tuple[Target, ...]]
"""Targets by the name of their job."""


def target(value: Any) -> Target:  # noqa: ANN401 - anything with a metrics_url
    """Read one target.

    Parameters
    ----------
    value
        Anything with a ``metrics_url``, a URL, or ``"host:port"``.

    Raises
    ------
    InvalidValue
        If the text is no such address.
    InvalidType
        If it is something else.

    Examples
    --------
    >>> target("127.0.0.1:8000")
    Target(address='127.0.0.1:8000', path='/metrics', scheme='http', params=())
    """
    if isinstance(value, Target):
        return value
    text = value if isinstance(value, str) else getattr(value, "metrics_url", None)
    if not isinstance(text, str):
        raise InvalidType(f"targets: {value!r} is no target; give a server with metrics_url, a URL, or 'host:port'")
    parts = urlsplit(text if "://" in text else f"http://{text}")
    try:
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        port = None
    if not parts.hostname or port is None or any(character.isspace() for character in text):
        raise InvalidValue(f"targets: {text!r} is no address; write 'host:port' or an http(s) URL")
    if parts.username or parts.password:
        raise InvalidValue(
            f"targets: the URL of {parts.hostname} holds a password; put it into a configuration file of your own and "
            "give that as config="
        )
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    path = parts.path if parts.path not in {"", "/"} else "/metrics"
    return Target(f"{host}:{port}", path, parts.scheme, tuple(parse_qsl(parts.query)))


def jobs(value: Any) -> dict[str, tuple[Target, ...]]:  # noqa: ANN401 - see target
    """Read targets: one, a list of them, or lists by job.

    In a list a target that knows its job, such as the node exporter, goes there, and every other one to ``ai_model``.

    A target that stands twice in a job is taken once.

    Examples
    --------
    >>> jobs({"batch": ["127.0.0.1:9000"]})
    {'batch': (Target(address='127.0.0.1:9000', path='/metrics', scheme='http', params=()),)}
    """
    if value is None:
        return {}
    if isinstance(value, Mapping):
        for name in value:
            if not isinstance(name, str) or not name:
                raise InvalidValue(f"targets: {name!r} is no job name; use a text that is not empty")
        return {name: _several(targets) for name, targets in value.items()}
    found: dict[str, dict[Target, None]] = {}
    for one in _listed(value):
        job = getattr(one, "job", None)
        found.setdefault(job if isinstance(job, str) and job else DEFAULT_JOB, {})[target(one)] = None
    return {name: tuple(targets) for name, targets in found.items()}


def _several(value: Any) -> tuple[Target, ...]:  # noqa: ANN401 - see target
    return tuple(dict.fromkeys(target(one) for one in _listed(value)))


def _listed(value: Any) -> Iterable[Any]:  # noqa: ANN401 - see target
    single = isinstance(value, str) or hasattr(value, "metrics_url") or not isinstance(value, Iterable)
    return [value] if single else value
