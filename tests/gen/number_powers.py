#!/usr/bin/env python3
# Writes src/data/number_powers.c: python3 tests/gen/number_powers.py > FILE
# Exact integer arithmetic; nothing is rounded but the last of the 128 bits, up.

LEAST, MOST = -342, 324


def significand(power):
    """10^power scaled by a power of two into [2^127, 2^128), rounded up."""
    five = 5 ** abs(power)
    if power >= 0:
        shift = five.bit_length() - 128
        return five << -shift if shift <= 0 else -(-five >> shift)
    shift = 127 + five.bit_length()
    value = -(-(1 << shift) // five)
    return value if value < 1 << 128 else -(-value >> 1)


print("""/*
 * The powers of ten that reading and writing floats multiply by, as 128-bit
 * significands: high and low word of 10^power, scaled by a power of two into
 * [2^127, 2^128) and rounded up.  Exact from 10^0 to 10^55.  Made by
 * tests/gen/number_powers.py.
 */
#include "data/number_priv.h"

const uint64_t number_powers[NUMBER_POWER_COUNT][2] = {""")
for power in range(LEAST, MOST + 1):
    value = significand(power)
    assert 1 << 127 <= value < 1 << 128
    print("\t{ 0x%016x, 0x%016x }," % (value >> 64, value & (1 << 64) - 1))
print("};")
