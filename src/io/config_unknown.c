/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/config_setting.h"

#include "base/err.h"

#include <stdio.h>
#include <string.h>

void weir_names_add(struct weir_names *names, const char *name)
{
    if (names->n < sizeof(names->name) / sizeof(*names->name))
        names->name[names->n++] = name;
}

static void join(const struct weir_names *names, char *out, size_t size)
{
    out[0] = '\0';
    for (size_t i = 0, used = 0; i < names->n && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s%s", i ? ", " : "",
                                 names->name[i]);
}

void weir_names_hint(const struct weir_names *names, const char *path,
                     const char *wrong, const char *what)
{
    char all[400];
    const char *near = weir_nearest_name(wrong, names->name, names->n);
    if (near) {
        weir_err_hint("did you mean '%s%s%s'?", path, *path ? "." : "", near);
    } else if (names->n) {
        join(names, all, sizeof(all));
        weir_err_hint("%s: %s", what, all);
    }
}

/* Who declared the options of @p section; NULL when nobody did. */
static const char *entry_of(const struct weir_config_store *store,
                            const char *section)
{
    for (size_t p = 0; p < store->n; p++)
        if (store->part[p].entry && !strcmp(store->part[p].path, section))
            return store->part[p].entry;
    return NULL;
}

/* Names that may stand right below @p path: keys, and at the top sections. */
static struct weir_names names_below(const struct weir_config_store *store,
                                     const char *path)
{
    struct weir_names names = {.n = 0};
    for (size_t p = 0; p < store->n; p++) {
        const struct weir_config_part *part = &store->part[p];
        if (!strcmp(part->path, path))
            for (size_t i = 0; i < part->options.n; i++)
                weir_names_add(&names, part->options.declared[i].name);
        else if (!*path && !part->entry && part->section)
            weir_names_add(&names, part->path);
    }
    if (!*path)
        weir_names_add(&names, "parameters");
    return names;
}

/* A key of just this name in some section, which may be what is meant. */
static const char *same_name(const struct weir_config_store *store,
                             const char *name, char out[WEIR_KEY_MAX])
{
    for (size_t p = 0; p < store->n; p++) {
        const struct weir_options *o = &store->part[p].options;
        for (size_t i = 0; i < o->n; i++)
            if (store->part[p].section && !strcmp(o->declared[i].name, name))
                return weir_store_key(&store->part[p], i, out);
    }
    return NULL;
}

static int at_the_top(const struct weir_config_store *store,
                      const struct weir_settings *list,
                      const struct weir_setting *s)
{
    char first[WEIR_KEY_MAX], key[WEIR_KEY_MAX];
    struct weir_names names = names_below(store, "");
    snprintf(first, sizeof(first), "%.*s", (int)strcspn(s->key, "."), s->key);
    bool is_section = s->key[strlen(first)] || s->shape == WEIR_YAML_MAP;
    int rc = weir_setting_refuse(list, s, "there is no such %s",
                                 is_section ? "section" : "key");
    const char *twin = is_section ? NULL : same_name(store, first, key);
    if (twin)
        weir_err_hint("did you mean '%s'?", twin);
    else
        weir_names_hint(&names, "", first, "sections and keys");
    return rc;
}

static int in_section(const struct weir_config_store *store,
                      const struct weir_settings *list,
                      const struct weir_setting *s, const char *path)
{
    char key[WEIR_KEY_MAX];
    struct weir_names names = names_below(store, path);
    const char *wrong = s->key + strlen(path) + 1;
    const char *entry = entry_of(store, path);
    const char *twin = same_name(store, wrong, key);
    int rc =
        entry ? weir_setting_refuse(list, s, "'%s' has no such option", entry)
              : weir_setting_refuse(list, s, "there is no such key");
    if (twin && !weir_nearest_name(wrong, names.name, names.n))
        weir_err_hint("did you mean '%s'?", twin);
    else
        weir_names_hint(&names, path, wrong, "it takes");
    return rc;
}

static int in_parameters(const struct weir_config_store *store,
                         const struct weir_settings *list,
                         const struct weir_setting *s)
{
    char path[WEIR_KEY_MAX];
    const char *name = s->key + strlen("parameters.");
    struct weir_names names = {.n = 0};
    snprintf(path, sizeof(path), "parameters.%.*s", (int)strcspn(name, "."),
             name);
    if (weir_store_has_path(store, path) && s->key[strlen(path)] == '.')
        return in_section(store, list, s, path);
    for (size_t i = 0; i < store->space.n; i++)
        weir_names_add(&names, store->space.parameter[i].name);
    int rc = weir_setting_refuse(list, s, "solver '%s' has no such parameter",
                                 entry_of(store, "solver"));
    weir_names_hint(&names, "parameters", path + strlen("parameters."),
                    "it has");
    return rc;
}

int weir_setting_unknown(const struct weir_config_store *store,
                         const struct weir_settings *list,
                         const struct weir_setting *s)
{
    char section[WEIR_KEY_MAX];
    snprintf(section, sizeof(section), "%.*s", (int)strcspn(s->key, "."),
             s->key);
    if (s->key[strlen(section)] != '.')
        return at_the_top(store, list, s);
    if (!strcmp(section, "parameters"))
        return in_parameters(store, list, s);
    if (weir_store_has_path(store, section))
        return in_section(store, list, s, section);
    return at_the_top(store, list, s);
}
