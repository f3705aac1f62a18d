import os
import signal
import sys

import psutil
import pytest

from monitorkit import InvalidType, InvalidValue, ServiceError, ports, running, start_node_exporter, start_prometheus
from monitorkit.processes import run, wait_until
from monitorkit.query.connection.sessions import session
from monitorkit.services import find
from monitorkit.services.node_exporter import KIND
from monitorkit.services.setup.targets import jobs


@pytest.fixture(scope="module", autouse=True)
def _binary():
    try:
        find("node_exporter")
    except ServiceError as missing:
        pytest.skip(str(missing))


@pytest.fixture
def node():
    with start_node_exporter(name="node of a test") as node:
        yield node


def scraped(node):
    with session() as http:
        return http.get(node.metrics_url, timeout=20).text


def test_it_tells_of_this_machine(node):
    assert node.url.startswith("http://127.0.0.1:")
    lines = [line for line in scraped(node).splitlines() if line.startswith("node_memory_MemTotal_bytes ")]
    assert [float(line.split()[1]) for line in lines] == [psutil.virtual_memory().total]


def test_it_answers_on_this_machine_only(node):
    listening = [one.laddr.ip for one in psutil.Process(node.pid).net_connections() if one.status == "LISTEN"]
    assert listening == ["127.0.0.1"]


def test_the_cell_run_again_finds_it(node):
    again = start_node_exporter(name=node.name)
    assert again is node
    assert start_node_exporter(name=node.name, port=node.port, flags=[]) is node


def test_one_that_was_killed_starts_again_on_its_port():
    with start_node_exporter(name="killed") as first:
        os.kill(first.pid, signal.SIGKILL)
        assert wait_until(lambda: not first.alive, timeout_seconds=10)
        assert "stopped" in repr(first)
        with start_node_exporter(name="killed") as second:
            assert second is not first
            assert second.port == first.port
            assert second.alive


def test_it_is_gone_when_it_is_stopped():
    node = start_node_exporter(name="short")
    pid, folder = node.pid, node._folder
    assert (KIND, "short") in running._register().services
    node.stop()
    node.stop()
    assert not psutil.pid_exists(pid)
    assert not folder.exists()
    assert running.known(KIND, "short") is None


def test_prometheus_scrapes_it_as_job_node(one_prometheus, exporter, node):
    with start_prometheus(targets=[exporter, node], name="with a node") as prom:
        frame = prom.query("node_memory_MemTotal_bytes")
        assert frame["value"].to_list() == [psutil.virtual_memory().total]
        assert frame.index.get_level_values("job").to_list() == ["node"]
        assert prom.query("temperature").index.get_level_values("job").to_list() == ["ai_model"]


def test_a_target_that_knows_its_job_goes_there(node):
    by_job = jobs([node, "127.0.0.1:1", node])
    assert {job: [one.address for one in targets] for job, targets in by_job.items()} == {
        "node": [f"127.0.0.1:{node.port}"],
        "ai_model": ["127.0.0.1:1"],
    }
    assert list(jobs(node)) == ["node"]
    assert list(jobs({"machines": [node]})) == ["machines"]


def test_its_own_flags_reach_it():
    with start_node_exporter(name="flags", flags=["--collector.disable-defaults", "--collector.meminfo"]) as node:
        text = scraped(node)
    assert "node_memory_MemTotal_bytes" in text
    assert "node_cpu_seconds_total" not in text


def test_a_wrong_flag_is_told_with_its_log_and_leaves_nothing():
    with pytest.raises(ServiceError, match="unknown long flag '--nonsense'"):
        start_node_exporter(name="wrong flag", flags="--nonsense")
    assert running.known(KIND, "wrong flag") is None


def test_a_taken_port_is_told(node):
    with pytest.raises(ServiceError, match=f"port {node.port} on 127.0.0.1: .*name another port, or none"):
        start_node_exporter(name="taken", port=node.port)


def test_it_ends_with_the_process_that_started_it():
    code = (
        "import monitorkit as mk; print(mk.start_node_exporter(name='orphan').pid); import os; os.kill(os.getpid(), 9)"
    )

    done = run([sys.executable, "-c", code], timeout_seconds=60)
    pid = int(done.output.split()[-1])
    assert wait_until(lambda: not psutil.pid_exists(pid), timeout_seconds=10)


def test_it_is_shown(node):
    html = node._repr_html_()
    assert node.metrics_url in html
    assert "running" in html
    assert node.binary.version in repr(node)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"name": ""}, InvalidValue, "name: '' must be a text"),
        ({"name": 7}, InvalidValue, "name: 7 must be a text"),
        ({"flags": 7}, InvalidType, "flags: 7: give a list of texts"),
        ({"flags": [7]}, InvalidType, "flags: .*give a list of texts"),
        ({"port": "9100"}, InvalidType, "port: '9100' is no whole number"),
    ],
)
def test_wrong_arguments_are_told(arguments, error, message):
    with pytest.raises(error, match=message):
        start_node_exporter(**arguments)


def test_one_that_runs_is_not_changed(node):
    with pytest.raises(InvalidValue, match="flags: 'node of a test' runs already, with flags"):
        start_node_exporter(name=node.name, flags=["--collector.meminfo"])
    other = ports.free_port("another")
    with pytest.raises(InvalidValue, match=f"port: 'node of a test' runs already, with port {node.port}"):
        start_node_exporter(name=node.name, port=other)
