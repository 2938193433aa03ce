"""Headless Chromium, by the standard library: a page is served from memory, and posts what it found.

    found = browse({"test.html": page(script), "stepwell.js": code}, timeout=60)

A page says its result by `say(result)`; what goes wrong in its module and is not caught comes back as {"error": text}.
All tests of a session share a browser. One that says nothing (its GPU process died, say) is ended with its whole
process group when time is up, and the next test has a new one.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import queue
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Mapping
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from requirements import require

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--disable-default-apps", "--disable-extensions"),
    *("--disable-dev-shm-usage", "--mute-audio", "--enable-unsafe-webgpu"),
)
TYPES = {".html": "text/html", ".js": "text/javascript", ".json": "application/json"}

SAY = """
const say = (result) => fetch("result", { method: "POST", body: JSON.stringify(result) });
window.onerror = (text) => { say({ error: String(text) }); };
window.onunhandledrejection = (event) => { say({ error: event.reason?.message ?? String(event.reason) }); };
"""

FRAMES = """<!doctype html><meta charset=utf-8><script type=module>
for (;;) {
  const number = await (await fetch("/next")).json();
  const frame = document.createElement("iframe");
  frame.src = `/${number}/test.html`;
  document.documentElement.replaceChildren(frame);
}
</script>"""
"""A page that opens one test after the other."""


def find_browser() -> str | None:
    return next((path for name in NAMES if (path := shutil.which(name)) is not None), None)


def page(script: str) -> bytes:
    """A page that runs `script`, a module, in which `say(result)` ends the test."""
    head = f"<!doctype html><meta charset=utf-8><script>{SAY}</script>"
    return f'{head}<script type="module">{script}</script>'.encode()


class Browser:
    """A browser, and a server of what its pages ask for. One page, which stays, opens each test in a frame of its own,
    as tests are asked for: a launch takes longer than most of them."""

    def __init__(self, path: str):
        self._asked: queue.Queue[int] = queue.Queue()
        self._files: dict[int, Mapping[str, bytes]] = {}
        self._answers: dict[int, queue.Queue[Any]] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self._profile = tempfile.mkdtemp(prefix="stepwell-browser-")
        address = f"http://127.0.0.1:{self._server.server_port}/"
        self._process = subprocess.Popen(
            [path, *FLAGS, f"--user-data-dir={self._profile}", address],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        browser = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, format: str, *args: Any) -> None:
                pass

            def do_GET(self) -> None:
                kind, found = browser._file(self.path.partition("?")[0])
                self.send_response(200 if found is not None else 404)
                self.send_header("Content-Type", kind)
                self.end_headers()
                with contextlib.suppress(ConnectionError):
                    self.wfile.write(found or b"")

            def do_POST(self) -> None:
                said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(204)
                self.end_headers()
                browser._answers[int(self.path.split("/")[1])].put(said)

        return Handler

    def _file(self, path: str) -> tuple[str, bytes | None]:
        """A file, and its type. /next: the number of the test to open, as soon as there is one."""
        if path == "/":
            return "text/html", FRAMES.encode()
        if path == "/next":
            return "application/json", str(self._asked.get()).encode()
        number, _, name = path.lstrip("/").partition("/")
        files = self._files.get(int(number), {}) if number.isdigit() else {}
        return TYPES.get(Path(name).suffix, "application/octet-stream"), files.get(name)

    def browse(self, files: Mapping[str, bytes], timeout: float) -> Any:
        """What the page "test.html" of these files posts. Raises `queue.Empty` if it says nothing for so long."""
        number = len(self._files)
        self._files[number], self._answers[number] = files, queue.Queue()
        self._asked.put(number)
        try:
            return self._answers[number].get(timeout=timeout)
        finally:
            self._files[number] = {}

    def end(self) -> None:
        end(self._process)
        self._server.shutdown()
        self._server.server_close()
        shutil.rmtree(self._profile, ignore_errors=True)


@cache
def opened() -> Browser:
    """The browser of this session."""
    path = find_browser()
    assert path is not None
    made = Browser(path)
    atexit.register(made.end)
    return made


def browse(files: Mapping[str, bytes], timeout: float = 120) -> Any:
    """What the page "test.html" of these files posts. Skips the test where there is no Chromium."""
    require(find_browser() is not None, "Chromium")
    browser = opened()
    try:
        return browser.browse(files, timeout)
    except queue.Empty:
        atexit.unregister(browser.end)
        browser.end()  # its GPU process may be gone
        opened.cache_clear()
        raise AssertionError(f"the page said nothing for {timeout} s") from None


def text_of(page: Path) -> str:
    """What a page holds that is opened from a file, once it is loaded."""
    path = find_browser()
    require(path is not None, "Chromium")
    assert path is not None
    with tempfile.TemporaryDirectory(prefix="stepwell-browser-", ignore_cleanup_errors=True) as profile:
        words = [path, *FLAGS, f"--user-data-dir={profile}", "--dump-dom", page.as_uri()]
        return subprocess.run(words, capture_output=True, text=True, timeout=60).stdout


def end(process: subprocess.Popen[bytes]) -> None:
    """End a process with all that it started."""
    for how in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, how)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(5)
            return


TINT = """
const device = await (await navigator.gpu.requestAdapter()).requestDevice();
const found = {};
for (const [name, code] of Object.entries(await (await fetch("shaders.json")).json())) {
  device.pushErrorScope("validation");
  const { messages } = await device.createShaderModule({ code, label: name }).getCompilationInfo();
  const error = await device.popErrorScope();
  found[name] = messages.map((m) => `${m.type} ${m.lineNum}:${m.linePos} ${m.message}`);
  if (error && !messages.length) found[name].push(error.message);
}
say(found);
"""


def tint(shaders: Mapping[str, str]) -> dict[str, list[str]]:
    """What Tint, Chromium's compiler of WGSL, says of each of these sources, warnings too."""
    found = browse({"test.html": page(TINT), "shaders.json": json.dumps(shaders).encode()})
    assert found.keys() == shaders.keys(), found
    return found
