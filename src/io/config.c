/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/config.h"

#include "io/config_store.h"
#include "io/config_target.h"

#include "base/err.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int bind_bytes(const struct weir_config_store *store,
                      const struct weir_config_part *part, size_t i,
                      uint64_t *to)
{
    char place[WEIR_PLACE_MAX], shown[WEIR_PRINTABLE_MAX];
    const char *text = part->options.value[i].text;
    if (weir_schema_bytes(text, to) == 0)
        return 0;
    return WEIR_FAIL(WEIR_ECONFIG,
                     "%s: '%s' is not an amount of memory (expected a number "
                     "and B, KiB, MiB, GiB, TiB, KB, MB, GB or TB, or auto)",
                     weir_store_place(store, part, i, place),
                     weir_printable(text, shown));
}

/* Copy the value of a fixed key to its field. */
static int bind_key(struct weir_config *cfg,
                    const struct weir_config_part *part, size_t i)
{
    const struct weir_schema_field *field = &part->section->field[i];
    const struct weir_option_value *v = &part->options.value[i];
    void *to = (char *)cfg + field->offset;
    switch (field->kind) {
    case WEIR_SCHEMA_INT:
    case WEIR_SCHEMA_ENUM:
        *(int *)to = (int)v->integer;
        break;
    case WEIR_SCHEMA_U64:
        *(uint64_t *)to = (uint64_t)v->integer;
        break;
    case WEIR_SCHEMA_REAL:
        *(double *)to = v->real;
        break;
    case WEIR_SCHEMA_BOOL:
        *(bool *)to = v->integer != 0;
        break;
    case WEIR_SCHEMA_TEXT:
        *(const char **)to = v->text;
        break;
    case WEIR_SCHEMA_BYTES:
        return bind_bytes(cfg->store, part, i, to);
    }
    return 0;
}

static int bind_part(struct weir_config *cfg,
                     const struct weir_config_part *part)
{
    int rc = 0;
    if (part->entry)
        *(struct weir_options *)((char *)cfg + part->section->options_offset) =
            part->options;
    else if (part->section)
        for (size_t i = 0; !rc && i < part->options.n; i++)
            rc = bind_key(cfg, part, i);
    return rc;
}

/*
 * A phase stays one only while its range spans what the solver declares: two
 * ends of a part of it are different points.
 */
static bool still_wraps(const struct weir_parameter *declared, double low,
                        double high)
{
    double period = declared->high - declared->low;
    return declared->wraps && fabs((high - low) - period) <= 1e-4 * period;
}

/* The option of the solver that sets @p name when it is not sampled. */
static const struct weir_option *solver_option(
    const struct weir_config_store *store, const char *name)
{
    for (size_t i = 0; i < store->n; i++) {
        const struct weir_config_part *part = &store->part[i];
        if (!part->entry || strcmp(part->section->name, "solver"))
            continue;
        for (size_t k = 0; k < part->options.n; k++)
            if (!strcmp(part->options.declared[k].name, name))
                return &part->options.declared[k];
    }
    return NULL;
}

/* A coefficient is sampled from no range that it could not be set in. */
static int check_coefficient(const struct weir_config_store *store,
                             const struct weir_config_part *part,
                             const struct weir_parameter *p)
{
    char place[WEIR_PLACE_MAX];
    const struct weir_option_value *v = part->options.value;
    const struct weir_option *o = solver_option(store, p->name);
    if (!p->coefficient || !o || o->min == o->max)
        return 0;
    for (size_t end = 0; end < 2; end++)
        if (v[end].real < o->min || v[end].real > o->max)
            return WEIR_FAIL(WEIR_ECONFIG,
                             "%s: %s is out of range (expected %g to %g, as "
                             "solver.%s)",
                             weir_store_place(store, part, end, place),
                             v[end].text, o->min, o->max, p->name);
    return 0;
}

static int bind_parameter(const struct weir_config_store *store,
                          const struct weir_config_part *part,
                          struct weir_parameter *p)
{
    char place[WEIR_PLACE_MAX];
    const struct weir_option_value *v = part->options.value;
    double low = v[0].real, high = v[1].real;
    if (store->any_parameters && !(v[0].given && v[1].given))
        return WEIR_FAIL(WEIR_ECONFIG, "%s: parameter %s needs low and high",
                         weir_store_place(store, part, v[0].given, place),
                         p->name);
    /* Blame the end that the user moved. */
    size_t moved = v[0].given || !v[1].given ? 0 : 1;
    if (!(low < high))
        return WEIR_FAIL(WEIR_ECONFIG, "%s: low %s is not below high %s",
                         weir_store_place(store, part, moved, place), v[0].text,
                         v[1].text);
    if (v[2].integer == WEIR_AXIS_LOG && low <= 0)
        return WEIR_FAIL(
            WEIR_ECONFIG, "%s: a logarithmic axis needs low above 0, not %s",
            weir_store_place(store, part, v[2].given ? 2 : moved, place),
            v[0].text);
    int rc = check_coefficient(store, part, p);
    if (rc)
        return rc;
    p->wraps = still_wraps(p, low, high);
    p->low = low;
    p->high = high;
    p->axis = (enum weir_axis)v[2].integer;
    return weir_config_bind_density(store, part, 3, p);
}

