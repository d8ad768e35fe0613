/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/record/checkpoint_state.h"

#include "base/clock.h"
#include "base/heap.h"
#include "io/predictor.h"
#include "nn/isa.h"
#include "weir/version.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OTHER_TENSORS 18
#define META          (12 + WEIR_PREDICTOR_TEXTS)

/* The packed vectors and the prefixes of their tensors. The best come last:
 * what follows them is what best.safetensors holds too. */
enum { MODEL, ADAM_M, ADAM_V, AVERAGE, BEST, VECTORS };
static const char *const prefix[VECTORS] = {"model", "adam.m", "adam.v",
                                            "average", "best"};

struct weir_checkpoint_state {
    struct weir_run *run;
    struct weir_trainer *t;
    size_t tensors;        /* of the model */
    float *plain[VECTORS]; /* of all members; NULL: there is no such vector */
    struct weir_tensor *tensor;
    size_t n;
    struct weir_text meta[META];
    size_t n_meta;
    struct weir_predictor_description description;
    char *config, step[24], best_step[24], seed[24];
    float *frames;
    unsigned char *headers;
    size_t first_best; /* tensor */
    uint64_t file_step, best, best_written;
    int64_t elapsed, cpu[2];
    struct weir_strategy_totals strategy;
    uint64_t rows[WEIR_CUT_TABLES];
};

static void add_text(struct weir_checkpoint_state *s, const char *key,
                     const char *value)
{
    s->meta[s->n_meta++] = (struct weir_text){key, value};
}

static int describe(struct weir_checkpoint_state *s)
{
    const struct weir_config *cfg = s->run->cfg;
    snprintf(s->seed, sizeof(s->seed), "%llu",
             (unsigned long long)cfg->run.seed);
    add_text(s, "weir.version", WEIR_VERSION);
    add_text(s, "weir.config", s->config);
    add_text(s, "weir.isa", weir_isa_name());
    add_text(s, "weir.solver", cfg->solver.name);
    add_text(s, "weir.model", cfg->model.name);
    add_text(s, "weir.strategy", cfg->acquisition.strategy);
    add_text(s, "weir.seed", s->seed);
    add_text(s, "weir.step", s->step);
    add_text(s, "weir.best_step", s->best_step);
    int rc = weir_predictor_describe(
        &cfg->model.options, &s->run->info, cfg->training.residual,
        cfg->training.loss == WEIR_LOSS_EVIDENTIAL, s->t->members,
        weir_run_inputs(s->run), &s->description, s->meta + s->n_meta);
    s->n_meta += rc ? 0 : WEIR_PREDICTOR_TEXTS;
    return rc;
}

int weir_checkpoint_state_create(struct weir_run *run, struct weir_trainer *t,
                                 struct weir_checkpoint_state **out)
{
    struct weir_checkpoint_state *s = weir_array(1, sizeof(*s));
    if (!s)
        return WEIR_FAIL(ENOMEM, "checkpoint");
    *out = s;
    s->run = run;
    s->t = t;
    s->best_written = UINT64_MAX;
    s->tensors = weir_model_tensors(t->model);
    size_t members = (size_t)t->members;
    s->tensor = weir_array(VECTORS * members * s->tensors + OTHER_TENSORS,
                           sizeof(*s->tensor));
    for (int v = 0; v < VECTORS; v++) {
        if (v == AVERAGE && t->weights.decay == 0)
            continue;
        s->plain[v] =
            weir_array(members * weir_model_floats(t->model), sizeof(float));
        if (!s->plain[v])
            return WEIR_FAIL(ENOMEM, "checkpoint of %s", run->cfg->model.name);
    }
    if (!s->tensor)
        return WEIR_FAIL(ENOMEM, "checkpoint");
    int rc = weir_config_resolved(run->cfg, &s->config);
    return rc ? rc : describe(s);
}

void weir_checkpoint_state_destroy(struct weir_checkpoint_state *s)
{
    if (!s)
        return;
    for (int v = 0; v < VECTORS; v++)
        free(s->plain[v]);
    weir_predictor_description_free(&s->description);
    free(s->tensor);
    free(s->config);
    free(s->frames);
    free(s->headers);
    free(s);
}

