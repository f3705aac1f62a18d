from monitorkit.notebook.footer import footer

ODD = "\"><img src=x onerror=alert(1)>'"


def test_all_that_comes_from_outside_is_escaped():
    html = footer(f"http://a/{ODD}", {"warnings": [ODD], "infos": [ODD]})["text/html"]
    assert "<img" not in html
    assert html.count("&quot;&gt;&lt;img src=x onerror=alert(1)&gt;&#x27;") == 3
    assert 'target="_blank" rel="noopener noreferrer"' in html


def test_the_plain_form_says_the_same():
    said = footer("http://a/graph", {"warnings": ["w"], "infos": ["i"]})["text/plain"]
    assert said.splitlines() == ["Open in Prometheus: http://a/graph", "warning: w", "info: i"]


def test_where_there_is_nothing_to_say_nothing_is_said():
    assert footer("", {"warnings": [], "infos": []}) == {}
    assert "<a" not in footer("", {"warnings": ["w"], "infos": []})["text/html"]


def test_it_says_what_a_cache_did():
    use = {"reused_steps": 8000, "asked_steps": 640, "reused_pieces": 2, "reason": ""}
    assert footer("", {"warnings": [], "infos": [], "cache": use})["text/plain"] == (
        "cache: 8,000 of 8,640 steps were there"
    )
    use |= {"reused_steps": 0, "reason": ODD}
    said = footer("", {"warnings": [], "infos": [], "cache": use})
    assert said["text/plain"] == f"cache: 0 of 640 steps were there; nothing is kept: {ODD}"
    assert "<img" not in said["text/html"]
