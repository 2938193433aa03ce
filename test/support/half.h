// f16 where a compiler of C++ has none: stored in 16 bits, computed in f32, rounded to nearest, ties to even.
#pragma once
#include <cmath>
#include <cstdint>

struct Half {
  std::uint16_t bits;
  Half() = default;
  Half(float a) {
    const unsigned sign = std::signbit(a) ? 0x8000 : 0;
    const float size = std::fabs(a);
    if (size != size) bits = sign | 0x7e00;
    else if (size >= 65520.0f) bits = sign | 0x7c00;
    else if (size < 0x1p-14f) bits = sign | unsigned(std::nearbyint(size * 0x1p24f));
    else {
      int exponent;
      const float fraction = std::frexp(size, &exponent);  // in [0.5, 1)
      const unsigned digits = unsigned(std::nearbyint(fraction * 0x1p11f));  // 2**11 carries into the exponent
      bits = sign | (((exponent + 14) << 10) + digits - 0x400);
    }
  }
  operator float() const {
    const int exponent = bits >> 10 & 31, digits = bits & 0x3ff;
    const float size = exponent == 31 ? (digits ? NAN : INFINITY)
                       : exponent     ? std::ldexp(float(digits | 0x400), exponent - 25)
                                      : std::ldexp(float(digits), -24);
    return bits & 0x8000 ? -size : size;
  }
};
