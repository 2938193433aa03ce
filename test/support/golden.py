"""RUN lines of golden files, run in this process: milliseconds a file, where a shell and a Python cost half a second.

    // RUN: stepwell-opt %s -p fold-batch-norm | filecheck %s
    // RUN: not stepwell-opt %s -p fuse{max-ops=x} 2>&1 | filecheck %s --check-prefix=WRONG

What `lit` knows of these is known here: `%s` the file, `%S` its folder, `%t` a place for what the test writes (the same
for all RUN lines of a file), `|`, `&&`, `2>&1`, `> FILE`, `not`, and a `\\` that goes on with the next RUN line. Our
tools and filecheck run in process; any other command (`cat`, `test`, `rm`) as a process.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import re
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

RUN = re.compile(r"//\s*RUN:\s?(.*)")
TOOLS = {"stepwell-opt": "stepwell.tools.opt", "stepwell-translate": "stepwell.tools.translate"}


def run_lines(path: Path) -> list[str]:
    """The commands of a file; a line that ends in a backslash goes on in the next."""
    joined: list[str] = []
    goes_on = False
    for found in RUN.findall(path.read_text()):
        text = found.strip()
        joined = [*joined[:-1], joined[-1] + text] if goes_on else [*joined, text]
        goes_on = text.endswith("\\")
        if goes_on:
            joined[-1] = joined[-1][:-1]
    return joined


def words_of(line: str, path: Path, temporary: Path) -> list[str]:
    """The words of a command, what stands for paths put in, operators as words of their own."""
    places = {"%s": str(path), "%S": str(path.parent), "%t": str(temporary)}
    line = re.sub(r"%[sSt]\b", lambda match: places[match.group()], line).replace("2>&1", " 2ERR1 ")
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|&>")
    lexer.whitespace_split = True
    lexer.commenters = ""
    return list(lexer)


def parted(words: Sequence[str], mark: str) -> list[list[str]]:
    parts: list[list[str]] = [[]]
    for word in words:
        if word == mark:
            parts.append([])
        else:
            parts[-1].append(word)
    return parts


def run_line(line: str, path: Path, temporary: Path) -> None:
    """Run one RUN line. Raises AssertionError with what was said when a command of it fails."""
    for command in parted(words_of(line, path, temporary), "&&"):
        text = ""
        for stage in parted(command, "|"):
            code, text, said = run_stage(stage, text)
            if code:
                raise AssertionError(f"`{shlex.join(stage)}` gave exit code {code}\n{text}\n{said}")


def run_stage(words: list[str], text: str) -> tuple[int, str, str]:
    """One command: (exit code, standard output, standard error)."""
    if words[0] == "not":
        code, out, err = run_stage(words[1:], text)
        return int(code == 0), out, err
    merge = "2ERR1" in words
    words = [word for word in words if word != "2ERR1"]
    target = None
    if ">" in words:
        target = Path(words[words.index(">") + 1])
        words = words[: words.index(">")]
    if words[0] in TOOLS:
        code, out, err = run_tool(words, text, merge)
    elif words[0] == "filecheck":
        code, out, err = *run_filecheck(words, text), ""
    else:
        result = subprocess.run(words, input=text, capture_output=True, text=True, check=False)
        code, out, err = result.returncode, result.stdout, result.stderr
        out, err = (out + err, "") if merge else (out, err)
    if target is not None:
        target.write_text(out)
        out = ""
    return code, out, err


def run_tool(words: list[str], text: str, merge: bool) -> tuple[int, str, str]:
    tool = importlib.import_module(TOOLS[words[0]])
    out = io.StringIO()
    err = out if merge else io.StringIO()
    stdin, sys.stdin = sys.stdin, io.StringIO(text)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                code = tool.main(words[1:])
            except SystemExit as stop:
                code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    finally:
        sys.stdin = stdin
    return code, out.getvalue(), "" if merge else err.getvalue()


def run_filecheck(words: list[str], text: str) -> tuple[int, str]:
    from filecheck.finput import FInput
    from filecheck.matcher import Matcher
    from filecheck.options import parse_argv_options
    from filecheck.parser import Parser, pattern_for_opts

    options = parse_argv_options(list(words))
    parser = Parser(options, io.StringIO(Path(options.match_filename).read_text()), *pattern_for_opts(options))
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        code = Matcher(options, FInput("-", text), parser).run()
    return code, said.getvalue()
