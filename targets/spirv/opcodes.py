"""Numbers of SPIR-V (Khronos, SPIR-V 1.3, section 3; GLSL.std.450, section 2)."""

# fmt: off
OPCODES = {
    "ConvertFToU": 109, "ConvertFToS": 110, "ConvertSToF": 111, "ConvertUToF": 112, "Bitcast": 124, "FNegate": 127,
    "IAdd": 128, "FAdd": 129, "ISub": 130, "FSub": 131, "IMul": 132, "FMul": 133, "UDiv": 134, "SDiv": 135,
    "FDiv": 136, "UMod": 137, "SRem": 138, "FRem": 140, "LogicalEqual": 164, "LogicalNotEqual": 165,
    "LogicalOr": 166, "LogicalAnd": 167, "LogicalNot": 168, "Select": 169, "IEqual": 170, "INotEqual": 171,
    "UGreaterThan": 172, "SGreaterThan": 173, "UGreaterThanEqual": 174, "SGreaterThanEqual": 175, "ULessThan": 176,
    "SLessThan": 177, "ULessThanEqual": 178, "SLessThanEqual": 179, "FOrdEqual": 180, "FOrdLessThan": 184,
    "FOrdGreaterThan": 186, "FOrdLessThanEqual": 188, "FOrdGreaterThanEqual": 190, "ShiftRightLogical": 194,
    "ShiftRightArithmetic": 195, "ShiftLeftLogical": 196, "BitwiseOr": 197, "BitwiseXor": 198, "BitwiseAnd": 199,
}
"""Ops that give a value of their operands, in order."""

EXTENDED = {
    "RoundEven": 2, "FAbs": 4, "SAbs": 5, "Floor": 8, "Ceil": 9, "Sin": 13, "Cos": 14, "Tan": 15, "Asin": 16,
    "Acos": 17, "Atan": 18, "Sinh": 19, "Cosh": 20, "Tanh": 21, "Exp": 27, "Log": 28, "Sqrt": 31, "InverseSqrt": 32,
    "FMin": 37, "UMin": 38, "SMin": 39, "FMax": 40, "UMax": 41, "SMax": 42, "Fma": 50,
}
"""Instructions of the set GLSL.std.450."""
# fmt: on

STORAGE = {"Input": 1, "Uniform": 2, "Function": 7, "StorageBuffer": 12}
BUILT_IN = {"NumWorkgroups": 24, "WorkgroupId": 26, "LocalInvocationId": 27, "GlobalInvocationId": 28}
