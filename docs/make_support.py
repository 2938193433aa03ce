"""Write docs/onnx-support.md: operator by element type, target and opset, with every limit.

python docs/make_support.py             write the page
python docs/make_support.py --measure   compile each operator in each type for each target first (onnx-support.json)
python docs/make_support.py --check     exit 1 when the page is not what the json and the code say

Which types compile is measured (`test/support/operator_types.py`); opsets come from ONNX's schemas and the decorators
of `passes/onnx_to_graph/`, limits from the docstrings there, what a device has from `targets/gpu/device.py`.
"""

from __future__ import annotations

import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path

from stepwell.dialects.onnx.schemas import DEFAULT_DOMAIN, newest_opset, operator_names, schema
from stepwell.passes.onnx_to_graph.conversion import CONVERSIONS
from stepwell.registry import REGISTRY
from stepwell.targets.gpu.device import DEVICES

HERE = Path(__file__).parent
PAGE, MEASURED = HERE / "onnx-support.md", HERE / "onnx-support.json"
sys.path[:0] = [str(HERE.parent / "test" / "support")]

REGISTRY.load_pass("onnx-to-graph")  # registers the conversions

SHORT = {
    "float16": "f16",
    "bfloat16": "bf16",
    "float32": "f32",
    "float64": "f64",
    **{f"int{bits}": f"i{bits}" for bits in (8, 16, 32, 64)},
    **{f"uint{bits}": f"u{bits}" for bits in (8, 16, 32, 64)},
    "bool": "bool",
}
"""Element types as numpy calls them, and on the page."""
NUMPY = {"float": "float32", "double": "float64"}
RUNS = (("i8 i16 i32 i64", "i8-i64"), ("u8 u16 u32 u64", "u8-u64"))
NO_TYPE = "C99 has no type for"
MOST_WORDS = 160

Types = Mapping[str, Mapping[str, Iterable[str]]]
"""By type variable, by target: the element types that compile."""

PAGE_TEXT = """# ONNX operators that Stepwell compiles

<!-- written by docs/make_support.py: edit there -->

Operator by element type, target and opset, with every limit; opsets 1 to {OPSET}. What compiles is measured: of each
operator a model of that one node, in each element type that its newest schema allows, down to an object file for the
processor (`native`) and to C99 (`c`). A test holds this page to the measurement and the code, and measures some anew.

An index from -size to -1 counts from the end. One that is still outside of its tensor is an error where it is a
constant; where it comes with the data, the nearest element is taken. Nothing outside of a tensor is read or written.

How much NonZero, Compress, Unique and NonMaxSuppression give, the data decide. As outputs of a model they are handed
out in the size that they have; in C, in an array of the largest size, with a number beside it that tells how much
counts (the header says which). Where their operands are known when the program is made, so is the size, and any op may
read them.

Element types: bool, the integers of 8 to 64 bits with and without a sign, float16 (not in C, which has no type for it),
bfloat16, float32 and float64; strings, complex numbers and narrower floats are refused where a value of them is met.
What the node tests of ONNX still meet is listed with its reason in `test/nodes/refused.toml`, by target; `pytest
test/nodes` runs all 1,071 on both targets and holds that list to the truth.

Whatever a file asks for, there is an end to it. Beyond these a model is refused in words:

| limit | most | where it stands |
|---|---|---|
| dims of a tensor | 32 | `MOST_DIMS`, `dialects/graph/types.py` |
| bytes of a tensor | 2^46 | `MOST_BYTES`, there; what the machine has is looked at when a program is loaded |
| bytes of a range, mask or table that the compiler makes by itself | 2^28 | `MOST_MADE`, there |
| bytes of a sparse tensor made dense | 2^28 | `MOST_DENSE`, `dialects/onnx/tensors.py` |
| bytes of an .onnx file, without its external data | 2^31 - 1 | `MOST_BYTES`, `dialects/onnx/model.py` |
| graphs inside of graphs | 40 | `MOST_NESTING`, there |

## Operators

*opsets*: the first, and behind a later one what its schema adds to the types; `+bf16` behind 13 means that a model of
opset 12 cannot have it. *native*, *c*: `f32` is float32, `bf16` bfloat16, `i8-i64` all signed integers, `u8-u64` all
without a sign; where an operator has several type variables (`T`, `Tind`), each stands by itself. `-`: not measured by
type, since it carries graphs or sequences, is no longer in ONNX, or has no model here yet. For operators of
`com.microsoft` the schemas are ONNX Runtime's.

{TABLE}

## What is refused of the types that the schemas allow

Float16 and bfloat16 in C apart. Of an operator with modes this is the mode of the model that was tried.

{REFUSED}

## Operators without a conversion

{MISSING}

## Graphics processors

Targets `wgsl` (device webgpu), `opencl` (opencl) and `glsl` (opengl) compile the same operators as long as all that is
stored and computed is of the device's element types; the rest is refused by name. See [gpu.md](gpu.md).

{DEVICES}
"""


