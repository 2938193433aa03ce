"""Which element types an operator compiles with, by target: each of ONNX's node tests told again in another type.

    Gather(data: T, indices: Tind)      T = int8:       data an input of int8, indices a constant, compiled to the end
                                        Tind = int32:   indices an input of int32, data a constant

What is tried is, of each version of the operator that an opset from `OLDEST` on has, each variable of its schema with
each of `DTYPES` that the schema allows (`operator_versions.py` writes the test as a node of that version, where it can
be one; `operator_texts.py` has those of more than a node), for each target, down to the files that it writes: object
code, C99, or the kernels that a device's driver is given. The inputs of that variable are inputs of the model and all
others constants; where this is refused, fewer are inputs, since an operator may ask for a constant (the bounds of a
Slice); at last all variables get the type at once. Nothing is run.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from onnx import AttributeProto, ModelProto, TensorProto, helper, numpy_helper
from onnx_nodes import node_tests
from operator_models import domain_of, made
from operator_texts import text_model, variable_of
from operator_versions import array_of, rewritten, version, versions
from stepwell.dialects.onnx.schemas import DEFAULT_DOMAIN, Formal, Schema

DTYPES = {
    "float16": "float16",
    "bfloat16": "bfloat16",
    "float": "float32",
    "double": "float64",
    **{name: name for name in ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool")},
}
"""ONNX's names of the element types that Stepwell has: those of numpy."""
NUMBERS = {name: getattr(TensorProto, name.upper()) for name in DTYPES}
SHORT_FLOATS = {TensorProto.FLOAT16, TensorProto.BFLOAT16}
TARGETS = ("native", "c", "wgsl", "opencl", "spirv")
OLDEST = 7
"""The opset from which on versions are tried."""
BROKEN = "broken"
WISHES = ("computed at run time", "depends on the values")
"""What is said where a constant would do: only then is one given, as a model of constants alone compiles always."""
CHOOSE = {"to", "dtype", "output_dtype", "output_datatype"}
"""Attributes that hold the number of an output's element type."""


@dataclass(frozen=True)
class Trial:
    """One model in several forms, the last `together` of which have more than the variable in that type. `since`: of
    the version of the operator."""

    name: str
    since: int
    variable: str
    dtype: str
    models: tuple[bytes, ...]
    together: int = 0
    targets: tuple[str, ...] = TARGETS


@cache
def cases() -> Mapping[str, Any]:
    """For each operator the test of least data that has it as the only node, all inputs given, at its newest schema."""
    best: dict[str, tuple[int, str]] = {}
    tests = node_tests()
    for name, test in tests.items():
        graph = test.model.graph
        if len(graph.node) != 1 or graph.node[0].domain or not test.data_sets or graph.initializer:
            continue
        node, (inputs, _) = graph.node[0], test.data_sets[0]
        known = version(node.op_type, max(versions(node.op_type))) if versions(node.op_type) else None
        opset = next((entry.version for entry in test.model.opset_import if not entry.domain), 0)
        if known is None or opset < known.since or any(a.type == AttributeProto.GRAPH for a in node.attribute):
            continue
        if any(kind.type.WhichOneof("value") != "tensor_type" for kind in (*graph.input, *graph.output)):
            continue
        if any(info.type.tensor_type.elem_type not in NUMBERS.values() for info in (*graph.input, *graph.output)):
            continue
        size = sum(np.size(array) for array in map(array_of, inputs)) - 1000 * len(variables(known, node))
        if any(info.type.tensor_type.elem_type in SHORT_FLOATS for info in (*graph.input, *graph.output)):
            size += 1 << 20  # which not every target has
        best[node.op_type] = min(best.get(node.op_type, (1 << 60, "")), (size, name))
    return dict(sorted(({op: tests[name] for op, (_, name) in best.items()} | dict(made())).items()))


def formals(known: Schema, node: Any) -> Iterator[tuple[str, Formal]]:
    """Each value that the node reads or gives, with its declaration."""
    for names, declared in ((node.input, known.inputs), (node.output, known.outputs)):
        for index, name in enumerate(names):
            if name:
                yield name, known.formal(declared, index)


def allowed(formal: Formal) -> tuple[str, ...]:
    return tuple(name for name in DTYPES if f"tensor({name})" in formal.allowed)


def variables(known: Schema, node: Any) -> dict[str, tuple[str, ...]]:
    """The type variables that the node's values have, and what each may be."""
    found = {formal.type_name: allowed(formal) for _, formal in formals(known, node)}
    found = {name: types for name, types in found.items() if types}
    return {name: types for name, types in found.items() if "(" not in name} or dict([*found.items()][:1])


