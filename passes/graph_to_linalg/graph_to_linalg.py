"""From graph ops to linalg on tensors: each op of a kernel becomes one or a few structured loops.

    func.func private @kernel_conv_0(%x: tensor<1x8x8x3xf32>, %w: tensor<3x3x3x16xf32>) -> tensor<1x6x6x16xf32>
        attributes {stepwell.kernel} {
      %0 = graph.conv %x, %w {layout = nhwc} : (...) -> tensor<1x6x6x16xf32>
      %1 = graph.relu %0 : tensor<1x6x6x16xf32>
      func.return %1 : tensor<1x6x6x16xf32>
    }
  becomes
      %zero = arith.constant 0.0 : f32
      %empty = tensor.empty() : tensor<1x6x6x16xf32>
      %fill = linalg.fill ins(%zero : f32) outs(%empty : ...) -> tensor<1x6x6x16xf32>
      %0 = linalg.generic {... (n, oh, ow, f, kh, kw, c) ...} ins(%x, %w) outs(%fill) { mulf, addf }
      %1 = linalg.generic {... (n, oh, ow, f) ...} ins(%0) outs(%empty) { maximumf }
      func.return %1

@main keeps its constants (now `arith.constant`), views, calls and control flow (`control.py`), and says the model's
interface in `stepwell.signature`. Integers lose their sign: the ops have it from here on. Tensors of numbers that a
kernel needs besides its operands (the weights of a resize, say) become constants of @main and further arguments of the
kernel.
"""

from __future__ import annotations

from dataclasses import dataclass

from stepwell.context import Context
from stepwell.diagnostics import StepwellError
from stepwell.dialects import graph
from stepwell.levels import set_level
from stepwell.locations import stamp
from stepwell.pass_manager import ModulePass
from xdsl.builder import Builder
from xdsl.dialects import func
from xdsl.dialects.builtin import FunctionType, ModuleOp
from xdsl.ir import Attribute, Block, Operation, Region
from xdsl.rewriter import InsertPoint

from . import control
from .casts import populate_casts
from .convolution import populate_convolution
from .elementwise import populate_elementwise
from .indexing import populate_indexing
from .lowering import Lowering, Rules, signless
from .matmul import populate_matmul
from .movement import populate_movement
from .normalization import populate_normalization
from .ordering import populate_ordering
from .pooling import populate_pooling
from .quantization import populate_quantization
from .reduction import populate_reduction
from .resize import populate_resize
from .signature import move_signature
from .winograd import populate_winograd

KERNEL = "stepwell.kernel"


def all_rules() -> Rules:
    rules: Rules = {}
    populate_elementwise(rules)
    populate_casts(rules)
    populate_quantization(rules)
    populate_matmul(rules)
    populate_convolution(rules)
    populate_winograd(rules)
    populate_pooling(rules)
    populate_reduction(rules)
    populate_normalization(rules)
    populate_movement(rules)
    populate_resize(rules)
    populate_indexing(rules)
    populate_ordering(rules)
    rules["graph.slice_at"], rules["graph.update_at"] = control.slice_at, control.update_at
    return rules


def lower_op(op: Operation, at: Lowering, rules: Rules, tables: dict[str, list[Attribute]]) -> None:
    """Write what `op` becomes through `at`."""
    if isinstance(op, graph.ConstantOp):
        return  # made where it is used, as the tensor or the scalar that is needed there
    if isinstance(op, func.ReturnOp):
        at.builder.insert(func.ReturnOp(*(at[value] for value in op.arguments)))
    elif isinstance(op, func.CallOp):
        callee = op.callee.root_reference.data
        operands = [at[value] for value in op.arguments]
        operands += [at.constant(table) for table in tables.get(callee, ())]
        call = at.builder.insert(func.CallOp(op.callee, operands, [signless(r.type) for r in op.results]))
        at.values.update(zip(op.results, call.results, strict=True))
    elif isinstance(op, graph.IfOp):
        control.lower_if(op, at, lambda old, new, at: lower_ops(old, new, at, rules, tables))
    elif isinstance(op, graph.LoopOp):
        control.lower_loop(op, at, lambda old, new, at: lower_ops(old, new, at, rules, tables))
    elif (rule := rules.get(op.name)) is not None:
        at.values[op.results[0]] = rule(op, at)
    else:
        raise StepwellError(f"{op.name} has no form in linalg", op, fix="run the graph level's passes first")


def lower_ops(old: Block, new: Block, at: Lowering, rules: Rules, tables: dict[str, list[Attribute]]) -> None:
    """Lower the ops of `old` to the end of `new`, but for what ends a region: who holds it knows that."""
    for op in old.ops:
        if isinstance(op, graph.YieldOp):
            continue
        last = new.last_op
        lower_op(op, at, rules, tables)
        made = new.first_op if last is None else last.next_op
        while made is not None:
            stamp([made], op.location)
            made = made.next_op


def lower_function(ctx: Context, function: func.FuncOp, rules: Rules, tables: dict[str, list[Attribute]]) -> None:
    """Lower the body of `function` in place; notes in `tables` what its callers must hand in besides its arguments."""
    move_signature(function)
    old = function.body.block
    new = Block(arg_types=[signless(arg.type) for arg in old.args])
    at = Lowering(ctx, Builder(InsertPoint.at_end(new)), is_kernel=KERNEL in function.attributes)
    for before, after in zip(old.args, new.args, strict=True):
        after.name_hint = before.name_hint
        at.values[before] = after
    lower_ops(old, new, at, rules, tables)
    inputs = [arg.type for arg in new.args]
    outputs = [signless(type) for type in function.function_type.outputs]
    function.detach_region(function.body)
    function.add_region(Region(new))
    function.function_type = FunctionType.from_lists(inputs, outputs)
    tables[function.sym_name.data] = at.tables


@dataclass(frozen=True)
class GraphToLinalg(ModulePass):
    name = "graph-to-linalg"

    def apply(self, ctx: Context, module: ModuleOp) -> None:
        rules = all_rules()
        tables: dict[str, list[Attribute]] = {}
        functions = [op for op in module.walk() if isinstance(op, func.FuncOp)]
        functions.sort(key=lambda function: KERNEL not in function.attributes)  # kernels first: @main reads `tables`
        for function in functions:
            if function.body.blocks:
                lower_function(ctx, function, rules, tables)
        set_level(module, "tensor")
