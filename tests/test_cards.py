from monitorkit.cards import card, link


def test_a_card_frames_its_lines_as_they_are():
    assert card("<b>a</b>", "{b}").endswith('"><b>a</b><br>{b}</div>')


def test_a_link_escapes_its_address():
    assert link("http://h/'\"><b>") == (
        '<a href="http://h/&#x27;&quot;&gt;&lt;b&gt;" target="_blank" rel="noopener noreferrer">'
        "http://h/&#x27;&quot;&gt;&lt;b&gt;</a>"
    )
