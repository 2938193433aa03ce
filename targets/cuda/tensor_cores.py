"""nvgpu ops in CUDA C++: helpers around one instruction of PTX each, by inline assembly.

    %sum = nvgpu.mma.sync(%a, %b, %acc) {mmaShape = [16, 8, 16]}
      : (vector<4x2xbf16>, vector<2x2xbf16>, vector<2x2xf32>) -> vector<2x2xf32>
  is
    const float4 sum = mma_bf16(a, b, acc);
  behind
    static __device__ inline float4 mma_bf16(uint4 a, uint2 b, float4 c)
    {
      asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, ..." : "+f"(c.x), ...);
      return c;
    }

A fragment is one of CUDA's vectors: of floats, or of words that hold two elements each.
(CUDA C++, "Inline PTX Assembly"; PTX ISA, `mma`, `ldmatrix`, `cp.async`.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod

from stepwell.diagnostics import StepwellError
from stepwell.dialects.lanes import element, lanes
from stepwell.dialects.nvgpu import (
    DeviceAsyncCopyOp,
    DeviceAsyncCreateGroupOp,
    DeviceAsyncWaitOp,
    LdMatrixOp,
    MmaSyncOp,
    word,
)
from stepwell.targets.source.expressions import UNARY, Expr, call
from stepwell.targets.source.kernel import KernelPrinter
from xdsl.dialects import vector
from xdsl.dialects.builtin import BFloat16Type, Float16Type, Float32Type, f32
from xdsl.ir import Attribute, Operation, SSAValue

PARTS = "xyzw"
HELPER = "static __device__ inline"
PRODUCTS = {
    Float16Type: ("f16", "m16n8k16", "f16"),
    BFloat16Type: ("bf16", "m16n8k16", "bf16"),
    Float32Type: ("tf32", "m16n8k8", "tf32"),
}


def fragment_name(kind: Attribute) -> str | None:
    """CUDA's name for a thread's part of a matrix; None for what is none."""
    shape = lanes(kind)
    if shape is None or len(shape) != 2 or not isinstance(element(kind), Float16Type | BFloat16Type | Float32Type):
        return None
    count = prod(shape) // word(element(kind))
    single = element(kind) == f32
    if not 1 <= count <= len(PARTS):
        return None
    return ("float" if single else "unsigned") if count == 1 else f"{'float' if single else 'uint'}{count}"


def names(first: int, count: int) -> str:
    """Operands of inline assembly: {%4, %5}."""
    return f"{{{', '.join(f'%{n}' for n in range(first, first + count))}}}"


def operands(letter: str, values: Sequence[str]) -> str:
    return ", ".join(f'"{letter}"({value})' for value in values)


def parts(name: str, count: int) -> list[str]:
    return [name] if count == 1 else [f"{name}.{part}" for part in PARTS[:count]]


ROUNDED = (
    "tf32",
    f"{HELPER} unsigned tf32(float a)\n{{\n"
    "  unsigned found;\n"
    '  asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(found) : "f"(a));\n'
    "  return found;\n}\n",
)
"""The nearest number that tensor cores multiply: what they make of other bits is undefined."""


def product_helper(kind: Attribute) -> tuple[str, str]:
    """The name and the text of the helper that multiplies fragments of this type."""
    name, shape, ptx = PRODUCTS[type(kind)]
    single = isinstance(kind, Float32Type)
    a, b, c = parts("a", 4), parts("b", 2), parts("c", 4)
    factors = [f"tf32({part})" if single else part for part in (*a, *b)]
    vector_kind = "float" if single else "uint"
    instruction = f"mma.sync.aligned.{shape}.row.col.f32.{ptx}.{ptx}.f32"
    return f"mma_{name}", (
        f"{HELPER} float4 mma_{name}({vector_kind}4 a, {vector_kind}2 b, float4 c)\n{{\n"
        f'  asm volatile("{instruction} {names(0, 4)}, {names(4, 4)}, {names(8, 2)}, {names(0, 4)};"\n'
        f"               : {operands('+f', c)}\n"
        f"               : {operands('r', factors)});\n"
        "  return c;\n}\n"
    )


def matrix_helper(op: LdMatrixOp) -> tuple[str, str]:
    single = isinstance(element(op.res.type), Float32Type)
    turned = ".trans" if op.transposed else ""
    kind = "unsigned" if op.tiles == 1 else f"uint{op.tiles}"
    result = fragment_name(op.res.type)
    name = f"ldmatrix_x{op.tiles}{'_trans' if op.transposed else ''}{'_f32' if single else ''}"
    back = "found"
    if single:
        cast = [f"__uint_as_float({part})" for part in parts("found", op.tiles)]
        back = cast[0] if op.tiles == 1 else f"make_{result}({', '.join(cast)})"
    return name, (
        f"{HELPER} {result} {name}(const void *from)\n{{\n"
        f"  {kind} found;\n"
        f'  asm volatile("ldmatrix.sync.aligned.m8n8.x{op.tiles}{turned}.shared.b16 '
        f'{names(0, op.tiles)}, [%{op.tiles}];"\n'
        f"               : {operands('=r', parts('found', op.tiles))}\n"
        f'               : "r"((unsigned)__cvta_generic_to_shared(from))\n'
        '               : "memory");\n'
        f"  return {back};\n}}\n"
    )


def copy_helper(op: DeviceAsyncCopyOp) -> tuple[str, str]:
    """With `srcElements` the helper takes how many bytes are read."""
    less = op.srcElements is not None
    where = "cg" if op.bypassL1 is not None else "ca"
    name = f"copy_async_{where}_{op.bytes}{'_part' if less else ''}"
    return name, (
        f"{HELPER} void {name}(void *to, const void *from{', int bytes' if less else ''})\n{{\n"
        f'  asm volatile("cp.async.{where}.shared.global [%0], [%1], {op.bytes}{", %2" if less else ""};"\n'
        "               :\n"
        f'               : "r"((unsigned)__cvta_generic_to_shared(to)), "l"(from){", " if less else ""}'
        f"{operands('r', ['bytes']) if less else ''}\n"
        '               : "memory");\n}\n'
    )


def used(printer: KernelPrinter, helper: tuple[str, str]) -> str:
    """The name of a helper that will be printed before the kernels."""
    name, text = helper
    printer.language.used[name] = text
    return name


def address(printer: KernelPrinter, memory: SSAValue, indices: Sequence[SSAValue]) -> Expr:
    return Expr(f"&{printer.element(memory, indices)}", UNARY)


def write_product(printer: KernelPrinter, op: Operation) -> None:
    assert isinstance(op, MmaSyncOp)
    kind = element(op.matrixA.type)
    if isinstance(kind, Float32Type):
        used(printer, ROUNDED)
    name = used(printer, product_helper(kind))
    printer.declare(op.res, call(name, *(printer.use(value) for value in op.operands)))


def write_matrix(printer: KernelPrinter, op: Operation) -> None:
    assert isinstance(op, LdMatrixOp)
    printer.declare(op.res, call(used(printer, matrix_helper(op)), address(printer, op.srcMemref, op.indices)))


def write_copy(printer: KernelPrinter, op: Operation) -> None:
    assert isinstance(op, DeviceAsyncCopyOp)
    args = [address(printer, op.dst, op.dstIndices), address(printer, op.src, op.srcIndices)]
    if op.srcElements is not None:
        size = op.bytes // op.dstElements.value.data
        args.append(Expr(f"{size} * {printer.use(op.srcElements).at(UNARY)}"))
    printer.settle()
    printer.line(f"{call(used(printer, copy_helper(op)), *args).text};")


def write_group(printer: KernelPrinter, op: Operation) -> None:
    assert isinstance(op, DeviceAsyncCreateGroupOp)
    printer.line('asm volatile("cp.async.commit_group;" ::: "memory");')


def write_wait(printer: KernelPrinter, op: Operation) -> None:
    assert isinstance(op, DeviceAsyncWaitOp)
    printer.settle()
    printer.line(f'asm volatile("cp.async.wait_group {op.groups};" ::: "memory");')


def part_of(op: vector.ExtractOp | vector.InsertOp, kind: Attribute) -> str:
    """The part of a fragment of f32 that is meant."""
    at, shape = op.static_position.get_values(), lanes(kind)
    if shape is None or (len(shape) > 1 and element(kind) != f32) or op.dynamic_position or len(at) != len(shape):
        raise StepwellError(f"{op.name} of a part of {kind} cannot be printed as CUDA C++", op)
    return PARTS[sum(n * prod(shape[d + 1 :]) for d, n in enumerate(at))]


def write_extract(printer: KernelPrinter, op: Operation) -> None:
    assert isinstance(op, vector.ExtractOp)
    printer.known[op.result] = Expr(f"{printer.use(op.vector).text}.{part_of(op, op.vector.type)}")


def write_insert(printer: KernelPrinter, op: Operation) -> None:
    """Into a copy."""
    assert isinstance(op, vector.InsertOp)
    value, old = printer.use(op.source), printer.use(op.dest)
    name = printer.names.fresh(op.result.name_hint, "v")
    printer.line(printer.language.variable(printer.language.type_name(op.result.type, op), name, old.text))
    printer.line(f"{name}.{part_of(op, op.result.type)} = {value.text};")
    printer.known[op.result] = Expr(name)


STATEMENTS: dict[str, Callable[[KernelPrinter, Operation], None]] = {
    "nvgpu.mma.sync": write_product,
    "nvgpu.ldmatrix": write_matrix,
    "nvgpu.device_async_copy": write_copy,
    "nvgpu.device_async_create_group": write_group,
    "nvgpu.device_async_wait": write_wait,
    "vector.extract": write_extract,
    "vector.insert": write_insert,
}
