/* SPDX-License-Identifier: BSD-3-Clause */
#include "acquire/shuffle.h"

#include "base/rng.h"

#define ROUNDS 32

/* The 32-bit finaliser of MurmurHash3: every input bit reaches the top one. */
static uint32_t mix(uint32_t x)
{
    x = (x ^ x >> 16) * 0x85EBCA6Bu;
    x = (x ^ x >> 13) * 0xC2B2AE35u;
    return x ^ x >> 16;
}

uint32_t weir_swap_or_not(uint32_t x, uint32_t n, uint32_t key)
{
    uint32_t sum = (uint32_t)(((uint64_t)key * n) >> 32);
    uint32_t mirror = sum >= x ? sum - x : sum + n - x;
    uint32_t pair = x > mirror ? x : mirror;
    return mix(pair ^ mix(key)) >> 31 ? mirror : x;
}

uint32_t weir_shuffled(uint32_t x, uint32_t n, uint64_t seed, uint64_t id)
{
    struct weir_rng rng = weir_rng_stream(seed, WEIR_RNG_DESIGN, id);
    for (int round = 0; round < ROUNDS; round++)
        x = weir_swap_or_not(x, n, weir_rng_u32(&rng));
    return x;
}
