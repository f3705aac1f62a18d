"""A model server in the threads of a kernel: what it leaves alone, and what it leaves behind."""

import gc
import subprocess
import sys
import textwrap
import weakref
from pathlib import Path

import pytest

from monitorkit.serving import serve

DESCRIPTORS = Path("/proc/self/fd")
ROWS = [[2.0, 1.0], [1.0, 2.0]]


def first(X):
    return X[:, 0].astype(int)


def run(program, **options):
    program = textwrap.dedent(program)
    return subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", program],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        **options,
    )


def test_a_process_that_never_stops_its_server_ends_all_the_same():
    done = run("""
        import monitorkit as mk
        server = mk.serve(lambda X: X[:, 0], name="left")
        print(server.predict([[1.0]]).predictions)
    """)
    assert (done.returncode, done.stdout, done.stderr) == (0, "[1.0]\n", "")


def test_a_forked_child_has_no_server_and_does_not_keep_its_port():
    done = run("""
        import os, signal, time
        import monitorkit as mk
        from monitorkit import ports, running
        server = mk.serve(lambda X: X[:, 0], name="forked")
        port = int(server.url.rpartition(":")[2])
        child = os.fork()
        if not child:
            alive = server.alive or running.find("model server", "forked")
            server.stop()
            if alive:
                os._exit(1)
            signal.pause()
        print(server.predict([[1.0]]).predictions)
        server.stop()
        print(ports.is_free("127.0.0.1", port))
        print(os.waitpid(child, os.WNOHANG))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    """)
    assert (done.returncode, done.stdout, done.stderr) == (0, "[1.0]\nTrue\n(0, 0)\n", "")


def test_serving_changes_nothing_global():
    done = run("""
        import asyncio, logging, warnings
        before = (logging.root.handlers[:], logging.getLogger("uvicorn").handlers[:], type(asyncio.get_event_loop_policy()))
        import monitorkit as mk
        with mk.serve(lambda X: X[:, 0]) as server:
            server.predict([[1.0]])
        after = (logging.root.handlers, logging.getLogger("uvicorn").handlers, type(asyncio.get_event_loop_policy()))
        print(before == after, logging.getLogger("uvicorn.access").propagate, logging.getLogger("uvicorn.error").level)
    """)
    assert (done.returncode, done.stdout, done.stderr) == (0, "True True 0\n", "")


def test_a_stopped_server_is_not_held_in_memory():
    server = serve(first, name="forgotten")
    server.predict(ROWS)
    kept = weakref.ref(server)
    server.stop()
    del server
    gc.collect()
    assert kept() is None


@pytest.mark.skipif(not DESCRIPTORS.exists(), reason="no /proc here")
def test_a_stopped_server_leaves_no_descriptor_open():
    serve(first, name="once").stop()
    before = len(list(DESCRIPTORS.iterdir()))
    with serve(first, name="twice") as server:
        server.predict(ROWS)
    assert len(list(DESCRIPTORS.iterdir())) <= before
