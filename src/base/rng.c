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

static void make_block(const struct weir_rng *rng, uint32_t number,
                       uint32_t block[4])
{
    uint32_t ctr[4] = {number, rng->purpose, (uint32_t)rng->id,
                       (uint32_t)(rng->id >> 32)};
    uint32_t key[2] = {(uint32_t)rng->seed, (uint32_t)(rng->seed >> 32)};
    weir_philox4x32(ctr, key, block);
}

static void fill_block(struct weir_rng *rng)
{
    make_block(rng, rng->position / 4, rng->block);
}

uint32_t weir_rng_u32(struct weir_rng *rng)
{
    uint32_t lane = rng->position % 4;
    if (lane == 0)
        fill_block(rng);
    rng->position++;
    return rng->block[lane];
}

static double uniform_of(uint32_t a, uint32_t b)
{
    return (double)((uint64_t)(a >> 5) << 26 | b >> 6) * 0x1p-53;
}

double weir_rng_uniform(struct weir_rng *rng)
{
    uint32_t a = weir_rng_u32(rng);
    return uniform_of(a, weir_rng_u32(rng));
}

/* 1 - u is in (0, 1]: the logarithm stays finite. */
static double radius_of(double u)
{
    return sqrt(-2.0 * log(1.0 - u));
}

static double angle_of(double u)
{
    return 6.283185307179586 * u;
}

double weir_rng_normal(struct weir_rng *rng)
{
    double u = weir_rng_uniform(rng);
    return radius_of(u) * cos(angle_of(weir_rng_uniform(rng)));
}

void weir_rng_normals_ahead(const struct weir_rng *rng, size_t first, size_t n,
                            double *out)
{
    uint32_t word[4 * (WEIR_RNG_AHEAD + 1)];
    uint32_t position = rng->position + 4 * (uint32_t)first;
    uint32_t lane = position % 4, blocks = (uint32_t)n + (lane > 0);
    double radius[WEIR_RNG_AHEAD];
    for (uint32_t i = 0; i < blocks; i++)
        make_block(rng, position / 4 + i, word + 4 * i);
    for (size_t i = 0; i < n; i++)
        radius[i] =
            radius_of(uniform_of(word[4 * i + lane], word[4 * i + lane + 1]));
    for (size_t i = 0; i < n; i++)
        out[i] = radius[i] * cos(angle_of(uniform_of(word[4 * i + lane + 2],
                                                     word[4 * i + lane + 3])));
}

void weir_rng_skip_normals(struct weir_rng *rng, size_t n)
{
    rng->position += 4 * (uint32_t)n;
    if (rng->position % 4)
        fill_block(rng);
}

void weir_rng_normals(struct weir_rng *rng, size_t n, float *out)
{
    for (size_t i = 0; i < n; i += 2) {
        double radius = radius_of(weir_rng_uniform(rng));
        double angle = angle_of(weir_rng_uniform(rng));
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
