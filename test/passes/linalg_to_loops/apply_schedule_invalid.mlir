// RUN: stepwell-opt %s -p apply-schedule --split-input-file --verify-diagnostics

func.func @dynamic(%x: memref<?xf32>) {
  %zero = arith.constant 0.0 : f32
  // expected-error@+1 {{memref<?xf32> has no static shape and strides}}
  linalg.fill ins(%zero : f32) outs(%x : memref<?xf32>)
  func.return
}

// -----

func.func @tensors(%x: tensor<4xf32>, %e: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error@+1 {{linalg.generic must be on memrefs}}
  %y = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) {
  ^bb0(%a: f32, %o: f32):
    linalg.yield %a : f32
  } -> tensor<4xf32>
  func.return %y : tensor<4xf32>
}

// -----

func.func @not_linear(%x: memref<2xf32>, %out: memref<4xf32>) {
  // expected-error@+1 {{is not linear}}
  linalg.generic {indexing_maps = [affine_map<(i) -> (i floordiv 2)>, affine_map<(i) -> (i)>],
                  iterator_types = ["parallel"]} ins(%x : memref<2xf32>) outs(%out : memref<4xf32>) {
  ^bb0(%a: f32, %o: f32):
    linalg.yield %a : f32
  }
  func.return
}

// -----

// expected-error@+1 {{@no_schedule has no schedule}}
func.func @no_schedule(%x: memref<4xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%x : memref<4xf32>)
  func.return
}
