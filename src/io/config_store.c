/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/config_store.h"

#include "base/err.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct weir_config_kept {
    struct weir_config_kept *next;
    _Alignas(max_align_t) unsigned char data[];
};

void *weir_store_alloc(struct weir_config_store *store, size_t size)
{
    struct weir_config_kept *k = calloc(1, sizeof(*k) + size);
    if (!k) {
        WEIR_FAIL(ENOMEM, "%s", store->name ? store->name : "config");
        return NULL;
    }
    k->next = store->kept;
    store->kept = k;
    return k->data;
}

char *weir_store_text(struct weir_config_store *store, const char *text)
{
    char *copy = weir_store_alloc(store, strlen(text) + 1);
    return copy ? strcpy(copy, text) : NULL;
}

static int grow(struct weir_config_store *store)
{
    size_t room = store->room ? 2 * store->room : 32;
    void *grown = realloc(store->part, room * sizeof(*store->part));
    if (!grown)
        return WEIR_FAIL(ENOMEM, "%s", store->name);
    store->part = grown;
    store->room = room;
    return 0;
}

int weir_store_add(struct weir_config_store *store, const char *path,
                   const struct weir_option *declared,
                   const struct weir_schema_section *section, const char *entry)
{
    struct weir_config_part part = {
        .path = path, .section = section, .entry = entry};
    int rc = store->n == store->room ? grow(store) : 0;
    if (!rc)
        rc = weir_options_init(declared, &part.options);
    if (rc)
        return WEIR_NOTE(rc, "options of '%s'", path);
    part.origin =
        weir_store_alloc(store, (part.options.n + 1) * sizeof(*part.origin));
    if (!part.origin) {
        weir_options_free(&part.options);
        return -ENOMEM;
    }
    store->part[store->n++] = part;
    return 0;
}

/* What of @p key stands below @p path, or NULL when it is somewhere else. */
static const char *below(const char *key, const char *path)
{
    size_t n = strlen(path);
    if (!n)
        return key;
    return !strncmp(key, path, n) && key[n] == '.' ? key + n + 1 : NULL;
}

struct weir_config_part *weir_store_find(const struct weir_config_store *store,
                                         const char *key, size_t *i)
{
    for (size_t p = 0; p < store->n; p++) {
        struct weir_config_part *part = &store->part[p];
        const char *name = below(key, part->path);
        for (*i = 0; name && *i < part->options.n; ++*i)
            if (!strcmp(part->options.declared[*i].name, name))
                return part;
    }
    return NULL;
}

bool weir_store_has_path(const struct weir_config_store *store,
                         const char *path)
{
    for (size_t p = 0; *path && p < store->n; p++)
        if (!strcmp(store->part[p].path, path) ||
            below(store->part[p].path, path))
            return true;
    return false;
}

enum weir_config_change weir_store_change(const struct weir_config_part *part,
                                          size_t i)
{
    if (!part->section)
        return WEIR_CHANGE_FROM;
    return part->entry ? part->section->options_change
                       : part->section->field[i].change;
}

const char *weir_store_key(const struct weir_config_part *part, size_t i,
                           char out[WEIR_KEY_MAX])
{
    snprintf(out, WEIR_KEY_MAX, "%s%s%s", part->path, *part->path ? "." : "",
             part->options.declared[i].name);
    return out;
}

const char *weir_store_place(const struct weir_config_store *store,
                             const struct weir_config_part *part, size_t i,
                             char out[WEIR_PLACE_MAX])
{
    char key[WEIR_KEY_MAX], value[WEIR_PRINTABLE_MAX];
    weir_store_key(part, i, key);
    switch (part->origin[i].source) {
    case WEIR_SOURCE_DEFAULT:
        snprintf(out, WEIR_PLACE_MAX, "%s: %s", store->name, key);
        break;
    case WEIR_SOURCE_FILE:
        snprintf(out, WEIR_PLACE_MAX, "%s:%d: %s", store->name,
                 part->origin[i].line, key);
        break;
    case WEIR_SOURCE_SET:
        weir_printable(part->options.value[i].text, value);
        snprintf(out, WEIR_PLACE_MAX, "--set %s=%s", key, value);
        break;
    }
    return out;
}

void weir_store_free(struct weir_config_store *store)
{
    for (size_t p = 0; p < store->n; p++)
        weir_options_free(&store->part[p].options);
    free(store->part);
    while (store->kept) {
        struct weir_config_kept *next = store->kept->next;
        free(store->kept);
        store->kept = next;
    }
}

int32_t weir_utf8_decode(const char *text, int *length)
{
    const unsigned char *p = (const unsigned char *)text;
    static const int32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    int n = p[0] < 0x80   ? 1
            : p[0] < 0xc2 ? 0
            : p[0] < 0xe0 ? 2
            : p[0] < 0xf0 ? 3
            : p[0] < 0xf5 ? 4
                          : 0;
    if (n == 0)
        return -1;
    int32_t c = n == 1 ? p[0] : p[0] & (0x7f >> n);
    for (int i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return -1;
        c = c << 6 | (p[i] & 0x3f);
    }
    if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
        return -1;
    *length = n;
    return c;
}

const char *weir_number_text(double v, char out[32])
{
    for (int digits = 6; digits <= 17; digits++) {
        snprintf(out, 32, "%.*g", digits, v);
        if (strtod(out, NULL) == v)
            break;
    }
    /* Without a point 1e-08 is a text to YAML 1.1. */
    char *e = strchr(out, 'e');
    if (e && !strchr(out, '.')) {
        memmove(e + 2, e, strlen(e) + 1);
        memcpy(e, ".0", 2);
    }
    return out;
}
