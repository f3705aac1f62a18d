"""Something to scrape whose labels hold what breaks quoting, and a Prometheus that scrapes it."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_server import start

from monitorkit.labels import quote
from monitorkit.processes import run, wait_until
from monitorkit.query import PrometheusClient

PATHS = (
    *("plain", 'say "hi"', "it's", "back\\slash", "two\nlines", "a|b", "`", "日本 😀", "{{job}}", "{x}", "50 %"),
    "<img src=x onerror=alert(1)>",
)
"""Values of the label ``path`` of ``odd_total``, one series each."""

TEXT = (
    "# HELP odd_total Counts <b>odd</b> things.\n# TYPE odd_total counter\n"
    + "".join(f"odd_total{{path={quote(path)}}} 1\n" for path in PATHS)
    + "# HELP plain_seconds Seconds of nothing.\n# TYPE plain_seconds gauge\nplain_seconds 1\n"
)
UTF8 = '# TYPE "my.metric" gauge\n{"my.metric", "a.b"="1"} 1\n'
"""What Prometheus has understood since 3.0."""


@contextmanager
def target(text):
    """Expose text as metrics; gives the address."""
    body = text.encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def odd_prometheus(binary, folder):
    """Client of a Prometheus that has scraped it."""
    new = " 3." in run([binary, "--version"], timeout_seconds=20).output.splitlines()[0]
    with target(TEXT + (UTF8 if new else "")) as address:
        config = {
            "global": {"scrape_interval": "1s"},
            "scrape_configs": [{"job_name": "odd", "static_configs": [{"targets": [address]}]}],
        }
        process, url = start(binary, folder, json.dumps(config))
        try:
            with PrometheusClient(url) as client:
                assert wait_until(lambda: len(client.query("odd_total")) == len(PATHS), timeout_seconds=60)
                yield client
        finally:
            process.stop()
