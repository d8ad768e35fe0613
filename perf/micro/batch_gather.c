/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a leader does for a batch, and a group after it: draw from the index over
 * all slots, settle, and read the frames where they lie. A reservoir of 2,000
 * slots of two KdV states, and one of a gigabyte.
 *
 *   batch_gather [repetitions]
 */
#include "perf/perf.h"

#include "base/err.h"
#include "pipeline/stages/reservoir.h"

struct job {
    const char *name;
    uint32_t slots, batch;
    size_t floats; /* of a slot */
};

static const struct job jobs[] = {
    {"small", 2000, 20, 2 * 160},
    {"gigabyte", 8192, 64, 32768},
};

static void fail_on(int rc)
{
    if (rc < 0) {
        fprintf(stderr, "batch_gather: %s\n", weir_err_message());
        exit(1);
    }
}

static struct weir_reservoir *fill(const struct job *j, struct weir_slots *s)
{
    struct weir_reservoir_config c = {.rule = WEIR_RESERVOIR_KEEP,
                                      .seed = 1,
                                      .batch = j->batch,
                                      .lanes = 1,
                                      .slots_per_port = 4};
    struct weir_reservoir *r;
    s->count = j->slots;
    s->stride = weir_slot_stride(j->floats / 2 * 2);
    s->base = weir_array(j->slots, s->stride);
    fail_on(s->base ? weir_reservoir_create(&c, s, &r) : -ENOMEM);
    for (uint32_t i = 0; i + 8 < j->slots; i++) {
        int slot = weir_reservoir_lend(r, 0);
        fail_on(slot);
        struct weir_slot *at = weir_slot_at(s, (uint32_t)slot);
        at->attempt = 1;
        at->step = i;
        for (size_t k = 0; k < j->floats; k++)
            at->frames[k] = (float)k;
        fail_on(weir_reservoir_accept(r, 0, (uint32_t)slot, 1, i));
    }
    return r;
}

static float read_batch(const struct weir_slots *s, const uint32_t *slot,
                        uint32_t n, size_t floats)
{
    float sum = 0;
    for (uint32_t i = 0; i < n; i++) {
        const float *f = weir_slot_at(s, slot[i])->frames;
        for (size_t k = 0; k < floats; k++)
            sum += f[k];
    }
    return sum;
}

static void measure(const struct job *j, int repetitions)
{
    struct weir_slots s = {0};
    struct weir_reservoir *r = fill(j, &s);
    struct weir_hist *h = weir_array(2, sizeof(*h));
    uint32_t *slot = weir_array(j->batch, sizeof(*slot));
    volatile float kept = 0;
    for (int i = 0; i < repetitions; i++) {
        int64_t begin = weir_now_ns();
        uint32_t n = weir_reservoir_draw(r, (uint64_t)i, false, false, slot);
        int64_t drawn = weir_now_ns();
        kept += read_batch(&s, slot, n, j->floats);
        int64_t seen = weir_now_ns();
        weir_reservoir_settle(r);
        weir_hist_record(&h[0], drawn - begin + weir_now_ns() - seen);
        weir_hist_record(&h[1], seen - drawn);
    }
    size_t bytes = j->batch * j->floats * sizeof(float);
    perf_row("batch.draw_settle", "ns", &h[0],
             "\"job\": \"%s\", \"slots\": %u, \"batch\": %u, ", j->name,
             j->slots, j->batch);
    perf_row("batch.read", "ns", &h[1], "\"job\": \"%s\", \"bytes\": %zu, ",
             j->name, bytes);
    weir_reservoir_destroy(r);
    free(s.base);
    free(slot);
    free(h);
}

int main(int argc, char **argv)
{
    int repetitions = argc > 1 ? atoi(argv[1]) : 2000;
    perf_conditions("batch_gather", "core %d, %d batches", perf_core(0),
                    repetitions);
    perf_pin(perf_core(0));
    for (size_t i = 0; i < sizeof(jobs) / sizeof(*jobs); i++)
        measure(&jobs[i], repetitions);
    return 0;
}
