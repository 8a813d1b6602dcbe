"""A notebook in a real JupyterLab, in headless Chromium, for the tests of the labs.

``chromium, jupyter = browser.chromium, browser.jupyter`` in a test file gives two fixtures:
the browser; and the address of a server with the folder that it shows. Both live as long as
the file's tests.
"""

import ast
import contextlib
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import ipywidgets as widgets
import nbformat
import plan
import pytest

from nnlib import explorers

__all__ = [
    "CHROMIUM",
    "Jupyter",
    "LabView",
    "NotebookPage",
    "Shown",
    "chromium",
    "jupyter",
    "lab_calls",
    "make_lab",
    "next_press",
    "notebook",
    "open_browser",
    "serve",
    "shown_by",
]

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium")
MISSING = (
    "no browser tests: Chromium was not found; get it with `apt-get install chromium`, "
    "or name one in the environment variable CHROMIUM"
)
# Nothing that Chromium does by itself, and no name but the loopback address, is looked up.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
# Seconds after which something that should come is said to be missing.
PATIENCE = 30.0


class Jupyter(NamedTuple):
    """A server: its address, and the folder whose notebooks it shows."""

    url: str
    folder: Path


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@contextlib.contextmanager
def serve(home: Path) -> Iterator[Jupyter]:
    """Run JupyterLab on 127.0.0.1: an own empty configuration, no token, no news."""
    folder = home / "notebooks"
    folder.mkdir()
    notices = home / "settings" / "@jupyterlab" / "apputils-extension"
    notices.mkdir(parents=True)
    (notices / "notification.jupyterlab-settings").write_text(
        '{"fetchNews": "false", "checkForUpdates": false}', encoding="utf-8"
    )
    places = {
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
    }
    port = _free_port()
    log = home / "jupyter.log"
    with log.open("w", encoding="utf-8") as stream:
        server = subprocess.Popen(
            [
                *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
                *("--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}"),
                *("--ServerApp.port_retries=0", f"--ServerApp.root_dir={folder}"),
                *("--IdentityProvider.token=", "--PasswordIdentityProvider.hashed_password="),
                *("--LabApp.expose_app_in_browser=True", "--LabApp.extension_manager=readonly"),
                "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
            ],
            env={
                **os.environ,
                **plan.kernel_environment(str(home / "ipython")),
                **{name: str(home / value) for name, value in places.items()},
            },
            cwd=folder,
            stdout=stream,
            stderr=stream,
        )
    url = f"http://127.0.0.1:{port}"
    try:
        _await_server(server, url, log)
        yield Jupyter(url, folder)
    finally:
        server.send_signal(signal.SIGTERM)
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _await_server(server: subprocess.Popen[bytes], url: str, log: Path) -> None:
    end = time.monotonic() + 2 * PATIENCE
    while True:
        if server.poll() is not None or time.monotonic() > end:
            raise RuntimeError(f"JupyterLab did not start: {log.read_text('utf-8')[-2000:]}")
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{url}/api", timeout=2):
            return
        time.sleep(0.05)


@contextlib.contextmanager
def open_browser() -> Iterator[Any]:
    """Run headless Chromium with an empty profile; its pages share what they have loaded."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, headless=True, args=FLAGS, timeout=1000 * PATIENCE
        )
        try:
            yield browser.new_context(viewport={"width": 1200, "height": 1000})
        finally:
            browser.close()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """Headless Chromium; without one the test is skipped, and the summary says why."""
    if CHROMIUM is None:
        pytest.skip(MISSING)
    with open_browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def jupyter(chromium: Any) -> Iterator[Jupyter]:
    """JupyterLab over a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="nnlib-jupyter-") as home, serve(Path(home)) as served:
        yield served


# What a notebook holds


class LabCall(NamedTuple):
    """A cell that makes a lab: its place among all cells, the lab's name, its first values."""

    cell: int
    name: str
    start: dict[str, Any]


def lab_calls(path: Path) -> list[LabCall]:
    """Return the cells of a notebook that make a lab and show it."""
    found = []
    for place, cell in enumerate(plan.read_notebook(path).cells):
        if cell.cell_type != "code" or "nnlib.explorers." not in cell.source:
            continue
        tree = ast.parse(plan.python_source(cell.source))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("nnlib.explorers."):
                start = {str(k.arg): ast.literal_eval(k.value) for k in node.keywords}
                found.append(LabCall(place, ast.unparse(node.func).split(".")[2], start))
    return found