def short(types: Iterable[str]) -> str:
    """`f32 f64 i8-i64`: element types in one order, whole runs of integers as one."""
    text = " ".join(name for long, name in SHORT.items() if long in set(types))
    for run, name in RUNS:
        text = text.replace(run, name)
    return text or "none"


def rows_of(name: str) -> list[tuple[int, str]]:
    """(first opset, limits) of each conversion of an operator, oldest first."""
    rows = []
    for row in reversed(CONVERSIONS[name]):
        says = "" if isinstance(row.convert, partial) else row.convert.__doc__ or ""
        rows.append((row.since, says.split("\n")[0]))
    return rows


def operator(name: str) -> tuple[str, str]:
    domain, _, op = name.rpartition(".")
    return domain or DEFAULT_DOMAIN, op


def opsets(name: str, types: Types) -> str:
    """`7, 13 +bf16`: the first opset that is right, and what each later one's schema adds that compiles."""
    domain, op = operator(name)
    first = min(since for since, _ in rows_of(name))
    have: dict[str, set[str]] | None = None
    parts: list[str] = []
    for opset in range(1, newest_opset(domain) + 1):
        known = schema(domain, op, opset)
        if known is None or opset < first:
            continue
        if known.deprecated:
            return ", ".join([*parts, f"until {opset - 1}"])
        now: dict[str, set[str]] = defaultdict(set)
        for formal in (*known.inputs, *known.outputs):
            plain = {kind.removeprefix("tensor(").removesuffix(")") for kind in formal.allowed}
            now[formal.type_name] |= {NUMPY.get(kind, kind) for kind in plain}
        if have is None:
            parts.append(str(opset))
        else:
            added = []
            for variable, targets in types.items():
                new = now[variable] - have.get(variable, set()) if variable in have else set()
                new &= set().union(*targets.values())
                if new:
                    added.append((f"{variable} " if len(types) > 1 else "") + f"+{short(new)}")
            if added:
                parts.append(f"{opset} {'; '.join(added)}")
        have = now
    return ", ".join(parts)


def cells(types: Types) -> tuple[str, str]:
    """What compiles for the processor, and how C differs from it."""
    native, c = [], []
    for variable, targets in types.items():
        prefix = f"{variable}: " if len(types) > 1 else ""
        native.append(prefix + short(targets["native"]))
        c.append(prefix + short(targets["c"]))
    return "; ".join(native), "same" if c == native else "; ".join(c)


def limits(name: str) -> str:
    """What the conversions say of themselves; an older one's words where they differ."""
    *older, (since, says) = rows_of(name)
    before = [f"before opset {since}: {words}" for _, words in older if words and words != says]
    return "; ".join(part for part in (says, *before) if part).replace("|", "\\|")


def table(operators: Mapping[str, Types]) -> Iterator[str]:
    yield "| operator | opsets | native | c | limits |\n|---|---|---|---|---|"
    for name in sorted(CONVERSIONS):
        types = operators.get(name, {})
        native, c = cells(types) if types else ("-", "-")
        yield f"| {name} | {opsets(name, types)} | {native} | {c} | {limits(name)} |"


def not_converted() -> str:
    """The operators of which there is no conversion, by domain."""
    missing: dict[str, list[str]] = defaultdict(list)
    for domain, op in operator_names():
        known = schema(domain, op, newest_opset(domain))
        name = op if domain == DEFAULT_DOMAIN else f"{domain}.{op}"
        if name not in CONVERSIONS and known is not None and not known.deprecated:
            missing[domain].append(op)
    return "\n".join(f"- {domain}: {', '.join(ops)}" for domain, ops in missing.items())


