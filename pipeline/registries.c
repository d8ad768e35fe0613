/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/registries.h"

#include "acquire/registry.h"
#include "base/err.h"
#include "nn/registry.h"
#include "pde/registry.h"

#include <string.h>

int weir_refusal(int rc, const char *kind, const char *name)
{
    struct weir_err_record said;
    size_t n = strlen(kind);
    if (rc != -EINVAL && rc != -WEIR_ECONFIG)
        return rc;
    weir_err_export(&said);
    const char *text = said.message;
    if (!strncmp(text, kind, n) && !strncmp(text + n, ": ", 2))
        text += n + 2;
    WEIR_FAIL(WEIR_ECONFIG, "%s %s: %s", kind, name, text);
    return said.hint[0]
               ? weir_err_hint("%s", said.hint)
               : weir_err_hint("weir list %ss shows its options", kind);
}

static bool solver_entry(size_t i, struct weir_config_entry *out)
{
    size_t n;
    const struct weir_solver_ops *const *list = weir_solver_list(&n);
    if (i >= n)
        return false;
    *out = (struct weir_config_entry){list[i]->name, list[i]->summary,
                                      list[i]->options};
    return true;
}

static bool model_entry(size_t i, struct weir_config_entry *out)
{
    const struct weir_model_ops *m = weir_model_at(i);
    if (!m)
        return false;
    *out = (struct weir_config_entry){m->name, m->summary, m->options};
    return true;
}

static bool strategy_entry(size_t i, struct weir_config_entry *out)
{
    size_t n;
    const struct weir_strategy_ops *const *list = weir_strategy_list(&n);
    if (i >= n)
        return false;
    *out = (struct weir_config_entry){list[i]->name, list[i]->summary,
                                      list[i]->options};
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
    *out = (struct weir_config_entry){path, ops->summary, ops->options};
    return 0;
}

/* Only a configured solver knows its parameters: they may follow from options. */
static int space(void *ctx, const char *solver,
                 const struct weir_options *options, struct weir_space *out,
                 void **held)
{
    const struct weir_solver_ops *ops;
    struct weir_solver_info info;
    (void)ctx;
    int rc = weir_solver_find(solver, &ops);
    rc = rc ? rc : ops->configure(options, held);
    if (rc)
        return weir_refusal(rc, "solver", solver);
    ops->describe(*held, &info);
    *out = info.space;
    return 0;
}

static void space_done(void *ctx, const char *solver, void *held)
{
    const struct weir_solver_ops *ops;
    (void)ctx;
    if (weir_solver_find(solver, &ops) == 0)
        ops->release(held);
}

const struct weir_config_registry weir_registries = {
    .entry = entry,
    .open = open_path,
    .space = space,
    .space_done = space_done,
};
