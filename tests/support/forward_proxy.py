"""A forward proxy on loopback that takes every host for one server, and remembers what it was asked."""

import base64
import select
import socket
import threading
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

IDLE_SECONDS = 10


class Proxy:
    """Where it is, who may use it, and what it was asked."""

    def __init__(self, url, target, user=None):
        self.url = url
        self.target = target
        self.expected = f"Basic {base64.b64encode(user.encode()).decode()}" if user else None
        self.asked = []


def _pass_on(one, other):
    """Copy bytes both ways until one side ends."""
    while select.select([one, other], [], [], IDLE_SECONDS)[0]:
        for source, sink in ((one, other), (other, one)):
            if select.select([source], [], [], 0)[0]:
                data = source.recv(65536)
                if not data:
                    return
                sink.sendall(data)


@contextmanager
def forward_proxy(target, user=None):
    """Run one on a free port; `target` is host and port of the server, `user` is ``name:password``."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def allowed(self):
            proxy.asked.append((self.command, self.path, dict(self.headers)))
            if proxy.expected in {None, self.headers.get("Proxy-Authorization")}:
                return True
            self.send_response(407, "Proxy Authentication Required")
            self.send_header("Proxy-Authenticate", 'Basic realm="proxy"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return False

        def do_GET(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if not self.allowed():
                return
            parts = urlsplit(self.path)
            assert parts.scheme == "http"
            connection = HTTPConnection(*proxy.target, timeout=IDLE_SECONDS)
            headers = {name: value for name, value in self.headers.items() if not name.startswith("Proxy-")}
            connection.request(
                self.command, parts.path + (f"?{parts.query}" if parts.query else ""), body or None, headers
            )
            response = connection.getresponse()
            content = response.read()
            self.send_response_only(response.status)
            for name, value in response.getheaders():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)
            connection.close()

        do_POST = do_GET  # noqa: N815 - the name that http.server looks for

        def do_CONNECT(self):
            if not self.allowed():
                return
            with socket.create_connection(proxy.target, timeout=IDLE_SECONDS) as server:
                self.send_response_only(200)
                self.end_headers()
                _pass_on(self.connection, server)
            self.close_connection = True

        def log_message(self, *_):
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        proxy = Proxy(f"http://127.0.0.1:{server.server_port}", target, user)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield proxy
        finally:
            server.shutdown()
            thread.join()
