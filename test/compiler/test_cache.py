"""The cache: what goes in comes out, damage is seen, the folder keeps its bound, writers do not disturb each other."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
from pathlib import Path

import numpy as np
import pytest
import stepwell
from stepwell.cache import Cache, default_folder
from stepwell.driver import Model, Way, find_target

DIGITS = Path(__file__).parent.parent.parent / "examples" / "digits" / "digits.onnx"
FEEDS = {"image": np.random.default_rng(0).random((2, 1, 8, 8), np.float32)}
KEY = "ab" * 20


def test_what_goes_in_comes_out(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "new" / "folder")
    assert cache.get(KEY) is None
    cache.put(KEY, b"content")
    assert cache.get(KEY) == b"content"
    cache.put(KEY, b"")
    assert cache.get(KEY) == b""


def test_no_folder_holds_nothing() -> None:
    cache = Cache(None)
    cache.put(KEY, b"content")
    assert cache.get(KEY) is None


@pytest.mark.parametrize("damage", [b"", b"short", b"x" * 200])
def test_a_damaged_entry_is_removed(tmp_path: Path, damage: bytes) -> None:
    cache = Cache(tmp_path)
    cache.put(KEY, b"content" * 20)
    entry = next(p for p in tmp_path.rglob("*") if p.is_file())
    entry.write_bytes(damage)
    assert cache.get(KEY) is None
    assert not entry.exists()


def test_the_oldest_go_first(tmp_path: Path) -> None:
    cache = Cache(tmp_path, limit=3 * 132)
    for n in range(6):
        key = f"{n:02d}" * 20
        cache.put(key, b"x" * 100)  # 132 bytes with its digest
        os.utime(tmp_path / key[:2] / key[2:], (n, n))
    cache.get("00" * 20)  # used now: the newest
    cache.trim()
    kept = [n for n in range(6) if (tmp_path / f"{n:02d}").is_dir() and any((tmp_path / f"{n:02d}").iterdir())]
    assert kept == [0, 4, 5]


def write_many(folder: Path, letter: bytes) -> None:
    cache = Cache(folder)
    for _ in range(200):
        cache.put(KEY, letter * 10_000)


def test_parallel_writers(tmp_path: Path) -> None:
    """A reader sees one writer's entry or the other's, never a mixture."""
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=write_many, args=(tmp_path, letter)) for letter in (b"a", b"b")]
    for writer in writers:
        writer.start()
    cache = Cache(tmp_path)
    seen: set[bytes] = set()
    while any(writer.is_alive() for writer in writers):
        entry = cache.get(KEY)
        assert entry is None or entry in (b"a" * 10_000, b"b" * 10_000)
        seen.add(entry or b"")
    assert seen & {b"a" * 10_000, b"b" * 10_000}


def test_a_second_compilation_does_not_lower_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEPWELL_CACHE", str(tmp_path))
    first = stepwell.compile(DIGITS).run(FEEDS)["logits"]
    monkeypatch.setattr("stepwell.driver.Way.lower", lambda *_, **__: pytest.fail("lowered, though the cache has it"))
    assert stepwell.compile(DIGITS).run(FEEDS)["logits"].tobytes() == first.tobytes()


def test_damaged_programs_are_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEPWELL_CACHE", str(tmp_path))
    first = stepwell.compile(DIGITS).run(FEEDS)["logits"]
    entries = [p for p in tmp_path.rglob("*") if p.is_file()]
    assert entries
    for n, entry in enumerate(entries):
        entry.write_bytes(entry.read_bytes()[: n * 7])
    assert stepwell.compile(DIGITS).run(FEEDS)["logits"].tobytes() == first.tobytes()


def test_where_it_lives(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("STEPWELL_CACHE", "off")
    assert default_folder() is None
    monkeypatch.setenv("STEPWELL_CACHE", str(tmp_path))
    assert default_folder() == tmp_path


def test_a_mapped_entry_is_the_entry(tmp_path: Path):
    cache = Cache(tmp_path)
    assert cache.map(KEY) is None
    cache.put(KEY, b"content")
    assert bytes(cache.map(KEY) or b"") == b"content"
    path = next(tmp_path.glob("*/*"))
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    assert cache.map(KEY) is None and not path.exists()
    path.write_bytes(b"")
    assert cache.map(KEY) is None and not path.exists()


def test_a_file_that_changed_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Even where its size and its time of change are made to look the same."""
    path = tmp_path / "model.onnx"
    model = Model(path, Way(find_target("native")), Cache(tmp_path / "cache"))
    monkeypatch.setattr("stepwell.driver.SETTLED_NS", -(10**18))
    path.write_bytes(b"one")
    before = path.stat()
    first = model.file_digest(path)
    assert model.file_digest(path) == first == hashlib.sha256(b"one").digest()
    path.write_bytes(b"two")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert model.file_digest(path) == hashlib.sha256(b"two").digest()


def test_a_file_that_has_just_changed_is_not_remembered(tmp_path: Path):
    path = tmp_path / "model.onnx"
    path.write_bytes(b"one")
    Model(path, Way(find_target("native")), Cache(tmp_path / "cache")).file_digest(path)
    assert not (tmp_path / "cache").exists()
