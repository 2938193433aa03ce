"""How long a model takes in a page of headless Chromium: to load (fetch, compile kernels, upload) and to run.

    PYTHONPATH=.links:test/support python test/bench/page.py mobilenet_v2_imagenet_dynamo_static webgl

A model of `real_models.py`, on its recorded inputs; `wgsl` by WebGPU, `webgl` by WebGL 2. Numbers are held to the
recorded outputs first. Chromium computes on the CPU where it finds no GPU: what it found is printed.
"""

from __future__ import annotations

import argparse
import base64
import json
import tempfile
from pathlib import Path

import numpy as np
import real_models
from browser import browse, page
from packages import FEEDS, package

TIMED = (
    FEEDS
    + """
const gpu = (await navigator.gpu?.requestAdapter())?.info;
const seconds = [performance.now()];
const timed = async (promise) => { const got = await promise; seconds.push(performance.now()); return got; };
const program = await timed(load());
const feeds = feedsOf(program);
const outputs = await timed(program.run(feeds));
await timed(program.run(feeds));
say({ gpu: `${gpu?.vendor} ${gpu?.architecture}`, seconds: seconds.slice(1).map((s, n) => (s - seconds[n]) / 1000),
      outputs: Object.entries(outputs).map(([name, { data, shape }]) => [name, Array.from(data, Number), shape]) });
"""
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("model")
    parser.add_argument("target", choices=["wgsl", "webgl"])
    args = parser.parse_args()
    feeds, want = real_models.recorded(args.model)
    shapes = ";".join(f"{name}={'x'.join(map(str, array.shape))}" for name, array in feeds.items())
    with tempfile.TemporaryDirectory() as folder:
        files = package(real_models.fetch(args.model), shapes, Path(folder), args.target)
    given = {name: base64.b64encode(array.tobytes()).decode() for name, array in feeds.items()}
    found = browse({**files, "test.html": page(TIMED), "feeds.json": json.dumps(given).encode()}, timeout=600)
    assert "error" not in found, found["error"]
    got = {name: np.array(data, want[name].dtype).reshape(shape) for name, data, shape in found["outputs"]}
    real_models.assert_agrees(got, want)
    kernels = [data for name, data in files.items() if name.endswith((".wgsl", ".frag"))]
    print(f"{args.model} by {args.target} (WebGPU here: {found['gpu']}): agrees with what was recorded")
    print(f"{len(kernels)} kernels, {sum(map(len, kernels)):,} bytes; weights {len(files['weights.bin']):,} bytes")
    print("load {:.1f} s, first run {:.1f} s, second run {:.1f} s".format(*found["seconds"]))


if __name__ == "__main__":
    main()
