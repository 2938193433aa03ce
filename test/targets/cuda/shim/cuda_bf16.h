// A bfloat16: the upper half of an f32, rounded to the nearest, ties to even.
#pragma once
#include <cstdint>
#include <cstring>
struct __nv_bfloat16 {
  uint16_t bits;
  __nv_bfloat16() = default;
  __nv_bfloat16(float value) {
    uint32_t whole;
    memcpy(&whole, &value, 4);
    bits = value != value ? uint16_t(whole >> 16 | 0x40) : uint16_t((whole + 0x7fff + (whole >> 16 & 1)) >> 16);
  }
  operator float() const {
    const uint32_t whole = uint32_t(bits) << 16;
    float value;
    memcpy(&value, &whole, 4);
    return value;
  }
};
