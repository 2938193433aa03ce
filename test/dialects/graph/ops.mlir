// RUN: stepwell-opt %s | stepwell-opt - | filecheck %s

// One tensor, element by element: one type says all.
// CHECK-LABEL: @unary
// CHECK:         %abs_ = graph.abs %x : tensor<2x4xf32>
// CHECK:         %neg_ = graph.neg %x : tensor<2x4xf32>
// CHECK:         %exp_ = graph.exp %x : tensor<2x4xf32>
// CHECK:         %log_ = graph.log %x : tensor<2x4xf32>
// CHECK:         %sqrt_ = graph.sqrt %x : tensor<2x4xf32>
// CHECK:         %rsqrt_ = graph.rsqrt %x : tensor<2x4xf32>
// CHECK:         %reciprocal_ = graph.reciprocal %x : tensor<2x4xf32>
// CHECK:         %relu_ = graph.relu %x : tensor<2x4xf32>
// CHECK:         %sigmoid_ = graph.sigmoid %x : tensor<2x4xf32>
// CHECK:         %tanh_ = graph.tanh %x : tensor<2x4xf32>
// CHECK:         %erf_ = graph.erf %x : tensor<2x4xf32>
// CHECK:         %floor_ = graph.floor %x : tensor<2x4xf32>
// CHECK:         %ceil_ = graph.ceil %x : tensor<2x4xf32>
// CHECK:         %round_ = graph.round %x : tensor<2x4xf32>
// CHECK:         %sign_ = graph.sign %x : tensor<2x4xf32>
// CHECK:         %sin_ = graph.sin %x : tensor<2x4xf32>
// CHECK:         %cos_ = graph.cos %x : tensor<2x4xf32>
// CHECK:         %tan_ = graph.tan %x : tensor<2x4xf32>
// CHECK:         %asin_ = graph.asin %x : tensor<2x4xf32>
// CHECK:         %acos_ = graph.acos %x : tensor<2x4xf32>
// CHECK:         %atan_ = graph.atan %x : tensor<2x4xf32>
// CHECK:         %sinh_ = graph.sinh %x : tensor<2x4xf32>
// CHECK:         %cosh_ = graph.cosh %x : tensor<2x4xf32>
// CHECK:         %asinh_ = graph.asinh %x : tensor<2x4xf32>
// CHECK:         %acosh_ = graph.acosh %x : tensor<2x4xf32>
// CHECK:         %atanh_ = graph.atanh %x : tensor<2x4xf32>
// CHECK:         %not_ = graph.not %m : tensor<4xi1>
// CHECK:         %nan_ = graph.is_nan %x : (tensor<2x4xf32>) -> tensor<2x4xi1>
// CHECK:         %inf_ = graph.is_inf %x : (tensor<2x4xf32>) -> tensor<2x4xi1>
// CHECK:         %clamp_ = graph.clamp %x {min = 0.0, max = 6.0} : tensor<2x4xf32>
// CHECK:         %least_ = graph.clamp %x {min = -0.5} : tensor<2x4xf32>
// CHECK:         %cast_ = graph.cast %x : (tensor<2x4xf32>) -> tensor<2x4xui8>
func.func @unary(%x: tensor<2x4xf32>, %m: tensor<4xi1>) {
  %abs_ = graph.abs %x : tensor<2x4xf32>
  %neg_ = graph.neg %x : tensor<2x4xf32>
  %exp_ = graph.exp %x : tensor<2x4xf32>
  %log_ = graph.log %x : tensor<2x4xf32>
  %sqrt_ = graph.sqrt %x : tensor<2x4xf32>
  %rsqrt_ = graph.rsqrt %x : tensor<2x4xf32>
  %reciprocal_ = graph.reciprocal %x : tensor<2x4xf32>
  %relu_ = graph.relu %x : tensor<2x4xf32>
  %sigmoid_ = graph.sigmoid %x : tensor<2x4xf32>
  %tanh_ = graph.tanh %x : tensor<2x4xf32>
  %erf_ = graph.erf %x : tensor<2x4xf32>
  %floor_ = graph.floor %x : tensor<2x4xf32>
  %ceil_ = graph.ceil %x : tensor<2x4xf32>
  %round_ = graph.round %x : tensor<2x4xf32>
  %sign_ = graph.sign %x : tensor<2x4xf32>
  %sin_ = graph.sin %x : tensor<2x4xf32>
  %cos_ = graph.cos %x : tensor<2x4xf32>
  %tan_ = graph.tan %x : tensor<2x4xf32>
  %asin_ = graph.asin %x : tensor<2x4xf32>
  %acos_ = graph.acos %x : tensor<2x4xf32>
  %atan_ = graph.atan %x : tensor<2x4xf32>
  %sinh_ = graph.sinh %x : tensor<2x4xf32>
  %cosh_ = graph.cosh %x : tensor<2x4xf32>
  %asinh_ = graph.asinh %x : tensor<2x4xf32>
  %acosh_ = graph.acosh %x : tensor<2x4xf32>
  %atanh_ = graph.atanh %x : tensor<2x4xf32>
  %not_ = graph.not %m : tensor<4xi1>
  %nan_ = graph.is_nan %x : (tensor<2x4xf32>) -> tensor<2x4xi1>
  %inf_ = graph.is_inf %x : (tensor<2x4xf32>) -> tensor<2x4xi1>
  %clamp_ = graph.clamp %x {min = 0.0, max = 6.0} : tensor<2x4xf32>
  %least_ = graph.clamp %x {min = -0.5} : tensor<2x4xf32>
  %cast_ = graph.cast %x : (tensor<2x4xf32>) -> tensor<2x4xui8>
  func.return
}