static int bind_space(struct weir_config *cfg)
{
    struct weir_config_store *store = cfg->store;
    size_t n = store->space.n, at = 0;
    struct weir_parameter *p = weir_store_alloc(store, (n + 1) * sizeof(*p));
    int rc = 0;
    if (!p)
        return -ENOMEM;
    if (n)
        memcpy(p, store->space.parameter, n * sizeof(*p));
    for (size_t i = 0; !rc && i < store->n; i++)
        if (!store->part[i].section)
            rc = bind_parameter(store, &store->part[i], &p[at++]);
    cfg->space = (struct weir_space){.n = n, .parameter = p};
    return rc ? rc : weir_config_bind_target(cfg, p, &cfg->space);
}

/* A process is a lane. */
static void bind_processes(struct weir_config *cfg)
{
    const struct weir_options *o = &cfg->solver.options;
    for (size_t i = 0; i < o->n; i++)
        if (!strcmp(o->declared[i].name, "processes") && o->value[i].integer)
            cfg->run.lanes = (int)o->value[i].integer;
}

static int bind(struct weir_config *cfg)
{
    int rc = 0;
    for (size_t i = 0; !rc && i < cfg->store->n; i++)
        rc = bind_part(cfg, &cfg->store->part[i]);
    bind_processes(cfg);
    return rc ? rc : bind_space(cfg);
}

static struct weir_config *create(const char *name)
{
    struct weir_config *cfg = calloc(1, sizeof(*cfg));
    if (cfg)
        cfg->store = calloc(1, sizeof(*cfg->store));
    if (cfg && cfg->store)
        cfg->store->name = weir_store_text(cfg->store, name);
    if (cfg && cfg->store && cfg->store->name)
        return cfg;
    weir_config_free(cfg);
    WEIR_FAIL(ENOMEM, "%s", name);
    return NULL;
}

int weir_config_parse(const char *text, size_t size, const char *name,
                      const struct weir_config_registry *registry,
                      const char *const *overrides, size_t n,
                      struct weir_config **out)
{
    struct weir_yaml tree = {0};
    struct weir_config *cfg = create(name);
    if (!cfg)
        return -ENOMEM;
    int rc = weir_yaml_read(text, size, name, &tree);
    if (!rc)
        rc = weir_config_fill(cfg->store, registry, &tree, overrides, n);
    if (!rc)
        rc = bind(cfg);
    weir_yaml_free(&tree);
    if (rc)
        weir_config_free(cfg);
    else
        *out = cfg;
    return rc;
}

/* Whole content of a file; one byte more than fits tells it is too large. */
static int read_text(FILE *file, const char *path, char **text, size_t *size)
{
    size_t room = WEIR_YAML_SIZE_MAX + 1;
    *text = malloc(room);
    if (!*text)
        return WEIR_FAIL(ENOMEM, "%s", path);
    *size = fread(*text, 1, room, file);
    if (!ferror(file))
        return 0;
    free(*text);
    return WEIR_FAIL(WEIR_ECONFIG, "%s: cannot be read: %s", path,
                     strerror(errno));
}

static int read_path(const char *path, char **text, size_t *size)
{
    struct stat st;
    FILE *file = fopen(path, "re");
    if (!file && errno == ENOENT)
        return WEIR_FAIL(WEIR_ECONFIG, "%s: there is no such file", path);
    if (!file)
        return WEIR_FAIL(WEIR_ECONFIG, "%s: cannot be opened: %s", path,
                         strerror(errno));
    int rc = fstat(fileno(file), &st) == 0 && S_ISDIR(st.st_mode)
                 ? WEIR_FAIL(WEIR_ECONFIG,
                             "%s: is a directory, expected a config file", path)
                 : read_text(file, path, text, size);
    fclose(file);
    return rc;
}

int weir_config_load(const char *path,
                     const struct weir_config_registry *registry,
                     const char *const *overrides, size_t n,
                     struct weir_config **out)
{
    char *text = NULL;
    size_t size = 0;
    int rc = read_path(path, &text, &size);
    if (rc)
        return rc;
    rc = weir_config_parse(text, size, path, registry, overrides, n, out);
    free(text);
    return rc;
}

void weir_config_free(struct weir_config *cfg)
{
    if (!cfg)
        return;
    if (cfg->store)
        weir_store_free(cfg->store);
    free(cfg->store);
    free(cfg);
}
