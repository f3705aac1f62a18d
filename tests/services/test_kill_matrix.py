"""What happens to Prometheus, a model's process and a node exporter when what is around them is interrupted or killed.

With real Jupyter parts.
"""

import json
import os
import queue
import secrets
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from jupyter_client import BlockingKernelClient, KernelManager

from monitorkit import ServiceError
from monitorkit.ports import free_port
from monitorkit.processes import wait_until
from monitorkit.query.connection.sessions import session
from monitorkit.services import find

ORPHAN_SECONDS = 2.5
START = (
    "import monitorkit as mk; prom = mk.start_prometheus(wait=False); "
    "server = mk.serve(lambda X: X[:, 0], name='guarded', process=True); "
    "print(server.pid, prom.pid, prom._server.storage.temporary)"
)

START_NODE = "import monitorkit as mk; node = mk.start_node_exporter(); print(node.pid, node._folder)"


def alive(pid):
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def family(pid):
    """A process and its guard."""
    return [int(pid), psutil.Process(int(pid)).ppid()]


def gone(pids, folder):
    return wait_until(lambda: not any(map(alive, pids)) and not Path(folder).exists(), timeout_seconds=ORPHAN_SECONDS)


def run(client, code):
    """Run a cell and return what it printed; an error of the cell is in it."""
    return output(client, client.execute(code))


def output(client, request, *, until=None):
    """What a cell printed, up to its end or to a text."""
    printed = ""
    while True:
        try:
            message = client.get_iopub_msg(timeout=60)
        except queue.Empty:
            raise AssertionError(f"the cell did not end: {printed}") from None
        content, kind = message["content"], message["msg_type"]
        if message["parent_header"].get("msg_id") != request:
            continue
        if kind == "stream":
            printed += content["text"]
        elif kind == "error":
            printed += "\n".join(content["traceback"])
        if (until and until in printed) or (kind == "status" and content["execution_state"] == "idle"):
            return printed


