// RUN: stepwell-opt %s | stepwell-opt - | filecheck %s

#id = affine_map<(i) -> (i)>

// The types of one result, and of several in parentheses, are read as they are printed.
// CHECK-LABEL: @results
// CHECK:         } -> tensor<4xf32>
// CHECK:         %{{.*}}, %{{.*}} = linalg.generic
// CHECK:         } -> (tensor<4xf32>, tensor<4xf32>)
func.func @results(%x: tensor<4xf32>, %e: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %n = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %m = arith.negf %a : f32
    linalg.yield %m : f32
  } -> tensor<4xf32>
  %s, %d = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel"]}
      ins(%n : tensor<4xf32>) outs(%e, %e : tensor<4xf32>, tensor<4xf32>) {
  ^bb0(%a: f32, %o: f32, %p: f32):
    %m = arith.addf %a, %a : f32
    %q = arith.mulf %a, %a : f32
    linalg.yield %m, %q : f32, f32
  } -> (tensor<4xf32>, tensor<4xf32>)
  func.return %s, %d : tensor<4xf32>, tensor<4xf32>
}
