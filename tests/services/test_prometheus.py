"""One running Prometheus per version, shared by the tests that leave it as they found it."""

import os
import signal
from pathlib import Path

import psutil
import pytest

from monitorkit import ports, running, start_prometheus
from monitorkit.errors import InvalidType, InvalidValue, RuleError, ServerUnavailable, ServiceError
from monitorkit.processes import wait_until

RULE = {"record": "warmth", "expr": "temperature * 2"}


@pytest.fixture(scope="module")
def prom(prometheus_binary, exporter):
    with start_prometheus(targets=[exporter], name="shared", rules=[RULE]) as prometheus:
        prometheus.first = prometheus.query("temperature")
        yield prometheus


def documents(prom):
    return prom._transport.call("api/v1/rules").data["groups"]


def test_the_first_sample_can_be_queried_when_it_returns(prom):
    assert prom.first["value"].tolist() == [21]
    assert prom.first.index.to_frame()["job"].tolist() == ["ai_model"]


def test_it_scrapes_itself_too(prom, exporter):
    found = prom.targets().set_index("job")
    assert dict(found["health"]) == {"ai_model": "up", "prometheus": "up"}
    assert found.loc["ai_model", "instance"] == exporter
    assert f"http://{found.loc['prometheus', 'instance']}" == prom.url


def test_rules_given_as_objects_are_evaluated(prom):
    assert wait_until(lambda: prom.query("warmth")["value"].tolist() == [42], timeout_seconds=10)


def test_the_same_name_gives_the_same_object_and_process(prom):
    pid, reloads = prom.pid, prom.query("prometheus_config_last_reload_success_timestamp_seconds")["value"].tolist()
    assert start_prometheus(name="shared") is prom
    assert start_prometheus(name="shared", rules=[RULE]) is prom
    assert prom.pid == pid
    assert prom.query("prometheus_config_last_reload_success_timestamp_seconds")["value"].tolist() == reloads


def test_it_becomes_the_latest(prom):
    assert start_prometheus(name="shared") is running.latest("prometheus")


def test_another_interval_is_loaded_without_a_restart(prom):
    pid = prom.pid
    start_prometheus(name="shared", scrape_interval="500ms", wait=False)
    assert "scrape_interval: 500ms" in prom._transport.call("api/v1/status/config").data["yaml"]
    assert prom.pid == pid
    start_prometheus(name="shared", scrape_interval="1s", wait=False)


def test_what_only_a_restart_changes_is_refused(prom):
    with pytest.raises(InvalidValue, match=r"retention: 'shared' runs with retention=None.*stop\(\) it first"):
        start_prometheus(name="shared", retention="1d")


def test_a_wrong_rule_is_refused_and_the_old_ones_stay(prom):
    before = prom._server.storage.config.read_text()
    with pytest.raises(RuleError, match=r"^line \d+: .*unclosed left parenthesis"):
        start_prometheus(name="shared", rules=[{"alert": "Bad", "expr": "sum(up"}])
    assert [rule["name"] for group in documents(prom) for rule in group["rules"]] == ["warmth"]
    assert prom._server.storage.config.read_text() == before
    prom.reload()


def test_without_promtool_prometheus_itself_refuses_with_its_reason(prom, monkeypatch):
    monkeypatch.setattr("monitorkit.services.setup.config_files.beside", lambda *_: None)
    with pytest.raises(ServiceError, match=r"(?s)goes on with the old one: .*unclosed left parenthesis"):
        start_prometheus(name="shared", rules=[{"alert": "Bad", "expr": "sum(up"}])
    assert [rule["name"] for group in documents(prom) for rule in group["rules"]] == ["warmth"]
    assert "temperature * 2" in prom._server.storage.rules.read_text()
    prom.reload(wait=False)


def test_an_edited_rule_file_is_loaded_by_the_next_call(prom, tmp_path):
    file = tmp_path / "mine.yml"
    file.write_text("groups: [{name: mine, rules: [{record: a, expr: up}]}]")
    start_prometheus(name="shared", rules=[file], wait=False)
    file.write_text("groups: [{name: mine, rules: [{record: b, expr: up}]}]")
    start_prometheus(name="shared", rules=[file], wait=False)
    assert [rule["name"] for group in documents(prom) for rule in group["rules"]] == ["b"]
    start_prometheus(name="shared", rules=[RULE], wait=False)


