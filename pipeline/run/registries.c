/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/run/registries.h"

#include "acquire/registry.h"
#include "base/err.h"
#include "nn/registry.h"
#include "pde/registry.h"
#include "pipeline/clients/external.h"
#include "pipeline/run/dataset_solver.h"

#include <stdio.h>
#include <string.h>

/* What entries are called, the section of their options and the key that
 * chooses one. */
static const struct kind {
    const char *one, *many, *section, *chooser;
} kinds[] = {
    [WEIR_KIND_SOLVER] = {"solver", "solvers", "solver", "solver.name"},
    [WEIR_KIND_MODEL] = {"model", "models", "model", "model.name"},
    [WEIR_KIND_STRATEGY] = {"strategy", "strategies", "acquisition",
                            "acquisition.strategy"},
};

int weir_refusal(int rc, enum weir_kind kind, const char *name)
{
    struct weir_err_record said;
    char whole[160];
    const struct kind *k = &kinds[kind];
    if (rc != -EINVAL && rc != -WEIR_ECONFIG)
        return rc;
    weir_err_export(&said);
    snprintf(whole, sizeof(whole), "%s %s", k->one, name);
    const char *text = weir_err_past(said.message, k->one);
    text = weir_err_past(weir_err_past(text, whole), name);
    if (!*text) /* a shared object has no way to say more */
        text = "it cannot be created, and does not say why";
    WEIR_FAIL(WEIR_ECONFIG, "%s %s: %s", k->one, name, text);
    return said.hint[0]
               ? weir_err_hint("%s", said.hint)
               : weir_err_hint("weir list %s shows its options", k->many);
}

static const char *chosen(const struct weir_config *cfg, enum weir_kind kind)
{
    return kind == WEIR_KIND_SOLVER  ? cfg->solver.name
           : kind == WEIR_KIND_MODEL ? cfg->model.name
                                     : cfg->acquisition.strategy;
}

int weir_config_refusal(int rc, enum weir_kind kind,
                        const struct weir_config *cfg)
{
    rc = weir_refusal(rc, kind, chosen(cfg, kind));
    return rc == -WEIR_ECONFIG
               ? weir_config_blame_entry(cfg, kinds[kind].section,
                                         kinds[kind].chooser)
               : rc;
}

/* Solvers whose frames come from elsewhere. */
static const struct weir_solver_ops *const others[] = {&weir_external_ops,
                                                       &weir_dataset_solver};
#define N_OTHERS (sizeof(others) / sizeof(*others))

const struct weir_solver_ops *weir_solver_entry(size_t i)
{
    size_t n;
    const struct weir_solver_ops *const *list = weir_solver_list(&n);
    return i < n ? list[i] : i - n < N_OTHERS ? others[i - n] : NULL;
}

int weir_solver_choose(const char *name, const struct weir_solver_ops **out)
{
    for (size_t i = 0; i < N_OTHERS; i++)
        if (!strcmp(name, others[i]->name))
            return *out = others[i], 0;
    return weir_solver_find(name, out);
}

static bool solver_entry(size_t i, struct weir_config_entry *out)
{
    const struct weir_solver_ops *s = weir_solver_entry(i);
    if (!s)
        return false;
    *out = (struct weir_config_entry){
        .name = s->name,
        .summary = s->summary,
        .options = s->options,
        .any_parameters = weir_is_external(s),
    };
    return true;
}

static bool model_entry(size_t i, struct weir_config_entry *out)
{
    const struct weir_model_ops *m = weir_model_at(i);
    if (!m)
        return false;
    *out = (struct weir_config_entry){
        .name = m->name,
        .summary = m->summary,
        .options = m->options,
        .spelling = m->spelling,
    };
    return true;
}

static bool strategy_entry(size_t i, struct weir_config_entry *out)
{
    size_t n;
    const struct weir_strategy_ops *const *list = weir_strategy_list(&n);
    if (i >= n)
        return false;
    *out = (struct weir_config_entry){.name = list[i]->name,
                                      .summary = list[i]->summary,
                                      .options = list[i]->options};
    return true;
}

static bool entry(void *ctx, const char *section, size_t i,
                  struct weir_config_entry *out)
{
    (void)ctx;
    if (!strcmp(section, "solver"))
        return solver_entry(i, out);
    if (!strcmp(section, "model"))
        return model_entry(i, out);
    return strategy_entry(i, out);
}

static int open_path(void *ctx, const char *section, const char *path,
                     struct weir_config_entry *out)
{
    (void)ctx;
    if (strcmp(section, "acquisition"))
        return WEIR_FAIL(WEIR_ECONFIG,
                         "'%s' is a path; only strategies are loaded from "
                         "files",
                         path);
    const struct weir_strategy_ops *ops = weir_strategy_find(path);
    if (!ops)
        return -weir_err_code();
    *out = (struct weir_config_entry){
        .name = path, .summary = ops->summary, .options = ops->options};
    return 0;
}

/* Only a configured solver knows its parameters: they may follow from options. */
static int space(void *ctx, const char *solver,
                 const struct weir_options *options, struct weir_space *out,
                 bool *steady, void **held)
{
    const struct weir_solver_ops *ops;
    struct weir_solver_info info;
    (void)ctx;
    int rc = weir_solver_choose(solver, &ops);
    rc = rc ? rc : ops->configure(options, held);
    if (rc)
        return weir_refusal(rc, WEIR_KIND_SOLVER, solver);
    ops->describe(*held, &info);
    *out = info.space;
    *steady = info.dt == 0;
    return 0;
}

static void space_done(void *ctx, const char *solver, void *held)
{
    const struct weir_solver_ops *ops;
    (void)ctx;
    if (weir_solver_choose(solver, &ops) == 0)
        ops->release(held);
}

const struct weir_config_registry weir_registries = {
    .entry = entry,
    .open = open_path,
    .space = space,
    .space_done = space_done,
};
