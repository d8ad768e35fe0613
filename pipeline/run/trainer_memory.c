/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/run/trainer_memory.h"

#include "base/err.h"
#include "nn/ensemble.h"
#include "pipeline/run/registries.h"

static int net_bytes(const struct weir_model *model, const struct weir_run *run,
                     int batch, size_t *out)
{
    struct weir_surrogate_config config = {
        .batch = batch,
        .unroll = run->cfg->training.unroll,
        .threads = 1,
        .residual = run->cfg->training.residual,
        .loss = run->cfg->training.loss,
        .equation = run->info.residual,
        .inputs = weir_run_inputs(run),
    };
    struct weir_surrogate *s;
    int rc = weir_surrogate_create(model, &config, &s);
    if (rc)
        return rc;
    *out = weir_surrogate_bytes(s);
    weir_surrogate_destroy(s);
    return 0;
}

static int group_bytes(const struct weir_model *model,
                       const struct weir_run *run, size_t *out)
{
    size_t one, two, micro = (size_t)run->cfg->training.micro_batch;
    int rc = net_bytes(model, run, 1, &one);
    rc = rc ? rc : net_bytes(model, run, 2, &two);
    if (rc)
        return rc;
    *out = one + (micro - 1) * (two > one ? two - one : 0);
    if (run->cfg->training.accumulate > 1)
        *out += weir_model_packed(model) * sizeof(float);
    return 0;
}

static size_t set_bytes(const struct weir_run *run, int trajectories)
{
    const struct weir_residual *e = run->info.residual;
    size_t steps = (size_t)run->cfg->simulations.steps;
    size_t state = run->frame_floats, figures = 3;
    if (e) /* two states and, in double, where they are */
        return (size_t)trajectories * sizeof(float) * e->points *
               (2 + 2 * (size_t)e->jet.coordinates);
    return (size_t)trajectories * sizeof(float) *
           ((steps + 1) * state + steps * figures);
}

/* Two halves of three vectors, perhaps two averages, and the best. */
static void count_vectors(const struct weir_model *model,
                          const struct weir_run *run,
                          struct weir_trainer_memory *m)
{
    const struct weir_config *cfg = run->cfg;
    size_t vectors = cfg->training.ema > 0 ? 9 : 7;
    m->gradient = (size_t)cfg->training.members * weir_ensemble_stride(model) *
                  sizeof(float);
    m->weights = vectors * m->gradient;
    m->gradients = weir_run_gradients(cfg);
}

/* Tensors in the file's order, a vector each, and samples. */
static size_t checkpoint_bytes(const struct weir_model *model,
                               const struct weir_run *run)
{
    const struct weir_slots *s = &run->slots;
    size_t vectors = run->cfg->training.ema > 0 ? 5 : 4;
    size_t weights = vectors * (size_t)run->cfg->training.members *
                     weir_model_floats(model) * sizeof(float);
    size_t sample = weir_slot_floats(s) * sizeof(float);
    return weights + (weir_run_keeps_reservoir(run)
                          ? s->count * (sample + sizeof(struct weir_slot))
                          : 0);
}

/* Whole micro-batches, and one frame to work in. */
size_t weir_trainer_predicted_bytes(const struct weir_run *run)
{
    size_t batch = (size_t)run->cfg->training.batch;
    size_t micro = (size_t)run->cfg->training.micro_batch;
    size_t places = (batch + micro - 1) / micro * micro;
    return ((size_t)run->cfg->training.members * places + 1) *
           run->frame_floats * sizeof(float);
}

int weir_trainer_memory_plan(const struct weir_run *run,
                             struct weir_trainer_memory *out)
{
    const struct weir_config *cfg = run->cfg;
    struct weir_model *model;
    int rc = weir_run_model(run, &model);
    if (rc)
        return rc;
    size_t held = set_bytes(run, cfg->validation.trajectories);
    size_t tested = set_bytes(run, cfg->test.trajectories);
    *out = (struct weir_trainer_memory){
        .evaluated = held + tested,
        .predicted =
            cfg->training.members > 1 ? weir_trainer_predicted_bytes(run) : 0,
    };
    count_vectors(model, run, out);
    out->checkpoint = checkpoint_bytes(model, run);
    rc = weir_config_refusal(group_bytes(model, run, &out->group),
                             WEIR_KIND_MODEL, cfg);
    rc = rc ? rc : weir_forecast_memory_plan(run, model, &out->forecast);
    weir_model_destroy(model);
    return rc;
}

size_t weir_trainer_memory_total(const struct weir_trainer_memory *m,
                                 uint32_t groups)
{
    return m->weights + m->gradients * m->gradient + groups * m->group +
           m->evaluated + m->checkpoint + m->predicted +
           weir_forecast_memory_total(&m->forecast);
}
