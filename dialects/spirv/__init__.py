"""The spirv dialect, upstream's: kernels as Vulkan and WebGPU take them, still as text.

    !buffer = !spirv.ptr<!spirv.struct<(!spirv.rtarray<f32, stride=4> [0]), Block>, StorageBuffer>
    spirv.module @scale Logical GLSL450 requires #spirv.vce<v1.3, [Shader], []> {
      spirv.GlobalVariable @x bind(0, 0) : !buffer
      spirv.GlobalVariable @global_id built_in("GlobalInvocationId") : !spirv.ptr<vector<3xi32>, Input>
      spirv.func @main() "None" { ... }
      spirv.EntryPoint "GLCompute" @main, @global_id
      spirv.ExecutionMode @main "LocalSize", 64, 1, 1
    }

What upstream has and no pass of ours needs is not here. `targets/spirv/` writes it as words, and reads those.
"""

from xdsl.ir import Dialect

from .arithmetic import ARITHMETIC, SelectOp, is_conversion, make
from .control import BranchConditionalOp, BranchOp, LoopOp, MergeOp, ReturnOp, SelectionOp
from .groups import GROUPS, ControlBarrierOp
from .memory import AccessChainOp, AddressOfOp, CompositeExtractOp, ConstantOp, LoadOp, StoreOp, VariableOp
from .structure import EntryPointOp, ExecutionModeOp, FuncOp, GlobalVariableOp, SPIRVModuleOp
from .types import ArrayType, PointerType, RuntimeArrayType, StructType, VersionAttr

SPIRV = Dialect(
    "spirv",
    [
        *(SPIRVModuleOp, FuncOp, GlobalVariableOp, EntryPointOp, ExecutionModeOp),
        *(AccessChainOp, AddressOfOp, CompositeExtractOp, ConstantOp, LoadOp, StoreOp, VariableOp),
        *(LoopOp, SelectionOp, MergeOp, BranchOp, BranchConditionalOp, ReturnOp),
        *(SelectOp, *ARITHMETIC.values()),
        *(ControlBarrierOp, *GROUPS.values()),
    ],
    [PointerType, ArrayType, RuntimeArrayType, StructType, VersionAttr],
)

__all__ = [
    "ARITHMETIC",
    "GROUPS",
    "SPIRV",
    "AccessChainOp",
    "AddressOfOp",
    "ArrayType",
    "BranchConditionalOp",
    "BranchOp",
    "CompositeExtractOp",
    "ConstantOp",
    "ControlBarrierOp",
    "EntryPointOp",
    "ExecutionModeOp",
    "FuncOp",
    "GlobalVariableOp",
    "LoadOp",
    "LoopOp",
    "MergeOp",
    "PointerType",
    "ReturnOp",
    "RuntimeArrayType",
    "SPIRVModuleOp",
    "SelectOp",
    "SelectionOp",
    "StoreOp",
    "StructType",
    "VariableOp",
    "VersionAttr",
    "is_conversion",
    "make",
]
