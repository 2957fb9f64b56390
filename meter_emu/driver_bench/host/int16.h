/* Integers as a machine has them whose int is 16 bits: promotions, widths, wrap-around.
 * What `verify --int16` makes of a driver uses them; g++ -std=c++20. */
#ifndef BENCH_INT16_H
#define BENCH_INT16_H
#include "callbacks.h"
#include <stdlib.h>
#include <type_traits>

namespace int16 {

template <int Bits, bool Signed> constexpr long long wrapped(long long value) {
    if constexpr (Bits == 64) return value;
    const unsigned long long mask = (1ULL << (Bits % 64)) - 1, bits = (unsigned long long)value & mask;
    if (Signed && bits >> (Bits - 1)) return (long long)(bits | ~mask);
    return (long long)bits;
}
template <int Bits, bool Signed> struct Stored { using type = long long; };
template <> struct Stored<8, true> { using type = int8_t; };
template <> struct Stored<8, false> { using type = uint8_t; };
template <> struct Stored<16, true> { using type = int16_t; };
template <> struct Stored<16, false> { using type = uint16_t; };
template <> struct Stored<32, true> { using type = int32_t; };
template <> struct Stored<32, false> { using type = uint32_t; };

template <int Bits, bool Signed> struct Number {
    typename Stored<Bits, Signed>::type held;
    Number() = default;
    template <class A, class = std::enable_if_t<std::is_arithmetic_v<A> || std::is_enum_v<A>>>
    constexpr Number(A value) : held((decltype(held))wrapped<Bits, Signed>((long long)value)) {}
    template <int B, bool S>
    constexpr Number(Number<B, S> value) : held((decltype(held))wrapped<Bits, Signed>(value.held)) {}
    constexpr operator long long() const { return held; }
    constexpr Number &operator++() { return *this = Number((long long)held + 1); }
    constexpr Number &operator--() { return *this = Number((long long)held - 1); }
    constexpr Number operator++(int) { const Number was = *this; ++*this; return was; }
    constexpr Number operator--(int) { const Number was = *this; --*this; return was; }
};
static_assert(sizeof(Number<8, false>) == 1 && sizeof(Number<16, true>) == 2, "as the bus has them");

template <int B, bool S> using Promoted = Number<(B < 16 ? 16 : B), (B < 16 ? true : S)>;
template <int B, bool S, int C, bool R> struct Both {
    static constexpr int p = B < 16 ? 16 : B, q = C < 16 ? 16 : C;
    static constexpr bool s = B < 16 || S, r = C < 16 || R;
    using type = Number<(p > q ? p : q), (p == q ? s && r : p > q ? s : r)>;
};
template <int B, bool S, int C, bool R> using Common = typename Both<B, S, C, R>::type;
/* A value that the host computed, such as what a bus call returns: an int, or a long. */
template <class A>
using Host = Number<(sizeof(A) <= 4 ? 16 : 32), (std::is_signed_v<A> || sizeof(A) < 4)>;
template <class A> using IfHost = std::enable_if_t<std::is_integral_v<A>>;

#define INT16_OPERATOR(op)                                                                        \
    template <int B, bool S, int C, bool R>                                                       \
    constexpr Common<B, S, C, R> operator op(Number<B, S> a, Number<C, R> b) {                    \
        return Common<B, S, C, R>((long long)Common<B, S, C, R>(a) op(long long) Common<B, S, C, R>(b)); \
    }                                                                                             \
    template <int B, bool S, class A, class = IfHost<A>>                                          \
    constexpr auto operator op(Number<B, S> a, A b) { return a op Host<A>(b); }                   \
    template <int B, bool S, class A, class = IfHost<A>>                                          \
    constexpr auto operator op(A a, Number<B, S> b) { return Host<A>(a) op b; }                   \
    template <int B, bool S, class A>                                                             \
    constexpr Number<B, S> &operator op##=(Number<B, S> & a, A b) { return a = Number<B, S>(a op b); }
INT16_OPERATOR(+) INT16_OPERATOR(-) INT16_OPERATOR(*) INT16_OPERATOR(/) INT16_OPERATOR(%)
INT16_OPERATOR(&) INT16_OPERATOR(|) INT16_OPERATOR(^)

#define INT16_COMPARISON(op)                                                                      \
    template <int B, bool S, int C, bool R>                                                       \
    constexpr bool operator op(Number<B, S> a, Number<C, R> b) {                                  \
        return (long long)Common<B, S, C, R>(a) op(long long) Common<B, S, C, R>(b);              \
    }                                                                                             \
    template <int B, bool S, class A, class = IfHost<A>>                                          \
    constexpr bool operator op(Number<B, S> a, A b) { return a op Host<A>(b); }                   \
    template <int B, bool S, class A, class = IfHost<A>>                                          \
    constexpr bool operator op(A a, Number<B, S> b) { return Host<A>(a) op b; }
INT16_COMPARISON(==) INT16_COMPARISON(!=) INT16_COMPARISON(<) INT16_COMPARISON(<=)
INT16_COMPARISON(>) INT16_COMPARISON(>=)

#define INT16_SHIFT(op)                                                                           \
    template <int B, bool S, class A> constexpr Promoted<B, S> operator op(Number<B, S> a, A by) { \
        const long long bits = (long long)by, value = (long long)Promoted<B, S>(a);               \
        return bits < 0 || bits > 62 ? Promoted<B, S>(0) : Promoted<B, S>(value op bits);         \
    }                                                                                             \
    template <int B, bool S, class A>                                                             \
    constexpr Number<B, S> &operator op##=(Number<B, S> & a, A by) { return a = Number<B, S>(a op by); }
INT16_SHIFT(<<) INT16_SHIFT(>>)
template <int B, bool S> constexpr Promoted<B, S> operator-(Number<B, S> a) {
    return Promoted<B, S>(-(long long)Promoted<B, S>(a));
}
template <int B, bool S> constexpr Promoted<B, S> operator~(Number<B, S> a) {
    return Promoted<B, S>(~(long long)Promoted<B, S>(a));
}

constexpr long long digits(const char *text, int count) {
    long long value = 0;
    int base = 10, at = 0;
    if (count > 1 && text[0] == '0') {
        base = (text[1] | 32) == 'x' ? 16 : 8;
        at = base == 16 ? 2 : 1;
    }
    for (; at < count; at++) value = value * base + (text[at] <= '9' ? text[at] - '0' : (text[at] | 32) - 'a' + 10);
    return value;
}
/* The type of a literal: the first of int, (in hexadecimal unsigned,) long, ... that has room. */
template <bool Unsigned, bool Long, char... C> constexpr auto literal() {
    constexpr char text[] = {C...};
    constexpr long long value = digits(text, sizeof...(C));
    constexpr bool hex = sizeof...(C) > 1 && text[0] == '0', free = hex || Unsigned;
    if constexpr (!Long && !Unsigned && value <= 0x7FFF) return Number<16, true>(value);
    else if constexpr (!Long && free && value <= 0xFFFF) return Number<16, false>(value);
    else if constexpr (!Unsigned && value <= 0x7FFFFFFF) return Number<32, true>(value);
    else if constexpr (free && value <= 0xFFFFFFFF) return Number<32, false>(value);
    else return Number<64, true>(value);
}
} // namespace int16

