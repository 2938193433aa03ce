"""Headless Chromium, by the standard library: a page is served from memory, and posts what it found.

    found = browse({"test.html": page(script), "stepwell.js": code}, timeout=60)

A page says its result by `fetch("/result", {method: "POST", body: JSON.stringify(result)})`; what goes wrong in its
module and is not caught comes back as {"error": text}. One that says nothing (its GPU process died, say) is ended with
its whole process group when time is up.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Mapping
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
const say = (result) => fetch("/result", { method: "POST", body: JSON.stringify(result) });
window.onerror = (text) => { say({ error: String(text) }); };
window.onunhandledrejection = (event) => { say({ error: event.reason?.message ?? String(event.reason) }); };
"""


def find_browser() -> str | None:
    return next((path for name in NAMES if (path := shutil.which(name)) is not None), None)


def page(script: str) -> bytes:
    """A page that runs `script`, a module, in which `say(result)` ends the test."""
    head = f"<!doctype html><meta charset=utf-8><script>{SAY}</script>"
    return f'{head}<script type="module">{script}</script>'.encode()


def browse(files: Mapping[str, bytes], timeout: float = 120) -> Any:
    """What the page "test.html" of these files posts. Skips the test where there is no Chromium."""
    browser = find_browser()
    require(browser is not None, "Chromium")
    assert browser is not None
    done = threading.Event()
    found: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            pass

        def do_GET(self) -> None:
            name = self.path.partition("?")[0].lstrip("/")
            self.send_response(200 if name in files else 404)
            self.send_header("Content-Type", TYPES.get(Path(name).suffix, "application/octet-stream"))
            self.end_headers()
            self.wfile.write(files.get(name, b""))

        def do_POST(self) -> None:
            found.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()
            done.set()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    profile = tempfile.mkdtemp(prefix="stepwell-browser-")
    address = f"http://127.0.0.1:{server.server_port}/test.html"
    process = subprocess.Popen(
        [browser, *FLAGS, f"--user-data-dir={profile}", address],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        done.wait(timeout)
    finally:
        end(process)
        server.shutdown()
        server.server_close()
        shutil.rmtree(profile, ignore_errors=True)
    assert found, f"the page said nothing for {timeout} s"
    return found[0]


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