@pytest.fixture(scope="module")
def environment(one_prometheus, tmp_path_factory):
    """Variables that keep Jupyter, IPython and monitorkit to folders of this test."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR", "MONITORKIT_STATE"):
            (home / name).mkdir()
            patch.setenv(name, str(home / name))
        yield home


@pytest.fixture(scope="module")
def kernels(environment):
    """A kernel that serves several tests, replaced by a new one after it was killed."""
    current = []

    def kernel():
        if not current or not current[0][0].is_alive():
            current[:] = [started()]
        return current[0]

    yield kernel
    for manager, client in current:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        manager.context.destroy()


def started():
    manager = KernelManager(kernel_name="python3")
    manager.kernel_spec.argv[0] = sys.executable
    manager.start_kernel()
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=60)
    return manager, client


@pytest.fixture
def kernel(kernels):
    """Kernel manager, its client, pids of Prometheus, the model's process and their guards, Prometheus' folder."""
    manager, client = kernels()
    printed = run(client, START)
    model, pid, folder = printed.split()[-3:]
    return manager, client, family(pid) + family(model), folder


def test_an_interrupt_of_a_busy_kernel_leaves_it_running(kernel):
    manager, client, pids, _ = kernel
    request = client.execute("import time; print('busy', flush=True); time.sleep(60)")
    assert output(client, request, until="busy") == "busy\n"
    manager.interrupt_kernel()
    assert "KeyboardInterrupt" in output(client, request)
    assert all(map(alive, pids))
    assert "True [1.0]" in run(client, "print(prom.ready(), server.predict([[1.0]]).predictions)")


def test_an_interrupt_of_a_start_leaves_nothing_half_started(kernel, one_prometheus):
    manager, client, pids, _ = kernel
    process = psutil.Process(manager.provisioner.process.pid)

    def servers():
        return [one.pid for one in process.children(recursive=True) if one.name() == one_prometheus.name]

    request = client.execute("mk.start_prometheus(name='second')")
    assert wait_until(lambda: len(servers()) == 2, timeout_seconds=20)
    manager.interrupt_kernel()
    assert "KeyboardInterrupt" in output(client, request)
    assert servers() == pids[:1]
    assert "None" in run(client, "from monitorkit import running; print(running.known('prometheus', 'second'))")


def test_a_cell_run_twice_and_a_file_run_twice_give_the_same_process(kernel, tmp_path):
    _, client, pids, folder = kernel
    same = [str(pids[2]), str(pids[0]), folder]
    assert run(client, START).split()[-3:] == same
    (tmp_path / "cell.py").write_text(START)
    for _ in range(2):
        assert run(client, f"%run {tmp_path / 'cell.py'}").split()[-3:] == same
    reloaded = "import importlib, monitorkit.running; importlib.reload(monitorkit.running); "
    assert run(client, reloaded + START).split()[-3:] == same


def test_a_second_kernel_cannot_take_the_data_folder_of_the_first(kernel, environment, tmp_path):
    manager, client, _, _ = kernel
    code = f"mk.start_prometheus(name='data', data={str(tmp_path)!r}, wait=False)"
    assert "Prometheus('data'" in run(client, f"print({code})")
    second, other = started()
    try:
        printed = run(other, f"import monitorkit as mk; {code}")
    finally:
        other.stop_channels()
        second.shutdown_kernel(now=True)
        second.context.destroy()
    assert f"{tmp_path} is in use by process {manager.provisioner.process.pid} (" in printed
    assert "Traceback" not in printed


def test_a_killed_prometheus_says_so_and_starts_again(kernel):
    _, client, pids, folder = kernel
    os.kill(pids[0], signal.SIGKILL)
    printed = run(client, "prom.query('up')")
    assert "ended by signal 9 (SIGKILL); mk.start_prometheus() starts it again" in printed
    assert "Traceback" not in printed
    pid, again = run(client, START).split()[-2:]
    assert again == folder
    assert int(pid) != pids[0]


@pytest.mark.parametrize("now", [False, True], ids=["restart", "restart at once"])
def test_a_restart_ends_it(kernel, now):
    manager, client, pids, folder = kernel
    manager.restart_kernel(now=now)
    client.wait_for_ready(timeout=60)
    assert gone(pids, folder)


def test_a_killed_kernel_leaves_no_orphan(kernel):
    manager, client, pids, folder = kernel
    os.kill(manager.provisioner.process.pid, signal.SIGKILL)
    assert gone(pids, folder)
    client.stop_channels()
    manager.cleanup_resources()
    manager.context.destroy()


def test_a_killed_kernel_with_a_forked_child_leaves_no_orphan(kernel):
    manager, client, pids, folder = kernel
    # The child holds the other end of the guard's pipe open.
    child = int(
        run(client, "import os, time\nif not (pid := os.fork()):\n    time.sleep(60)\n    os._exit(0)\nprint(pid)")
    )
    try:
        os.kill(manager.provisioner.process.pid, signal.SIGKILL)
        assert gone(pids, folder)
    finally:
        os.kill(child, signal.SIGKILL)
        client.stop_channels()
        manager.cleanup_resources()
        manager.context.destroy()


@pytest.fixture
def node(kernels):
    """Kernel manager, its client, pids of a node exporter and its guard, its folder."""
    try:
        find("node_exporter")
    except ServiceError as missing:
        pytest.skip(str(missing))
    manager, client = kernels()
    pid, folder = run(client, START_NODE).split()[-2:]
    return manager, client, family(pid), folder


def test_a_node_exporter_outlives_an_interrupt_and_the_cell_run_again(node):
    manager, client, pids, folder = node
    request = client.execute("import time; print('busy', flush=True); time.sleep(60)")
    assert output(client, request, until="busy") == "busy\n"
    manager.interrupt_kernel()
    assert "KeyboardInterrupt" in output(client, request)
    assert run(client, START_NODE).split()[-2:] == [str(pids[0]), folder]
    assert all(map(alive, pids))


@pytest.mark.parametrize("now", [False, True], ids=["restart", "restart at once"])
def test_a_restart_ends_a_node_exporter(node, now):
    manager, client, pids, folder = node
    manager.restart_kernel(now=now)
    client.wait_for_ready(timeout=60)
    assert gone(pids, folder)


def test_a_killed_kernel_leaves_no_node_exporter(node):
    manager, client, pids, folder = node
    os.kill(manager.provisioner.process.pid, signal.SIGKILL)
    assert gone(pids, folder)
    client.stop_channels()
    manager.cleanup_resources()
    manager.context.destroy()


@pytest.fixture
def jupyter_server(environment):
    """A Jupyter server: its process and a function that asks its API."""
    token, port = secrets.token_hex(16), free_port("jupyter")
    command = [sys.executable, "-m", "jupyter_server", f"--port={port}", "--ServerApp.port_retries=0", "--no-browser"]
    command += [f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={environment}", "--allow-root"]
    with (environment / "server.log").open("wb") as log, session() as http:
        process = subprocess.Popen(command, stdout=log, stderr=log)
        http.headers["Authorization"] = f"token {token}"

        def ask(method, path):
            return http.request(method, f"http://127.0.0.1:{port}/api/{path}", timeout=20)

        def up():
            try:
                return ask("GET", "status").ok
            except OSError:
                return False

        try:
            assert wait_until(up, timeout_seconds=60), (environment / "server.log").read_text()
            yield process, ask
        finally:
            process.kill()
            process.wait()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_jupyter_server_leaves_no_orphan(jupyter_server, environment, number):
    server, ask = jupyter_server
    kernel_id = ask("POST", "kernels").json()["id"]
    file = environment / "JUPYTER_RUNTIME_DIR" / f"kernel-{kernel_id}.json"
    assert wait_until(file.exists, timeout_seconds=20)
    assert json.loads(file.read_text())["key"]
    client = BlockingKernelClient(connection_file=str(file))
    client.load_connection_file()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        model, pid, folder = run(client, START).split()[-3:]
        pids = family(pid) + family(model)
        server.send_signal(number)
        server.wait(20)
        assert gone(pids, folder)
    finally:
        client.stop_channels()
        client.context.destroy()