template <char... C> constexpr auto operator""_16() { return int16::literal<false, false, C...>(); }
template <char... C> constexpr auto operator""_16u() { return int16::literal<true, false, C...>(); }
template <char... C> constexpr auto operator""_16l() { return int16::literal<false, true, C...>(); }
template <char... C> constexpr auto operator""_16ul() { return int16::literal<true, true, C...>(); }

typedef int16::Number<8, true> bench_i8;
typedef int16::Number<8, false> bench_u8;
typedef int16::Number<16, true> bench_i16;
typedef int16::Number<16, false> bench_u16;
typedef int16::Number<32, true> bench_i32;
typedef int16::Number<32, false> bench_u32;
typedef int16::Number<64, true> bench_i64;

/* The bus for a driver whose bytes are these; they lie in memory as plain ones do. */
inline bench_i16 bench_read(bench_u8 address, bench_u8 reg, bench_u8 *data, bench_u16 count) {
    return bench_read((uint8_t)address, (uint8_t)reg, (uint8_t *)data, (size_t)count);
}
inline bench_i16 bench_write(bench_u8 address, bench_u8 reg, const bench_u8 *data, bench_u16 count) {
    return bench_write((uint8_t)address, (uint8_t)reg, (const uint8_t *)data, (size_t)count);
}
#endif
