"""The paths of the protocols that other model servers speak: KServe's first one and the Open Inference Protocol."""

from __future__ import annotations

from functools import partial
from importlib.metadata import version as installed_version
from typing import TYPE_CHECKING, Any, Protocol

from monitorkit.serving.http.asgi import MAX_ECHO, Answer, json_answer
from monitorkit.serving.protocols.inference_v2 import EXTENSIONS, INFERENCE_V2, model_metadata
from monitorkit.serving.protocols.kserve_v1 import KSERVE_V1
from monitorkit.serving.refusals import Refusal

if TYPE_CHECKING:
    from monitorkit.serving.http.asgi import Handler, Receive, Scope
    from monitorkit.serving.protocols.dialect import Dialect
    from monitorkit.serving.work.feedback import Served
    from monitorkit.serving.work.lineup import LineUp

__all__ = ["ModelHost", "Protocols"]

Routes = dict[str, dict[str, "Handler"]]

_V1, _V2 = "/v1/models", "/v2/models"


class ModelHost(Protocol):
    """The application that holds the model."""

    @property
    def served(self) -> Served:
        """The model that answers."""

    @property
    def lineup(self) -> LineUp[Served]:
        """The models at work: the one that answers, and those that are tried beside it."""

    @property
    def ready(self) -> bool:
        """Whether predictions can be made."""

    async def predict(self, dialect: Dialect, scope: Scope, receive: Receive, *, version: str | None = None) -> Answer:
        """Answer a request for predictions."""


class Protocols:
    """Handlers for both protocols.

    Parameters
    ----------
    host
        Where predictions are made.
    name
        Name of the model in paths; it stays while versions change.

    Attributes
    ----------
    routes
        Handlers by path and method, for one lookup; only paths with a version are not among them.
    """

    def __init__(self, host: ModelHost, name: str) -> None:
        self._host = host
        v2: Handler = partial(host.predict, INFERENCE_V2)
        self._of_model: dict[str, dict[str, Handler]] = {
            "": {"GET": self._metadata},
            "/ready": {"GET": self._model_ready},
            "/infer": {"POST": v2},
        }
        self._versions = f"{_V2}/{name}/versions/"
        self.routes: Routes = {
            _V1: {"GET": self._models},
            f"{_V1}/{name}": {"GET": self._model_ready},
            f"{_V1}/{name}:predict": {"POST": partial(host.predict, KSERVE_V1)},
            "/v2": {"GET": self._server},
            "/v2/": {"GET": self._server},
            "/v2/health/live": {"GET": self._live},
            "/v2/health/ready": {"GET": self._ready},
            _V2: {"GET": self._models},
            **{f"{_V2}/{name}{ending}": methods for ending, methods in self._of_model.items()},
        }

    def further_handlers(self, path: str) -> dict[str, Handler] | None:
        """Handlers of a path with a version; None for a path of another kind.

        Raises
        ------
        Refusal
            If it names a model or a version that is not served.
        """
        served = self._host.served
        if path.startswith(self._versions):
            rest = path.removeprefix(self._versions)
            ending = next((end for end in ("/infer", "/ready") if rest.endswith(end)), "")
            version = rest.removesuffix(ending)
            found = self._host.lineup.find(version)
            if found is not None:
                return self._of_version(found)[ending]
            detail = f"version {version[:MAX_ECHO]!r} of {served.name!r} is not served: version {served.version!r} is"
            raise Refusal(404, "unknown_version", detail, which="path")
        if path.startswith((f"{_V1}/", f"{_V2}/")):
            asked = path.removeprefix(f"{_V1}/").removeprefix(f"{_V2}/")
            detail = f"there is no model {asked[:MAX_ECHO]!r} to ask that: this server has {served.name!r}"
            raise Refusal(404, "unknown_model", detail, which="path")
        return None

    def refusal_answer(self, scope: Scope, refusal: Refusal) -> Answer | None:
        """A refusal in the form that the protocols have; None for a path of another kind."""
        path = scope["path"]
        if path not in {_V1, "/v2"} and not path.startswith((f"{_V1}/", "/v2/")):
            return None
        headers = tuple((name.encode(), value.encode()) for name, value in refusal.headers.items())
        answer = json_answer({"error": refusal.detail}, refusal.code)
        return answer._replace(headers=(*answer.headers, *headers))

    async def _models(self, _scope: Scope, _receive: Receive) -> Answer:
        return json_answer({"models": [self._host.served.name]})

    async def _server(self, _scope: Scope, _receive: Receive) -> Answer:
        version = installed_version("monitorkit")
        return json_answer({"name": "monitorkit", "version": version, "extensions": list(EXTENSIONS)})

    async def _live(self, _scope: Scope, _receive: Receive) -> Answer:
        return json_answer({"live": True})

    async def _ready(self, _scope: Scope, _receive: Receive) -> Answer:
        # The specification's text says "ready" and its object "live"; KServe's own server answers with the former.
        return self._health({"live": True})

    async def _model_ready(self, _scope: Scope, _receive: Receive) -> Answer:
        return self._health({"name": self._host.served.name})

    def _of_version(self, served: Served) -> dict[str, dict[str, Handler]]:
        """Handlers of a version, by what follows it in the path."""

        async def metadata(_scope: Scope, _receive: Receive) -> Answer:
            return self._metadata_of(served)

        infer: Handler = partial(self._host.predict, INFERENCE_V2, version=served.version)
        return {**self._of_model, "": {"GET": metadata}, "/infer": {"POST": infer}}

    async def _metadata(self, _scope: Scope, _receive: Receive) -> Answer:
        return self._metadata_of(self._host.served)

    def _metadata_of(self, served: Served) -> Answer:
        return json_answer({**model_metadata(served), "versions": list(self._host.lineup.answering)})

    def _health(self, document: dict[str, Any]) -> Answer:
        if not self._host.ready:
            raise Refusal(503, "no_worker", "the thread that predicts has ended: start the server again")
        return json_answer({**document, "ready": True})
