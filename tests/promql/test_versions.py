import pytest

from monitorkit.errors import InvalidValue
from monitorkit.promql import Dialect, Feature


@pytest.mark.parametrize(
    ("text", "version"), [("3.5", (3, 5)), ("v3.5.3", (3, 5)), ("2.42.0+ds", (2, 42)), ("3.14.0-rc.1", (3, 14))]
)
def test_versions_are_read_as_servers_write_them(text, version):
    assert Dialect.of(text).version == version


@pytest.mark.parametrize("text", ["", "new", "3", "x3.5"])
def test_what_is_no_version_is_refused(text):
    with pytest.raises(InvalidValue, match=r"is no version of Prometheus; write it as in '3\.5'"):
        Dialect.of(text)


def test_a_feature_comes_with_a_version_or_a_flag():
    feature = Feature("it", (3, 4), "flag", (3, 14))
    assert [Dialect.of(v).has(feature) for v in ("3.3", "3.4", "3.13", "3.14")] == [False, False, False, True]
    assert [Dialect.of(v, ["flag"]).has(feature) for v in ("3.3", "3.4", "3.13", "3.14")] == [False, True, True, True]
    assert Dialect.of("3.14").lacks(feature) is None
    assert Dialect.of("3.5").lacks(feature) == (
        "it needs --enable-feature=flag on Prometheus 3.5, or Prometheus 3.14 or newer"
    )
