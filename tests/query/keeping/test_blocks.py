import pytest
from numbered_answers import T0, number, steps, vary

from monitorkit.query import Cache, PrometheusClient

WIDE = {"start": T0, "end": T0 + 999, "step": 1}


@pytest.mark.parametrize("damage", [b"", b"PAR1 not", None], ids=["empty", "foreign", "cut"])
def test_a_file_that_cannot_be_read_is_replaced(faulty, tmp_path, damage):
    faulty.behave = vary(faulty)
    with PrometheusClient(faulty.url, cache=tmp_path) as client:
        assert number(client) == 0
        (path,) = tmp_path.rglob("*.parquet")
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) // 2] if damage is None else damage)
        assert [number(client), number(client)] == [1, 1]


def test_a_file_of_another_question_is_replaced(faulty, tmp_path):
    faulty.behave = vary(faulty)
    with PrometheusClient(faulty.url, cache=tmp_path) as client:
        assert [number(client), number(client, expr="y")] == [0, 1]
        x, y = sorted(tmp_path.rglob("*.parquet"), key=lambda path: b'"query": "y"' in path.read_bytes())
        x.write_bytes(y.read_bytes())
        assert [number(client), number(client), number(client, expr="y")] == [2, 2, 1]


def test_a_folder_that_cannot_be_written_only_keeps_nothing(faulty, tmp_path):
    faulty.behave = vary(faulty)
    cache = Cache(tmp_path / "cache")
    (tmp_path / "cache").write_text("a file in its place", encoding="utf-8")
    with PrometheusClient(faulty.url, cache=cache) as client:
        assert [number(client), number(client)] == [0, 1]


def test_a_folder_that_cannot_be_written_is_told_beside_the_result(history, tmp_path):
    (tmp_path / "file").touch()
    frame = history.query_range("requests_total", start=T0, end=T0 + 100, step=1, cache=tmp_path / "file" / "cache")
    assert len(frame) == 101
    assert "cannot be written" in frame.attrs["cache"]["reason"]
    kept = history.query_range("requests_total", start=T0, end=T0 + 100, step=1, cache=tmp_path / "cache")
    assert kept.attrs["cache"]["reason"] == ""


def test_a_block_is_not_rewritten_for_each_new_step(faulty, tmp_path):
    faulty.behave = vary(faulty)
    with PrometheusClient(faulty.url, cache=tmp_path) as client:
        client.query_range("x", start=T0, end=T0 + 1000, step=1)
        (path,) = tmp_path.rglob("*.parquet")
        before = path.read_bytes()
        assert steps(client.query_range("x", start=T0, end=T0 + 1010, step=1)) == (1001, 10)
        assert path.read_bytes() == before
        assert steps(client.query_range("x", start=T0, end=T0 + 1100, step=1)) == (1001, 100)
        assert steps(client.query_range("x", start=T0, end=T0 + 1100, step=1)) == (1101, 0)


def test_the_longer_of_two_stretches_with_a_gap_is_kept(faulty, tmp_path):
    faulty.behave = vary(faulty)
    with PrometheusClient(faulty.url, cache=tmp_path) as client:
        for start, end, expected in (
            (100, 200, (0, 101)),
            (300, 500, (0, 201)),
            (100, 200, (0, 101)),
            (300, 500, (201, 0)),
            (150, 350, (51, 150)),
            (150, 500, (351, 0)),
        ):
            assert steps(client.query_range("x", start=T0 + start, end=T0 + end, step=1)) == expected


def test_a_damaged_note_of_what_took_too_long_does_no_harm(faulty, tmp_path):
    faulty.behave = vary(faulty)
    with PrometheusClient(faulty.url, cache=tmp_path) as client:
        client.query_range("x", **WIDE)
        (folder,) = tmp_path.iterdir()
        for text in ("", "many", "-7", "9" * 5000):
            (folder / "steps.txt").write_text(text)
            assert len(client.query_range("x", **{**WIDE, "end": T0 + 1200})) == 1201
