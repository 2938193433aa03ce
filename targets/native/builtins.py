"""What LLVM's code generator calls to narrow a float where the processor cannot, and no C library need have.

A processor without bfloat16 instructions calls `__truncsfbf2` for each `fptrunc float to bfloat`; gcc's and clang's
runtimes hold such functions, but a Python process has linked neither. So a module of half floats brings its own.
Narrowing a double goes through a float rounded to odd, which makes the second rounding right [Boldo, Melquiond 2008].
"""

NARROWING = """
define linkonce_odr hidden bfloat @__truncsfbf2(float %x) nounwind {
  %bits = bitcast float %x to i32
  %upper = lshr i32 %bits, 16
  %odd = and i32 %upper, 1
  %half = add i32 %odd, 32767
  %rounded = add i32 %bits, %half
  %kept = lshr i32 %rounded, 16
  %nan = fcmp uno float %x, %x
  %quiet = or i32 %upper, 64
  %chosen = select i1 %nan, i32 %quiet, i32 %kept
  %short = trunc i32 %chosen to i16
  %y = bitcast i16 %short to bfloat
  ret bfloat %y
}

define internal float @stepwell.round_to_odd(double %x) alwaysinline nounwind {
  %near = fptrunc double %x to float
  %back = fpext float %near to double
  %size = call double @llvm.fabs.f64(double %x)
  %back.size = call double @llvm.fabs.f64(double %back)
  %beyond = fcmp ogt double %back.size, %size
  %inexact = fcmp une double %back, %x
  %bits = bitcast float %near to i32
  %one = zext i1 %beyond to i32
  %towards.zero = sub i32 %bits, %one
  %sticky = zext i1 %inexact to i32
  %odd = or i32 %towards.zero, %sticky
  %y = bitcast i32 %odd to float
  ret float %y
}

define linkonce_odr hidden bfloat @__truncdfbf2(double %x) nounwind {
  %odd = call float @stepwell.round_to_odd(double %x)
  %y = call bfloat @__truncsfbf2(float %odd)
  ret bfloat %y
}

define linkonce_odr hidden half @__truncdfhf2(double %x) nounwind {
  %odd = call float @stepwell.round_to_odd(double %x)
  %y = fptrunc float %odd to half
  ret half %y
}

@llvm.compiler.used = appending global [3 x ptr]
  [ptr @__truncsfbf2, ptr @__truncdfbf2, ptr @__truncdfhf2], section "llvm.metadata"
"""


def with_builtins(text: str) -> str:
    """LLVM IR that brings what its half floats may call."""
    return text + NARROWING if "half" in text or "bfloat" in text else text
