// RUN: stepwell-opt %s --split-input-file --verify-diagnostics

spirv.module @k Logical GLSL450 requires #spirv.vce<v1.3, [Shader], []> {
  // expected-error@+1 {{what is built in is in storage class Input, and nothing else is}}
  spirv.GlobalVariable @id built_in("WorkgroupId") : !spirv.ptr<vector<3xi32>, Uniform>
}

// -----

spirv.module @k Logical GLSL450 requires #spirv.vce<v1.3, [Shader], []> {
  // expected-error@+1 {{what is in storage class StorageBuffer or Uniform has a binding, and nothing else has}}
  spirv.GlobalVariable @x : !spirv.ptr<f32, Uniform>
}

// -----

spirv.module @k Logical GLSL450 requires #spirv.vce<v1.3, [Shader], []> {
  // expected-error@+1 {{LocalSize has three numbers}}
  spirv.ExecutionMode @main "LocalSize", 64
}

// -----

spirv.module @k Logical GLSL450 requires #spirv.vce<v1.3, [Shader], []> {
  spirv.func @main() "None" {
    // expected-error@+1 {{there is no scope Warp: one of CrossDevice, Device, Workgroup, Subgroup, Invocation}}
    spirv.ControlBarrier <Warp>, <Workgroup>, <AcquireRelease>
    spirv.Return
  }
}

// -----

spirv.module @k Logical GLSL450 requires #spirv.vce<v1.3, [Shader], []> {
  spirv.func @main() "None" {
    // expected-error@+1 {{a barrier has no semantics Relaxed}}
    spirv.ControlBarrier <Workgroup>, <Workgroup>, <Relaxed>
    spirv.Return
  }
}
