"""Kernels, the module that holds them, and their launches."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import (
    DenseArrayBase,
    FunctionType,
    IndexType,
    IntegerAttr,
    IntegerType,
    StringAttr,
    SymbolNameConstraint,
    SymbolRefAttr,
    UnitAttr,
    i32,
    i64,
)
from xdsl.ir import Attribute, Block, BlockArgument, Operation, Region, SSAValue
from xdsl.irdl import (
    AttrSizedOperandSegments,
    IRDLOperation,
    attr_def,
    irdl_op_definition,
    operand_def,
    opt_attr_def,
    opt_operand_def,
    opt_prop_def,
    prop_def,
    region_def,
    traits_def,
    var_operand_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import (
    HasParent,
    IsolatedFromAbove,
    IsTerminator,
    NoTerminator,
    SymbolOpInterface,
    SymbolTable,
)
from xdsl.utils.exceptions import VerifyException

from .attributes import AddressSpace, space_of

CONTAINER = "gpu.container_module"
"""Marks a module that launches kernels of a gpu.module in it."""
KERNEL = "gpu.kernel"
"""Marks a function that is launched."""


@irdl_op_definition
class GPUModuleOp(IRDLOperation):
    """What is compiled for the device: `gpu.module @kernels { ... }`."""

    name = "gpu.module"

    sym_name = prop_def(SymbolNameConstraint())
    body = region_def("single_block")

    traits = traits_def(IsolatedFromAbove(), NoTerminator(), SymbolOpInterface(), SymbolTable())

    def __init__(self, name: str, body: Region):
        super().__init__(properties={"sym_name": StringAttr(name)}, regions=[body])

    @classmethod
    def parse(cls, parser: Parser) -> GPUModuleOp:
        name = parser.parse_symbol_name().data
        attributes = parser.parse_optional_attr_dict_with_keyword()
        body = parser.parse_region()
        if body.first_block is None:
            body.add_block(Block())
        op = cls(name, body)
        if attributes is not None:
            op.attributes |= attributes.data
        return op

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_symbol_name(self.sym_name.data)
        printer.print_op_attributes(self.attributes, print_keyword=True)
        printer.print_string(" ")
        printer.print_region(self.body, print_entry_block_args=False, print_empty_block=False)


@irdl_op_definition
class FuncOp(IRDLOperation):
    """A function of the device; a `kernel` is one that is launched.

    Behind its arguments stand the buffers that a block of threads shares (`workgroup`) and those that each thread has
    of its own (`private`): they are there as long as the function runs.
    """

    name = "gpu.func"

    sym_name = attr_def(SymbolNameConstraint())
    function_type = prop_def(FunctionType)
    known_block_size = opt_prop_def(DenseArrayBase[IntegerType])
    workgroup_attributions = opt_attr_def(IntegerAttr)
    kernel = opt_attr_def(UnitAttr, attr_name=KERNEL)
    body = region_def()

    traits = traits_def(IsolatedFromAbove(), HasParent(GPUModuleOp), SymbolOpInterface())

    def __init__(
        self,
        name: str,
        inputs: Sequence[Attribute],
        body: Region,
        *,
        workgroup: int = 0,
        block_size: Sequence[int] | None = None,
        kernel: bool = True,
    ):
        """`body`: its first block has the arguments, then `workgroup` buffers, then the private ones. `block_size`:
        the threads of a block along x, y and z."""
        size = None if block_size is None else DenseArrayBase.from_list(i32, block_size)
        super().__init__(
            properties={"function_type": FunctionType.from_lists(inputs, []), "known_block_size": size},
            attributes={
                "sym_name": StringAttr(name),
                "workgroup_attributions": IntegerAttr(workgroup, i64) if workgroup else None,
                KERNEL: UnitAttr() if kernel else None,
            },
            regions=[body],
        )

    @property
    def arguments(self) -> tuple[BlockArgument, ...]:
        return self.body.blocks[0].args[: len(self.function_type.inputs)]

    @property
    def workgroup_buffers(self) -> tuple[BlockArgument, ...]:
        first, count = len(self.function_type.inputs), self._workgroup_count
        return self.body.blocks[0].args[first : first + count]

    @property
    def private_buffers(self) -> tuple[BlockArgument, ...]:
        return self.body.blocks[0].args[len(self.function_type.inputs) + self._workgroup_count :]

    @property
    def block_size(self) -> tuple[int, ...] | None:
        """The threads of a block along x, y and z, if the function is for one size."""
        return None if self.known_block_size is None else tuple(map(int, self.known_block_size.get_values()))

    @property
    def _workgroup_count(self) -> int:
        return 0 if self.workgroup_attributions is None else self.workgroup_attributions.value.data

    def verify_(self) -> None:
        block = self.body.blocks[0]
        if tuple(block.arg_types[: len(self.function_type.inputs)]) != self.function_type.inputs.data:
            raise VerifyException("the arguments are not of the types that the function's type says")
        if self.kernel is not None and len(self.function_type.outputs):
            raise VerifyException("a kernel returns nothing: it writes to buffers")
        for buffers, space in ((self.workgroup_buffers, "workgroup"), (self.private_buffers, "private")):
            for buffer in buffers:
                if space_of(buffer.type) is not AddressSpace(space):
                    raise VerifyException(f"a {space} buffer is of #gpu.address_space<{space}>")
        if self.known_block_size is not None and len(self.block_size or ()) != 3:
            raise VerifyException("known_block_size has three numbers: the threads of a block along x, y and z")

    @classmethod
    def parse(cls, parser: Parser) -> FuncOp:
        name = parser.parse_symbol_name().data
        arguments = parser.parse_comma_separated_list(Parser.Delimiter.PAREN, parser.parse_argument)

        def buffers(keyword: str) -> list[Parser.Argument]:
            if parser.parse_optional_keyword(keyword) is None:
                return []
            return parser.parse_comma_separated_list(Parser.Delimiter.PAREN, parser.parse_argument)

        workgroup, private = buffers("workgroup"), buffers("private")
        kernel = parser.parse_optional_keyword("kernel") is not None
        attributes = parser.parse_optional_attr_dict_with_keyword()
        region = parser.parse_region([*arguments, *workgroup, *private])
        op = cls(name, [a.type for a in arguments], region, workgroup=len(workgroup), kernel=kernel)
        if attributes is not None:
            for key, value in attributes.data.items():
                (op.properties if key == "known_block_size" else op.attributes)[key] = value
        return op

    def print(self, printer: Printer) -> None:
        def listed(buffers: Sequence[BlockArgument]) -> None:
            with printer.in_parens():
                printer.print_list(buffers, printer.print_block_argument)

        printer.print_string(" ")
        printer.print_symbol_name(self.sym_name.data)
        listed(self.arguments)
        for keyword, buffers in (("workgroup", self.workgroup_buffers), ("private", self.private_buffers)):
            if buffers:
                printer.print_string(f" {keyword}")
                listed(buffers)
        if self.kernel is not None:
            printer.print_string(" kernel")
        shown = dict(self.attributes)
        for key in ("sym_name", "workgroup_attributions", KERNEL):
            shown.pop(key, None)
        if self.known_block_size is not None:
            shown["known_block_size"] = self.known_block_size
        printer.print_op_attributes(shown, print_keyword=True)
        printer.print_string(" ")
        printer.print_region(self.body, print_entry_block_args=False, print_empty_block=False)


@irdl_op_definition
class ReturnOp(IRDLOperation):
    """The end of a kernel."""

    name = "gpu.return"

    assembly_format = "attr-dict"
    traits = traits_def(IsTerminator(), HasParent(FuncOp))

    def __init__(self) -> None:
        super().__init__()


@irdl_op_definition
class LaunchFuncOp(IRDLOperation):
    """Run a kernel on a grid of blocks of threads. Launches run one after the other."""

    name = "gpu.launch_func"

    asyncDependencies = var_operand_def()
    grid_x = operand_def(IndexType)
    grid_y = operand_def(IndexType)
    grid_z = operand_def(IndexType)
    block_x = operand_def(IndexType)
    block_y = operand_def(IndexType)
    block_z = operand_def(IndexType)
    cluster_x = opt_operand_def(IndexType)
    cluster_y = opt_operand_def(IndexType)
    cluster_z = opt_operand_def(IndexType)
    dynamic_workgroup_memory = opt_operand_def(i32)
    arguments = var_operand_def()
    asyncObject = opt_operand_def()
    kernel = prop_def(SymbolRefAttr)

    irdl_options = (AttrSizedOperandSegments(as_property=True),)

    def __init__(
        self,
        kernel: SymbolRefAttr,
        blocks: Sequence[SSAValue],
        threads: Sequence[SSAValue],
        arguments: Sequence[SSAValue],
    ):
        """`kernel`: @module::@function. `blocks`, `threads`: how many along x, y and z."""
        super().__init__(
            operands=[[], *blocks, *threads, [], [], [], [], arguments, []],
            properties={"kernel": kernel},
        )

    @property
    def blocks(self) -> tuple[SSAValue, SSAValue, SSAValue]:
        return self.grid_x, self.grid_y, self.grid_z

    @property
    def threads(self) -> tuple[SSAValue, SSAValue, SSAValue]:
        return self.block_x, self.block_y, self.block_z

    def target(self) -> FuncOp | None:
        """The kernel, looked up in the module that this op stands in; None outside of one."""
        found = self.named()
        return found if isinstance(found, FuncOp) else None

    def named(self) -> Operation | None:
        """What is called as the kernel is: a gpu.func, or what has become of it."""
        top: Operation = self
        while (parent := top.parent_op()) is not None:
            top = parent
        names = [self.kernel.root_reference.data, *(part.data for part in self.kernel.nested_references)]
        for name in names:
            if not top.regions or top.regions[0].first_block is None:
                return None
            found = [op for op in top.regions[0].block.ops if named(op) == name]
            if not found:
                return None
            top = found[0]
        return top

    def verify_(self) -> None:
        if len(self.kernel.nested_references) != 1:
            raise VerifyException("a kernel is named with its module: @kernels::@name")
        top: Operation = self
        while (parent := top.parent_op()) is not None:
            top = parent
        if top is self or top.name != "builtin.module":
            return
        found, target = self.named(), self.target()
        if found is not None and KERNEL in found.attributes and target is None:  # an llvm.func by now
            return
        if target is None:
            raise VerifyException(f"there is no kernel {self.kernel}")
        if target.function_type.inputs.data != tuple(self.arguments.types):
            raise VerifyException("the arguments are not of the types that the kernel takes")

    @classmethod
    def parse(cls, parser: Parser) -> LaunchFuncOp:
        kernel = parser.parse_attribute()
        if not isinstance(kernel, SymbolRefAttr):
            parser.raise_error("expected @module::@kernel")

        def three(keyword: str) -> Sequence[SSAValue]:
            parser.parse_keyword(keyword)
            parser.parse_keyword("in")
            names = parser.parse_comma_separated_list(Parser.Delimiter.PAREN, parser.parse_unresolved_operand)
            return parser.resolve_operands(names, [IndexType()] * 3, parser.pos)

        def argument() -> SSAValue:
            name = parser.parse_unresolved_operand()
            parser.parse_punctuation(":")
            return parser.resolve_operand(name, parser.parse_type())

        blocks, threads = three("blocks"), three("threads")
        given: list[SSAValue] = []
        if parser.parse_optional_keyword("args") is not None:
            given = parser.parse_comma_separated_list(Parser.Delimiter.PAREN, argument)
        op = cls(kernel, blocks, threads, given)
        op.attributes |= parser.parse_optional_attr_dict()
        return op

    def print(self, printer: Printer) -> None:
        def argument(value: SSAValue) -> None:
            printer.print_ssa_value(value)
            printer.print_string(" : ")
            printer.print_attribute(value.type)

        printer.print_string(" ")
        printer.print_attribute(self.kernel)
        for keyword, values in (("blocks", self.blocks), ("threads", self.threads)):
            printer.print_string(f" {keyword} in ")
            with printer.in_parens():
                printer.print_list(values, printer.print_ssa_value)
        if self.arguments:
            printer.print_string(" args")
            with printer.in_parens():
                printer.print_list(self.arguments, argument)
        printer.print_op_attributes(self.attributes)


def named(op: Operation) -> str | None:
    """The symbol that an op defines."""
    name = op.properties.get("sym_name", op.attributes.get("sym_name"))
    return name.data if isinstance(name, StringAttr) else None
