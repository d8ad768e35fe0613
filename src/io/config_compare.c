/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/config.h"

#include "io/config_store.h"

#include "base/err.h"

#include <stdio.h>
#include <string.h>

struct comparison {
    const struct weir_config_store *was, *now;
    weir_config_difference_fn *fn;
    void *ctx;
};

/* The entry a section has chosen; NULL when it chooses none. */
static const char *entry_of(const struct weir_config_store *store,
                            const char *section)
{
    for (size_t p = 0; p < store->n; p++)
        if (store->part[p].entry && !strcmp(store->part[p].path, section))
            return store->part[p].entry;
    return NULL;
}

static bool chose_another(const struct comparison *c, const char *section)
{
    return strcmp(entry_of(c->was, section), entry_of(c->now, section)) != 0;
}

/* Keys that mean nothing in the other config, because it chose another entry. */
static bool is_incomparable(const struct comparison *c,
                            const struct weir_config_part *part)
{
    if (!part->section)
        return chose_another(c, "solver");
    return part->entry && chose_another(c, part->path);
}

static bool same_value(const struct weir_option *o,
                       const struct weir_option_value *a,
                       const struct weir_option_value *b)
{
    if (o->type == WEIR_OPTION_REAL)
        return a->real == b->real;
    if (o->type == WEIR_OPTION_INT || o->type == WEIR_OPTION_BOOL)
        return a->integer == b->integer;
    return !strcmp(a->text, b->text);
}

static int compare_key(const struct comparison *c,
                       const struct weir_config_part *was, size_t i)
{
    char key[WEIR_KEY_MAX];
    size_t j;
    weir_store_key(was, i, key);
    const struct weir_config_part *now = weir_store_find(c->now, key, &j);
    const struct weir_option_value *a = &was->options.value[i];
    const struct weir_option_value *b = now ? &now->options.value[j] : NULL;
    bool same = b && same_value(&was->options.declared[i], a, b) &&
                (!was->entry || a->given == b->given);
    if (same)
        return 0;
    struct weir_config_difference d = {.key = key,
                                       .was = a->text,
                                       .now = b ? b->text : NULL,
                                       .change = weir_store_change(was, i)};
    return c->fn(c->ctx, &d);
}

/* Keys that only @p now has: those of a parameter the solver gained. */
static int report_if_new(const struct comparison *c,
                         const struct weir_config_part *now, size_t i)
{
    char key[WEIR_KEY_MAX];
    size_t unused;
    weir_store_key(now, i, key);
    if (weir_store_find(c->was, key, &unused))
        return 0;
    struct weir_config_difference d = {.key = key,
                                       .now = now->options.value[i].text,
                                       .change = weir_store_change(now, i)};
    return c->fn(c->ctx, &d);
}

static int each_key(const struct comparison *c,
                    const struct weir_config_store *store,
                    int (*visit)(const struct comparison *c,
                                 const struct weir_config_part *part, size_t i))
{
    int rc = 0;
    for (size_t p = 0; p < store->n; p++)
        if (!is_incomparable(c, &store->part[p]))
            for (size_t i = 0; !rc && i < store->part[p].options.n; i++)
                rc = visit(c, &store->part[p], i);
    return rc;
}

int weir_config_compare(const struct weir_config *was,
                        const struct weir_config *now,
                        weir_config_difference_fn *fn, void *ctx)
{
    struct comparison c = {
        .was = was->store, .now = now->store, .fn = fn, .ctx = ctx};
    int rc = each_key(&c, c.was, compare_key);
    return rc ? rc : each_key(&c, c.now, report_if_new);
}

/* The first difference that is not allowed, and how many there are. */
struct verdict {
    enum weir_config_change allowed, change;
    size_t n;
    char key[WEIR_KEY_MAX];
    const char *was, *now;
};

static int judge(void *ctx, const struct weir_config_difference *d)
{
    struct verdict *v = ctx;
    if (d->change <= v->allowed || v->n++)
        return 0;
    snprintf(v->key, sizeof(v->key), "%s", d->key);
    v->was = d->was;
    v->now = d->now;
    v->change = d->change;
    return 0;
}

static int refuse(const struct weir_config *now, const struct verdict *v)
{
    char place[WEIR_PLACE_MAX], more[48] = "", was[WEIR_PRINTABLE_MAX],
                                is[WEIR_PRINTABLE_MAX];
    size_t i;
    const struct weir_config_part *p = weir_store_find(now->store, v->key, &i);
    if (p)
        weir_store_place(now->store, p, i, place);
    else
        snprintf(place, sizeof(place), "%s: %s", now->store->name, v->key);
    if (v->n > 1)
        snprintf(more, sizeof(more), "; %zu more key%s", v->n - 1,
                 v->n == 2 ? " differs" : "s differ");
    if (v->was && v->now && !strcmp(v->was, v->now))
        return WEIR_FAIL(WEIR_ECONFIG,
                         "%s: may not turn from a default into a choice, or "
                         "back, in a run that has started%s",
                         place, more);
    return WEIR_FAIL(WEIR_ECONFIG,
                     "%s: may not change from '%s' to '%s' in a run that has "
                     "started%s",
                     place, v->was ? weir_printable(v->was, was) : "",
                     v->now ? weir_printable(v->now, is) : "", more);
}

int weir_config_may_continue(const struct weir_config *was,
                             const struct weir_config *now,
                             enum weir_config_change allowed)
{
    struct verdict v = {.allowed = allowed};
    weir_config_compare(was, now, judge, &v);
    if (!v.n)
        return 0;
    refuse(now, &v);
    return v.change == WEIR_CHANGE_FROM
               ? weir_err_hint("--from continues a run with such changes")
               : weir_err_hint("start a new run: the weights would not fit");
}