// Several: numpy's broadcasting; where shapes differ the types are a function's.
// CHECK-LABEL: @broadcasting
// CHECK:         %add_ = graph.add %x, %y : tensor<2x4xf32>
// CHECK:         %sub_ = graph.sub %x, %y : tensor<2x4xf32>
// CHECK:         %mul_ = graph.mul %x, %y : tensor<2x4xf32>
// CHECK:         %div_ = graph.div %x, %y : tensor<2x4xf32>
// CHECK:         %pow_ = graph.pow %x, %y : tensor<2x4xf32>
// CHECK:         %max_ = graph.max %x, %y : tensor<2x4xf32>
// CHECK:         %min_ = graph.min %x, %y : tensor<2x4xf32>
// CHECK:         %mod_ = graph.mod %x, %y : tensor<2x4xf32>
// CHECK:         %and_ = graph.and %m, %m : tensor<4xi1>
// CHECK:         %or_ = graph.or %m, %m : tensor<4xi1>
// CHECK:         %xor_ = graph.xor %m, %m : tensor<4xi1>
// CHECK:         %up_ = graph.shift_left %i, %i : tensor<4xui8>
// CHECK:         %down_ = graph.shift_right %i, %i : tensor<4xui8>
// CHECK:         %fmod = graph.mod %x, %y {fmod} : tensor<2x4xf32>
// CHECK:         %bias = graph.add %x, %b : (tensor<2x4xf32>, tensor<4xf32>) -> tensor<2x4xf32>
// CHECK:         %outer = graph.mul %c, %b : (tensor<2x1xf32>, tensor<4xf32>) -> tensor<2x4xf32>
// CHECK:         %less = graph.compare lt %x, %b : (tensor<2x4xf32>, tensor<4xf32>) -> tensor<2x4xi1>
// CHECK:         %pick = graph.select %m, %x, %b : (tensor<4xi1>, tensor<2x4xf32>, tensor<4xf32>) -> tensor<2x4xf32>
func.func @broadcasting(%x: tensor<2x4xf32>, %y: tensor<2x4xf32>, %b: tensor<4xf32>, %c: tensor<2x1xf32>, %m: tensor<4xi1>, %i: tensor<4xui8>) {
  %add_ = graph.add %x, %y : tensor<2x4xf32>
  %sub_ = graph.sub %x, %y : tensor<2x4xf32>
  %mul_ = graph.mul %x, %y : tensor<2x4xf32>
  %div_ = graph.div %x, %y : tensor<2x4xf32>
  %pow_ = graph.pow %x, %y : tensor<2x4xf32>
  %max_ = graph.max %x, %y : tensor<2x4xf32>
  %min_ = graph.min %x, %y : tensor<2x4xf32>
  %mod_ = graph.mod %x, %y : tensor<2x4xf32>
  %and_ = graph.and %m, %m : tensor<4xi1>
  %or_ = graph.or %m, %m : tensor<4xi1>
  %xor_ = graph.xor %m, %m : tensor<4xi1>
  %up_ = graph.shift_left %i, %i : tensor<4xui8>
  %down_ = graph.shift_right %i, %i : tensor<4xui8>
  %fmod = graph.mod %x, %y {fmod} : tensor<2x4xf32>
  %bias = graph.add %x, %b : (tensor<2x4xf32>, tensor<4xf32>) -> tensor<2x4xf32>
  %outer = graph.mul %c, %b : (tensor<2x1xf32>, tensor<4xf32>) -> tensor<2x4xf32>
  %less = graph.compare lt %x, %b : (tensor<2x4xf32>, tensor<4xf32>) -> tensor<2x4xi1>
  %pick = graph.select %m, %x, %b : (tensor<4xi1>, tensor<2x4xf32>, tensor<4xf32>) -> tensor<2x4xf32>
  func.return
}

