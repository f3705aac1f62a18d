from monitorkit.query.decoding import envelope


def test_remarks_of_the_server_are_kept():
    answer = envelope.plain(b'{"status":"success","data":[],"warnings":["partial"],"infos":["no counter"]}')
    assert (answer.warnings, answer.infos) == (("partial",), ("no counter",))
    assert envelope.plain(b'{"status":"success","data":[],"warnings":null}').warnings == ()