def notebook(path: Path, *sources: str) -> Path:
    """Write a notebook with these code cells."""
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in sources])
    made.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(made, path)
    return path


# What a lab shows, on the screen and in this process


class Shown(NamedTuple):
    """All that a reader of a lab can perceive."""

    picture: str  # the SHA-256 of the PNG
    name: str | None  # the accessible name of the picture
    sentence: str | None
    message: str | None
    numbers: list[list[str]]


def make_lab(name: str, start: dict[str, Any] | None = None) -> Any:
    """Make a lab in this process, to compare with the one in the browser."""
    return getattr(explorers, name)(**(start or {}))


def shown_by(lab: Any, table: bool = False) -> Shown:
    """Return what a lab in this process shows."""
    numbers = lab.table()
    return Shown(
        hashlib.sha256(lab.picture.widget.value).hexdigest(),
        lab.sentence,
        lab.sentence,
        None,
        [numbers.head, *numbers.rows] if table else [],
    )


def next_press(control: Any) -> tuple[str, str, Any] | None:
    """Return what has the focus, which key moves a control once, and the value that it brings.

    None for a control of a lab's own, which its own test has to move.
    """
    value = control.value
    if isinstance(control, widgets.FloatSlider | widgets.IntSlider):
        up = value + control.step <= control.max
        to = value + control.step if up else value - control.step
        to = round(to, 7) if isinstance(control, widgets.FloatSlider) else to
        return ".noUi-handle", "ArrowRight" if up else "ArrowLeft", to
    if isinstance(control, widgets.Dropdown | widgets.SelectionSlider):
        values = [option[1] if isinstance(option, tuple) else option for option in control.options]
        at = values.index(value)
        up = at + 1 < len(values)
        to = values[at + 1] if up else values[at - 1]
        if isinstance(control, widgets.Dropdown):
            return "select", "ArrowDown" if up else "ArrowUp", to
        return ".noUi-handle", "ArrowRight" if up else "ArrowLeft", to
    if isinstance(control, widgets.Checkbox):
        return "input", "Space", not value
    if isinstance(control, widgets.BoundedIntText):
        return "input", "ArrowUp", value + 1
    return None


SHOWN = """async root => {
    const text = selector => root.querySelector(selector)?.textContent ?? null;
    const image = root.querySelector('img.nnlib-picture');
    const bytes = await (await fetch(image.src)).arrayBuffer();
    const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
    return [
        [...hash].map(b => b.toString(16).padStart(2, '0')).join(''),
        image.complete && image.naturalWidth ? image.alt || image.title : null,
        text('[role=status]'),
        text('[role=alert]'),
        [...root.querySelectorAll('tr')].map(row => [...row.cells].map(c => c.textContent)),
    ];
}"""

# Frame by frame from now on: what is shown, how often nothing was, how far the buttons jumped,
# and the milliseconds from the first key to the first new picture that is decoded.
WATCH = """root => {
    const image = () => root.querySelector('img.nnlib-picture');
    const below = () => root.querySelector('.nnlib-reset').getBoundingClientRect().top
        - root.getBoundingClientRect().top;
    const shown = () => {
        const i = image();
        return i && i.complete && i.naturalWidth && i.clientHeight > 50 ? i.src : '';
    };
    const first = below();
    let last = shown(), pressed = null;
    const seen = root.seen = {frames: 0, blank: 0, jump: 0, pictures: 0, ms: null};
    const press = () => { pressed = performance.now(); };
    addEventListener('keydown', press, {capture: true, once: true});
    const look = () => {
        if (root.seen !== seen) return;
        const now = shown();
        seen.frames++;
        seen.jump = Math.max(seen.jump, Math.abs(below() - first));
        if (now === '') {
            if (image()?.complete !== false) seen.blank++;
        } else if (now !== last) {
            seen.pictures++;
            last = now;
            if (pressed !== null && seen.ms === null) seen.ms = performance.now() - pressed;
        }
        requestAnimationFrame(look);
    };
    look();
}"""


