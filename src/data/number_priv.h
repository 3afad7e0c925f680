#ifndef SFLOW_DATA_NUMBER_PRIV_H
#define SFLOW_DATA_NUMBER_PRIV_H

#include <stdint.h>

/* 10^-342 times 64 bits is below half of the least double. */
#define NUMBER_POWER_MIN (-342)
/* The largest that writing the least double multiplies by. */
#define NUMBER_POWER_MAX 324
#define NUMBER_POWER_COUNT (NUMBER_POWER_MAX - NUMBER_POWER_MIN + 1)
/* Up to here 5^n has 128 bits: the table's words are exact, not rounded up. */
#define NUMBER_POWER_EXACT 55

extern const uint64_t number_powers[NUMBER_POWER_COUNT][2];

/*
 * mantissa * 10^power, correctly rounded, infinity included.  Returns 0, or -1
 * where 128 bits of the power do not decide.  `mantissa` is not 0.
 */
int number_scale(uint64_t mantissa, int64_t power, double *out);

/* Decimal digits of 1 .. 2^64 - 1. */
unsigned number_digit_count(uint64_t);
/* Write exactly `count` digits, zeros in front. */
void number_put_digits(uint64_t, unsigned count, char *out);

#endif
