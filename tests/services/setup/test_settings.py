import pytest

from monitorkit.errors import InvalidType, InvalidValue
from monitorkit.services.setup.settings import Settings
from monitorkit.services.setup.targets import Target


def test_what_is_left_out_stays():
    first = Settings().updated(
        targets=["a:1"], scrape_interval="5s", retention="30d", rules={"record": "x", "expr": "up"}
    )
    assert first.updated() == first
    assert first.updated(scrape_interval="2s").jobs == {"ai_model": (Target("a:1"),)}


def test_no_targets_and_no_rules_are_given_as_empty_lists():
    first = Settings().updated(targets=["a:1"], rules=[{"record": "x", "expr": "up"}])
    assert first.updated(targets=[], rules=[]) == Settings()


def test_what_only_a_restart_changes_is_told(tmp_path):
    first = Settings().updated(retention="1d")
    assert first.needs_restart(first.updated(targets=["a:1"], scrape_interval=3)) == []
    assert first.needs_restart(first.updated(retention="24h")) == []
    other = first.updated(retention="2d", data=tmp_path, port=9090, host="0.0.0.0", flags="--x")
    assert first.needs_restart(other) == ["retention", "data", "port", "host", "flags"]


@pytest.mark.parametrize("port", [0, -1, 65536, "9090", True, 1.5])
def test_what_is_no_port_is_refused(port):
    with pytest.raises(InvalidValue, match=r"port: .* is no port"):
        Settings().updated(port=port)


def test_a_configuration_file_excludes_what_it_decides_itself(tmp_path):
    file = tmp_path / "prometheus.yml"
    file.touch()
    with pytest.raises(InvalidValue, match=r"targets, rules and config: .* give one or the other"):
        Settings().updated(config=file, targets=["a:1"], rules=[])
    with pytest.raises(InvalidValue, match="scrape_interval and config"):
        Settings().updated(config=file).updated(scrape_interval="1s")
    assert Settings().updated(config=file, retention="1d").config == file


def test_a_configuration_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(InvalidValue, match=r"config: there is no file 'none\.yml'"):
        Settings().updated(config="none.yml")


@pytest.mark.parametrize("flags", [3, True, {"--x": 1}, ["--x", None], b"--x"])
def test_flags_are_texts(flags):
    with pytest.raises(InvalidType, match=r"flags: .*: give a list of texts"):
        Settings().updated(flags=flags)


@pytest.mark.parametrize("name", ["data", "config"])
def test_what_is_no_path_is_refused(name):
    with pytest.raises(InvalidType, match=f"{name}: 3 is no path"):
        Settings().updated(**{name: 3})
    with pytest.raises(InvalidValue, match=f"{name}: '' is no path"):
        Settings().updated(**{name: ""})
