// As much of CUDA C++ as our kernels use, so that a C++ compiler can run them: threads are fibers, blocks of them run one
// after the other, so what a block shares is a static variable.
#pragma once
#include "fibers.h"
#include "ptx.h"
#include <math.h>
#include <string.h>
#define __global__
#define __device__
#define __launch_bounds__(n)
#define __shared__ static
#define __align__(n) __attribute__((aligned(n)))
#define threadIdx fibers::thread
#define blockIdx fibers::block
#define blockDim fibers::threads
#define gridDim fibers::blocks
constexpr int warpSize = 32;
inline void __syncthreads() { fibers::barrier(); }
inline float __int_as_float(int bits) { float value; memcpy(&value, &bits, 4); return value; }
inline double __longlong_as_double(long long bits) { double value; memcpy(&value, &bits, 8); return value; }
