"""Write docs/onnx-support.md: operator by element type, target and opset, with every limit.

python docs/make_support.py                           write the page
python docs/make_support.py --measure                 compile each operator first, in each version of its schema and
                                                      each type, for each target (onnx-support.json): minutes
python docs/make_support.py --measure wgsl,opencl     only for these targets
python docs/make_support.py --measure --of Add,Mul    only of these operators
python docs/make_support.py --check                   exit 1 when the page is not what the json and the code say

Which types compile is measured (`test/support/operator_types.py`); limits come from the docstrings of
`passes/onnx_to_graph/`, what a device has from `targets/gpu/device.py`.
"""

from __future__ import annotations

import json
import re
import sys
from argparse import ArgumentParser
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

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
RUNS = (("i8 i16 i32 i64", "i8-i64"), ("u8 u16 u32 u64", "u8-u64"))
NO_TYPE = re.compile("has no type for|tensors of [a-z0-9]+, which [a-z]+ has not")
MOST_WORDS = 160

Types = Mapping[str, Mapping[str, str]]
"""By type variable, by target: the element types that compile, as `short` writes them."""
Versions = Mapping[str, Types]
"""By the opset that the version of the operator came with."""

PAGE_TEXT = """# ONNX operators that Stepwell compiles

<!-- written by docs/make_support.py: edit there -->

Operator by element type, target and opset, with every limit; opsets 7 to {OPSET}. What compiles is measured: of each
operator a model of that one node, in each version that its schema has had since opset 7, in each element type that the
schema allows, for each target down to what the target writes: an object file for the processor (`native`), C99 (`c`),
the kernels that a driver is given (`wgsl`, `opencl`, `spirv`). What compiles counts as supported; that it computes the
right numbers, the node tests show (`test/nodes`, `test/targets`). A test holds this page to the measurement and the
code, and measures some anew.

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

*opsets*: the version in force at opset 7, or the first, and behind a later one what of `native`'s types came, or went,
with it; `+bf16` behind 13 means that a model of opset 12 cannot have it. Where a version stands alone, all that changed
is something else than types. *native*: `f32` is float32, `bf16` bfloat16, `i8-i64` all signed integers, `u8-u64` all
without a sign; where an operator has several type variables (`T`, `Tind`), each stands by itself. The other targets:
`same` is what `native` has of the types that the target can move at all,

{BASIS}

and what differs is written out. For operators of `com.microsoft` the schemas are ONNX Runtime's.

{TABLE}

## What is refused of the types that the schemas allow

Those apart that a target has not at all. In the newest version; of an operator with modes this is the mode of the model
that was tried.

{REFUSED}

## Operators without a conversion

{MISSING}

## Graphics processors

What a device is asked to store and to compute must be of its element types. Where these are of 32 bits only, shorter
integers are computed in them (`widen-integers`), and longer ones where they are known to fit (`narrow-types`); what
else a model has is refused by name. See [gpu.md](gpu.md).

{DEVICES}
"""


def short(types: Iterable[str]) -> str:
    """`f32 f64 i8-i64`: element types in one order, whole runs of integers as one."""
    given = set(types)
    text = " ".join(name for whole, name in SHORT.items() if whole in given)
    for run, name in RUNS:
        text = text.replace(run, name)
    return text or "none"


def long(text: str) -> set[str]:
    """The element types that `short` has written."""
    for run, name in RUNS:
        text = text.replace(name, run)
    return {whole for whole, name in SHORT.items() if name in text.split()}


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


def opsets(name: str, versions: Versions) -> str:
    """`7, 13 +bf16`: the versions that were measured, and what each later one adds to the types that compile."""
    domain, op = operator(name)
    parts: list[str] = []
    have: dict[str, set[str]] = {}
    named: Iterable[str] = ()  # where the variables of a version are others, their names mean others
    for since, types in versions.items():
        now = {variable: long(targets["native"]) for variable, targets in types.items()}
        changes: list[str] = []
        for variable in now if parts else ():
            before = have.get(variable, now[variable]) if now.keys() == named else now[variable]
            said = [
                sign + short(kinds)
                for sign, kinds in (("+", now[variable] - before), ("-", before - now[variable]))
                if kinds
            ]
            if said:
                changes.append((f"{variable} " if len(now) > 1 else "") + " ".join(said))
        parts.append(" ".join(part for part in (since, "; ".join(changes)) if part))
        have, named = now, now.keys()
    newest = newest_opset(domain)
    while (known := schema(domain, op, newest)) is not None and known.deprecated:
        newest -= 1
    return ", ".join(parts if newest == newest_opset(domain) else [*parts, f"until {newest}"])


def basis(operators: Mapping[str, Versions]) -> dict[str, set[str]]:
    """By target, the types that it has: of which Concat, which only moves its operands, compiles."""
    types = operators["Concat"][max(operators["Concat"], key=int)]["T"]
    return {target: long(said) for target, said in types.items()}