// Constants stand in the text, or by key in the weights table.
// CHECK-LABEL: @constants
// CHECK:         %one = graph.constant dense<1.000000e+00> : tensor<f32>
// CHECK:         %list = graph.constant dense<[1, -1]> : tensor<2xi64>
// CHECK:         %w = graph.constant dense_resource<conv1.weight> : tensor<8x3x3x3xf32>
// CHECK:         %range = graph.iota {axis = 1} : tensor<2x4xi64>
func.func @constants() {
  %one = graph.constant dense<1.000000e+00> : tensor<f32>
  %list = graph.constant dense<[1, -1]> : tensor<2xi64>
  %w = graph.constant dense_resource<conv1.weight> : tensor<8x3x3x3xf32>
  %range = graph.iota {axis = 1} : tensor<2x4xi64>
  func.return
}

// Windows. What is 1, or 0 for padding, is left out; so is the layout nchw.
// CHECK-LABEL: @windows
// CHECK:         %conv = graph.conv %x, %w, %b {strides = [2, 2], pads = [1, 1, 1, 1]} : (tensor<1x3x8x8xf32>, tensor<16x3x3x3xf32>, tensor<16xf32>) -> tensor<1x16x4x4xf32>
// CHECK:         %wide = graph.conv %x, %w {dilations = [2, 2]} : (tensor<1x3x8x8xf32>, tensor<16x3x3x3xf32>) -> tensor<1x16x4x4xf32>
// CHECK:         %depth = graph.conv %l, %d {pads = [1, 1, 1, 1], layout = nhwc, groups = 4} : (tensor<1x8x8x4xf32>, tensor<3x3x1x4xf32>) -> tensor<1x8x8x4xf32>
// CHECK:         %few = graph.winograd_conv %l, %f {tile = 2, pads = [1, 1, 1, 1]} : (tensor<1x8x8x4xf32>, tensor<16x2x4x8xf32>) -> tensor<1x8x8x16xf32>
// CHECK:         %up = graph.conv_transpose %x, %u {strides = [2, 2], pads = [1, 1, 1, 1]} : (tensor<1x3x8x8xf32>, tensor<3x2x4x4xf32>) -> tensor<1x2x16x16xf32>
// CHECK:         %max = graph.max_pool %s {strides = [2], kernel = [3]} : (tensor<1x2x9xf32>) -> tensor<1x2x4xf32>
// CHECK:         %avg = graph.avg_pool %x {strides = [2, 2], pads = [1, 1, 1, 1], kernel = [3, 3], ceil_mode, count_include_pad} : (tensor<1x3x8x8xf32>) -> tensor<1x3x5x5xf32>
func.func @windows(%x: tensor<1x3x8x8xf32>, %w: tensor<16x3x3x3xf32>, %b: tensor<16xf32>, %l: tensor<1x8x8x4xf32>, %d: tensor<3x3x1x4xf32>, %f: tensor<16x2x4x8xf32>, %u: tensor<3x2x4x4xf32>, %s: tensor<1x2x9xf32>) {
  %conv = graph.conv %x, %w, %b {strides = [2, 2], pads = [1, 1, 1, 1]} : (tensor<1x3x8x8xf32>, tensor<16x3x3x3xf32>, tensor<16xf32>) -> tensor<1x16x4x4xf32>
  %wide = graph.conv %x, %w {dilations = [2, 2]} : (tensor<1x3x8x8xf32>, tensor<16x3x3x3xf32>) -> tensor<1x16x4x4xf32>
  %depth = graph.conv %l, %d {pads = [1, 1, 1, 1], layout = nhwc, groups = 4} : (tensor<1x8x8x4xf32>, tensor<3x3x1x4xf32>) -> tensor<1x8x8x4xf32>
  %few = graph.winograd_conv %l, %f {tile = 2, pads = [1, 1, 1, 1]} : (tensor<1x8x8x4xf32>, tensor<16x2x4x8xf32>) -> tensor<1x8x8x16xf32>
  %up = graph.conv_transpose %x, %u {strides = [2, 2], pads = [1, 1, 1, 1]} : (tensor<1x3x8x8xf32>, tensor<3x2x4x4xf32>) -> tensor<1x2x16x16xf32>
  %max = graph.max_pool %s {strides = [2], kernel = [3]} : (tensor<1x2x9xf32>) -> tensor<1x2x4xf32>
  %avg = graph.avg_pool %x {strides = [2, 2], pads = [1, 1, 1, 1], kernel = [3, 3], ceil_mode, count_include_pad} : (tensor<1x3x8x8xf32>) -> tensor<1x3x5x5xf32>
  func.return
}

