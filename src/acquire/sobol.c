/* SPDX-License-Identifier: BSD-3-Clause */
#include "acquire/sobol.h"

#include "acquire/sobol_directions.h"
#include "base/err.h"
#include "base/rng.h"

#include <stdlib.h>

struct axis {
    uint64_t key; /* of the scrambling */
    uint32_t v[WEIR_SOBOL_BITS];
};

struct weir_sobol {
    size_t dims;
    enum weir_sobol_scramble scramble;
    struct axis axis[];
};

int weir_sobol_create(size_t dims, enum weir_sobol_scramble scramble,
                      uint64_t seed, struct weir_sobol **out)
{
    if (dims > WEIR_SOBOL_DIMS)
        return WEIR_FAIL(EINVAL,
                         "Sobol points have up to %d dimensions, not %zu",
                         WEIR_SOBOL_DIMS, dims);
    struct weir_sobol *s = calloc(1, sizeof(*s) + dims * sizeof(*s->axis));
    if (!s)
        return WEIR_FAIL(ENOMEM, "Sobol points of %zu dimensions", dims);
    s->dims = dims;
    s->scramble = scramble;
    uint32_t p = 0;
    for (size_t i = 0; i < dims; i++) {
        struct weir_rng rng = weir_rng_stream(seed, WEIR_RNG_DESIGN, i);
        s->axis[i].key = (uint64_t)weir_rng_u32(&rng) << 32;
        s->axis[i].key |= weir_rng_u32(&rng);
        weir_sobol_directions(p, weir_sobol_choice((int)i), s->axis[i].v);
        p = weir_next_primitive(p);
    }
    *out = s;
    return 0;
}

void weir_sobol_destroy(struct weir_sobol *s)
{
    free(s);
}

uint32_t weir_sobol_direction(const struct weir_sobol *s, size_t dim,
                              uint32_t column)
{
    return s->axis[dim].v[column];
}

/* The finaliser of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014). */
static uint64_t mix(uint64_t x)
{
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9ull;
    x = (x ^ x >> 27) * 0x94D049BB133111EBull;
    return x ^ x >> 31;
}

/* Random bits of one node of the binary tree of intervals. */
static uint64_t node_bits(uint64_t key, uint64_t node)
{
    return mix(key + node * 0x9E3779B97F4A7C15ull);
}

/* The node above digit b is a one and the b digits before it, as they were
 * before scrambling: every node of the tree has a number of its own. */
static uint64_t owen(uint32_t digits, uint64_t key)
{
    uint32_t flips = 0;
    for (int b = 0; b < WEIR_SOBOL_BITS; b++) {
        uint64_t node = (1ull << 32 | digits) >> (32 - b);
        flips = flips << 1 | (uint32_t)(node_bits(key, node) >> 63);
    }
    uint64_t below = node_bits(key, 1ull << 32 | digits) >> 43;
    return (uint64_t)(digits ^ flips) << 21 | below;
}

/* A coordinate as a 53-bit fraction. */
static uint64_t scrambled(const struct weir_sobol *s, uint32_t digits,
                          uint64_t key)
{
    if (s->scramble == WEIR_SOBOL_OWEN)
        return owen(digits, key);
    uint64_t shift = s->scramble == WEIR_SOBOL_SHIFT ? key >> 11 : 0;
    return (uint64_t)digits << 21 ^ shift;
}

void weir_sobol_point(const struct weir_sobol *s, uint32_t index, double *u)
{
    uint32_t gray = index ^ index >> 1;
    for (size_t i = 0; i < s->dims; i++) {
        const struct axis *axis = &s->axis[i];
        uint32_t digits = 0;
        for (uint32_t rest = gray; rest; rest &= rest - 1)
            digits ^= axis->v[__builtin_ctz(rest)];
        u[i] = (double)scrambled(s, digits, axis->key) * 0x1p-53;
    }
}
