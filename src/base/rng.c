/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/rng.h"

#include <math.h>

#define PHILOX_M0 0xD2511F53u
#define PHILOX_M1 0xCD9E8D57u
#define PHILOX_W0 0x9E3779B9u
#define PHILOX_W1 0xBB67AE85u

void weir_philox4x32(const uint32_t ctr[4], const uint32_t key[2],
                     uint32_t out[4])
{
    uint32_t c0 = ctr[0], c1 = ctr[1], c2 = ctr[2], c3 = ctr[3];
    uint32_t k0 = key[0], k1 = key[1];
    for (int round = 0; round < 10; round++) {
        uint64_t p0 = (uint64_t)PHILOX_M0 * c0;
        uint64_t p1 = (uint64_t)PHILOX_M1 * c2;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)p1;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)p0;
        k0 += PHILOX_W0;
        k1 += PHILOX_W1;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

struct weir_rng weir_rng_stream(uint64_t seed, enum weir_rng_purpose purpose,
                                uint64_t id)
{
    return (struct weir_rng){
        .seed = seed, .id = id, .purpose = (uint32_t)purpose};
}

static void fill_block(struct weir_rng *rng)
{
    uint32_t ctr[4] = {rng->position / 4, rng->purpose, (uint32_t)rng->id,
                       (uint32_t)(rng->id >> 32)};
    uint32_t key[2] = {(uint32_t)rng->seed, (uint32_t)(rng->seed >> 32)};
    weir_philox4x32(ctr, key, rng->block);
}

uint32_t weir_rng_u32(struct weir_rng *rng)
{
    uint32_t lane = rng->position % 4;
    if (lane == 0)
        fill_block(rng);
    rng->position++;
    return rng->block[lane];
}

double weir_rng_uniform(struct weir_rng *rng)
{
    uint64_t hi = weir_rng_u32(rng) >> 5;
    uint64_t lo = weir_rng_u32(rng) >> 6;
    return (double)(hi << 26 | lo) * 0x1p-53;
}

double weir_rng_normal(struct weir_rng *rng)
{
    /* 1 - u is in (0, 1]: the logarithm stays finite. */
    double u = 1.0 - weir_rng_uniform(rng);
    double v = weir_rng_uniform(rng);
    return sqrt(-2.0 * log(u)) * cos(6.283185307179586 * v);
}

void weir_rng_normals(struct weir_rng *rng, size_t n, float *out)
{
    for (size_t i = 0; i < n; i += 2) {
        double u = 1.0 - weir_rng_uniform(rng);
        double angle = 6.283185307179586 * weir_rng_uniform(rng);
        double radius = sqrt(-2.0 * log(u));
        out[i] = (float)(radius * cos(angle));
        if (i + 1 < n)
            out[i + 1] = (float)(radius * sin(angle));
    }
}

uint32_t weir_rng_below(struct weir_rng *rng, uint32_t n)
{
    uint64_t m = (uint64_t)weir_rng_u32(rng) * n;
    if ((uint32_t)m < n) {
        uint32_t floor = -n % n;
        while ((uint32_t)m < floor)
            m = (uint64_t)weir_rng_u32(rng) * n;
    }
    return (uint32_t)(m >> 32);
}