def retyped(test: Any, known: Schema, changed: set[str], dtype: str, live: set[str]) -> bytes | None:
    """The test's model with `dtype` for the values `changed`; of its inputs only `live` stay inputs."""
    model = ModelProto()
    model.CopyFrom(test.model)
    graph, node = model.graph, model.graph.node[0]
    inputs, (arrays, _) = list(graph.input), test.data_sets[0]
    if not changed.intersection(info.name for info in inputs) and not choose(node, known, dtype):
        return None
    del graph.input[:]
    for info, array in zip(inputs, arrays, strict=True):
        array = array_of(array)
        if info.name in changed:
            info.type.tensor_type.elem_type = NUMBERS[dtype]
            with np.errstate(all="ignore"):
                array = array.astype(helper.tensor_dtype_to_np_dtype(NUMBERS[dtype]))
        if info.name in live:
            graph.input.append(info)
        else:
            graph.initializer.append(numpy_helper.from_array(array, info.name))
    for info in graph.output:
        if info.name in changed:
            info.type.tensor_type.elem_type = NUMBERS[dtype]
    return model.SerializeToString()


def forms(test: Any, known: Schema, variable: str, dtype: str) -> tuple[list[bytes], int]:
    """The models to try, in order, and how many of the last have all in one type."""
    node = test.model.graph.node[0]
    of = {name: formal for name, formal in formals(known, node)}
    mine = [name for name, formal in of.items() if formal.type_name == variable]
    others = [name for name in of if name not in mine]
    lives = (mine, mine[:1], others, others[:1], [])
    models = [retyped(test, known, set(mine), dtype, set(live)) for live in lives]
    number = {
        info.name: info.type.tensor_type.elem_type for info in (*test.model.graph.input, *test.model.graph.output)
    }
    same = {number.get(name) for name in mine}
    every = {name for name in others if dtype in allowed(of[name]) and number.get(name) in same}.union(mine)
    if every != set(mine):
        models += [retyped(test, known, every, dtype, set(live)) for live in (every, mine, mine[:1])]
    apart = list(dict.fromkeys(model for model in models[: len(lives)] if model is not None))
    together = [model for model in dict.fromkeys(models[len(lives) :]) if model is not None and model not in apart]
    return [*apart, *together], len(together)


def choose(node: Any, known: Schema, dtype: str) -> bool:
    """Set the attribute that says the type of the node's result; False where there is none."""
    for name in CHOOSE.intersection(known.attributes):
        kept = [attribute for attribute in node.attribute if attribute.name != name]
        del node.attribute[:]
        node.attribute.extend([*kept, helper.make_attribute(name, NUMBERS[dtype])])
        return True
    if "value" not in known.attributes:
        return False
    given = next((attribute.t for attribute in node.attribute if attribute.name == "value"), None)
    array = np.zeros(1) if given is None else numpy_helper.to_array(given)
    array = array.astype(helper.tensor_dtype_to_np_dtype(NUMBERS[dtype]))
    del node.attribute[:]
    node.attribute.append(helper.make_attribute("value", numpy_helper.from_array(array)))
    return True


def trials(names: Iterable[str]) -> Iterator[Trial]:
    """What is to be tried of these operators, versions without a model left out."""
    for name in names:
        for since, until in versions(name).items():
            if domain_of(name)[0] == DEFAULT_DOMAIN and until < OLDEST:
                continue
            yield from trials_of(name, since, until)


def trials_of(name: str, since: int, until: int) -> Iterator[Trial]:
    known = version(name, since)
    if (variable := variable_of(name, since)) is not None:
        held = "".join(kind for f in (*known.inputs, *known.outputs) if f.type_name == variable for kind in f.allowed)
        for dtype in DTYPES:
            if f"tensor({dtype})" in held:  # or a sequence or an optional of it
                yield Trial(name, since, variable, dtype, (text_model(name, since, dtype, until),))
        return
    test = cases().get(name)
    if test is not None and since != max(versions(name)):
        test = rewritten(name, test, since)
    if test is None:
        return
    for variable, types in variables(known, test.model.graph.node[0]).items():
        for dtype in types:
            models, together = forms(test, known, variable, dtype)
            if models:
                yield Trial(name, since, variable, dtype, tuple(models), together)


def measure(trial: Trial) -> dict[str, tuple[bool, str]]:
    """By target: whether one of the trial's models compiles, and what is said of those in which only the variable has
    the type."""
    return {target: measure_for(trial, target) for target in trial.targets}


def measure_for(trial: Trial, target: str) -> tuple[bool, str]:
    apart = trial.models[: len(trial.models) - trial.together]
    said = ""
    for model in apart:
        if (words := refusal(model, target)) is None:
            return True, ""
        said = words
        if not any(wish in words for wish in WISHES):
            break
    if said.startswith(BROKEN):
        return False, said
    return any(refusal(model, target) is None for model in trial.models[len(apart) :]), said


def refusal(model: bytes, target: str) -> str | None:
    """What is said where a model does not compile."""
    os.environ["STEPWELL_CACHE"] = "off"
    from stepwell.context import Context
    from stepwell.diagnostics import InternalError, StepwellError
    from stepwell.driver import Way, find_target, read_module

    way = Way(find_target(target))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ctx = Context()
            module = read_module(ctx, model)
            way.lower(ctx, module)
            way.target.emit(ctx, module, way.options)
    except InternalError as error:
        return f"{BROKEN}: {error}"
    except StepwellError as error:
        return str(error)
    except Exception as error:
        return f"{BROKEN}: {type(error).__name__}: {error}"
    return None
