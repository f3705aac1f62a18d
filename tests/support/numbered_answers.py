"""A server whose every answer is its number, so that an answer that was kept is known; and what a cache did."""

import json

import numpy as np
import pandas as pd

T0 = 1_700_000_000
WINDOW = {"start": T0, "end": T0 + 10, "step": 1}


def vary(faulty, *, started="2026-01-01T00:00:00Z", **more):
    """Behaviour of a server whose every answer is its number, at each step."""
    count = iter(range(10**6))

    def behave(handler):
        if handler.path.endswith("buildinfo"):
            body = {"version": "3.5.3", "revision": "r", "goVersion": "g"}
        elif handler.path.endswith("runtimeinfo"):
            body = {"startTime": started}
        else:
            form = {name: float(handler.form[name]) for name in ("start", "end", "step")}
            times = np.arange(form["start"], form["end"] + form["step"] / 2, form["step"]).tolist()
            number = str(next(count))
            body = {"resultType": "matrix", "result": [{"metric": {}, "values": [[t, number] for t in times]}]}
        faulty.answer(handler, 200, json.dumps({"status": "success", "data": body, **more}).encode())

    return behave


def slow(faulty, *, n_steps, gone=()):
    """Behaviour of a server that takes for ever over more steps than so many, and over what begins where told."""
    answer = vary(faulty)

    def behave(handler):
        if "step" in handler.form:
            start, end, step = (float(handler.form[name]) for name in ("start", "end", "step"))
            if (end - start) / step + 1 > n_steps or start in gone:
                handler.server.released.wait(30)
                handler.close_connection = True
                return
        answer(handler)

    return behave


def number(client, expr="x", **more):
    return client.query_range(expr, **{**WINDOW, **more}).iloc[0, 0]


def steps(frame):
    return frame.attrs["cache"]["reused_steps"], frame.attrs["cache"]["asked_steps"]


def assert_same(cached, plain):
    """Equal to the bit, `attrs` as well, but for what the cache did."""
    pd.testing.assert_frame_equal(cached, plain, check_exact=True)
    for column in range(plain.shape[1]):
        if plain.dtypes.iloc[column] == np.float64:
            assert cached.iloc[:, column].to_numpy().tobytes() == plain.iloc[:, column].to_numpy().tobytes()
    assert {**cached.attrs, "cache": None} == {**plain.attrs, "cache": None}
