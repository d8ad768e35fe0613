/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/stages/regions.h"

#include "base/heap.h"

#include <math.h>

#define BATCH 50 /* images */

const enum weir_loss_type weir_region_weight[WEIR_REGION_WEIGHTS] = {
    WEIR_LOSS_WMAE_TANH,
    WEIR_LOSS_WMAE_EXP,
    WEIR_LOSS_MAE,
};

int weir_regions_expect(struct weir_evalset *set)
{
    if (set->prediction || set->given == 0 || set->steps != 1 ||
        set->frame != 2 * set->given)
        return 0;
    set->prediction = weir_array((size_t)set->n * set->frame, sizeof(float));
    return set->prediction ? 0 : WEIR_FAIL(ENOMEM, "predictions of a set");
}

/* ---- one image ---- */

struct image {
    size_t points;
    const float *source, *truth, *prediction;
};

static struct image image_of(const struct weir_evalset *set, uint32_t i)
{
    const float *state = set->state + (2 * (size_t)i + 1) * set->frame;
    return (struct image){
        .points = set->given,
        .source = state,
        .truth = state + set->given,
        .prediction = set->prediction + i * set->frame + set->given,
    };
}

static bool has_unit_peak(const struct image *image)
{
    float peak = 0;
    for (size_t k = 0; k < image->points; k++)
        peak = image->truth[k] > peak ? image->truth[k] : peak;
    return fabsf(peak - 1) < 1e-6f;
}

/* A bit per region; limits in the precision of what they are held against. */
static unsigned regions_at(float source, float truth)
{
    unsigned all = 1U << WEIR_REGION_ALL;
    if (source > 0)
        return all | 1U << WEIR_REGION_SOURCE;
    all |= 1U << WEIR_REGION_FIELD;
    if (truth >= 0.2f)
        return all | 1U << WEIR_REGION_RING_1;
    if (truth >= 0.1f)
        return all | 1U << WEIR_REGION_RING_2;
    return truth >= 0.05f ? all | 1U << WEIR_REGION_RING_3 : all;
}

/* ---- sums ---- */

struct sum {
    uint64_t pixels;
    double error[WEIR_REGION_WEIGHTS];
};

static void add_image(const struct image *image, struct sum sum[WEIR_REGIONS])
{
    for (size_t k = 0; k < image->points; k++) {
        unsigned in = regions_at(image->source[k], image->truth[k]);
        double error[WEIR_REGION_WEIGHTS];
        for (int w = 0; w < WEIR_REGION_WEIGHTS; w++)
            error[w] = weir_loss(weir_region_weight[w], image->prediction + k,
                                 image->truth + k, 1);
        for (int r = 0; r < WEIR_REGIONS; r++) {
            if (!(in >> r & 1))
                continue;
            sum[r].pixels++;
            for (int w = 0; w < WEIR_REGION_WEIGHTS; w++)
                sum[r].error[w] += error[w];
        }
    }
}

/* What was added up so far, of all batches. */
struct tally {
    struct sum batch[WEIR_REGIONS]; /* the one being added up */
    struct sum means[WEIR_REGIONS]; /* of batches; pixels in all */
    uint32_t batches[WEIR_REGIONS]; /* that have a pixel of the region */
};

static void close_batch(struct tally *t)
{
    for (int r = 0; r < WEIR_REGIONS; r++) {
        struct sum *batch = &t->batch[r], *means = &t->means[r];
        if (batch->pixels == 0)
            continue;
        t->batches[r]++;
        means->pixels += batch->pixels;
        for (int w = 0; w < WEIR_REGION_WEIGHTS; w++)
            means->error[w] += batch->error[w] / (double)batch->pixels;
        *batch = (struct sum){0};
    }
}

static void conclude(const struct tally *t, struct weir_regions *out)
{
    double all = (double)t->means[WEIR_REGION_ALL].pixels;
    out->known = all > 0;
    for (int r = 0; out->known && r < WEIR_REGIONS; r++) {
        out->of[r].share = (double)t->means[r].pixels / all;
        for (int w = 0; t->batches[r] && w < WEIR_REGION_WEIGHTS; w++)
            out->of[r].error[w] = t->means[r].error[w] / t->batches[r];
    }
}

void weir_regions_of(const struct weir_evalset *set, struct weir_regions *out)
{
    struct tally t = {0};
    uint32_t images = 0;
    *out = (struct weir_regions){0};
    for (uint32_t i = 0; set->prediction && i < set->n; i++) {
        if (!set->valid[i])
            continue;
        struct image image = image_of(set, i);
        if (!has_unit_peak(&image))
            return;
        add_image(&image, t.batch);
        if (++images % BATCH == 0)
            close_batch(&t);
    }
    close_batch(&t);
    conclude(&t, out);
}