def test_targets_join_and_leave_and_one_that_is_down_is_warned_of_at_the_callers_line(prom, exporter):
    with pytest.warns(UserWarning, match=r"127\.0\.0\.1:1/metrics \(job second\) is down: .*refused") as caught:
        prom.add_target([f"http://{exporter}/other", "127.0.0.1:1"], job="second")
    assert caught[0].filename == __file__
    assert prom.query('temperature{job="second"}')["value"].tolist() == [21]
    assert "3 of 4 targets up" in prom._repr_html_()
    assert "second 127.0.0.1:1 is down" in prom._repr_html_()
    with pytest.raises(InvalidValue, match=r"is not among the targets \(.*127\.0\.0\.1:1\)"):
        prom.remove_target("127.0.0.1:2")
    prom.remove_target("127.0.0.1:1", job="second", wait=False)
    prom.remove_target(f"http://{exporter}/other")
    assert set(prom.targets()["job"]) == {"ai_model", "prometheus"}


def test_waiting_ends_after_the_time_given(prom, exporter):
    with pytest.warns(UserWarning, match=r"target .* \(job late\) is not known yet after 0\.01 s"):
        prom.add_target(exporter, job="late", wait=0.01)
    prom.remove_target(exporter, job="late", wait=False)


def test_it_can_be_a_target_itself(prom):
    assert prom.metrics_url == f"{prom.url}/metrics"


def test_its_log_reads_as_lines(prom):
    assert "\n" in repr(prom.logs(5))
    assert len(prom.logs(5).splitlines()) == 5


def test_its_repr_says_where_and_how_it_is(prom):
    assert repr(prom) == f"Prometheus('shared', {prom.url}, {prom.version}, running)"


def test_killed_it_says_so_and_starts_again_with_port_and_data(prom):
    url, pid = prom.url, prom.pid
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(
        ServerUnavailable, match=r"its process ended by signal 9 \(SIGKILL\); mk\.start_prometheus\(name='s"
    ):
        prom.query("up")
    assert not prom.alive
    assert "ended by signal 9" in prom._repr_html_()
    assert start_prometheus(name="shared", wait=False) is prom
    assert prom.url == url
    assert prom.pid != pid
    assert not prom.samples("temperature[10m]").empty


def test_stopped_it_leaves_nothing_and_says_so(start):
    prom = start(name="gone")
    pid, folder = prom.pid, prom._server.storage.temporary
    prom.stop()
    prom.stop()
    assert not psutil.pid_exists(pid)
    assert not folder.exists()
    assert repr(prom).endswith(", stopped)")
    with pytest.raises(
        ServerUnavailable, match=r"it was stopped; mk\.start_prometheus\(name='gone'\) starts a new one"
    ):
        prom.query("up")
    with pytest.raises(ServiceError, match="it was stopped"):
        prom.reload()
    assert start(name="gone") is not prom


def test_the_same_name_has_the_same_port_after_a_stop(start):
    first = start(name="port")
    first.stop()
    assert start(name="port").url == first.url


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # Python 3.12: threads of other tests
def test_a_forked_child_cannot_stop_it(start):
    prom = start(name="forked")
    if os.fork() == 0:
        prom.stop()
        os._exit(0)
    os.wait()
    assert prom.ready()
    assert prom._server.storage.temporary.exists()


def test_a_block_stops_it(prometheus_binary):
    with start_prometheus(name="block", wait=False) as prom:
        assert prom.ready()
    assert not prom.alive


def test_an_interrupt_while_waiting_leaves_nothing(prometheus_binary, monkeypatch):
    pids = []

    def interrupted(*_, **__):
        pids.append(running.latest("prometheus").pid)
        raise KeyboardInterrupt

    monkeypatch.setattr("monitorkit.services.prometheus.await_first_scrape", interrupted)
    with pytest.raises(KeyboardInterrupt):
        start_prometheus(name="interrupted")
    assert not psutil.pid_exists(pids[0])
    assert running.known("prometheus", "interrupted") is None


def test_a_taken_port_is_named(start, exporter):
    port = int(exporter.rpartition(":")[2])
    with pytest.raises(ServiceError, match=rf"port {port} on 127\.0\.0\.1: .*in use; name another port, or none"):
        start(name="taken", port=port)


def test_a_port_stolen_in_between_by_another_prometheus_is_replaced(prom, start, monkeypatch):
    stolen = int(prom.url.rpartition(":")[2])
    found = ports.free_port
    offers = iter([stolen])
    monkeypatch.setattr(ports, "free_port", lambda *a, **o: next(offers, None) or found(*a, **o))
    other = start(name="stolen")
    assert other.url != prom.url
    assert other._transport.call("api/v1/status/flags").data["storage.tsdb.path"] == str(other._server.storage.data)


def test_samples_in_a_named_folder_are_kept(start, tmp_path):
    first = start(name="kept", data=tmp_path / "data", rules={"record": "one", "expr": "vector(1)"})
    assert wait_until(lambda: not first.query("one").empty, timeout_seconds=15)
    first.stop()
    assert (tmp_path / "data" / "wal").is_dir()
    assert not start(name="again", data=tmp_path / "data").samples("one[10m]").empty


