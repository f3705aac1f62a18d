"""A server that keeps what it was asked, to the byte, and gives the answers it is told to give."""

import json
import threading
import urllib.parse
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

BUILD = {"version": "3.5.3", "revision": "r", "goVersion": "go1.27"}


def vector(*series, **more):
    """Answer of an instant query: one value for each label set."""
    result = [{"metric": labels, "value": [1_700_000_000, str(value)]} for labels, value in series]
    return {"status": "success", "data": {"resultType": "vector", "result": result}, **more}


def matrix(*series, **more):
    """Answer of a range query: pairs of time and value for each label set."""
    result = [{"metric": labels, "values": [[time, str(value)] for time, value in pairs]} for labels, pairs in series]
    return {"status": "success", "data": {"resultType": "matrix", "result": result}, **more}


def refusal(message, kind="bad_data"):
    """Answer to a query that is none."""
    return {"status": "error", "errorType": kind, "error": message}


class Recording:
    """What was asked, and what is answered."""

    def __init__(self, url):
        self.url = url
        self.asked = []
        self.build = BUILD
        self.instant = vector(({"__name__": "up", "job": "a"}, 1))
        self.ranged = matrix(({"__name__": "up", "job": "a"}, []))

    @property
    def queries(self):
        """The queries as they arrived."""
        return [params["query"] for path, params in self.asked if path.startswith("/api/v1/query")]

    def reply(self, path):
        if path == "/api/v1/status/buildinfo":
            return {"status": "success", "data": self.build}
        return self.ranged if path == "/api/v1/query_range" else self.instant


@contextmanager
def recording_server():
    """Run one on a free port of loopback."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 1 << 16  # head and body in one packet

        def do_GET(self):
            self.answer(urllib.parse.urlsplit(self.path).query.encode())

        def do_POST(self):
            self.answer(self.rfile.read(int(self.headers["Content-Length"])))

        def answer(self, form):
            path = urllib.parse.urlsplit(self.path).path
            params = urllib.parse.parse_qs(form.decode("ascii"), keep_blank_values=True, strict_parsing=bool(form))
            recording.asked.append((path, {name: value[0] for name, value in params.items()}))
            reply = recording.reply(path)
            body = json.dumps(reply).encode()
            self.send_response(200 if reply["status"] == "success" else 400)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        recording = Recording(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield recording
        finally:
            server.shutdown()
            thread.join()
