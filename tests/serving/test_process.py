"""A model server in a process of its own: the same handle, and what happens when that process ends."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import types
from pathlib import Path

import numpy as np
import psutil
import pytest
import requests
from sklearn.linear_model import LogisticRegression

import monitorkit as mk
from monitorkit import ports, running
from monitorkit.errors import InvalidType, InvalidValue, ServiceError
from monitorkit.processes import wait_until
from monitorkit.serving import channel

ROWS = [[2.0, 1.0], [1.0, 2.0]]


def by_value(function):
    """A function of this module as one of a notebook: its module is nowhere to be imported from."""
    return types.FunctionType(
        function.__code__, {"__builtins__": __builtins__, "os": os, "__name__": "__main__"}, function.__name__
    )


@by_value
def greater(X):
    return (X[:, 0] > X[:, 1]).astype(int)


@by_value
def first(X):
    return X[:, 0]


@by_value
def whose(X):
    return [os.getpid()] * len(X)


@by_value
def leaving(X):
    if X[0, 0] < 0:
        print("going now")  # noqa: T201
        os._exit(3)
    return X[:, 0]


@by_value
def endless(X):
    while True:
        pass


@pytest.fixture
def start_process(start):
    def start_process(model=greater, **options):
        return start(model, process=True, **options)

    return start_process


def sample(server, name, version="1", **labels):
    return server.registry.get_sample_value(name, {"model_name": server.name, "model_version": version, **labels})


def test_the_model_runs_in_another_process_with_the_same_handle(start_process):
    server = start_process(whose)
    (pid,) = set(server.predict(ROWS).predictions)
    assert pid == server.pid != os.getpid()
    assert server.process
    assert server.model is whose
    assert (server.version, server.alive) == ("1", True)
    assert repr(server).endswith(f"running in process {pid})")
    assert f"running in process {pid}" in server._repr_html_()
    states = mk.status().set_index("name").loc[server.name]
    assert (states.kind, states.url, states.state) == ("model server", server.url, "running")


def test_a_class_and_a_lambda_of_the_notebook_travel_with_their_values():
    done = run("""
        import monitorkit as mk
        offset = 5.0
        class Model:
            classes_ = ["a", "b"]
            def predict(self, X):
                return [self.classes_[int(x[0] > offset)] for x in X]
        with mk.serve(Model(), process=True) as server:
            print(server.name, server.predict([[4.0], [6.0]]).predictions)
            server.swap(lambda X: X[:, 0] + offset, version="2")
            print(server.predict([[4.0]]).predictions)
    """)
    assert (done.returncode, done.stdout, done.stderr) == (0, "Model ['a', 'b']\n[9.0]\n", "")


def test_a_module_of_the_folder_of_the_notebook_is_found(tmp_path):
    (tmp_path / "own_models.py").write_text("def double(X):\n    return 2 * X[:, 0]\n")
    done = run(
        """
        import sys
        sys.path.insert(0, ".")
        import own_models
        import monitorkit as mk
        with mk.serve(own_models.double, process=True) as server:
            print(server.predict([[4.0]]).predictions)
        """,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(mk.__file__).parents[1])},
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "[8.0]\n", "")


def test_answers_and_scores_are_those_of_a_server_in_the_kernel(start, start_process, rng):
    X = rng.normal(size=(200, 3))
    y = (X.sum(axis=1) + rng.normal(size=200) > 0).astype(int)
    model = LogisticRegression().fit(X, y)
    here, there = start(model), start_process(model)
    for server in (here, there):
        answer = server.predict(X, probabilities=True)
        assert answer.predictions == model.predict(X).tolist()
        assert np.array_equal(answer.probabilities, model.predict_proba(X))
        assert server.feedback(answer, y)["joined"] == 200
    names = ("model_accuracy", "model_recall", "model_brier_score")
    assert [sample(there, name) for name in names] == [sample(here, name) for name in names]
    assert sample(there, "inference_requests_total", status="ok") == 1


def test_the_cell_run_again_is_the_same_process_with_the_new_model(start_process):
    server = start_process(name="again in a process")
    pid, place = server.pid, (server.url, server.metrics_url)
    server.predict(ROWS)
    again = start_process(first, name="again in a process", version="2", batching=False)
    assert again is server
    assert (again.pid, (again.url, again.metrics_url), again.version) == (pid, place, "2")
    assert again.predict(ROWS).predictions == [2.0, 1.0]
    assert again.batching is False
    assert sample(again, "inference_requests_total", status="ok") == 1
    assert sample(again, "inference_requests_total", "2", status="ok") == 1


def test_batching_is_set_there(start_process):
    server = start_process(batching=mk.Batching(max_size=7))
    assert server.batching == mk.Batching(max_size=7)
    server.batching = True
    assert server.batching == mk.Batching()
    with pytest.raises(InvalidType, match="batching: 3 is neither True"):
        server.batching = 3
    assert server.batching == mk.Batching()


@pytest.mark.parametrize("before", [False, True], ids=["into a process", "back into the kernel"])
def test_a_server_is_moved_and_its_ports_stay(start, before):
    server = start(greater, name="moved", process=before)
    place = (server.url, server.metrics_url)
    moved = start(first, name="moved", process=not before)
    assert not server.alive
    assert moved.alive
    assert moved.process is not before
    assert (moved.url, moved.metrics_url) == place
    assert moved.predict(ROWS).predictions == [2.0, 1.0]
    assert running.find("model server", "moved") is moved


def test_a_port_of_its_own_choice_is_kept_when_it_is_moved(start):
    port = ports.free_port("chosen")
    server = start(greater, name="chosen", port=port)
    moved = start(greater, name="chosen", process=True)
    assert moved.url == server.url
    with pytest.raises(InvalidValue, match=f"port: 'chosen' runs already, with port {port}; stop it first"):
        start(greater, name="chosen", port=port + 1)
    assert moved.alive


def lost_module():
    module = types.ModuleType("module_of_no_file")
    exec("def f(X):\n    return X[:, 0]\nclass C:\n    def predict(self, X): return X[:, 0]", module.__dict__)
    return module


class Unloadable:
    def predict(self, X):
        return X[:, 0]

    def __reduce__(self):
        return (by_value(refuse), ())


def refuse():
    raise RuntimeError("not here")


class Deadly(Unloadable):
    def __reduce__(self):
        return (os._exit, (7,))


def locked():
    lock = threading.Lock()
    return lambda X: X[:, 0] if lock else X


def missing():
    module = lost_module()
    sys.modules[module.__name__] = module
    return module.f


REFUSED = [
    (locked, InvalidValue, "model: it cannot be sent to a process of its own: TypeError: cannot pickle '_thread.lock'"),
    (
        missing,
        InvalidValue,
        "model: it cannot be loaded in a process of its own: ModuleNotFoundError.*module_of_no_file",
    ),
    (Unloadable, InvalidValue, "cannot be loaded in a process of its own: RuntimeError: not here; define"),
    (Deadly, ServiceError, "its process ended with status 7; mk.serve.*process=True.* starts it again"),
    (lambda: 3, InvalidType, "cannot be called"),
]


@pytest.mark.parametrize(("make", "error", "message"), REFUSED, ids=["lock", "module", "raises", "exits", "number"])
def test_a_model_that_cannot_get_there_is_told_of_and_starts_nothing(start, start_process, make, error, message):
    before = start(greater, name="refused there")
    children = set(psutil.Process().children())
    with pytest.raises(error, match=message):
        start_process(make(), name="refused there")
    sys.modules.pop("module_of_no_file", None)
    assert set(psutil.Process().children()) <= children
    assert running.find("model server", "refused there") is before
    assert before.predict(ROWS).predictions == [1, 0]


@pytest.mark.parametrize(("make", "error", "message"), REFUSED[:3], ids=["lock", "module", "raises"])
def test_a_swap_that_is_refused_leaves_the_model(start_process, make, error, message):
    server = start_process()
    with pytest.raises(error, match=message):
        server.swap(make(), version="2")
    sys.modules.pop("module_of_no_file", None)
    assert server.version == "1"
    assert server.predict(ROWS).predictions == [1, 0]


def test_what_the_model_prints_is_in_its_log(start_process):
    @by_value
    def talking(X):
        print("Grüße", len(X))  # noqa: T201
        return X[:, 0]

    server = start_process(talking)
    server.predict(ROWS)
    server.predict(ROWS[:1])
    assert str(server.logs()) == "Grüße 2\nGrüße 1"
    assert repr(server.logs(1)) == "Grüße 1"
    with pytest.raises(InvalidValue, match="n: 0 is no number of lines"):
        server.logs(0)


def test_the_log_of_a_server_in_the_kernel_is_the_notebook(server):
    with pytest.raises(ServiceError, match="runs in this process: what its model prints is where the notebook's"):
        server.logs()


def test_a_model_that_ends_its_process_is_told_of_and_started_again(start_process):
    server = start_process(leaving, name="left there")
    place = server.url
    with pytest.raises(ServiceError, match=r"(?s)left there: its process ended with status 3; .*going now"):
        server.predict([[-1.0]])
    assert not server.alive
    assert "ended with status 3" in repr(server)
    for call in (lambda: server.predict(ROWS), lambda: server.swap(first), lambda: server.feedback(["a"], [1])):
        with pytest.raises(ServiceError, match="its process ended with status 3"):
            call()
    again = start_process(leaving, name="left there")
    assert again is not server
    assert again.url == place
    assert again.predict([[1.0]]).predictions == [1.0]


def test_a_process_that_is_killed_is_told_of(start_process):
    server = start_process()
    os.kill(server.pid, signal.SIGKILL)
    assert wait_until(lambda: not server.alive, timeout_seconds=10)
    with pytest.raises(ServiceError, match=r"its process ended by signal 9 \(SIGKILL\)"):
        server.batching = False


def test_stopping_ends_the_process_and_frees_the_ports(start_process):
    server = start_process()
    port = int(server.url.rpartition(":")[2])
    guard = psutil.Process(server.pid).parent()
    assert guard.ppid() == os.getpid()
    server.stop()
    server.stop()
    assert not psutil.pid_exists(server.pid)
    assert not server._folder.exists()
    assert ports.is_free("127.0.0.1", port)
    assert running.find("model server", server.name) is None
    with pytest.raises(ServiceError, match="has been stopped; start it again"):
        server.predict(ROWS)
    with pytest.raises(ServiceError, match="no metrics: its process does not answer"):
        sample(server, "model_accuracy")


def test_stopping_answers_what_is_in_flight(start_process, tmp_path):
    go = tmp_path / "go"

    def slow(X):
        import time
        from pathlib import Path

        Path(f"{go}.working").touch()
        while not Path(go).exists():
            time.sleep(0.01)
        return X[:, 0]

    slow = types.FunctionType(
        slow.__code__, {"__builtins__": __builtins__, "__name__": "__main__"}, "slow", None, slow.__closure__
    )
    server = start_process(slow)
    answers = []
    asking = threading.Thread(target=lambda: answers.append(server.predict(ROWS).predictions))
    asking.start()
    assert wait_until(Path(f"{go}.working").exists, timeout_seconds=20)
    stopping = threading.Thread(target=server.stop)
    stopping.start()
    assert wait_until(lambda: not server.alive, timeout_seconds=10)
    go.touch()
    asking.join(20)
    stopping.join(20)
    assert answers == [[2.0, 1.0]]


def test_a_metric_of_ones_own_is_refused(start_process):
    from prometheus_client import Counter

    server = start_process()
    with pytest.raises(InvalidValue, match=r"registry: .* counts in a process of its own"):
        Counter("own", "One's own.", registry=server.registry)


def test_a_taken_port_is_a_clear_error_and_leaves_nothing(start, start_process):
    port = int(start().url.rpartition(":")[2])
    children = set(psutil.Process().children())
    with pytest.raises(ServiceError, match=f"port {port} on 127.0.0.1: .*in use; name another port"):
        start_process(name="nowhere to go", port=port)
    assert set(psutil.Process().children()) <= children
    assert running.find("model server", "nowhere to go") is None


@pytest.mark.parametrize("process", [None, 1, "yes"])
def test_it_is_asked_for_by_true_or_false(start, process):
    with pytest.raises(InvalidType, match=f"process: {process!r} is neither True nor False"):
        start(process=process)


def test_a_call_that_is_interrupted_does_not_disturb_the_next(start_process, monkeypatch):
    server = start_process()

    def interrupted(_connection):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(channel, "_read", interrupted)
        with pytest.raises(KeyboardInterrupt, match=r"^$"):
            server.swap(first, version="2")
    server.swap(first, version="3")
    assert server.predict(ROWS).predictions == [2.0, 1.0]
    assert server.predict(ROWS).model_version == server.version == "3"


def test_a_start_that_is_interrupted_leaves_nothing(start_process, monkeypatch):
    children = set(psutil.Process().children())

    def interrupted(*_arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(channel, "_read", interrupted)
        with pytest.raises(KeyboardInterrupt, match=r"^$"):
            start_process(name="interrupted there")
    assert set(psutil.Process().children()) <= children
    assert running.find("model server", "interrupted there") is None
    assert start_process(name="interrupted there").predict(ROWS).predictions == [1, 0]


def test_a_model_that_computes_for_ever_holds_up_neither_health_nor_a_swap_nor_the_stop(start_process):
    server = start_process(endless)
    with pytest.raises(ServiceError, match=r"no answer within 0\.3 s"):
        server.predict(ROWS, timeout_seconds=0.3)
    assert requests.get(f"{server.url}/healthz", timeout=20).json()["model_version"] == "1"
    server.swap(first, version="2")
    assert requests.get(f"{server.url}/healthz", timeout=20).json()["model_version"] == "2"
    server.stop()
    assert not psutil.pid_exists(server.pid)


def test_models_of_many_megabytes_travel(start_process):
    weights = np.arange(5_000_000.0)
    server = start_process(lambda X: weights[X[:, 0].astype(int)])
    assert server.predict([[4_999_999.0]]).predictions == [4_999_999.0]


def run(program, **options):
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        **options,
    )


def test_a_process_that_never_stops_its_server_ends_all_the_same():
    done = run("""
        import monitorkit as mk
        server = mk.serve(lambda X: X[:, 0], name="left in a process", process=True)
        print(server.predict([[1.0]]).predictions, server.pid)
    """)
    assert (done.returncode, done.stderr) == (0, "")
    answer, pid = done.stdout.rsplit(maxsplit=1)
    assert answer == "[1.0]"
    assert wait_until(lambda: not psutil.pid_exists(int(pid)), timeout_seconds=10)


def test_an_owner_that_is_killed_leaves_no_process():
    done = run("""
        import os, signal
        import monitorkit as mk
        server = mk.serve(lambda X: X[:, 0], process=True)
        print(server.pid, server._folder, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    """)
    assert done.returncode == -signal.SIGKILL
    pid, folder = done.stdout.split()
    assert wait_until(lambda: not psutil.pid_exists(int(pid)) and not Path(folder).exists(), timeout_seconds=2.5)


def test_a_forked_child_has_no_server():
    done = run("""
        import os
        import monitorkit as mk
        server = mk.serve(lambda X: X[:, 0], process=True)
        child = os.fork()
        if not child:
            alive = server.alive
            server.stop()
            os._exit(int(alive))
        print(os.waitpid(child, 0)[1], server.predict([[1.0]]).predictions)
    """)
    assert (done.returncode, done.stdout) == (0, "0 [1.0]\n")