def test_a_folder_in_use_is_refused_with_who_uses_it(start, tmp_path):
    first = start(name="first", data=tmp_path)
    before = first._server.storage.config.read_text()
    with pytest.raises(ServiceError, match=rf"{tmp_path} is in use by this process"):
        start(name="second", data=tmp_path)
    assert first._server.storage.config.read_text() == before
    first.reload(wait=False)


def test_a_folder_in_use_by_a_foreign_prometheus_is_refused(start, tmp_path):
    first = start(name="first", data=tmp_path)
    # As if the other had not been started by this package and so did not hold its lock.
    first._server.storage.lock.unlink()
    with pytest.raises(ServiceError, match="in use by another Prometheus"):
        start(name="second", data=tmp_path)


def test_retention_and_flags_reach_the_command_line(start):
    prom = start(name="flags", retention="36h", flags=["--web.page-title=mine"])
    flags = prom._transport.call("api/v1/status/flags").data
    assert flags["storage.tsdb.retention.time"] == "1d12h"
    assert flags["web.page-title"] == "mine"


def test_a_process_that_ends_at_the_start_shows_its_log(start):
    with pytest.raises(ServiceError, match=r"(?s)ended with status [12] before it was ready.*\| .*--no-such-flag"):
        start(name="bad", flags=["--no-such-flag"])
    assert running.known("prometheus", "bad") is None


def config(folder, job="mine", rule="up"):
    (folder / "rules").mkdir(exist_ok=True)
    (folder / "rules" / "one.yml").write_text(f"groups: [{{name: g, rules: [{{record: x, expr: '{rule}'}}]}}]")
    file = folder / "prometheus.yml"
    file.write_text(
        "global: {scrape_interval: 1s}\nrule_files: [rules/*.yml]\n"
        f"scrape_configs:\n  - job_name: {job}\n    static_configs: [{{targets: ['127.0.0.1:1']}}]\n"
    )
    return file


def test_a_file_of_ones_own_is_used_as_it_is_and_read_again(start, tmp_path):
    file = config(tmp_path)
    prom = start(name="own", config=file)
    assert [group["file"] for group in documents(prom)] == [str(tmp_path / "rules" / "one.yml")]
    config(tmp_path, job="yours")
    prom.reload(wait=False)
    assert "job_name: yours" in prom._transport.call("api/v1/status/config").data["yaml"]
    config(tmp_path, job="theirs")
    assert start(name="own", config=file) is prom
    assert "job_name: theirs" in prom._transport.call("api/v1/status/config").data["yaml"]
    with pytest.raises(InvalidValue, match="decides the targets; change it there"):
        prom.add_target("a:1")


@pytest.mark.parametrize("text", ["nonsense: [", "a: \x00", "- 1", "scrape_configs: 3"])
def test_a_file_of_ones_own_that_was_spoilt_is_named_and_the_old_one_goes_on(start, tmp_path, text):
    file = config(tmp_path)
    prom = start(name="spoilt", config=file)
    file.write_text(text)
    for again in (prom.reload, lambda: start(name="spoilt", config=file)):
        with pytest.raises(ServiceError, match=rf"spoilt: {file}:?\d*: "):
            again()
    assert prom.query("vector(1)")["value"].tolist() == [1]


def test_a_wrong_file_of_ones_own_is_named_with_its_line(start, tmp_path):
    file = config(tmp_path)
    file.write_text(file.read_text().replace("job_name", "job_nam"))
    with pytest.raises(ServiceError, match=rf"{file}:4: field job_nam not found"):
        start(name="wrong", config=file)


def test_a_wrong_rule_file_of_ones_own_is_named_and_the_old_one_goes_on(start, tmp_path):
    prom = start(name="own", config=config(tmp_path))
    config(tmp_path, rule="sum(up")
    with pytest.raises(RuleError, match="unclosed") as caught:
        prom.reload()
    assert (Path(caught.value.file).name, caught.value.line) == ("one.yml", 1)
    assert [rule["query"] for group in documents(prom) for rule in group["rules"]] == ["up"]


@pytest.mark.parametrize("name", ["", " ", None, 3])
def test_a_name_that_is_none_is_refused(name):
    with pytest.raises(InvalidValue, match="must be a text that is not empty"):
        start_prometheus(name=name)


def test_what_is_no_number_of_lines_or_no_job_is_refused(start):
    prom = start(name="lines")
    for n in (0, -1, None, 1.5, "all"):
        with pytest.raises(InvalidValue, match=r"n: .* is no number of lines"):
            prom.logs(n)
    with pytest.raises(InvalidType, match=r"job: \['web'\] is no text"):
        prom.add_target("127.0.0.1:9", ["web"])
