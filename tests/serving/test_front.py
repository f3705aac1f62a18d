"""The page at the root of a model server, as it is sent."""

import re
from base64 import b64encode
from hashlib import sha256

import pytest


@pytest.fixture
def sent(http, start):
    def sent(**options):
        server = start(**options)
        return http.get(server.url, headers={"accept": "text/html"}, timeout=10)

    return sent


def test_its_policy_allows_its_own_script_and_style_and_nothing_from_elsewhere(sent):
    page = sent(example=[1.0, 2.0])
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for kind in ("style", "script"):
        inside = re.search(rf"<{kind}>(.*?)</{kind}>", page.text, re.DOTALL)[1]
        digest = b64encode(sha256(inside.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    assert not re.search(r"(src|href)=\"?(https?:)?//", page.text)


def test_a_name_cannot_end_the_data_that_it_stands_in(sent):
    page = sent(example=[1.0, 2.0], classes=["</script><script>alert(1)</script>", "b"], name="</title><b>&")
    assert page.text.count("<script>") == 1
    assert "<b>" not in page.text


def test_braces_in_names_are_text(sent):
    assert "{name}" in sent(example=[1.0, 2.0], name="{name} {0} {model}").text
