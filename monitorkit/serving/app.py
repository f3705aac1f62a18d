"""The applications of a model server: the model on one port, its metrics on another.

Which requests are counted in ``inference_requests_total``: every request for predictions, in whatever dialect, and
every request that is refused, whatever its path (unknown path, wrong method, malformed HTTP, wrong feedback). Pages,
health checks, scrapes and feedback that is accepted are not: they ask the model nothing.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from monitorkit.metrics import exposition
from monitorkit.serving.explanation import explanation
from monitorkit.serving.front import front_page
from monitorkit.serving.http.asgi import Answer, Application, header, json_answer, read_body, refuse
from monitorkit.serving.models.scoring import count_predictions
from monitorkit.serving.protocols.dialect import PLAIN
from monitorkit.serving.protocols.paths import Protocols
from monitorkit.serving.reading.payload import read_feedback
from monitorkit.serving.refusals import Refusal, stopping

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

    from monitorkit.serving.http.asgi import Handler, Receive, Scope
    from monitorkit.serving.limits import Limits
    from monitorkit.serving.protocols.dialect import Dialect
    from monitorkit.serving.work.feedback import FeedbackStore, Served
    from monitorkit.serving.work.lineup import LineUp
    from monitorkit.serving.work.shadow import Shadow
    from monitorkit.serving.work.worker import PredictionWorker

__all__ = ["MetricsApplication", "ModelApplication"]


def scrape(registry: CollectorRegistry, scope: Scope) -> Answer:
    """Answer a scrape in the format that it asks for."""
    headers, body = exposition(
        registry,
        accept=header(scope, b"accept"),
        accept_encoding=header(scope, b"accept-encoding"),
        names=parse_qs(scope["query_string"].decode("latin-1")).get("name[]", ()),
    )
    return Answer(200, body, tuple((name.encode(), value.encode()) for name, value in headers.items()))


def _timing(duration_seconds: float) -> bytes:
    """Say how long the server took, in ms, as the W3C's "Server Timing" has it: the client's view holds the way too."""
    return b"total;dur=%.6f" % (1000 * duration_seconds)


class MetricsApplication(Application):
    """``/metrics`` on a port of its own, so that a scrape is answered while predictions saturate the other one."""

    def __init__(self, registry: CollectorRegistry, limits: Limits) -> None:
        super().__init__({"/metrics": {"GET": self._metrics}}, limits)
        self._registry = registry

    async def _metrics(self, scope: Scope, _receive: Receive) -> Answer:
        return scrape(self._registry, scope)


class ModelApplication(Application):
    """The model's own port.

    Parameters
    ----------
    lineup
        The models at work, with their series; replaced as a whole when one of them changes.
    registry
        What ``/metrics`` shows.
    worker
        Where predictions are made.
    store
        Where predictions wait for their true labels.
    limits
        Bounds on what clients send.
    url
        Where this application answers, for examples.
    """

    def __init__(
        self,
        lineup: LineUp[Served],
        *,
        registry: CollectorRegistry,
        worker: PredictionWorker,
        store: FeedbackStore,
        limits: Limits,
        url: str,
    ) -> None:
        self._protocols = Protocols(self, lineup.served.name)
        super().__init__(
            {
                "/predict": {"POST": partial(self.predict, PLAIN), "GET": self._explain},
                "/feedback": {"POST": self._feedback},
                "/healthz": {"GET": self._health},
                "/metrics": {"GET": self._metrics},
                "/": {"GET": self._page},
                "/favicon.ico": {"GET": self._nothing},
            },
            limits,
            self._protocols.routes,
        )
        self.lineup = lineup
        self.shadow: Shadow | None = None
        self._registry = registry
        self._worker = worker
        self._store = store
        self._url = url

    @property
    def served(self) -> Served:
        """The model that answers, but for what a canary gets."""
        return self.lineup.served

    def refused(self, refusal: Refusal) -> None:
        """Count a request that is refused."""
        self.served.metrics.requests.count(refusal.status)

    def refusal_answer(self, scope: Scope, refusal: Refusal) -> Answer:
        """A refusal in the form that who asked expects."""
        return self._protocols.refusal_answer(scope, refusal) or refuse(refusal)

    def further_handlers(self, path: str) -> dict[str, Handler] | None:
        """Handlers of a path with a version in it."""
        return self._protocols.further_handlers(path)

    @property
    def ready(self) -> bool:
        """Whether predictions can be made."""
        return self._worker.alive

    async def predict(self, dialect: Dialect, scope: Scope, receive: Receive, *, version: str | None = None) -> Answer:
        """Answer a request for predictions, in the dialect that it comes in, with the version that it names."""
        received = time.perf_counter()
        # A request keeps the model that it met, also when another one takes over meanwhile.
        lineup = self.lineup
        served = lineup.choose(version)
        requests = served.metrics.requests
        requests.add_in_flight(1)
        try:
            body = await read_body(scope, receive, self.limits.body_bytes)
            asked = dialect.read(scope, body, served)
            X = asked.X if lineup.faults is None else lineup.faults.shifted(asked.X, served)
            # The model may write to what it gets.
            seen = X if self.shadow is None and served.reference is None else X.copy()
            outputs, job = await self._worker.predict(served, X)
            if lineup.faults is not None:
                lineup.faults.strike()
            ids = self._store.remember(outputs, served)
            answer = dialect.write(asked, outputs, ids, served)
            count_predictions(outputs, served.metrics, seen)
            if self.shadow is not None:
                self.shadow.copy(seen, ids, outputs, served.model.features)
        except Refusal as refusal:
            requests.count(refusal.status)
            return self.refusal_answer(scope, refusal)
        except asyncio.CancelledError:
            requests.count("server_error")
            return self.refusal_answer(scope, stopping())
        else:
            # Counted before the answer leaves: who has it in hand finds it counted.
            answered = time.perf_counter()
            duration = answered - received
            requests.count_ok(duration)
            requests.time_phases(
                preprocess=job.queued - received,
                queue=job.started - job.queued,
                predict=job.ended - job.started,
                postprocess=answered - job.ended,
            )
            code, written, headers = answer
            return Answer(code, written, (*headers, (b"server-timing", _timing(duration))))
        finally:
            requests.add_in_flight(-1)

    async def _feedback(self, scope: Scope, receive: Receive) -> Answer:
        body = await read_body(scope, receive, self.limits.body_bytes)
        ids, y_true = read_feedback(body)
        results = self._store.join(ids, y_true, self.served)
        if self.shadow is not None:
            self.shadow.join(ids, y_true, results)
        counts = dict.fromkeys(("joined", "unknown", "expired", "duplicate"), 0) | Counter(results)
        return json_answer({**counts, "results": results})

    async def _explain(self, _scope: Scope, _receive: Receive) -> Answer:
        return json_answer(explanation(self.served, self._url, self.lineup.notes))

    async def _page(self, scope: Scope, receive: Receive) -> Answer:
        if "text/html" not in header(scope, b"accept"):
            return await self._explain(scope, receive)
        return front_page(self.served, self._url, self.lineup.notes)

    async def _health(self, _scope: Scope, _receive: Receive) -> Answer:
        served = self.served
        if not self.ready:
            raise Refusal(503, "no_worker", "the thread that predicts has ended: start the server again")
        return json_answer({"status": "ok", "model_name": served.name, "model_version": served.version})

    async def _metrics(self, scope: Scope, _receive: Receive) -> Answer:
        return scrape(self._registry, scope)

    async def _nothing(self, _scope: Scope, _receive: Receive) -> Answer:
        # Browsers ask for an icon unasked; that is no mistake to be counted.
        return Answer(200, b"", ((b"content-type", b"image/x-icon"),))
