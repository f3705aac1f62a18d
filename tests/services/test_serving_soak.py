"""A model server under load while its models change: what clients counted, what it counted, what Prometheus has."""

import asyncio
import time
from collections import Counter

import aiohttp
import numpy as np
import psutil
import pytest
from sklearn.linear_model import LogisticRegression

import monitorkit as mk
from monitorkit.serving import Limits, serve

CONNECTIONS = 64
WRONG_IN = 20
"""One request in so many is wrong: 5 percent."""

RIGHT = b'{"instances": [[0.5, -0.5, 1.0]]}'
WRONG = (
    b'{"instances": [[0.5]]}',
    b'{"instances": "x"}',
    b"{",
    b"\xff",
    b'{"instances": []}',
    b'{"instances": [[1, 2, null]]}',
)
STATUS = {2: "ok", 4: "client_error", 5: "server_error"}


class Clients:
    """Connections that ask without pause, one in so many requests a wrong one, and count what comes back."""

    def __init__(self, url):
        self.url = url
        self.statuses = Counter()
        self.versions = Counter()
        self.labels = 0

    async def run(self, ends, changes):
        """Ask until a time, and carry out changes at theirs, beside the event loop."""
        connector = aiohttp.TCPConnector(limit=CONNECTIONS)
        timeout = aiohttp.ClientTimeout(total=60)
        async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
            asking = [asyncio.create_task(self.ask(session, number, ends)) for number in range(CONNECTIONS)]
            for when, change in changes:
                await asyncio.sleep(when - time.monotonic())
                await asyncio.to_thread(change)
            await asyncio.gather(*asking)

    async def ask(self, session, number, ends):
        while time.monotonic() < ends:
            number += 1
            wrong = number % WRONG_IN == 0
            body = WRONG[number // WRONG_IN % len(WRONG)] if wrong else RIGHT
            async with session.post(f"{self.url}/predict", data=body) as answer:
                document = await answer.json()
            self.statuses[STATUS[answer.status // 100]] += 1
            assert (answer.status == 200) is not wrong, (answer.status, document)
            if not wrong:
                self.versions[document["model_version"]] += 1
                if number % 7 == 0:
                    label = {"ids": document["ids"], "y_true": [1]}
                    async with session.post(f"{self.url}/feedback", json=label) as answer:
                        assert (await answer.json())["joined"] == 1
                    self.labels += 1


def soak(seconds, process):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 3))
    models = [LogisticRegression(C=C).fit(X, X[:, 0] > 0) for C in (0.1, 1, 10, 100)]
    models = [model.fit(X, (X[:, 0] > 0).astype(int)) for model in models]
    limits = Limits(feedback_count=5_000)
    name = f"soak {process}"
    begun = time.monotonic()
    with (
        serve(models[0], name=name, limits=limits, process=process) as server,
        mk.start_prometheus(targets=[server], name="soak", scrape_interval="1s") as prom,
    ):
        memory = {}

        def remember(what):
            memory[what] = psutil.Process(server.pid if process else None).memory_info().rss

        changes = [
            (0.3, lambda: server.swap(models[1], version="2", limits=limits)),
            (0.4, lambda: server.canary(models[2], version="3", share=0.2)),
            (0.5, lambda: remember("before")),
            (0.6, server.promote),
            (0.7, lambda: server.shadow(models[3], version="4")),
            (0.8, lambda: server.shadow(None)),
            (0.95, lambda: remember("after")),
        ]
        clients = Clients(server.url)
        begun = time.monotonic()
        at = [(begun + share * seconds, change) for share, change in changes]
        asyncio.run(clients.run(begun + seconds, at))
        prom.await_scrape()
        counted = f"inference_requests_total{{model_name={name!r}}}"
        by_status = prom.query(f"sum by (status) ({counted}) > 0")["value"].droplevel("__name__").to_dict()
        by_version = prom.query(f'sum by (model_version) ({counted[:-1]}, status="ok"}})')["value"]
        labels = prom.query(f'sum(model_feedback_total{{model_name={name!r}, result="joined"}})')["value"].item()
        own = {
            status: sum(
                server.registry.get_sample_value(
                    "inference_requests_total", {"model_name": name, "model_version": version, "status": status}
                )
                for version in "123"
            )
            for status in ("ok", "client_error")
        }
    assert by_status == own == clients.statuses
    assert set(clients.statuses) == {"ok", "client_error"}
    versions = by_version.droplevel("__name__").to_dict()
    assert {version: count for version, count in versions.items() if count} == clients.versions
    assert set(clients.versions) == {"1", "2", "3"}
    assert labels == clients.labels > 0
    return clients, memory


@pytest.mark.parametrize("process", [False, True], ids=["kernel", "process"])
def test_clients_the_server_and_prometheus_count_the_same_for_seconds(one_prometheus, process):
    soak(5, process)


@pytest.mark.soak
@pytest.mark.timeout(400)
@pytest.mark.parametrize("process", [False, True], ids=["kernel", "process"])
def test_clients_the_server_and_prometheus_count_the_same_for_minutes(one_prometheus, process, capsys):
    clients, memory = soak(120, process)
    with capsys.disabled():
        print(f"\n{dict(clients.statuses)} {dict(clients.versions)} labels={clients.labels} memory={memory}")  # noqa: T201
    # The kernel's memory holds the clients, too.
    assert memory["after"] < memory["before"] + 15 * 2**20
