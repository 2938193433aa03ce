// RUN: stepwell-opt %s -p graph-to-linalg --split-input-file --verify-diagnostics

// A loop whose condition stays true, once constants are folded, and that nothing else ends, would run for ever.
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %true = graph.constant dense<true> : tensor<i1>
  // expected-error@+1 {{graph.loop never ends: nothing counts its steps below 2^62, and its condition stays true}}
  %h = graph.loop %i while %true iter(%a = %x) : tensor<4xf32> {
    %b = func.call @step(%a) : (tensor<4xf32>) -> tensor<4xf32>
    graph.yield %true, %b : tensor<i1>, tensor<4xf32>
  }
  func.return %h : tensor<4xf32>
}
func.func private @step(%x: tensor<4xf32>) -> tensor<4xf32> attributes {stepwell.kernel} {
  %y = graph.tanh %x : tensor<4xf32>
  func.return %y : tensor<4xf32>
}

// -----

// So it would where it counts further than any run gets.
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %most = graph.constant dense<9223372036854775807> : tensor<i64>
  // expected-error@+1 {{graph.loop never ends: nothing counts its steps below 2^62, and its condition stays true}}
  %h = graph.loop %i to %most iter(%a = %x) : tensor<4xf32> {
    %b = func.call @step(%a) : (tensor<4xf32>) -> tensor<4xf32>
    graph.yield %b : tensor<4xf32>
  }
  func.return %h : tensor<4xf32>
}
func.func private @step(%x: tensor<4xf32>) -> tensor<4xf32> attributes {stepwell.kernel} {
  %y = graph.tanh %x : tensor<4xf32>
  func.return %y : tensor<4xf32>
}

// -----

// A number of steps that is known when it runs counts, and a condition from the data may end it.
func.func @main(%x: tensor<4xf32>, %n: tensor<i64>, %c: tensor<i1>) -> tensor<4xf32> {
  %true = graph.constant dense<true> : tensor<i1>
  %h = graph.loop %i to %n while %true iter(%a = %x) : tensor<4xf32> {
    %b = func.call @step(%a) : (tensor<4xf32>) -> tensor<4xf32>
    graph.yield %true, %b : tensor<i1>, tensor<4xf32>
  }
  %k = graph.loop %i while %true iter(%a = %h) : tensor<4xf32> {
    %b = func.call @step(%a) : (tensor<4xf32>) -> tensor<4xf32>
    graph.yield %c, %b : tensor<i1>, tensor<4xf32>
  }
  func.return %k : tensor<4xf32>
}
func.func private @step(%x: tensor<4xf32>) -> tensor<4xf32> attributes {stepwell.kernel} {
  %y = graph.tanh %x : tensor<4xf32>
  func.return %y : tensor<4xf32>
}
