/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/record/restore.h"

#include "base/clock.h"
#include "base/heap.h"
#include "base/log.h"
#include "nn/isa.h"
#include "pipeline/stages/boundary.h"
#include "pipeline/stages/cut.h"
#include "pipeline/stages/intake.h"
#include "weir/version.h"

#include <stdlib.h>
#include <string.h>

static int restore_member(const struct weir_safetensors *file,
                          const struct weir_trainer *t, const char *prefix,
                          int member, float *packed, float *plain)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < weir_model_tensors(t->model); i++) {
        struct weir_model_tensor m = weir_model_tensor(t->model, i);
        char name[WEIR_TENSOR_NAME_MAX];
        weir_ensemble_name(prefix, t->members, member, m.name, name,
                           sizeof(name));
        rc = weir_safetensors_copy(file, name, WEIR_F32, plain,
                                   m.count * sizeof(float));
        rc = rc ? rc : weir_model_import(t->model, i, plain, packed);
    }
    return rc;
}

static int restore_vector(const struct weir_safetensors *file,
                          const struct weir_trainer *t, const char *prefix,
                          float *packed)
{
    float *plain = weir_array(weir_model_floats(t->model), sizeof(float));
    int rc = plain ? 0 : WEIR_FAIL(ENOMEM, "checkpoint");
    for (int m = 0; rc == 0 && m < t->members; m++)
        rc = restore_member(file, t, prefix, m, packed + (size_t)m * t->stride,
                            plain);
    free(plain);
    return rc;
}

/* A run that goes on with an average, after one without, begins with what the
 * weights are. */
static int restore_average(const struct weir_safetensors *file,
                           struct weir_trainer *t)
{
    struct weir_weights *w = &t->weights;
    char name[WEIR_TENSOR_NAME_MAX];
    if (w->decay == 0)
        return 0;
    weir_ensemble_name("average", t->members, 0,
                       weir_model_tensor(t->model, 0).name, name, sizeof(name));
    return restore_vector(
        file, t, weir_safetensors_find(file, name) ? "average" : "model",
        w->average[w->now]);
}

static int restore_weights(const struct weir_safetensors *file,
                           struct weir_trainer *t)
{
    struct weir_weights *w = &t->weights;
    int rc = restore_vector(file, t, "model", w->w[w->now]);
    rc = rc ? rc : restore_vector(file, t, "adam.m", w->m[w->now]);
    rc = rc ? rc : restore_vector(file, t, "adam.v", w->v[w->now]);
    rc = rc ? rc : restore_average(file, t);
    return rc ? rc : restore_vector(file, t, "best", t->best);
}

/* The run has gradient steps to make after @p file. */
static bool goes_on(const struct weir_safetensors *file,
                    const struct weir_run *run)
{
    const char *step = weir_safetensors_meta(file, "weir.step");
    return step && strtoll(step, NULL, 10) < run->cfg->training.steps;
}

/*
 * Without its reservoir a run that goes on needs samples to begin with: what is
 * done runs again as far as that. One that is left unused on purpose may hold
 * samples of anything under way.
 */
static void reopen(const struct weir_safetensors *file,
                   const struct weir_run *run, bool unused,
                   struct weir_ledger *l)
{
    for (uint32_t id = 0; unused && id < l->n; id++)
        if (l->row[id].state == WEIR_CELL_CLAIMED ||
            l->row[id].state == WEIR_CELL_OPEN)
            weir_ledger_reopen(l, id);
    if (unused || goes_on(file, run))
        weir_ledger_reopen_newest(l, run->samples,
                                  weir_run_samples_to_start(run));
}

static int relocate(const struct weir_run *run, struct weir_ledger *l)
{
    double *scratch = weir_array(l->dims, sizeof(*scratch));
    if (!scratch)
        return WEIR_FAIL(ENOMEM, "checkpoint");
    weir_ledger_relocate(l, &run->cfg->space, scratch);
    free(scratch);
    return 0;
}

static int too_many(const struct weir_config *cfg, uint32_t n)
{
    WEIR_FAIL(WEIR_ECONFIG,
              "simulations.budget %d, but the run to go on with has %u "
              "simulations",
              cfg->simulations.budget, n);
    weir_err_hint("set simulations.budget to %u or more", n);
    return weir_config_blame(cfg, WEIR_KEYS("simulations.budget"));
}

