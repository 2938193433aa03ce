// RUN: stepwell-opt %s --split-input-file --verify-diagnostics -p dce

// A module that says at which level it stands holds only what that level may hold (levels.py). All that is wrong is
// counted, the first is shown.
builtin.module attributes {stepwell.level = "loops"} {
  func.func @main(%x: memref<4xf32>) -> tensor<4xf32> {
    %a = memref.alloc() : memref<4xf32>
    // expected-error@+1 {{level 'loops' may not contain tensor.empty; what is there of such ops: tensor.empty (2)}}
    %t = tensor.empty() : tensor<4xf32>
    %u = tensor.empty() : tensor<4xf32>
    func.call @use(%a, %t, %u) : (memref<4xf32>, tensor<4xf32>, tensor<4xf32>) -> ()
    func.return %t : tensor<4xf32>
  }
  func.func private @use(memref<4xf32>, tensor<4xf32>, tensor<4xf32>)
}

// -----

// Between two levels a module holds ops of both: no error.
builtin.module attributes {stepwell.level = "tensor"} {
  func.func @main(%x: memref<4xf32>, %y: memref<4xf32>) {
    linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%x : memref<4xf32>) outs(%y : memref<4xf32>) {
    ^bb0(%a: f32, %b: f32):
      linalg.yield %a : f32
    }
    func.return
  }
}

// -----

// expected-error@+1 {{there is no level 'lops'}}
builtin.module attributes {stepwell.level = "lops"} {
  func.func @main() {
    func.return
  }
}