def refusals(refused: Mapping[str, str]) -> Iterator[str]:
    """Types that a schema allows and we refuse: what is said, with where. C's want of short floats is said above."""
    where: dict[str, dict[tuple[str, str], list[str]]] = defaultdict(lambda: defaultdict(list))
    for key, said in refused.items():
        name, variable, target, dtype = key.split()
        said = re.sub(r"\b(of|type|given) u?i\d+\b", r"\1 these", said)
        said = re.sub(r"element types \w+, \w+;", "several element types;", said)
        where[said][f"{name} {variable}", target].append(dtype)
    yield "| what is said | of |\n|---|---|"
    for said, places in sorted(where.items()):
        both: dict[tuple[str, str], list[str]] = defaultdict(list)
        for (who, target), dtypes in places.items():
            both[who, short(dtypes)].append(target)
        of = [f"{who} {dtypes}" + ("" if len(t) > 1 else f" ({t[0]})") for (who, dtypes), t in sorted(both.items())]
        yield f"| {said.replace('|', chr(92) + '|')} | {', '.join(of)} |"


def devices() -> str:
    rows = [f"| {device.name} | {short(device.types)} |" for device in DEVICES.values()]
    return "\n".join(["| device | element types |", "|---|---|", *rows])


def page() -> str:
    measured = json.loads(MEASURED.read_text())
    parts = {
        "TABLE": "\n".join(table(measured["operators"])),
        "MISSING": not_converted(),
        "REFUSED": "\n".join(refusals(measured["refused"])),
        "DEVICES": devices(),
        "OPSET": str(measured["opset"]),
    }
    return re.sub(r"\{([A-Z]+)\}", lambda found: parts[found[1]], PAGE_TEXT)


def first_words(said: str) -> str:
    """What an error says, without where and how to mend it."""
    words = " ".join(said.removeprefix("error: ").split("\n")[0].split())
    return words if len(words) <= MOST_WORDS else words[:MOST_WORDS] + " ..."


def measure() -> None:
    from operator_types import DTYPES, TARGETS, trials
    from workers import Died, Workers

    operators: dict[str, dict[str, dict[str, set[str]]]] = {}
    refused: dict[str, str] = {}
    for trial, answer in Workers("operator_types:measure").run(trials(CONVERSIONS)):
        targets = operators.setdefault(trial.name, {}).setdefault(trial.variable, {name: set() for name in TARGETS})
        dtype = DTYPES[trial.dtype]
        compiles, said = (False, answer.how) if isinstance(answer, Died) else answer
        if compiles:
            targets[trial.target].add(dtype)
        words = first_words(said) + ("; compiles with all of one type" if compiles else "")
        if said and not words.startswith(NO_TYPE):
            refused[f"{trial.name} {trial.variable} {trial.target} {dtype}"] = words
    write(operators, refused)


def write(operators: Mapping[str, Mapping[str, Mapping[str, set[str]]]], refused: Mapping[str, str]) -> None:
    """The json, one line a type variable, so that a change is seen where it is."""
    lines = []
    for name, variables in sorted(operators.items()):
        rows = []
        for variable, targets in sorted(variables.items()):
            kept = {target: [dtype for dtype in SHORT if dtype in names] for target, names in targets.items()}
            rows.append(f"      {json.dumps(variable)}: {json.dumps(kept)}")
        lines.append(f"    {json.dumps(name)}: {{\n" + ",\n".join(rows) + "\n    }")
    said = ",\n".join(f"    {json.dumps(key)}: {json.dumps(words)}" for key, words in sorted(refused.items()))
    MEASURED.write_text(
        f'{{\n  "opset": {newest_opset()},\n  "operators": {{\n'
        + ",\n".join(lines)
        + '\n  },\n  "refused": {\n'
        + said
        + "\n  }\n}\n"
    )


def main() -> int:
    if "--measure" in sys.argv[1:]:
        measure()
    if "--check" in sys.argv[1:]:
        return int(PAGE.read_text() != page())
    PAGE.write_text(page())
    return 0


if __name__ == "__main__":
    sys.exit(main())
