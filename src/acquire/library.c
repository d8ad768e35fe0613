/* SPDX-License-Identifier: BSD-3-Clause */
#include "acquire/library.h"

#include "base/err.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#define SYMBOL "weir_strategy"

struct loaded {
    struct loaded *next;
    const struct weir_strategy_ops *ops;
    char path[];
};

static struct loaded *all;

bool weir_strategy_is_path(const char *name)
{
    return strchr(name, '/') != NULL;
}

static int check_interface(const char *path,
                           const struct weir_strategy_library *lib)
{
    if (lib->abi == WEIR_STRATEGY_ABI &&
        lib->ops_size == sizeof(struct weir_strategy_ops) &&
        lib->env_size == sizeof(struct weir_strategy_env))
        return 0;
    if (lib->abi != WEIR_STRATEGY_ABI)
        WEIR_FAIL(WEIR_ECONFIG,
                  "'%s' was built for strategy interface %u, this is %d", path,
                  lib->abi, WEIR_STRATEGY_ABI);
    else
        WEIR_FAIL(WEIR_ECONFIG,
                  "'%s' was built with other sizes of the strategy interface",
                  path);
    return weir_err_hint("build it again with this version's headers");
}

static int check_functions(const char *path,
                           const struct weir_strategy_ops *ops)
{
    if (ops && ops->name && ops->summary && ops->create && ops->destroy &&
        ops->initial && ops->meet && ops->observe && ops->due && ops->propose &&
        ops->save && ops->restore)
        return 0;
    WEIR_FAIL(WEIR_ECONFIG,
              "'%s': its strategy leaves a name, a summary or a function out",
              path);
    return weir_err_hint("only learn, effective, score and needs may be NULL");
}

static int no_object(void)
{
    WEIR_FAIL(WEIR_ECONFIG, "cannot be loaded: %s", dlerror());
    return weir_err_hint("a path is taken from the directory weir is called "
                         "in; build with cc -shared -fPIC");
}

static int no_symbol(const char *path)
{
    WEIR_FAIL(WEIR_ECONFIG, "'%s' defines no '" SYMBOL "'", path);
    return weir_err_hint("say WEIR_STRATEGY_LIBRARY(ops); in its source file");
}

static int open_object(const char *path, const struct weir_strategy_ops **ops)
{
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!handle)
        return no_object();
    const struct weir_strategy_library *lib = dlsym(handle, SYMBOL);
    int rc = lib ? check_interface(path, lib) : no_symbol(path);
    rc = rc ? rc : check_functions(path, lib->ops);
    if (rc)
        dlclose(handle);
    else
        *ops = lib->ops;
    return rc;
}

int weir_strategy_load(const char *path, const struct weir_strategy_ops **out)
{
    for (const struct loaded *l = all; l; l = l->next)
        if (!strcmp(l->path, path))
            return *out = l->ops, 0;
    struct loaded *l = calloc(1, sizeof(*l) + strlen(path) + 1);
    if (!l)
        return WEIR_FAIL(ENOMEM, "strategy '%s'", path);
    int rc = open_object(path, &l->ops);
    if (rc) {
        free(l);
        return rc;
    }
    strcpy(l->path, path);
    l->next = all;
    all = l;
    *out = l->ops;
    return 0;
}
