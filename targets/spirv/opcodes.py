"""Numbers of SPIR-V (Khronos, SPIR-V 1.3, section 3; GLSL.std.450, section 2)."""

from stepwell.dialects.spirv.groups import SCOPES

MAGIC = 0x07230203
VERSION = 0x00010300
EXTENDED_SET = "GLSL.std.450"
BLOCK, ARRAY_STRIDE, BUILT_IN_DECORATION, BINDING, SET, OFFSET = 2, 6, 11, 33, 34, 35
"""Decorations."""

# fmt: off
OPCODES = {
    "ConvertFToU": 109, "ConvertFToS": 110, "ConvertSToF": 111, "ConvertUToF": 112, "UConvert": 113, "SConvert": 114,
    "FConvert": 115, "Bitcast": 124, "FNegate": 127, "IAdd": 128, "FAdd": 129, "ISub": 130, "FSub": 131, "IMul": 132,
    "FMul": 133, "UDiv": 134, "SDiv": 135, "FDiv": 136, "UMod": 137, "SRem": 138, "FRem": 140, "LogicalEqual": 164,
    "LogicalNotEqual": 165, "LogicalOr": 166, "LogicalAnd": 167, "LogicalNot": 168, "Select": 169, "IEqual": 170,
    "INotEqual": 171, "UGreaterThan": 172, "SGreaterThan": 173, "UGreaterThanEqual": 174, "SGreaterThanEqual": 175,
    "ULessThan": 176, "SLessThan": 177, "ULessThanEqual": 178, "SLessThanEqual": 179, "FOrdEqual": 180,
    "FUnordNotEqual": 183, "FOrdLessThan": 184, "FUnordLessThan": 185, "FOrdGreaterThan": 186,
    "FUnordGreaterThan": 187, "FOrdLessThanEqual": 188, "FUnordLessThanEqual": 189, "FOrdGreaterThanEqual": 190,
    "FUnordGreaterThanEqual": 191, "ShiftRightLogical": 194, "ShiftRightArithmetic": 195, "ShiftLeftLogical": 196,
    "BitwiseOr": 197, "BitwiseXor": 198, "BitwiseAnd": 199,
}
"""Ops that give a value of their operands, in order."""

EXTENDED = {
    "RoundEven": 2, "FAbs": 4, "SAbs": 5, "Floor": 8, "Ceil": 9, "Sin": 13, "Cos": 14, "Tan": 15, "Asin": 16,
    "Acos": 17, "Atan": 18, "Sinh": 19, "Cosh": 20, "Tanh": 21, "Asinh": 22, "Acosh": 23, "Atanh": 24, "Exp": 27,
    "Log": 28, "Exp2": 29, "Log2": 30, "Sqrt": 31, "InverseSqrt": 32, "FMin": 37, "UMin": 38, "SMin": 39, "FMax": 40,
    "UMax": 41, "SMax": 42, "Fma": 50,
}
"""Instructions of the set GLSL.std.450."""

REDUCTIONS = {
    f"GroupNonUniform{name}": 349 + n
    for n, name in enumerate(
        "IAdd FAdd IMul FMul SMin UMin FMin SMax UMax FMax BitwiseAnd BitwiseOr BitwiseXor LogicalAnd LogicalOr "
        "LogicalXor".split()
    )
}
"""A scope, how (`REDUCE`), and a value."""
SHUFFLES = {
    f"GroupNonUniform{name}": 345 + n for n, name in enumerate("Shuffle ShuffleXor ShuffleUp ShuffleDown".split())
}
VOTES = {"GroupNonUniformAll": 334, "GroupNonUniformAny": 335}
"""A scope, and values."""
REDUCE = 0

CAPABILITIES = {
    "Shader": 1, "Float16": 9, "Float64": 10, "Int64": 11, "Int16": 22, "Int8": 39, "GroupNonUniform": 61,
    "GroupNonUniformVote": 62, "GroupNonUniformArithmetic": 63, "GroupNonUniformBallot": 64,
    "GroupNonUniformShuffle": 65, "GroupNonUniformShuffleRelative": 66, "StorageBuffer16BitAccess": 4433,
    "StorageBuffer8BitAccess": 4448,
}
BUILT_IN = {
    "NumWorkgroups": 24, "WorkgroupId": 26, "LocalInvocationId": 27, "GlobalInvocationId": 28, "SubgroupSize": 36,
    "NumSubgroups": 38, "SubgroupId": 40, "SubgroupLocalInvocationId": 41,
}
# fmt: on

STORAGE = {"Input": 1, "Uniform": 2, "Workgroup": 4, "Function": 7, "PushConstant": 9, "StorageBuffer": 12}
SCOPE = {name: n for n, name in enumerate(SCOPES)}
