"""Packages as `stepwell compile --page` writes them, in Chromium: run, or loaded to see what goes wrong."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
from browser import browse, page
from stepwell.tools import main

FEEDS = """
import { ARRAYS, load } from "./stepwell.js";
const given = await (await fetch("feeds.json")).json();
const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer;
const feedsOf = ({ inputs }) =>
  Object.fromEntries(inputs.map(({ name, dtype }) => [name, new ARRAYS[dtype](bytes(given[name]))]));
"""
RUN = (
    FEEDS
    + """
const program = await load();
const feeds = feedsOf(program);
const first = await program.run(feeds);
const outputs = await program.run(feeds);       // a second run starts from what the first left behind
say(Object.fromEntries(Object.entries(outputs).map(([name, { data, shape }]) =>
  [name, { shape, data: Array.from(data, Number), same: data.every((v, n) => v === first[name].data[n]) }])));
"""
)


def package(model: Path, shape: str, folder: Path, target: str = "wgsl") -> dict[str, bytes]:
    """The files of a package, with its page and runtime. `shape`: "image=1x1x8x8", several with ; between."""
    shapes = [word for part in shape.split(";") if part for word in ("--shape", part)]
    assert main.main(["compile", str(model), "--target", target, *shapes, "--page", "-o", str(folder)]) == 0
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def run_in_page(files: dict[str, bytes], feeds: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    given = {name: base64.b64encode(array.tobytes()).decode() for name, array in feeds.items()}
    found = browse({**files, "test.html": page(RUN), "feeds.json": json.dumps(given).encode()})
    assert "error" not in found, found["error"]
    assert all(output["same"] for output in found.values())
    return {name: np.array(output["data"]).reshape(output["shape"]) for name, output in found.items()}


def said_by(script: str, files: dict[str, bytes]) -> Any:
    return browse({**files, "test.html": page(script)})


LOAD = """
import { load } from "./stepwell.js";
say({ error: await load().then(() => "", (error) => error.message) });
"""
