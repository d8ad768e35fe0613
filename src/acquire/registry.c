/* SPDX-License-Identifier: BSD-3-Clause */
#include "acquire/registry.h"

#include "acquire/library.h"
#include "base/err.h"

#include <stdio.h>
#include <string.h>

static const struct weir_strategy_ops *const strategies[] = {
#define X(name) &weir_strategy_##name,
    WEIR_STRATEGIES(X)
#undef X
};

#define N_STRATEGIES (sizeof(strategies) / sizeof(*strategies))

static void refuse(const char *word)
{
    const char *names[N_STRATEGIES];
    char all[512] = "";
    for (size_t i = 0; i < N_STRATEGIES; i++) {
        size_t used = strlen(all);
        names[i] = strategies[i]->name;
        snprintf(all + used, sizeof(all) - used, "%s, ", names[i]);
    }
    WEIR_FAIL(WEIR_ECONFIG,
              "there is no strategy '%s', expected %sor a shared object's path",
              word, all);
    const char *near = weir_nearest_name(word, names, N_STRATEGIES);
    if (near)
        weir_err_hint("did you mean '%s'?", near);
    else
        weir_err_hint("weir list strategies tells what they do");
}

const struct weir_strategy_ops *weir_strategy_find(const char *name)
{
    const struct weir_strategy_ops *ops;
    if (weir_strategy_is_path(name))
        return weir_strategy_load(name, &ops) ? NULL : ops;
    for (size_t i = 0; i < N_STRATEGIES; i++)
        if (strcmp(strategies[i]->name, name) == 0)
            return strategies[i];
    refuse(name);
    return NULL;
}

const struct weir_strategy_ops *const *weir_strategy_list(size_t *n)
{
    if (n)
        *n = N_STRATEGIES;
    return strategies;
}
