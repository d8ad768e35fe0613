/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/commands/external_check.h"

#include "base/clock.h"
#include "base/heap.h"
#include "pipeline/clients/external.h"

#include <stdio.h>
#include <stdlib.h>

static int make_room(const struct weir_run *run, struct weir_external_trial *t,
                     float **frame)
{
    size_t channels = (size_t)run->info.shape.channels;
    size_t n = run->cfg->space.n;
    double *value = weir_array(n + 1, sizeof(*value));
    for (size_t i = 0; value && i < n; i++)
        value[i] = 0.5;
    if (value)
        weir_space_to_box(&run->cfg->space, value, value);
    t->value = value;
    t->low = weir_array(channels, sizeof(*t->low));
    t->high = weir_array(channels, sizeof(*t->high));
    *frame = weir_array(run->frame_floats, sizeof(**frame));
    return value && t->low && t->high && *frame
               ? 0
               : WEIR_FAIL(ENOMEM, "solver external");
}

static void widen(const struct weir_run *run, struct weir_external_trial *t,
                  const float *frame)
{
    size_t channels = (size_t)run->info.shape.channels;
    size_t points = run->frame_floats / channels;
    for (size_t c = 0; c < channels; c++)
        for (size_t i = 0; i < points; i++) {
            float v = frame[c * points + i];
            bool first = t->frames == 0 && i == 0;
            t->low[c] = first || v < t->low[c] ? v : t->low[c];
            t->high[c] = first || v > t->high[c] ? v : t->high[c];
        }
}

static int simulate(struct weir_run *run, void *lane, float *frame,
                    struct weir_external_trial *t)
{
    uint32_t frames = (uint32_t)run->cfg->simulations.steps + 1;
    int64_t begin = weir_now_ns();
    weir_external_ops.announce(lane, 0, 1);
    int rc = weir_external_ops.start(lane, t->value);
    for (; rc == 0 && t->frames < frames; t->frames++) {
        rc = weir_external_ops.fetch(lane, frame);
        if (rc)
            break;
        widen(run, t, frame);
        if (t->frames == 0)
            t->first_ns = weir_now_ns() - begin;
    }
    t->rest_ns = weir_now_ns() - begin - t->first_ns;
    return rc;
}

/* What a run would get over, a trial reports. */
static int report(int rc)
{
    char why[1024];
    if (rc == -ECANCELED)
        return WEIR_FAIL(WEIR_EINTERRUPTED, "the trial of the solver");
    if (rc != -ECONNRESET)
        return rc;
    snprintf(why, sizeof(why), "%s", weir_err_message());
    return WEIR_FAIL(WEIR_EENV, "solver: %s", why);
}

int weir_external_try(struct weir_run *run, struct weir_external_trial *out)
{
    struct weir_external *x = run->solver_config;
    float *frame = NULL;
    void *lane = NULL;
    *out = (struct weir_external_trial){0};
    x->restarts = 0;
    /* Where a lane of the run would be. */
    weir_apply_thread(&run->topology, &run->plan.solver[0], "trial");
    int rc = make_room(run, out, &frame);
    rc = rc ? rc : weir_external_ops.create(run->solver_config, &lane);
    rc = rc ? rc : simulate(run, lane, frame, out);
    rc = report(rc);
    if (lane)
        weir_external_ops.destroy(lane);
    free(frame);
    return rc;
}

void weir_external_trial_free(struct weir_external_trial *t)
{
    free((double *)t->value);
    free(t->low);
    free(t->high);
    *t = (struct weir_external_trial){0};
}