static int restore_ledger(const struct weir_safetensors *file,
                          struct weir_run *run,
                          const struct weir_restore_scope *scope)
{
    bool has_reservoir = weir_safetensors_find(file, "state.reservoir");
    const struct weir_tensor *rows = weir_safetensors_find(file, "ledger.rows");
    struct weir_ledger l;
    if (!rows || rows->dims != 2 || rows->shape[1] != sizeof(*l.row))
        return WEIR_FAIL(WEIR_ECORRUPT, "checkpoint: no ledger");
    uint32_t n = (uint32_t)rows->shape[0], dims = run->table->dims;
    size_t reals = (size_t)n * dims * sizeof(double);
    if (n > run->table->capacity)
        return too_many(run->cfg, n);
    int rc = weir_ledger_create(n, dims, &l);
    if (rc)
        return rc;
    l.n = n;
    rc =
        weir_safetensors_copy(file, "ledger.rows", WEIR_U8, l.row, rows->bytes);
    rc = rc ? rc
            : weir_safetensors_copy(file, "ledger.unit", WEIR_F64, l.unit,
                                    reals);
    rc = rc ? rc
            : weir_safetensors_copy(file, "ledger.value", WEIR_F64, l.value,
                                    reals);
    if (rc == 0 && !(has_reservoir && scope->reservoir))
        reopen(file, run, has_reservoir, &l);
    if (rc == 0 && !scope->strategy)
        rc = relocate(run, &l);
    rc = rc ? rc : weir_ledger_restore(&l, run->table, run->start_ns);
    weir_ledger_destroy(&l);
    return rc;
}

/* A blob that reads the file's bytes in place. */
static int blob_of(const struct weir_safetensors *file, const char *name,
                   struct weir_blob *out)
{
    const struct weir_tensor *t = weir_safetensors_find(file, name);
    if (!t)
        return WEIR_FAIL(WEIR_ECORRUPT, "checkpoint: no tensor '%s'", name);
    *out = (struct weir_blob){.data = (unsigned char *)(uintptr_t)t->data,
                              .size = t->bytes};
    return 0;
}

static int restore_frames(const struct weir_safetensors *file,
                          struct weir_run *run, struct weir_reservoir *r)
{
    const struct weir_tensor *f =
        weir_safetensors_find(file, "reservoir.frames");
    const struct weir_tensor *h =
        weir_safetensors_find(file, "reservoir.headers");
    size_t floats = weir_slot_floats(&run->slots);
    size_t header = sizeof(struct weir_slot);
    uint32_t n = weir_reservoir_size(r);
    if (n == 0)
        return 0;
    if (!f || !h || f->bytes != n * floats * sizeof(float) ||
        h->bytes != n * header)
        return WEIR_FAIL(WEIR_ECORRUPT,
                         "checkpoint: frames of %u samples expected", n);
    for (uint32_t i = 0; i < n; i++) {
        struct weir_slot *slot =
            weir_slot_at(&run->slots, weir_reservoir_resident(r, i));
        memcpy(slot, (const unsigned char *)h->data + i * header, header);
        memcpy(slot->frames, (const float *)f->data + i * floats,
               floats * sizeof(float));
        slot->committed_ns += run->start_ns - slot->committed_ns;
    }
    return 0;
}

static int restore_reservoir(const struct weir_safetensors *file,
                             struct weir_run *run, struct weir_intake *in)
{
    struct weir_blob blob;
    uint32_t *lent = weir_array(run->lanes, sizeof(*lent));
    int rc = lent ? blob_of(file, "state.reservoir", &blob)
                  : WEIR_FAIL(ENOMEM, "checkpoint");
    rc = rc ? rc : weir_reservoir_restore(in->reservoir, &blob, lent);
    rc = rc ? rc : restore_frames(file, run, in->reservoir);
    if (rc == 0)
        weir_intake_relend(in, lent);
    free(lent);
    return rc;
}

