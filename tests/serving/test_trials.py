"""Canary, shadow and faults on servers that answer, in the kernel and in a process of their own."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import requests
from sklearn.linear_model import LogisticRegression

import monitorkit as mk
from monitorkit.errors import InvalidType, InvalidValue, ServiceError
from monitorkit.processes import wait_until
from monitorkit.serving import Limits

ROWS = [[2.0, 1.0], [1.0, 2.0]]


def tens(X):
    return (10 * X[:, 0]).astype(int)


def hundreds(X):
    return (100 * X[:, 0]).astype(int)


def value(server, name, version="1", **labels):
    return server.registry.get_sample_value(name, {"model_name": server.name, "model_version": version, **labels})


def requests_of(server, version, status="ok"):
    return value(server, "inference_requests_total", version, status=status) or 0


def test_a_canary_answers_its_share_under_its_own_version(live):
    server = live()
    server.canary(lambda X: (10 * X[:, 0]).astype(int), version="2", share=0.25, seed=5)
    answers = [server.predict(ROWS[:1]) for _ in range(200)]
    versions = Counter(answer.model_version for answer in answers)
    assert 25 < versions["2"] < 75
    assert {(answer.model_version, *answer.predictions) for answer in answers} == {("1", 2), ("2", 20)}
    assert {version: requests_of(server, version) for version in "12"} == versions
    assert server.version == "1"
    assert "version='1'" in repr(server)
    assert "canary '2' gets 25 %" in repr(server)
    assert "canary &#x27;2&#x27; gets 25 %" in server._repr_html_()


def test_both_versions_have_values_of_now_until_one_goes(live):
    server = live()
    server.canary(lambda X: X[:, 0], version="2", share=0.5)
    wait_for = {"1", "2"}
    while wait_for:
        answer = server.predict(ROWS[:1])
        server.feedback(answer, [2])
        wait_for.discard(answer.model_version)
    for version in "12":
        assert value(server, "inference_latency_seconds", version) > 0
        assert value(server, "inference_queue_length", version) == 0
    assert value(server, "model_accuracy", "1") == 1
    assert value(server, "model_injected_faults", "2", kind="drift") == 0
    server.canary(None)
    assert value(server, "model_injected_faults", "2", kind="drift") is None
    assert value(server, "inference_latency_seconds", "2") is None
    assert value(server, "inference_queue_length", "2") is None
    assert value(server, "inference_latency_seconds", "1") > 0
    assert requests_of(server, "2") > 0
    assert "canary" not in repr(server)
    server.canary(None)


def test_true_labels_go_to_the_version_that_predicted(live):
    server = live()
    server.canary(lambda X: X[:, 0].astype(int) + 1, version="2", share=0.5, seed=1)
    joined = Counter()
    for _ in range(40):
        answer = server.predict(ROWS[:1])
        server.feedback(answer, [2])
        joined[answer.model_version] += 1
    assert value(server, "model_accuracy", "1") == 1
    assert value(server, "model_accuracy", "2") == 0
    assert {version: value(server, "model_feedback_total", version, result="joined") for version in "12"} == joined


def test_a_promoted_canary_is_the_served_one(live):
    server = live()
    canary = LogisticRegression().fit([[0.0, 0.0], [1.0, 1.0]], [0, 1])
    server.canary(canary, version="2", share=0.01)
    server.promote()
    assert server.version == server.predict(ROWS).model_version == "2"
    assert server.model is canary
    assert "canary" not in repr(server)
    with pytest.raises(InvalidValue, match=r"promote: there is no canary; server\.canary"):
        server.promote()
    server.swap(lambda X: X[:, 0], version="1")
    assert server.predict(ROWS).model_version == "1"


def test_a_canary_that_fails_fails_under_its_own_version(live):
    server = live()

    def broken(X):
        raise RuntimeError("not today")

    server.canary(broken, version="2", share=0.5, seed=2)
    answers = [requests.post(server.url + "/predict", json={"instances": ROWS}, timeout=20) for _ in range(40)]
    details = [answer.json()["detail"] for answer in answers if answer.status_code == 500]
    assert set(details) == {"the model raised RuntimeError: not today"}
    failed = len(details)
    assert requests_of(server, "2", "server_error") == failed > 0
    assert requests_of(server, "1", "server_error") == 0
    assert requests_of(server, "1") == 40 - failed


def test_a_canary_may_take_rows_of_another_width(start):
    server = start(LogisticRegression().fit([[0.0], [1.0]], [0, 1]))
    server.canary(LogisticRegression().fit([[0.0, 0.0], [1.0, 1.0]], [0, 1]), version="2", share=1)
    assert server.predict(ROWS).model_version == "2"
    server.canary(None)
    with pytest.raises(InvalidValue, match="1"):
        server.predict(ROWS)


def test_a_batch_never_mixes_models(start):
    working, release = threading.Event(), threading.Event()
    calls = []

    def named(name, factor):
        def model(X):
            if not working.is_set():
                working.set()
                release.wait(20)
            calls.append((name, len(X)))
            return factor * X[:, 0]

        return model

    server = start(named("1", 1))
    server.canary(named("2", -1), version="2", share=0.5, seed=0)
    with ThreadPoolExecutor(17) as pool:
        held = pool.submit(server.predict, [[0.0]])
        assert working.wait(10)
        answers = [pool.submit(server.predict, [[float(number)]]) for number in range(1, 17)]
        in_flight = lambda version: value(server, "inference_in_flight_requests", version) or 0  # noqa: E731
        assert wait_until(lambda: in_flight("1") + in_flight("2") == 17, timeout_seconds=10)
        waiting = lambda version: value(server, "inference_queue_length", version)  # noqa: E731
        assert wait_until(lambda: waiting("1") + waiting("2") == 16, timeout_seconds=10)
        assert min(waiting("1"), waiting("2")) > 0
        release.set()
        held.result(20)
        for number, answer in enumerate(answers, start=1):
            sign = {"1": 1, "2": -1}[answer.result(20).model_version]
            assert answer.result().predictions == [sign * number]
    assert len(calls) < 17
    assert sum(rows for _, rows in calls) == 17


def test_canaries_come_and_go_under_load_and_no_request_is_lost(start):
    server = start(tens)
    stop = threading.Event()
    codes, versions = Counter(), Counter()

    def client():
        with requests.Session() as session:
            session.trust_env = False
            while not stop.is_set():
                answer = session.post(server.url + "/predict", json={"instances": ROWS}, timeout=20)
                codes[answer.status_code] += 1
                versions[answer.json()["model_version"]] += 1

    with ThreadPoolExecutor(4) as pool:
        clients = [pool.submit(client) for _ in range(4)]
        for number in range(2, 8):
            server.canary(hundreds, version=str(number), share=0.5)
            before = versions[str(number)]
            assert wait_until(lambda n=number, b=before: versions[str(n)] > b + 4, timeout_seconds=20)
            if number % 2:
                server.promote()
            else:
                server.canary(None)
        stop.set()
        for future in clients:
            future.result(20)
    assert set(codes) == {200}
    assert sum(requests_of(server, str(number)) for number in range(1, 8)) == codes[200]
    assert {str(number): requests_of(server, str(number)) for number in range(1, 8)} == {
        str(number): versions[str(number)] for number in range(1, 8)
    }


def test_faults_are_real_and_told_as_such(live):
    server = live(example=[2.0, 1.0])
    assert value(server, "model_injected_faults", kind="errors") == 0
    server.inject(latency="30ms", errors=1.0, drift=1.5)
    assert "injected: latency 30 ms, errors 100 %, drift 1.5 spreads" in repr(server)
    assert {kind: value(server, "model_injected_faults", kind=kind) for kind in ("latency", "errors", "drift")} == {
        "latency": 0.03,
        "errors": 1.0,
        "drift": 1.5,
    }
    answer = requests.post(server.url + "/predict", json={"instances": ROWS}, timeout=20)
    assert (answer.status_code, answer.json()["error"]) == (500, "injected")
    assert requests_of(server, "1", "server_error") == 1
    server.inject(latency="30ms", drift=1.5)
    assert server.predict(ROWS).predictions == [5, 4]
    assert value(server, "inference_phase_duration_seconds_sum", phase="predict") >= 0.03
    assert "injected: latency 30 ms, drift 1.5 spreads" in requests.get(server.url, timeout=20).text
    server.inject()
    assert server.predict(ROWS).predictions == [2, 1]
    assert value(server, "model_injected_faults", kind="drift") == 0
    assert "injected" not in repr(server)


def test_injected_latency_leaves_health_and_metrics_alone(start):
    server = start(tens)
    server.inject(latency="1m")
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(server.predict, ROWS)
        assert wait_until(lambda: value(server, "inference_in_flight_requests") == 1, timeout_seconds=10)
        assert requests.get(server.url + "/healthz", timeout=5).status_code == 200
        assert requests.get(server.metrics_url, timeout=5).status_code == 200
        server.inject()
        assert answer.result(10).predictions == [20, 10]


def test_faults_end_with_their_duration(live):
    server = live()
    server.inject(drift=10, duration="100ms")
    assert wait_until(lambda: value(server, "model_injected_faults", kind="drift") == 0, timeout_seconds=10)
    assert server.predict(ROWS).predictions == [2, 1]
    assert wait_until(lambda: "injected" not in repr(server), timeout_seconds=10)


def test_faults_stop_with_the_server(start):
    server = start(tens)
    server.inject(latency="1m")
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(server.predict, ROWS)
        assert wait_until(lambda: value(server, "inference_in_flight_requests") == 1, timeout_seconds=10)
        server.stop()
        assert answer.result(10).predictions == [20, 10]


def test_a_stopped_server_can_be_asked_for_none_of_it(live):
    server = live()
    server.stop()
    model = lambda X: X[:, 0]  # noqa: E731
    for call in (
        lambda: server.canary(model, version="2"),
        lambda: server.canary(None),
        server.promote,
        lambda: server.shadow(model, version="2"),
        lambda: server.shadow(None),
        lambda: server.inject(errors=0.1),
        server.inject,
        lambda: server.swap(model),
    ):
        with pytest.raises(ServiceError, match="has been stopped; start it again"):
            call()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda server: server.canary(tens), InvalidValue, "version: a canary needs one of its own"),
        (lambda server: server.canary(tens, version="1"), InvalidValue, "version: '1' is the version that is served"),
        (lambda server: server.canary(tens, version=2), InvalidType, "version: 2 is no text"),
        (lambda server: server.canary(tens, version="2", share=2), InvalidValue, "share: 2 is no share"),
        (lambda server: server.canary(tens, version="2", seed="a"), InvalidType, "seed: 'a' is no whole number"),
        (lambda server: server.canary(3, version="2"), InvalidType, "cannot be called"),
        (
            lambda server: server.canary(tens, version="2", limits=Limits()),
            InvalidType,
            "limits: they are the server's",
        ),
        (lambda server: server.canary(tens, version="3"), InvalidValue, "version: '3' is the shadow's"),
        (lambda server: server.shadow(tens), InvalidValue, "version: a shadow needs one of its own"),
        (lambda server: server.shadow(tens, version="1"), InvalidValue, "version: '1' is the version that is served"),
        (lambda server: server.swap(tens, version="3"), InvalidValue, "version: '3' is the shadow's"),
        (lambda server: server.promote(), InvalidValue, "promote: there is no canary"),
        (lambda server: server.inject(errors=2), InvalidValue, "errors: 2 is no share"),
    ],
)
def test_what_cannot_be_done_is_refused_and_changes_nothing(start, call, error, message):
    server = start(tens)
    server.shadow(tens, version="3")
    before = (repr(server), server._application.lineup, server._application.shadow)
    with pytest.raises(error, match=message):
        call(server)
    assert (repr(server), server._application.lineup, server._application.shadow) == before
    assert value(server, "inference_queue_length", "2") is None
    assert value(server, "model_injected_faults", "2", kind="drift") is None
    assert server.predict(ROWS).predictions == [20, 10]


def test_a_process_refuses_what_a_kernel_refuses(start):
    server = start(lambda X: X[:, 0], process=True)
    server.canary(lambda X: X[:, 0], version="2")
    with pytest.raises(InvalidValue, match="version: '2' is the canary's"):
        server.swap(lambda X: X[:, 0], version="2")
    with pytest.raises(InvalidValue, match="version: '2' is the canary's"):
        server.shadow(lambda X: X[:, 0], version="2")
    assert server.version == "1"


def test_the_machine_is_told_of_once_under_the_version_that_is_served(live):
    def told():
        return [version for version in "12345" if value(server, "memory_usage", version) is not None]

    server = live()
    server.canary(lambda X: X[:, 0], version="2")
    assert told() == ["1"]
    server.swap(lambda X: X[:, 0], version="3")
    assert told() == ["3"]
    server.promote()
    assert told() == ["2"]
    server.shadow(lambda X: X[:, 0], version="4")
    assert told() == ["2"]


def test_the_cell_run_again_leaves_the_canary(live):
    server = live(name="cell again")
    server.canary(lambda X: X[:, 0] + 5, version="2", share=1)
    assert live(name="cell again") is server
    assert server.predict(ROWS).model_version == "2"


def test_a_page_tells_of_it_escaped(start):
    server = start(tens)
    server.canary(tens, version="<2>", share=0.1)
    page = requests.get(server.url, headers={"accept": "text/html"}, timeout=20).text
    assert "canary &#x27;&lt;2&gt;&#x27; gets 10 %" in page
    assert "<2>" not in page


def test_scores_of_both_are_those_of_scikit_learn(start, rng):
    X = rng.normal(size=(400, 3))
    y = (X.sum(axis=1) + rng.normal(size=400) > 0).astype(int)
    one, two, three = (LogisticRegression(C=C).fit(X[:n], y[:n]) for C, n in ((1, 20), (1, 200), (1e-4, 30)))
    server = start(one, window=1000)
    server.canary(two, version="2", share=0.4, seed=0, window=1000)
    server.shadow(three, version="3", window=1000)
    seen = {"1": [], "2": []}
    for row in range(0, 400, 4):
        answer = server.predict(X[row : row + 4])
        server.feedback(answer, y[row : row + 4])
        seen[answer.model_version] += range(row, row + 4)
    ok = lambda: value(server, "inference_shadow_requests_total", "3", status="ok")  # noqa: E731
    assert wait_until(lambda: ok() == 100, timeout_seconds=20)
    for version, model in (("1", one), ("2", two)):
        rows = np.array(seen[version])
        assert value(server, "model_accuracy", version) == model.score(X[rows], y[rows])
    assert wait_until(lambda: value(server, "shadow_model_accuracy", "3") == three.score(X, y), timeout_seconds=10)


def test_a_server_with_everything_on_is_named_in_one_line(start):
    server = start(tens, name="all")
    server.canary(tens, version="2", share=0.125)
    server.shadow(tens, version="3")
    server.inject(errors=0.001)
    expected = "canary '2' gets 12.5 %, shadow '3' sees a copy, injected: errors 0.1 %, running)"
    assert repr(server) == f"ModelServer('all', version='1', url='{server.url}', {expected}"
    server.stop()
    assert mk.status().query("name == 'all'").empty
    assert repr(server).endswith(f"url='{server.url}', stopped)")


def test_drift_of_each_is_measured_from_the_same_reference_data(live, rng):
    rows = rng.normal(size=(300, 2))
    server = live(reference=rows)
    server.canary(lambda X: X[:, 0], version="2", share=0.5, seed=0)
    server.shadow(lambda X: X[:, 0], version="3")
    server.inject(drift=3)
    for _ in range(40):
        server.predict(rows[:10])
    copies = lambda: value(server, "inference_shadow_requests_total", "3", status="ok")  # noqa: E731
    assert wait_until(lambda: copies() == 40, timeout_seconds=20)
    for name, version in (("model", "1"), ("model", "2"), ("shadow_model", "3")):
        assert value(server, f"{name}_feature_drift", version, feature="x0", statistic="ks") > 0.7
    server.promote()
    assert server.reference.features[:2] == ["x0", "x1"]


def test_who_names_a_version_gets_that_one(start):
    server = start(LogisticRegression().fit([[0.0], [1.0]], [0, 1]), name="named")
    server.canary(LogisticRegression().fit([[0.0], [1.0]], [5, 6]), version="2", share=0.5)
    document = {"inputs": [{"name": "x", "datatype": "FP64", "shape": [1, 1], "data": [2.0]}]}
    for version, predicted in (("1", 1), ("2", 6)):
        place = f"{server.url}/v2/models/named/versions/{version}"
        for _ in range(10):
            answer = requests.post(f"{place}/infer", json=document, timeout=20).json()
            assert (answer["model_version"], answer["outputs"][0]["data"]) == (version, [predicted])
        assert requests.get(place, timeout=20).json()["versions"] == ["1", "2"]
        assert requests.get(f"{place}/ready", timeout=20).status_code == 200
    server.shadow(tens, version="3")
    answer = requests.post(f"{server.url}/v2/models/named/versions/3/infer", json=document, timeout=20)
    assert answer.status_code == 404
    server.canary(None)
    answer = requests.post(f"{server.url}/v2/models/named/versions/2/infer", json=document, timeout=20)
    assert answer.status_code == 404
