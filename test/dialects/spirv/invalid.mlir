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
  spirv.func @main() "None" {
    spirv.Return
  }
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

// -----

// expected-error@+1 {{spirv.ExecutionMode: there is no function @other in this module}}
spirv.module @k Logical GLSL450 requires #spirv.vce<v1.3, [Shader], []> {
  spirv.func @main() "None" {
    spirv.Return
  }
  spirv.ExecutionMode @other "LocalSize", 64, 1, 1
}

// -----

// expected-error@+1 {{spirv.EntryPoint: there is no variable @id in this module}}
spirv.module @k Logical GLSL450 requires #spirv.vce<v1.3, [Shader], []> {
  spirv.func @main() "None" {
    spirv.Return
  }
  spirv.EntryPoint "GLCompute" @main, @id
}

// -----

// expected-error@+1 {{there is no variable @size of type !spirv.ptr<i32, Input> in this module}}
spirv.module @k Logical GLSL450 requires #spirv.vce<v1.3, [Shader], []> {
  spirv.GlobalVariable @size built_in("SubgroupSize") : !spirv.ptr<f32, Input>
  spirv.func @main() "None" {
    %p = spirv.mlir.addressof @size : !spirv.ptr<i32, Input>
    spirv.Return
  }
}
