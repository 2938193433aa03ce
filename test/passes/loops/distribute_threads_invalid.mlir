// RUN: stepwell-opt %s -p 'distribute-threads{threads=2}' --split-input-file --verify-diagnostics

// expected-error@+1 {{the program is distributed already}}
func.func @main() attributes {stepwell.threads = 2 : i64} {
  func.return
}

// -----

// expected-error@below {{the module has no function @main}}
builtin.module {
  func.func private @kernel() {
    func.return
  }
}