def cells(types: Types, has: Mapping[str, set[str]]) -> Iterator[str]:
    """What compiles for the processor, and how each other target differs from it."""
    for target in has:
        texts = {variable: targets.get(target, "none") for variable, targets in types.items()}
        wanted = {variable: short(long(targets["native"]) & has[target]) for variable, targets in types.items()}
        if target != "native" and texts == wanted:
            yield "same"
        else:
            yield "; ".join((f"{variable}: " if len(types) > 1 else "") + text for variable, text in texts.items())


def limits(name: str) -> str:
    """What the conversions say of themselves; an older one's words where they differ."""
    *older, (since, says) = rows_of(name)
    before = [f"before opset {since}: {words}" for _, words in older if words and words != says]
    return "; ".join(part for part in (says, *before) if part).replace("|", "\\|")


def table(operators: Mapping[str, Versions]) -> Iterator[str]:
    has = basis(operators)
    yield f"| operator | opsets | {' | '.join(has)} | limits |\n|---|---|{'---|' * len(has)}---|"
    for name in sorted(CONVERSIONS):
        versions = operators[name]
        newest = versions[max(versions, key=int)]
        yield f"| {name} | {opsets(name, versions)} | {' | '.join(cells(newest, has))} | {limits(name)} |"


def types_of_targets(operators: Mapping[str, Versions]) -> str:
    rows = [f"| {target} | {short(kinds)} |" for target, kinds in basis(operators).items() if target != "native"]
    return "\n".join(["| target | element types |", "|---|---|", *rows])


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
        of = [
            f"{who} {dtypes}" + ("" if "native" in on else f" ({', '.join(on)})")
            for (who, dtypes), on in sorted(both.items())
        ]
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
        "BASIS": types_of_targets(measured["operators"]),
        "OPSET": str(measured["opset"]),
    }
    return re.sub(r"\{([A-Z]+)\}", lambda found: parts[found[1]], PAGE_TEXT)


def first_words(said: str) -> str:
    """What an error says, without where and how to mend it."""
    words = " ".join(said.removeprefix("error: ").split("\n")[0].split())
    return words if len(words) <= MOST_WORDS else words[:MOST_WORDS] + " ..."


def measure(only: Sequence[str], of: Sequence[str]) -> None:
    """Measure for some targets, or all, some operators, or all; what is known of the others stays."""
    from operator_types import DTYPES, TARGETS, trials
    from workers import Died, Workers

    for_targets = tuple(target for target in TARGETS if not only or target in only)
    names = of or list(CONVERSIONS)
    known = json.loads(MEASURED.read_text()) if only or of else {"operators": {}, "refused": {}}
    operators = {name: levels(long, rows) for name, rows in known["operators"].items() if of and name not in of}
    refused = {
        key: words
        for key, words in known["refused"].items()
        if key.split()[2] not in for_targets or key.split()[0] not in names
    }
    tasks = [replace(trial, targets=for_targets) for trial in trials(names)]
    newest = {trial.name: trial.since for trial in tasks}
    for trial, answer in Workers("operator_types:measure").run(tasks):
        before = known["operators"].get(trial.name, {}).get(str(trial.since), {}).get(trial.variable, {})
        targets = operators.setdefault(trial.name, {}).setdefault(str(trial.since), {})
        kinds = targets.setdefault(trial.variable, {name: long(before.get(name, "")) for name in TARGETS})
        dtype = DTYPES[trial.dtype]
        for target in for_targets:
            compiles, said = (False, answer.how) if isinstance(answer, Died) else answer[target]
            kinds[target] = kinds[target] | {dtype} if compiles else kinds[target] - {dtype}
            words = first_words(said) + ("; compiles with all of one type" if compiles else "")
            if said and NO_TYPE.search(words) is None and trial.since == newest[trial.name]:
                refused[f"{trial.name} {trial.variable} {target} {dtype}"] = words
    write(operators, refused)


def levels(change: Callable[[Any], Any], node: Any) -> Any:
    """A tree of dicts with its leaves changed."""
    return {key: levels(change, below) for key, below in node.items()} if isinstance(node, dict) else change(node)


def write(
    operators: Mapping[str, Mapping[str, Mapping[str, Mapping[str, set[str]]]]], refused: Mapping[str, str]
) -> None:
    """The json, one line a version and type variable, so that a change is seen where it is."""
    lines = []
    for name, versions in sorted(operators.items()):
        rows = []
        for since, variables in sorted(versions.items(), key=lambda item: int(item[0])):
            kept = {
                variable: {target: short(kinds) for target, kinds in targets.items()}
                for variable, targets in sorted(variables.items())
            }
            said = ",\n".join(f"        {json.dumps(variable)}: {json.dumps(row)}" for variable, row in kept.items())
            rows.append(f"      {json.dumps(since)}: {{\n{said}\n      }}")
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
    parser = ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--measure", nargs="?", const="", metavar="TARGETS")
    parser.add_argument("--of", default="", metavar="OPERATORS")
    parser.add_argument("--check", action="store_true")
    said = parser.parse_args()
    if said.measure is not None:
        measure(*([name for name in given.split(",") if name] for given in (said.measure, said.of)))
    if said.check:
        return int(PAGE.read_text() != page())
    PAGE.write_text(page())
    return 0


if __name__ == "__main__":
    sys.exit(main())