// Products of 16-bit floats whose sums stay in the type that they are summed in.
// CHECK-LABEL: @wide
// CHECK:         graph.matmul %a, %b {wide} : (tensor<2x3xbf16>, tensor<3x4xbf16>) -> tensor<2x4xf32>
// CHECK:         graph.matmul %a, %b : (tensor<2x3xbf16>, tensor<3x4xbf16>) -> tensor<2x4xbf16>
// CHECK:         graph.conv %x, %w, %c {wide} : (tensor<1x3x8x8xf16>, tensor<16x3x3x3xf16>, tensor<16xf32>) -> tensor<1x16x6x6xf32>
func.func @wide(%a: tensor<2x3xbf16>, %b: tensor<3x4xbf16>, %x: tensor<1x3x8x8xf16>, %w: tensor<16x3x3x3xf16>, %c: tensor<16xf32>) {
  %ab = graph.matmul %a, %b {wide} : (tensor<2x3xbf16>, tensor<3x4xbf16>) -> tensor<2x4xf32>
  %narrow = graph.matmul %a, %b : (tensor<2x3xbf16>, tensor<3x4xbf16>) -> tensor<2x4xbf16>
  %conv = graph.conv %x, %w, %c {wide} : (tensor<1x3x8x8xf16>, tensor<16x3x3x3xf16>, tensor<16xf32>) -> tensor<1x16x6x6xf32>
  func.return
}

