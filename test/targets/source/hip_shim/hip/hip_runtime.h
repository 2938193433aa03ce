// As much of HIP's runtime header as our kernels use, in terms of clang's own builtins: clang makes code for AMD's GPUs of
// them without ROCm. Functions of mathematics are only declared: ROCm's device library has them.
#pragma once
#define __device__ __attribute__((device))
#define __global__ __attribute__((global))
#define __shared__ __attribute__((shared))
#define __launch_bounds__(n) __attribute__((amdgpu_flat_work_group_size(1, n)))
#define NAN __builtin_nanf("")
#define warpSize __builtin_amdgcn_wavefrontsize()

#define VECTORS(T)                                                                                              \
  struct alignas(2 * sizeof(T)) T##2 { T x, y; };                                                               \
  struct alignas(4 * sizeof(T)) T##4 { T x, y, z, w; };                                                         \
  static inline __attribute__((device)) T##2 make_##T##2(T x, T y) { return {x, y}; }                           \
  static inline __attribute__((device)) T##4 make_##T##4(T x, T y, T z, T w) { return {x, y, z, w}; }
VECTORS(float)
VECTORS(int)

#define COORDINATES(name, X, Y, Z)                                                \
  struct name##_t {                                                               \
    static __device__ unsigned get_x() { return X; }                              \
    static __device__ unsigned get_y() { return Y; }                              \
    static __device__ unsigned get_z() { return Z; }                              \
    __declspec(property(get = get_x)) unsigned x;                                 \
    __declspec(property(get = get_y)) unsigned y;                                 \
    __declspec(property(get = get_z)) unsigned z;                                 \
  };                                                                              \
  extern const __device__ name##_t name
#define IMPLICIT(type, n) \
  ((const __attribute__((address_space(4))) type *)__builtin_amdgcn_implicitarg_ptr())[n]
COORDINATES(threadIdx, __builtin_amdgcn_workitem_id_x(), __builtin_amdgcn_workitem_id_y(),
            __builtin_amdgcn_workitem_id_z());
COORDINATES(blockIdx, __builtin_amdgcn_workgroup_id_x(), __builtin_amdgcn_workgroup_id_y(),
            __builtin_amdgcn_workgroup_id_z());
COORDINATES(gridDim, IMPLICIT(unsigned, 0), IMPLICIT(unsigned, 1), IMPLICIT(unsigned, 2));
COORDINATES(blockDim, IMPLICIT(unsigned short, 6), IMPLICIT(unsigned short, 7), IMPLICIT(unsigned short, 8));

static inline __device__ void __syncthreads() {
  __builtin_amdgcn_fence(__ATOMIC_RELEASE, "workgroup");
  __builtin_amdgcn_s_barrier();
  __builtin_amdgcn_fence(__ATOMIC_ACQUIRE, "workgroup");
}

extern "C" {
__device__ void *memcpy(void *, const void *, __SIZE_TYPE__);
#define ONE(name) __device__ double name(double); __device__ float name##f(float);
#define TWO(name) __device__ double name(double, double); __device__ float name##f(float, float);
#define THREE(name) __device__ double name(double, double, double); __device__ float name##f(float, float, float);
ONE(acos) ONE(acosh) ONE(asin) ONE(asinh) ONE(atan) ONE(atanh) ONE(cbrt) ONE(ceil) ONE(cos) ONE(cosh) ONE(erf) ONE(exp)
ONE(exp2) ONE(expm1) ONE(fabs) ONE(floor) ONE(log) ONE(log10) ONE(log1p) ONE(log2) ONE(rint) ONE(round) ONE(sin)
ONE(sinh) ONE(sqrt) ONE(tan) ONE(tanh) ONE(trunc)
TWO(atan2) TWO(copysign) TWO(fmax) TWO(fmin) TWO(fmod) TWO(pow)
THREE(fma)
}
static inline __device__ bool signbit(float a) { return __builtin_signbit(a); }
static inline __device__ bool signbit(double a) { return __builtin_signbit(a); }
static inline __device__ float __int_as_float(int a) { return __builtin_bit_cast(float, a); }
static inline __device__ double __longlong_as_double(long long a) { return __builtin_bit_cast(double, a); }
static inline __device__ float nanf(const char *) { return __builtin_nanf(""); }
static inline __device__ double nan(const char *) { return __builtin_nan(""); }
