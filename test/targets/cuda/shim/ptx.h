// Instructions of PTX that 32 threads run together, on fibers: what each thread hands in is exchanged as the PTX ISA lays
// matrices out among the threads of a warp ("Matrix fragments for mma.m16n8k8", "... m16n8k16", "ldmatrix", "cp.async").
// Copies are made when a wait asks for them, the latest that is allowed: what is read before that is found.
#pragma once
#include "fibers.h"
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <string>
#include <vector>

namespace ptx {
struct Operand { void *to; uint64_t bits; };
template <class T> Operand write(T &value) { Operand o{&value, 0}; memcpy(&o.bits, &value, sizeof value); return o; }
template <class T> Operand read(T value) { Operand o{nullptr, 0}; memcpy(&o.bits, &value, sizeof value); return o; }

inline char shared_base;  // addresses of shared memory have 32 bits: they are counted from here
inline int64_t shared_address(const void *p) { return static_cast<const char *>(p) - &shared_base; }
inline char *shared_memory(uint64_t address) { return &shared_base + int32_t(uint32_t(address)); }

[[noreturn]] inline void refuse(const std::string &what) { fprintf(stderr, "ptx.h: %s\n", what.c_str()); abort(); }

// The operands of all threads of the warp, while they stand still.
struct Warp { fibers::Meeting meeting; std::vector<Operand> lanes[32]; };
inline std::map<unsigned, Warp> warps;

inline float half_to_float(uint16_t h, bool brain) {
  uint32_t bits = uint32_t(h) << 16;
  float value;
  if (!brain) {
    const int exponent = h >> 10 & 31, mantissa = h & 1023;
    value = exponent == 0 ? mantissa * 0x1p-24f : exponent < 31 ? (1024 + mantissa) * __builtin_ldexpf(1, exponent - 25)
                          : mantissa ? __builtin_nanf("") : __builtin_inff();
    return h >> 15 ? -value : value;
  }
  memcpy(&value, &bits, 4);
  return value;
}

// The nearest number of 10 bits behind the point, ties away from zero.
inline uint32_t to_tf32(uint32_t word) { return (word & 0x7f800000u) == 0x7f800000u ? word & ~0x1fffu : (word + 0x1000u) & ~0x1fffu; }

inline float element(uint32_t word, int k, const std::string &kind) {
  if (kind == "tf32") {
    if (word & 0x1fffu) refuse("mma: a factor has more than the 10 bits behind the point of tf32");
    float value;
    memcpy(&value, &word, 4);
    return value;
  }
  return half_to_float(uint16_t(k % 2 ? word >> 16 : word), kind == "bf16");
}

// d = a b + c: operands d0..d3, a0..a3, b0, b1, c0..c3
inline void multiply(Warp &warp, int lane, std::vector<Operand> &own, const std::string &kind) {
  const int depth = kind == "tf32" ? 8 : 16, half = depth / 2, each = kind == "tf32" ? 1 : 2;
  auto a = [&](int row, int k) {
    return element(uint32_t(warp.lanes[4 * (row % 8) + k % half / each][4 + row / 8 + 2 * (k / half)].bits), k, kind);
  };
  auto b = [&](int k, int column) {
    return element(uint32_t(warp.lanes[4 * column + k % half / each][8 + k / half].bits), k, kind);
  };
  for (int n = 0; n < 4; n++) {
    const int row = lane / 4 + 8 * (n / 2), column = 2 * (lane % 4) + n % 2;
    float sum;
    const uint32_t start = uint32_t(own[10 + n].bits);
    memcpy(&sum, &start, 4);
    double total = sum;
    for (int k = 0; k < depth; k++) total += double(a(row, k)) * b(k, column);
    sum = float(total);
    memcpy(own[n].to, &sum, 4);
  }
}

inline void load_matrices(Warp &warp, int lane, std::vector<Operand> &own, bool turned) {
  const int count = int(own.size()) - 1, g = lane / 4, q = lane % 4;
  for (int n = 0; n < count; n++) {
    auto row = [&](int r) {
      const char *at = shared_memory(warp.lanes[8 * n + r].back().bits);
      if (reinterpret_cast<uintptr_t>(at) % 16) refuse("ldmatrix: a row does not start at a multiple of 16 bytes");
      return at;
    };
    char *to = static_cast<char *>(own[n].to);
    if (!turned) {
      memcpy(to, row(g) + 4 * q, 4);
    } else {
      memcpy(to, row(2 * q) + 2 * g, 2);
      memcpy(to + 2, row(2 * q + 1) + 2 * g, 2);
    }
  }
}

struct Copy { char *to; const char *from; unsigned size, read; };
struct Copies { fibers::Place block; std::vector<Copy> open; std::deque<std::vector<Copy>> groups; };

inline Copies &copies() {
  static std::map<unsigned, Copies> of;
  Copies &own = of[fibers::rank()];
  if (memcmp(&own.block, &fibers::block, sizeof own.block)) own = Copies{fibers::block, {}, {}};
  return own;
}

inline void wait(unsigned left) {
  Copies &own = copies();
  for (; own.groups.size() > left; own.groups.pop_front())
    for (const Copy &copy : own.groups.front()) {
      memset(copy.to, 0, copy.size);
      memcpy(copy.to, copy.from, copy.read);
    }
}

inline void start(const Copy &made) {
  if ((reinterpret_cast<uintptr_t>(made.to) | reinterpret_cast<uintptr_t>(made.from)) % made.size)
    refuse("cp.async: a place is no multiple of its size");
  if (made.read > made.size) refuse("cp.async: more is read than written");
  copies().open.push_back(made);
}

inline void commit() {
  copies().groups.push_back(std::move(copies().open));
  copies().open.clear();
}

inline void copy(std::vector<Operand> &own, unsigned size) {
  start({shared_memory(own[0].bits), reinterpret_cast<const char *>(own[1].bits), size,
         own.size() > 2 ? unsigned(own[2].bits) : size});
}

inline bool starts(const std::string &text, const char *with) { return text.rfind(with, 0) == 0; }

// One instruction, by its text: `%n` is operand n.
inline void run(const char *instruction, std::vector<Operand> given) {
  const std::string text = instruction;
  std::vector<Operand> own;
  for (size_t at = text.find('%'); at != std::string::npos; at = text.find('%', at + 1))
    own.push_back(given.at(strtoul(&text[at + 1], nullptr, 10)));
  if (text == "cp.async.commit_group;") return commit();
  if (starts(text, "cp.async.wait_group ")) return wait(unsigned(atoi(&text[20])));
  if (starts(text, "cvt.rna.tf32.f32 ")) {
    const uint32_t found = to_tf32(uint32_t(own[1].bits));
    memcpy(own[0].to, &found, 4);
    return;
  }
  if (starts(text, "cp.async.c")) return copy(own, unsigned(atoi(&text[text.find("], ", text.find("], ") + 1) + 3])));
  const unsigned number = fibers::rank() / 32, lane = fibers::rank() % 32;
  if (fibers::count() % 32) refuse("warps are not whole");
  Warp &warp = warps[number];
  warp.lanes[lane] = own;
  fibers::meet(warp.meeting, 32);
  for (const char *kind : {"f16", "bf16", "tf32"})
    if (starts(text, (std::string("mma.sync.aligned.m16n8k") + (*kind == 't' ? "8" : "16") + ".row.col.f32." + kind + "." +
                      kind + ".f32 ").c_str()))
      multiply(warp, int(lane), own, kind);
  if (starts(text, "ldmatrix.sync.aligned.m8n8.x")) load_matrices(warp, int(lane), own, text.find(".trans.") != text.npos);
  else if (!starts(text, "mma.")) refuse("unknown instruction: " + text);
  fibers::meet(warp.meeting, 32);
}
}  // namespace ptx

struct uint2 { unsigned x, y; };
struct uint4 { unsigned x, y, z, w; };
struct alignas(8) float2 { float x, y; };
struct alignas(16) float4 { float x, y, z, w; };
struct alignas(8) int2 { int x, y; };
struct alignas(16) int4 { int x, y, z, w; };
inline float2 make_float2(float x, float y) { return {x, y}; }
inline float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }
inline unsigned __float_as_uint(float value) { unsigned bits; memcpy(&bits, &value, 4); return bits; }
inline float __uint_as_float(unsigned bits) { float value; memcpy(&value, &bits, 4); return value; }
inline int64_t __cvta_generic_to_shared(const void *p) { return ptx::shared_address(p); }