// Products and reductions.
// CHECK-LABEL: @products_and_reductions
// CHECK:         %ab = graph.matmul %a, %b : (tensor<8x2x3xf32>, tensor<3x4xf32>) -> tensor<8x2x4xf32>
// CHECK:         %sum = graph.reduce sum %a {axes = [0, 2]} : (tensor<8x2x3xf32>) -> tensor<2xf32>
// CHECK:         %mean = graph.reduce mean %a {axes = [2], keepdims} : (tensor<8x2x3xf32>) -> tensor<8x2x1xf32>
// CHECK:         %first = graph.arg_reduce max %x {axis = 1} : (tensor<2x4xf32>) -> tensor<2xi64>
// CHECK:         %last = graph.arg_reduce min %x {axis = 1, keepdims, select_last} : (tensor<2x4xf32>) -> tensor<2x1xi64>
// CHECK:         %soft = graph.softmax %x {axis = 1} : tensor<2x4xf32>
// CHECK:         %log = graph.log_softmax %x {axis = 0} : tensor<2x4xf32>
// CHECK:         %norm = graph.batch_norm %x, %c, %c, %c, %c {epsilon = 0.001} : (tensor<2x4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<2x4xf32>
func.func @products_and_reductions(%a: tensor<8x2x3xf32>, %b: tensor<3x4xf32>, %x: tensor<2x4xf32>, %c: tensor<4xf32>) {
  %ab = graph.matmul %a, %b : (tensor<8x2x3xf32>, tensor<3x4xf32>) -> tensor<8x2x4xf32>
  %sum = graph.reduce sum %a {axes = [0, 2]} : (tensor<8x2x3xf32>) -> tensor<2xf32>
  %mean = graph.reduce mean %a {axes = [2], keepdims} : (tensor<8x2x3xf32>) -> tensor<8x2x1xf32>
  %first = graph.arg_reduce max %x {axis = 1} : (tensor<2x4xf32>) -> tensor<2xi64>
  %last = graph.arg_reduce min %x {axis = 1, keepdims, select_last} : (tensor<2x4xf32>) -> tensor<2x1xi64>
  %soft = graph.softmax %x {axis = 1} : tensor<2x4xf32>
  %log = graph.log_softmax %x {axis = 0} : tensor<2x4xf32>
  %norm = graph.batch_norm %x, %c, %c, %c, %c {epsilon = 0.001} : (tensor<2x4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<2x4xf32>
  func.return
}

// Moving elements.
// CHECK-LABEL: @movement
// CHECK:         %flat = graph.reshape %x : (tensor<2x4xf32>) -> tensor<8xf32>
// CHECK:         %turned = graph.transpose %x {perm = [1, 0]} : (tensor<2x4xf32>) -> tensor<4x2xf32>
// CHECK:         %many = graph.broadcast_to %x : (tensor<2x4xf32>) -> tensor<3x2x4xf32>
// CHECK:         %both = graph.concat %x, %x {axis = 0} : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<4x4xf32>
// CHECK:         %cut = graph.slice %x {starts = [0, 1], sizes = [2, 2]} : (tensor<2x4xf32>) -> tensor<2x2xf32>
// CHECK:         %back = graph.slice %x {starts = [0, 3], sizes = [2, 4], steps = [1, -1]} : tensor<2x4xf32>
// CHECK:         %framed = graph.pad %x {low = [0, 1], high = [0, 1], value = -inf} : (tensor<2x4xf32>) -> tensor<2x6xf32>
// CHECK:         %mirror = graph.pad %x {low = [0, 1], high = [0, 1], mode = reflect} : (tensor<2x4xf32>) -> tensor<2x6xf32>
// CHECK:         %taken = graph.gather %x, %i {axis = 1} : (tensor<2x4xf32>, tensor<3xi64>) -> tensor<2x3xf32>
// CHECK:         %twice = graph.resize %p : (tensor<1x3x8x8xf32>) -> tensor<1x3x16x16xf32>
// CHECK:         %smooth = graph.resize %p {mode = linear, coordinate = align_corners} : (tensor<1x3x8x8xf32>) -> tensor<1x3x16x16xf32>
// CHECK:         %crop = graph.resize %p {mode = cubic, scales = [1.0, 1.0, 0.7, 0.7]} : (tensor<1x3x8x8xf32>) -> tensor<1x3x5x5xf32>
// CHECK:         %filtered = graph.resize %p {mode = linear, antialias} : (tensor<1x3x8x8xf32>) -> tensor<1x3x3x3xf32>
// CHECK:         %window = graph.resize %p {coordinate = tf_crop_and_resize, starts = [0.0, 0.0, 0.5, 0.25], ends = [1.0, 1.0, 1.0, 0.75]} : (tensor<1x3x8x8xf32>) -> tensor<1x3x8x4xf32>
func.func @movement(%x: tensor<2x4xf32>, %i: tensor<3xi64>, %p: tensor<1x3x8x8xf32>) {
  %flat = graph.reshape %x : (tensor<2x4xf32>) -> tensor<8xf32>
  %turned = graph.transpose %x {perm = [1, 0]} : (tensor<2x4xf32>) -> tensor<4x2xf32>
  %many = graph.broadcast_to %x : (tensor<2x4xf32>) -> tensor<3x2x4xf32>
  %both = graph.concat %x, %x {axis = 0} : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<4x4xf32>
  %cut = graph.slice %x {starts = [0, 1], sizes = [2, 2]} : (tensor<2x4xf32>) -> tensor<2x2xf32>
  %back = graph.slice %x {starts = [0, 3], sizes = [2, 4], steps = [1, -1]} : tensor<2x4xf32>
  %framed = graph.pad %x {low = [0, 1], high = [0, 1], value = -inf} : (tensor<2x4xf32>) -> tensor<2x6xf32>
  %mirror = graph.pad %x {low = [0, 1], high = [0, 1], mode = reflect} : (tensor<2x4xf32>) -> tensor<2x6xf32>
  %taken = graph.gather %x, %i {axis = 1} : (tensor<2x4xf32>, tensor<3xi64>) -> tensor<2x3xf32>
  %twice = graph.resize %p : (tensor<1x3x8x8xf32>) -> tensor<1x3x16x16xf32>
  %smooth = graph.resize %p {mode = linear, coordinate = align_corners} : (tensor<1x3x8x8xf32>) -> tensor<1x3x16x16xf32>
  %crop = graph.resize %p {mode = cubic, scales = [1.0, 1.0, 0.7, 0.7]} : (tensor<1x3x8x8xf32>) -> tensor<1x3x5x5xf32>
  %filtered = graph.resize %p {mode = linear, antialias} : (tensor<1x3x8x8xf32>) -> tensor<1x3x3x3xf32>
  %window = graph.resize %p {coordinate = tf_crop_and_resize, starts = [0.0, 0.0, 0.5, 0.25], ends = [1.0, 1.0, 1.0, 0.75]}
    : (tensor<1x3x8x8xf32>) -> tensor<1x3x8x4xf32>
  func.return
}

// Shapes that are values; dims may be unknown.
// CHECK-LABEL: @dynamic
// CHECK:         %sizes = graph.shape_of %x : (tensor<?x4xf32>) -> tensor<2xi64>
// CHECK:         %formed = graph.dynamic_reshape %x, %sizes : (tensor<?x4xf32>, tensor<2xi64>) -> tensor<?x?xf32>
// CHECK:         %empty = graph.dynamic_reshape %x, %two {allow_zero} : (tensor<?x4xf32>, tensor<2xi64>) -> tensor<?x?xf32>
// CHECK:         %many = graph.dynamic_broadcast_to %x, %two : (tensor<?x4xf32>, tensor<2xi64>) -> tensor<?x4xf32>
// CHECK:         %cut = graph.dynamic_slice %x, %two, %two, %two, %two : (tensor<?x4xf32>, tensor<2xi64>, tensor<2xi64>, tensor<2xi64>, tensor<2xi64>) -> tensor<?x?xf32>
// CHECK:         %framed = graph.dynamic_pad %x, %four, %fill : (tensor<?x4xf32>, tensor<4xi64>, tensor<f32>) -> tensor<?x?xf32>
// CHECK:         %bigger = graph.dynamic_resize %x, %scales {mode = linear} : (tensor<?x4xf32>, tensor<2xf32>) -> tensor<?x?xf32>
// CHECK:         %counted = graph.dynamic_range %fill, %fill, %fill : (tensor<f32>, tensor<f32>, tensor<f32>) -> tensor<?xf32>
func.func @dynamic(%x: tensor<?x4xf32>, %two: tensor<2xi64>, %four: tensor<4xi64>, %scales: tensor<2xf32>, %fill: tensor<f32>) {
  %sizes = graph.shape_of %x : (tensor<?x4xf32>) -> tensor<2xi64>
  %formed = graph.dynamic_reshape %x, %sizes : (tensor<?x4xf32>, tensor<2xi64>) -> tensor<?x?xf32>
  %empty = graph.dynamic_reshape %x, %two {allow_zero} : (tensor<?x4xf32>, tensor<2xi64>) -> tensor<?x?xf32>
  %many = graph.dynamic_broadcast_to %x, %two : (tensor<?x4xf32>, tensor<2xi64>) -> tensor<?x4xf32>
  %cut = graph.dynamic_slice %x, %two, %two, %two, %two : (tensor<?x4xf32>, tensor<2xi64>, tensor<2xi64>, tensor<2xi64>, tensor<2xi64>) -> tensor<?x?xf32>
  %framed = graph.dynamic_pad %x, %four, %fill : (tensor<?x4xf32>, tensor<4xi64>, tensor<f32>) -> tensor<?x?xf32>
  %bigger = graph.dynamic_resize %x, %scales {mode = linear} : (tensor<?x4xf32>, tensor<2xf32>) -> tensor<?x?xf32>
  %counted = graph.dynamic_range %fill, %fill, %fill : (tensor<f32>, tensor<f32>, tensor<f32>) -> tensor<?xf32>
  func.return
}

// A kernel to be sees its inputs only; what it yields is its result.
// CHECK-LABEL: @fusion
// CHECK-NEXT:    %y = graph.fusion(%a = %x, %c = %b) : (tensor<2x4xf32>, tensor<4xf32>) -> tensor<2x4xf32> {
// CHECK-NEXT:      %s = graph.add %a, %c : (tensor<2x4xf32>, tensor<4xf32>) -> tensor<2x4xf32>
// CHECK-NEXT:      %r = graph.relu %s : tensor<2x4xf32>
// CHECK-NEXT:      graph.yield %r : tensor<2x4xf32>
// CHECK-NEXT:    }
func.func @fusion(%x: tensor<2x4xf32>, %b: tensor<4xf32>) -> tensor<2x4xf32> {
  %y = graph.fusion(%a = %x, %c = %b) : (tensor<2x4xf32>, tensor<4xf32>) -> tensor<2x4xf32> {
    %s = graph.add %a, %c : (tensor<2x4xf32>, tensor<4xf32>) -> tensor<2x4xf32>
    %r = graph.relu %s : tensor<2x4xf32>
    graph.yield %r : tensor<2x4xf32>
  }
  func.return %y : tensor<2x4xf32>
}

// Attributes of others are kept, and locations are none of the op's business.
// CHECK-LABEL: @attributes
// CHECK-NEXT:    graph.relu %x attributes {mine = 1 : i64} : tensor<2x4xf32>
func.func @attributes(%x: tensor<2x4xf32>) {
  %r = graph.relu %x attributes {mine = 1 : i64} : tensor<2x4xf32>
  func.return
}

// Parts at places that are known when the program runs: a scalar a dim.
// CHECK-LABEL: @places
// CHECK:         %y = graph.slice_at %x, %i, %i {sizes = [1, 4]} : (tensor<9x4xf32>, tensor<i64>, tensor<i64>) -> tensor<1x4xf32>
// CHECK:         %z = graph.update_at %x, %y, %i, %i : (tensor<9x4xf32>, tensor<1x4xf32>, tensor<i64>, tensor<i64>) -> tensor<9x4xf32>
func.func @places(%x: tensor<9x4xf32>, %i: tensor<i64>) {
  %y = graph.slice_at %x, %i, %i {sizes = [1, 4]} : (tensor<9x4xf32>, tensor<i64>, tensor<i64>) -> tensor<1x4xf32>
  %z = graph.update_at %x, %y, %i, %i : (tensor<9x4xf32>, tensor<1x4xf32>, tensor<i64>, tensor<i64>) -> tensor<9x4xf32>
  func.return
}

// CHECK-LABEL: @branches
// CHECK:         %y, %z = graph.if %c -> (tensor<4xf32>, tensor<f32>) {
// CHECK-NEXT:      %a = graph.relu %x : tensor<4xf32>
// CHECK-NEXT:      graph.yield %a, %s : tensor<4xf32>, tensor<f32>
// CHECK-NEXT:    } else {
// CHECK-NEXT:      graph.yield %x, %s : tensor<4xf32>, tensor<f32>
// CHECK-NEXT:    }
func.func @branches(%c: tensor<i1>, %x: tensor<4xf32>, %s: tensor<f32>) {
  %y, %z = graph.if %c -> (tensor<4xf32>, tensor<f32>) {
    %a = graph.relu %x : tensor<4xf32>
    graph.yield %a, %s : tensor<4xf32>, tensor<f32>
  } else {
    graph.yield %x, %s : tensor<4xf32>, tensor<f32>
  }
  func.return
}

// A loop ends after so many steps, or when what it yields first is false, or at the first of the two.
// CHECK-LABEL: @loops
// CHECK:         %a, %b = graph.loop %i to %n iter(%c = %x, %d = %s) : tensor<4xf32>, tensor<f32> {
// CHECK:           graph.yield %e, %d : tensor<4xf32>, tensor<f32>
// CHECK:         %f = graph.loop %j while %go iter(%k = %x) : tensor<4xf32> {
// CHECK:           graph.yield %m, %l : tensor<i1>, tensor<4xf32>
// CHECK:         graph.loop %o to %n while %go {
// CHECK-NEXT:      graph.yield %go : tensor<i1>
func.func @loops(%n: tensor<i64>, %go: tensor<i1>, %x: tensor<4xf32>, %s: tensor<f32>) {
  %a, %b = graph.loop %i to %n iter(%c = %x, %d = %s) : tensor<4xf32>, tensor<f32> {
    %e = graph.add %c, %d : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
    graph.yield %e, %d : tensor<4xf32>, tensor<f32>
  }
  %f = graph.loop %j while %go iter(%k = %x) : tensor<4xf32> {
    %l = graph.neg %k : tensor<4xf32>
    %m = graph.compare lt %j, %n : (tensor<i64>, tensor<i64>) -> tensor<i1>
    graph.yield %m, %l : tensor<i1>, tensor<4xf32>
  }
  graph.loop %o to %n while %go {
    graph.yield %go : tensor<i1>
  }
  func.return
}

// By index, and in order.
// CHECK-LABEL: @indexing
// CHECK:         %a = graph.gather_elements %x, %i {axis = 0} : (tensor<4x8xf32>, tensor<2x1xi64>) -> tensor<2x8xf32>
// CHECK:         %b = graph.scatter add %x, %i, %u {axis = 0} : (tensor<4x8xf32>, tensor<2x1xi64>, tensor<2x8xf32>) -> tensor<4x8xf32>
// CHECK:         %c = graph.cumulate sum %x {axis = 1} : tensor<4x8xf32>
// CHECK:         %d = graph.cumulate prod %x {axis = 0, exclusive, reverse} : tensor<4x8xf32>
// CHECK:         %e = graph.top_k %x {k = 3} : (tensor<4x8xf32>) -> tensor<4x3xi64>
// CHECK:         %f = graph.top_k %x {k = 8, smallest} : (tensor<4x8xf32>) -> tensor<4x8xi64>
// CHECK:         %g = graph.suppress %boxes, %may, %t {limit = 3} : (tensor<2x9x4xf32>, tensor<2x9xi1>, tensor<f32>) -> tensor<2x9xi1>
func.func @indexing(%x: tensor<4x8xf32>, %i: tensor<2x1xi64>, %u: tensor<2x8xf32>, %boxes: tensor<2x9x4xf32>,
                    %may: tensor<2x9xi1>, %t: tensor<f32>) {
  %a = graph.gather_elements %x, %i {axis = 0} : (tensor<4x8xf32>, tensor<2x1xi64>) -> tensor<2x8xf32>
  %b = graph.scatter add %x, %i, %u {axis = 0} : (tensor<4x8xf32>, tensor<2x1xi64>, tensor<2x8xf32>) -> tensor<4x8xf32>
  %c = graph.cumulate sum %x {axis = 1} : tensor<4x8xf32>
  %d = graph.cumulate prod %x {axis = 0, exclusive, reverse} : tensor<4x8xf32>
  %e = graph.top_k %x {k = 3} : (tensor<4x8xf32>) -> tensor<4x3xi64>
  %f = graph.top_k %x {k = 8, smallest} : (tensor<4x8xf32>) -> tensor<4x8xi64>
  %g = graph.suppress %boxes, %may, %t {limit = 3} : (tensor<2x9x4xf32>, tensor<2x9xi1>, tensor<f32>) -> tensor<2x9xi1>
  func.return
}
