// RUN: stepwell-opt %s --split-input-file --verify-diagnostics

// An op means what its opset says: Clip took its limits as attributes up to opset 10, and takes them as inputs since 11.
builtin.module attributes {onnx.opset = {ai.onnx = 10 : i64}} {
  func.func @limits(%x: tensor<4xf32>, %low: tensor<f32>) {
    %a = onnx.Clip(%x) {min = 0.0 : f32} : (tensor<4xf32>) -> tensor<4xf32>
    // expected-error@+1 {{2 inputs; there must be 1}}
    %b = onnx.Clip(%x, %low) : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
    func.return
  }
}

// -----

builtin.module attributes {onnx.opset = {ai.onnx = 11 : i64}} {
  func.func @limits(%x: tensor<4xf32>, %low: tensor<f32>) {
    // expected-error@+1 {{Clip has no attribute 'min' in opset 11}}
    %a = onnx.Clip(%x) {min = 0.0 : f32} : (tensor<4xf32>) -> tensor<4xf32>
    %b = onnx.Clip(%x, %low) : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
    func.return
  }
}

// -----

// An operator that the opset does not have yet, and one that it does not have any more.
builtin.module attributes {onnx.opset = {ai.onnx = 13 : i64}} {
  func.func @not_there(%x: tensor<1x1x4x4xf32>, %s: tensor<4xf32>) {
    // expected-error@+1 {{Gelu is not in opset 13 of ai.onnx}}
    %a = onnx.Gelu(%x) : (tensor<1x1x4x4xf32>) -> tensor<1x1x4x4xf32>
    // expected-error@+1 {{Upsample is deprecated since opset 10}}
    %b = onnx.Upsample(%x, %s) : (tensor<1x1x4x4xf32>, tensor<4xf32>) -> tensor<1x1x8x8xf32>
    func.return
  }
}

// -----

// Without an opset an op has no meaning.
builtin.module {
  func.func @no_opset(%x: tensor<4xf32>) {
    // expected-error@+1 {{the module's onnx.opset does not name ai.onnx, so onnx.Relu has no meaning}}
    %a = onnx.Relu(%x) : (tensor<4xf32>) -> tensor<4xf32>
    func.return
  }
}

// -----

// Inputs and outputs are counted; an input may be left out only where it is optional.
builtin.module attributes {onnx.opset = {ai.onnx = 13 : i64}} {
  func.func @counts(%x: tensor<4xf32>) {
    %none = onnx.NoValue
    // expected-error@+1 {{3 inputs; there must be 2}}
    %a = onnx.Add(%x, %x, %x) : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    // expected-error@+1 {{0 inputs; there must be at least 1}}
    %b = onnx.Concat() {axis = 0 : i64} : () -> tensor<4xf32>
    // expected-error@+1 {{2 outputs; there must be 1}}
    %c, %d = onnx.Relu(%x) : (tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>)
    // expected-error@+1 {{input 0 (A) is missing, and it is not optional}}
    %e = onnx.Add(%none, %x) : (none, tensor<4xf32>) -> tensor<4xf32>
    func.return
  }
}

// -----

// An attribute must be known, given where it is required, and of its kind.
builtin.module attributes {onnx.opset = {ai.onnx = 13 : i64}} {
  func.func @attributes(%x: tensor<4xf32>) {
    // expected-error@+1 {{Relu has no attribute 'slope' in opset 13}}
    %a = onnx.Relu(%x) {slope = 0.1 : f32} : (tensor<4xf32>) -> tensor<4xf32>
    // expected-error@+1 {{attribute 'to' is missing}}
    %b = onnx.Cast(%x) : (tensor<4xf32>) -> tensor<4xi64>
    // expected-error@+1 {{attribute 'alpha' is 1 : i64; it must be of kind FLOAT}}
    %c = onnx.LeakyRelu(%x) {alpha = 1 : i64} : (tensor<4xf32>) -> tensor<4xf32>
    // expected-error@+1 {{it must be of kind INTS}}
    %d = onnx.Transpose(%x) {perm = array<f32: 0.0>} : (tensor<4xf32>) -> tensor<4xf32>
    func.return
  }
}

// -----

// Element types must be allowed, and agree where the schema gives them one name.
builtin.module attributes {onnx.opset = {ai.onnx = 13 : i64}} {
  func.func @types(%x: tensor<4xf32>, %i: tensor<4xi64>, %b: tensor<4xi1>) {
    // expected-error@+1 {{input 0 (X) is tensor(bool); allowed are tensor(bfloat16), tensor(double)}}
    %0 = onnx.Relu(%b) : (tensor<4xi1>) -> tensor<4xi1>
    // expected-error@+1 {{input 1 (B) is tensor(int64), but input 0 (A) is tensor(float); both must have one element type}}
    %1 = onnx.Add(%x, %i) : (tensor<4xf32>, tensor<4xi64>) -> tensor<4xf32>
    // expected-error@+1 {{output 0 (Y) is tensor(int64), but input 0 (X) is tensor(float)}}
    %2 = onnx.Abs(%x) : (tensor<4xf32>) -> tensor<4xi64>
    // What is not known is not held against anything.
    %3 = onnx.Identity(%x) : (tensor<4xf32>) -> !onnx.unknown
    %4 = onnx.Add(%3, %x) : (!onnx.unknown, tensor<4xf32>) -> tensor<*xf32>
    func.return
  }
}

// -----

// A region is one block that ends with onnx.Yield, with the arguments and values that its op asks for.
builtin.module attributes {onnx.opset = {ai.onnx = 13 : i64}} {
  func.func @regions(%c: tensor<i1>, %n: tensor<i64>, %x: tensor<4xf32>) {
    // expected-error@+1 {{attribute 'else_branch' is missing}}
    %0 = onnx.If(%c) : (tensor<i1>) -> tensor<4xf32> then_branch {
      onnx.Yield %x : tensor<4xf32>
    }
    // expected-error@+1 {{'then_branch' has 2 outputs; it must have 1}}
    %1 = onnx.If(%c) : (tensor<i1>) -> tensor<4xf32> else_branch {
      onnx.Yield %x : tensor<4xf32>
    } then_branch {
      onnx.Yield %x, %x : tensor<4xf32>, tensor<4xf32>
    }
    // expected-error@+1 {{'body' has 2 inputs; it must have 3}}
    %2 = onnx.Loop(%n, %c, %x) : (tensor<i64>, tensor<i1>, tensor<4xf32>) -> tensor<4xf32> body {
    ^bb0(%i: tensor<i64>, %go: tensor<i1>):
      onnx.Yield %go, %x : tensor<i1>, tensor<4xf32>
    }
    // expected-error@+1 {{'else_branch' must be one block that ends with onnx.Yield}}
    %3 = onnx.If(%c) : (tensor<i1>) -> tensor<4xf32> else_branch {
      // expected-error@+1 {{expects parent op 'func.func'}}
      func.return %x : tensor<4xf32>
    } then_branch {
      onnx.Yield %x : tensor<4xf32>
    }
    func.return
  }
}

// -----

// There are no ops but ONNX's.
builtin.module attributes {onnx.opset = {ai.onnx = 13 : i64}} {
  func.func @unknown(%x: tensor<4xf32>) {
    // expected-error@+1 {{onnx.Conw}}
    %a = onnx.Conw(%x) : (tensor<4xf32>) -> tensor<4xf32>
    func.return
  }
}
