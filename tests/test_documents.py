import pytest

from monitorkit.documents import YamlError, absolute_path, read_yaml, write_file
from monitorkit.errors import InvalidType, InvalidValue


def test_a_path_may_begin_at_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert write_file("~/board.json", "{}") == tmp_path / "board.json"


@pytest.mark.parametrize("path", [None, 3, True, b"board.json", ["board.json"], {}])
def test_what_is_no_path_is_named(path):
    with pytest.raises(InvalidType, match=r"^data: .* is no path; write it as text or as a Path$"):
        absolute_path(path, name="data")


@pytest.mark.parametrize("path", ["", "a\0b"])
def test_a_path_that_names_nothing_is_refused(path):
    with pytest.raises(InvalidValue, match=r"^path: .* is no path; '\.' is the current folder$"):
        absolute_path(path)


def test_a_folder_in_place_of_a_file_is_named_and_left_alone(tmp_path):
    with pytest.raises(InvalidValue, match=rf"path: '{tmp_path}' is a folder; name a file in it"):
        write_file(tmp_path, "text")
    assert list(tmp_path.iterdir()) == []
    assert not list(tmp_path.parent.glob(f".{tmp_path.name}.*"))


def test_what_is_no_yaml_is_told_with_its_place():
    with pytest.raises(YamlError, match=r"line 2, column 4"):
        read_yaml("a: 1\n  b: [\n")