/* Other vector units round differently: the bits would not be the same. */
static int check_isa(const struct weir_safetensors *file,
                     const struct weir_run *run)
{
    const char *was = weir_safetensors_meta(file, "weir.isa");
    if (!was || !strcmp(was, weir_isa_name()))
        return 0;
    if (!weir_run_is_lockstep(run)) {
        weir_log_info("checkpoint", "made on %s, continued on %s", was,
                      weir_isa_name());
        return 0;
    }
    WEIR_FAIL(WEIR_EENV,
              "lockstep: the checkpoint was made with %s, this processor "
              "computes with %s",
              was, weir_isa_name());
    return weir_err_hint("go on in live mode (--from DIR --set run.clock="
                         "live), or on a processor of that kind");
}

/* Blobs and rows are read as they lie: a neighbouring layout would be taken for
 * numbers. Weights alone can be read from any. */
static int check_layout(const struct weir_safetensors *file)
{
    const char *format = weir_safetensors_meta(file, "weir.format");
    if (format && strtol(format, NULL, 10) == WEIR_CHECKPOINT_FORMAT)
        return 0;
    WEIR_FAIL(WEIR_EENV,
              "the checkpoint has format %s, this Weir continues format %d",
              format ? format : "?", WEIR_CHECKPOINT_FORMAT);
    return weir_err_hint("go on with the Weir that wrote it; its weights can "
                         "still be evaluated");
}

/* What a checkpoint is too old to say is 0. */
static int copy_if_said(const struct weir_safetensors *file, const char *name,
                        enum weir_dtype type, void *out, size_t bytes)
{
    return weir_safetensors_find(file, name)
               ? weir_safetensors_copy(file, name, type, out, bytes)
               : 0;
}

/* A strategy that starts anew has a share of what is used from now on. */
static int restore_totals(const struct weir_safetensors *file,
                          struct weir_run *run, struct weir_acquisition *a)
{
    int64_t cpu[2] = {0, 0};
    struct weir_strategy_totals t = {0};
    int rc = copy_if_said(file, "cpu", WEIR_I64, cpu, sizeof(cpu));
    rc =
        rc ? rc : copy_if_said(file, "lost", WEIR_U64, &t.lost, sizeof(t.lost));
    rc = rc ? rc
            : copy_if_said(file, "effective", WEIR_F64, &t.effective,
                           sizeof(t.effective));
    if (rc)
        return rc;
    t.cpu_ns = cpu[1];
    run->cpu_from_ns = -cpu[0];
    weir_acquisition_restore_totals(a, &t);
    return 0;
}

static int restore_clock(const struct weir_safetensors *file,
                         struct weir_run *run)
{
    int64_t elapsed;
    int rc = weir_safetensors_copy(file, "elapsed", WEIR_I64, &elapsed,
                                   sizeof(elapsed));
    if (rc == 0)
        run->start_ns = weir_now_ns() - elapsed;
    return rc;
}

int weir_restore(const struct weir_safetensors *file, struct weir_run *run,
                 struct weir_trainer *t, struct weir_acquisition *a,
                 const struct weir_restore_scope *scope, uint64_t *rows)
{
    struct weir_blob trainer, acquisition;
    bool reservoir =
        scope->reservoir && weir_safetensors_find(file, "state.reservoir");
    int rc = check_layout(file);
    rc = rc ? rc : check_isa(file, run);
    rc = rc ? rc : restore_clock(file, run);
    if (rc == 0 && scope->strategy)
        rc = restore_totals(file, run, a);
    rc = rc ? rc
            : weir_safetensors_copy(file, "rows", WEIR_U64, rows,
                                    WEIR_CUT_TABLES * sizeof(*rows));
    rc = rc ? rc : blob_of(file, "state.trainer", &trainer);
    rc = rc ? rc : blob_of(file, "state.acquisition", &acquisition);
    rc = rc ? rc : restore_ledger(file, run, scope);
    rc = rc ? rc : weir_acquisition_restore(a, &acquisition, scope->strategy);
    rc = rc ? rc : restore_weights(file, t);
    if (rc == 0 && reservoir)
        rc = restore_reservoir(file, run, weir_boundary_intake(t->boundary));
    rc = rc ? rc : weir_boundary_restore(t->boundary, &trainer, reservoir);
    if (rc == 0 && !scope->validation)
        weir_trainer_forget_best(t);
    return rc ? WEIR_NOTE(rc, "restoring a checkpoint") : 0;
}