/* ---- taking ---- */

static int add(struct weir_checkpoint_state *s, const char *name,
               enum weir_dtype dtype, int dims, const uint64_t *shape,
               const void *data)
{
    return weir_tensor_init(&s->tensor[s->n++], name, dtype, dims, shape, data);
}

static int add_vector(struct weir_checkpoint_state *s, const char *name,
                      enum weir_dtype dtype, uint64_t n, const void *data)
{
    return n ? add(s, name, dtype, 1, &n, data) : 0;
}

/* What the trainer would not survive is not kept as if it were good. */
static int check_finite(const float *x, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(x[i]))
            return WEIR_FAIL(WEIR_EDIVERGED, "%s is not finite", name);
    return 0;
}

static int take_tensor(struct weir_checkpoint_state *s, const char *name,
                       size_t i, const float *packed, float *at)
{
    struct weir_model_tensor m = weir_model_tensor(s->t->model, i);
    uint64_t shape[WEIR_TENSOR_DIMS_MAX];
    for (int d = 0; d < m.rank; d++)
        shape[d] = (uint64_t)m.dims[d];
    int rc = weir_model_export(s->t->model, i, packed, at);
    rc = rc ? rc : check_finite(at, m.count, name);
    return rc ? rc : add(s, name, WEIR_F32, m.rank, shape, at);
}

/* Export one packed vector, member by member, and list its tensors. */
static int take_vector(struct weir_checkpoint_state *s, int v,
                       const float *packed)
{
    const struct weir_trainer *t = s->t;
    float *at = s->plain[v];
    int rc = 0;
    for (int k = 0; k < t->members; k++)
        for (size_t i = 0; rc == 0 && i < s->tensors; i++) {
            struct weir_model_tensor m = weir_model_tensor(t->model, i);
            char name[WEIR_TENSOR_NAME_MAX];
            weir_ensemble_name(prefix[v], t->members, k, m.name, name,
                               sizeof(name));
            rc = take_tensor(s, name, i, packed + (size_t)k * t->stride, at);
            at += m.count;
        }
    return rc;
}

static int take_normaliser(struct weir_checkpoint_state *s)
{
    const struct weir_normaliser *n = &s->t->normaliser;
    uint64_t c = (uint64_t)n->channels;
    int rc = add_vector(s, "normaliser.mean", WEIR_F32, c, n->mean);
    rc = rc ? rc
            : add_vector(s, "normaliser.deviation", WEIR_F32, c, n->deviation);
    return rc ? rc
              : add_vector(s, "normaliser.residual", WEIR_F32, c, n->residual);
}

static int take_ledger(struct weir_checkpoint_state *s,
                       const struct weir_ledger *l)
{
    uint64_t bytes[] = {l->n, sizeof(*l->row)}, reals[] = {l->n, l->dims};
    int rc = add(s, "ledger.rows", WEIR_U8, 2, bytes, l->row);
    rc = rc ? rc : add(s, "ledger.unit", WEIR_F64, 2, reals, l->unit);
    return rc ? rc : add(s, "ledger.value", WEIR_F64, 2, reals, l->value);
}

/* Copied, not referred to: these slots will be lent again. */
static int take_frames(struct weir_checkpoint_state *s,
                       const struct weir_cut *cut)
{
    const struct weir_slots *slots = &s->run->slots;
    size_t floats = weir_slot_floats(slots);
    size_t header = sizeof(struct weir_slot);
    free(s->frames);
    free(s->headers);
    s->frames = weir_array(cut->n_slots * floats, sizeof(float));
    s->headers = weir_array(cut->n_slots, header);
    if (!s->frames || !s->headers)
        return WEIR_FAIL(ENOMEM, "checkpoint of %u samples", cut->n_slots);
    for (uint32_t i = 0; i < cut->n_slots; i++) {
        const struct weir_slot *slot = weir_slot_at(slots, cut->slot[i]);
        memcpy(s->headers + i * header, slot, header);
        memcpy(s->frames + i * floats, slot->frames, floats * sizeof(float));
    }
    uint64_t f[] = {cut->n_slots, slots->window, slots->frame_floats};
    if (slots->read_floats != slots->frame_floats) {
        f[1] = 1;
        f[2] = floats;
    }
    uint64_t h[] = {cut->n_slots, header};
    int rc = add(s, "reservoir.frames", WEIR_F32, 3, f, s->frames);
    return rc ? rc : add(s, "reservoir.headers", WEIR_U8, 2, h, s->headers);
}