class LabView:
    """A lab on the screen."""

    def __init__(self, page: Any, root: Any) -> None:
        self.page, self.root = page, root
        root.locator("img.nnlib-picture").wait_for(timeout=1000 * PATIENCE)

    def press(self, part: str, key: str, inside: str = "") -> None:
        """Give the focus to a part of the lab, then press a key."""
        name = f"nnlib-{part.replace(' ', '-')}"  # it may hold a comma or a plus
        target = self.root.locator(f"[class~='{name}'] {inside}".strip())
        target.focus()
        self.page.keyboard.press(key)

    def shown(self) -> Shown | None:
        """Return what is on the screen; None between two pictures."""
        from playwright.sync_api import Error

        try:
            return Shown(*self.root.evaluate(SHOWN))
        except Error:
            return None  # the picture's address was taken back while it was read

    def expect(self, wanted: Shown, why: str, seconds: float = PATIENCE) -> None:
        """Wait until exactly this is on the screen; else say what is there instead."""
        end = time.monotonic() + seconds
        while (now := self.shown()) != wanted:
            if time.monotonic() > end:
                assert now is not None, f"{why}: no picture"
                names = [n for n, a, b in zip(Shown._fields, now, wanted) if a != b]
                parts = [f"{n}: {getattr(now, n)!r} for {getattr(wanted, n)!r}" for n in names]
                raise AssertionError(f"{why}: {'; '.join(parts)}")
            time.sleep(0.02)

    def watch(self) -> None:
        """Begin to look at every frame."""
        self.root.evaluate(WATCH)

    def seen(self) -> dict[str, Any]:
        """Return what was seen since `watch`."""
        return dict(self.root.evaluate("root => ({...root.seen})"))


class NotebookPage:
    """A notebook, opened in JupyterLab with a kernel of its own."""

    def __init__(self, browser: Any, jupyter: Jupyter, path: Path) -> None:
        self.page = browser.new_page()
        self.requests: list[str] = []
        self.errors: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("websocket", lambda socket: self.requests.append(socket.url))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.set_default_timeout(1000 * PATIENCE)
        self.jupyter = jupyter
        at = path.relative_to(jupyter.folder).as_posix()
        # A workspace of its own: no notebook of an earlier page is opened again beside it.
        self.page.goto(f"{jupyter.url}/lab/workspaces/{path.stem}/tree/{at}?reset")
        self.page.wait_for_function(
            """at => {
                const panel = window.jupyterapp?.shell.currentWidget;
                return panel?.context?.path === at && panel.content.widgets
                    && panel.sessionContext.session?.kernel?.connectionStatus === 'connected';
            }""",
            arg=at,
        )

    def __enter__(self) -> "NotebookPage":
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(Exception):
            self.page.evaluate("() => jupyterapp.shell.currentWidget.sessionContext.shutdown()")
        self.page.close()

    def run(self, cell: int) -> None:
        """Run one cell to its end; an error, or a word on stderr, is an error here."""
        ran, outputs = self.page.evaluate(
            """async at => {
                const {content, context, revealed, sessionContext} =
                    jupyterapp.shell.currentWidget;
                await Promise.all([context.ready, revealed, sessionContext.ready]);
                await sessionContext.session.kernel.info;
                content.activeCellIndex = at;
                content.deselectAll();
                const {model, node} = content.widgets[at];
                model.clearExecution();
                await jupyterapp.commands.execute('notebook:run-cell');
                node.dataset.place = at;
                return [model.executionCount !== null, model.outputs.toJSON()];
            }""",
            cell,
        )
        assert ran, f"cell {cell} did not run"
        bad = [o for o in outputs if o["output_type"] == "error" or o.get("name") == "stderr"]
        assert bad == [], f"cell {cell}: {bad}"

    def lab(self, cell: int) -> LabView:
        """Return the lab that a cell has shown."""
        return LabView(self.page, self.page.locator(f"[data-place='{cell}'] .nnlib-lab"))

    def outside(self) -> list[str]:
        """Return the requests that went anywhere but to this server."""
        here = (self.jupyter.url, self.jupyter.url.replace("http", "ws", 1), "data:", "blob:")
        return [url for url in self.requests if not url.startswith(tuple(f"{x}" for x in here))]
