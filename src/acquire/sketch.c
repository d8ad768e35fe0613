/* SPDX-License-Identifier: BSD-3-Clause */
#include "acquire/sketch.h"

#include "base/err.h"
#include "base/heap.h"
#include "base/rng.h"
#include "nn/simd.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SKETCH 0x736b65746368ull /* "sketch": no axis has this number */

struct weir_sketch {
    size_t in, out;
    float *w; /* [in][out] */
};

int weir_sketch_create(uint64_t seed, size_t in, size_t out,
                       struct weir_sketch **sketch)
{
    struct weir_sketch *s = calloc(1, sizeof(*s));
    struct weir_rng rng = weir_rng_stream(seed, WEIR_RNG_DESIGN, SKETCH);
    if (s)
        *s = (struct weir_sketch){in, out, weir_array(in * out, sizeof(float))};
    if (!s || !s->w) {
        free(s);
        return WEIR_FAIL(ENOMEM, "sketch of %zu features to %zu", in, out);
    }
    for (size_t i = 0; i < in * out; i++)
        s->w[i] = (float)(weir_rng_normal(&rng) / sqrt((double)out));
    *sketch = s;
    return 0;
}

void weir_sketch_destroy(struct weir_sketch *s)
{
    if (!s)
        return;
    free(s->w);
    free(s);
}

size_t weir_sketch_bytes(const struct weir_sketch *s)
{
    return s->in * s->out * sizeof(*s->w);
}

WEIR_CLONES void weir_sketch_apply(const struct weir_sketch *s, const float *v,
                                   float *f)
{
    memset(f, 0, s->out * sizeof(*f));
    for (size_t i = 0; i < s->in; i++) {
        const float *w = s->w + i * s->out;
        for (size_t j = 0; j < s->out; j++)
            f[j] += v[i] * w[j];
    }
}
