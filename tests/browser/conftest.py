"""A JupyterLab and a Chromium for all browser tests: both isolated, both closed to anything but loopback."""

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tomllib
from pathlib import Path

import prometheus_server
import pytest
import requests
from playwright.sync_api import sync_playwright

from monitorkit.processes import wait_until

ROOT = Path(__file__).parents[2]
SCREENSHOTS = ROOT / ".cache" / "screenshots"
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# No news, no update check, no autosave dialog, every cell in the page at once, and patience with a busy machine.
SETTINGS = {
    "completer-extension/manager": {"providerTimeout": 3000},
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True},
    "docmanager-extension/plugin": {"autosave": False},
    "notebook-extension/tracker": {"windowingMode": "none"},
}
FOLDERS = {
    "HOME": "home",
    "IPYTHONDIR": "ipython",
    "JUPYTER_CONFIG_DIR": "config",
    "JUPYTER_DATA_DIR": "data",
    "JUPYTER_RUNTIME_DIR": "runtime",
    "JUPYTERLAB_SETTINGS_DIR": "settings",
    "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
}
CELL_ERRORS = """() => {
    const found = [];
    for (const cell of window.jupyterapp.shell.currentWidget.content.model.cells) {
        for (let i = 0; cell.type === 'code' && i < cell.outputs.length; i++) {
            const output = cell.outputs.get(i).toJSON();
            if (output.output_type === 'error') found.push(output.ename + ': ' + output.evalue);
        }
    }
    return found;
}"""


def lay_out(prefix):
    """Put the JupyterLab extension where an install of the working tree would put it, whatever is installed."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    for source, place in project["tool"]["hatch"]["build"]["targets"]["wheel"]["shared-data"].items():
        target = prefix / place
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, target, dirs_exist_ok=True)
        else:
            shutil.copy(ROOT / source, target)
    return prefix / "share" / "jupyter"


class Lab:
    """A JupyterLab of its own on a free port of loopback."""

    def __init__(self, home):
        self.root = home / "root"
        self.root.mkdir()
        environment = dict(os.environ)
        for variable, folder in FOLDERS.items():
            (home / folder).mkdir()
            environment[variable] = str(home / folder)
        # The package's own cache lies in the home that is left behind.
        if binaries := prometheus_server.binaries():
            environment["MONITORKIT_PROMETHEUS"] = str(binaries[0])
        share = lay_out(home / "prefix")
        environment["JUPYTER_PATH"] = str(share)  # goes before what is installed
        for plugin, settings in SETTINGS.items():
            file = home / "settings" / "@jupyterlab" / f"{plugin}.jupyterlab-settings"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(settings))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.token = secrets.token_hex(16)
        self.url = f"http://127.0.0.1:{port}/"
        self.log = (home / "log").open("wb")
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "jupyterlab", "--no-browser", "--ServerApp.ip=127.0.0.1"),
                *(f"--ServerApp.port={port}", "--ServerApp.port_retries=0", f"--ServerApp.root_dir={self.root}"),
                *(f"--IdentityProvider.token={self.token}", "--ServerApp.allow_root=True"),
                *("--LabApp.expose_app_in_browser=True", "--LabApp.news_url=", "--LabApp.extension_manager=readonly"),
                f"--LabApp.app_settings_dir={share / 'lab' / 'settings'}",
            ],
            stdout=self.log,
            stderr=subprocess.STDOUT,
            env=environment,
            cwd=self.root,
            start_new_session=True,
        )
        assert wait_until(self._answers, timeout_seconds=60, interval_seconds=0.1), (home / "log").read_text()

    def _answers(self):
        try:
            return self.api("api/status") is not None
        except requests.ConnectionError:
            return False

    def api(self, path, method="GET"):
        headers = {"Authorization": f"token {self.token}"}
        response = requests.request(method, self.url + path, headers=headers, timeout=10)
        return response.json() if response.content else None

    def end_kernels(self):
        for session in self.api("api/sessions"):
            self.api(f"api/sessions/{session['id']}", "DELETE")

    def stop(self):
        self.end_kernels()
        self.process.terminate()
        self.process.wait(20)
        self.log.close()


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    lab = Lab(tmp_path_factory.mktemp("lab"))
    yield lab
    lab.stop()


@pytest.fixture(scope="module")
def browser():
    # Not for the session: while it is open an event loop runs in this thread, and other tests have loops of their own.
    program = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if not program:
        pytest.skip("no Chromium on this machine")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(CHROMIUM_FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def page(browser, request):
    context = browser.new_context(viewport={"width": 1400, "height": 1000}, reduced_motion="reduce")
    page = context.new_page()
    outside = []

    def only_loopback(route):
        if route.request.url.startswith(("http://127.0.0.1:", "data:", "blob:")):
            route.continue_()
        else:
            outside.append(route.request.url)
            route.abort()

    dialogs = []

    def dismiss(dialog):
        dialogs.append(dialog.message)
        dialog.dismiss()

    page.route("**/*", only_loopback)
    page.on("dialog", dismiss)
    yield page
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{request.node.name}.png")
    context.close()
    assert not outside, f"the page asked for {outside[:3]}"
    assert not dialogs, f"a script ran: {dialogs[:3]}"


class Notebook:
    """A notebook open in JupyterLab."""

    def __init__(self, page, lab, path):
        self.page = page
        page.goto(f"{lab.url}lab/tree/{path.name}?token={lab.token}&reset")
        page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
        self._await(
            "async () => { const widget = window.jupyterapp.shell.currentWidget; await widget.context.ready;"
            " await widget.context.sessionContext.ready; await widget.context.sessionContext.session.kernel.info; }",
            timeout_seconds=60,
        )

    def _await(self, function, *, timeout_seconds):
        """Run an asynchronous function of the page; page.evaluate alone would wait for ever."""
        self.page.evaluate(
            f"() => {{ window.__done = false; ({function})().then(() => {{ window.__done = true; }}); }}"
        )
        self.page.wait_for_function("window.__done", timeout=timeout_seconds * 1000)

    def run_all(self, *, timeout_seconds=120):
        self._await(
            "() => window.jupyterapp.commands.execute('notebook:run-all-cells')", timeout_seconds=timeout_seconds
        )
        return self.errors()

    def run_cell(self, number, *, timeout_seconds=60):
        self.page.evaluate(
            "number => { window.jupyterapp.shell.currentWidget.content.activeCellIndex = number; }", number
        )
        self._await("() => window.jupyterapp.commands.execute('notebook:run-cell')", timeout_seconds=timeout_seconds)

    def errors(self):
        return self.page.evaluate(CELL_ERRORS)


@pytest.fixture
def open_notebook(lab, page):
    def open_(source):
        target = lab.root / source.name
        shutil.copy(source, target)
        return Notebook(page, lab, target)

    yield open_
    lab.end_kernels()
