// RUN: stepwell-opt %s --split-input-file --verify-diagnostics

#id = affine_map<(i) -> (i)>
func.func @types_that_do_not_end(%x: tensor<4xf32>, %e: tensor<4xf32>) -> tensor<4xf32> {
  %s = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) {
  ^bb0(%a: f32, %o: f32):
    linalg.yield %a : f32
  } -> (tensor<4xf32>
  // expected-error@+1 {{Expected ')'}}
  func.return %s : tensor<4xf32>
}
