// RUN: not stepwell-opt %s 2>&1 | filecheck %s

// CHECK: a buffer of type memref<3xf32> cannot start as tensor<2xf32>
"memref.global"() <{sym_name = "w", type = memref<3xf32>, initial_value = dense<1.0> : tensor<2xf32>}> : () -> ()
