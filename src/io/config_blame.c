/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/config_store.h"

#include "base/err.h"

#include <stdio.h>
#include <string.h>

static bool is_given(const struct weir_config_store *store, const char *key)
{
    size_t i;
    const struct weir_config_part *p = weir_store_find(store, key, &i);
    return p && p->origin[i].source != WEIR_SOURCE_DEFAULT;
}

/* The first of @p keys that the user gave, for that is the line to look at; the
 * file when all of them are defaults. */
static int blame(const struct weir_config_store *store, const char *const *keys,
                 const struct weir_err_record *said, const char *text)
{
    char place[WEIR_PLACE_MAX];
    size_t i;
    while (*keys && !is_given(store, *keys))
        keys++;
    if (*keys) {
        const struct weir_config_part *p = weir_store_find(store, *keys, &i);
        WEIR_FAIL(WEIR_ECONFIG, "%s: %s", weir_store_place(store, p, i, place),
                  text);
    } else {
        WEIR_FAIL(WEIR_ECONFIG, "%s: %s", store->name, text);
    }
    return said->hint[0] ? weir_err_hint("%s", said->hint) : -WEIR_ECONFIG;
}

int weir_config_blame(const struct weir_config *cfg, const char *const *keys)
{
    struct weir_err_record said;
    weir_err_export(&said);
    return blame(cfg->store, keys, &said, said.message);
}

/* In "solver kdv: points: 161, expected ..." an option stands at @p at and takes
 * @p n characters. */
static bool names_option(const char *text, size_t *at, size_t *n)
{
    const char *colon = strstr(text, ": ");
    if (!colon)
        return false;
    *at = (size_t)(colon + 2 - text);
    *n = strcspn(text + *at, ": ");
    return *n > 0 && !strncmp(text + *at + *n, ": ", 2);
}

int weir_store_blame_entry(const struct weir_config_store *store,
                           const char *section, const char *chooser)
{
    struct weir_err_record said;
    char option[WEIR_KEY_MAX], text[sizeof(said.message)];
    size_t at, n;
    weir_err_export(&said);
    if (names_option(said.message, &at, &n)) {
        bool whole = memchr(said.message + at, '.', n);
        snprintf(option, sizeof(option), "%s%s%.*s", whole ? "" : section,
                 whole ? "" : ".", (int)n, said.message + at);
        snprintf(text, sizeof(text), "%.*s%s", (int)at, said.message,
                 said.message + at + n + 2);
        if (is_given(store, option))
            return blame(store, WEIR_KEYS(option), &said, text);
    }
    return blame(store, WEIR_KEYS(chooser), &said, said.message);
}

int weir_config_blame_entry(const struct weir_config *cfg, const char *section,
                            const char *chooser)
{
    return weir_store_blame_entry(cfg->store, section, chooser);
}