static int take_states(struct weir_checkpoint_state *s,
                       const struct weir_cut *cut)
{
    s->elapsed = weir_now_ns() - cut->start_ns;
    s->cpu[0] = weir_run_cpu_ns(s->run);
    s->cpu[1] = cut->strategy.cpu_ns;
    s->strategy = cut->strategy;
    memcpy(s->rows, cut->rows, sizeof(s->rows));
    int rc = add_vector(s, "state.trainer", WEIR_U8, cut->trainer.size,
                        cut->trainer.data);
    rc = rc ? rc
            : add_vector(s, "state.acquisition", WEIR_U8, cut->acquisition.size,
                         cut->acquisition.data);
    rc = rc ? rc
            : add_vector(s, "state.reservoir", WEIR_U8, cut->reservoir.size,
                         cut->reservoir.data);
    rc = rc ? rc : add_vector(s, "elapsed", WEIR_I64, 1, &s->elapsed);
    rc = rc ? rc : add_vector(s, "cpu", WEIR_I64, 2, s->cpu);
    rc = rc ? rc : add_vector(s, "lost", WEIR_U64, 1, &s->strategy.lost);
    rc = rc ? rc
            : add_vector(s, "effective", WEIR_F64, 1, &s->strategy.effective);
    return rc ? rc : add_vector(s, "rows", WEIR_U64, WEIR_CUT_TABLES, s->rows);
}

int weir_checkpoint_state_take(struct weir_checkpoint_state *s,
                               const struct weir_cut *cut)
{
    const float *packed[VECTORS] = {cut->w, cut->m, cut->v, cut->average,
                                    cut->best};
    int rc = 0;
    s->n = 0;
    s->file_step = cut->step;
    s->best = cut->best_step;
    snprintf(s->step, sizeof(s->step), "%llu", (unsigned long long)cut->step);
    snprintf(s->best_step, sizeof(s->best_step), "%llu",
             (unsigned long long)cut->best_step);
    for (int v = 0; rc == 0 && v < VECTORS; v++) {
        s->first_best = s->n;
        rc = packed[v] ? take_vector(s, v, packed[v]) : 0;
    }
    rc = rc ? rc : take_normaliser(s);
    rc = rc ? rc : take_ledger(s, &cut->ledger);
    rc = rc ? rc : take_states(s, cut);
    if (rc == 0 && cut->n_slots)
        rc = take_frames(s, cut);
    return rc;
}

bool weir_checkpoint_state_best_is_new(const struct weir_checkpoint_state *s)
{
    return s->best != s->best_written;
}

void weir_checkpoint_state_note_best(struct weir_checkpoint_state *s)
{
    s->best_written = s->best;
}

/* best.safetensors: the tensors of `best` under the name `model`, followed by
 * the normaliser's. */
static void list_best(struct weir_checkpoint_state *s)
{
    const struct weir_trainer *t = s->t;
    size_t n = (size_t)t->members * s->tensors;
    memmove(s->tensor, s->tensor + s->first_best, (n + 3) * sizeof(*s->tensor));
    for (size_t i = 0; i < n; i++)
        weir_ensemble_name(prefix[MODEL], t->members, (int)(i / s->tensors),
                           weir_model_tensor(t->model, i % s->tensors).name,
                           s->tensor[i].name, WEIR_TENSOR_NAME_MAX);
    s->n = n + 3;
}

void weir_checkpoint_state_file(struct weir_checkpoint_state *s, bool best,
                                struct weir_checkpoint *out)
{
    if (best)
        list_best(s);
    *out = (struct weir_checkpoint){
        .step = best ? s->best : s->file_step,
        .name = best ? "best" : NULL,
        .tensor = s->tensor,
        .n = s->n,
        .meta = s->meta,
        .n_meta = s->n_meta,
    };
}
