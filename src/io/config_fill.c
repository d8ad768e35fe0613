/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/config_setting.h"
#include "io/config_store.h"

#include "base/err.h"
#include "base/log.h"

#include <stdio.h>
#include <string.h>

/* What a section's `name` or `strategy` came to. */
struct choice {
    const struct weir_schema_section *section;
    struct weir_config_entry entry;   /* what the run uses */
    struct weir_config_entry in_file; /* what the file alone would use */
};

#define CHOICES_MAX 4

struct fill {
    struct weir_config_store *store;
    const struct weir_config_registry *registry;
    struct weir_settings list;
    struct choice choice[CHOICES_MAX];
    size_t n_choices;
    bool steady; /* the solver's problem */
};

static const char *kind_of_entry(const struct weir_schema_section *section)
{
    return strcmp(section->chooser, "name") ? section->chooser : section->name;
}

static bool find_entry(const struct fill *f,
                       const struct weir_schema_section *section,
                       const char *name, struct weir_config_entry *out)
{
    const struct weir_config_registry *r = f->registry;
    for (size_t i = 0; r->entry(r->ctx, section->name, i, out); i++)
        if (!strcmp(out->name, name))
            return true;
    return false;
}

static int no_such_entry(const struct fill *f, const struct weir_setting *s,
                         const struct weir_schema_section *section,
                         const char *name)
{
    char shown[WEIR_PRINTABLE_MAX];
    struct weir_config_entry e;
    struct weir_names names = {.n = 0};
    const struct weir_config_registry *r = f->registry;
    int rc = s ? weir_setting_refuse(&f->list, s, "there is no %s '%s'",
                                     kind_of_entry(section),
                                     weir_printable(name, shown))
               : WEIR_FAIL(WEIR_ECONFIG, "%s: %s.%s: there is no %s '%s'",
                           f->store->name, section->name, section->chooser,
                           kind_of_entry(section), name);
    for (size_t i = 0; r->entry(r->ctx, section->name, i, &e); i++)
        weir_names_add(&names, e.name);
    size_t n = strlen(name);
    if (!strcmp(section->name, "acquisition") && n > 3 &&
        !strcmp(name + n - 3, ".so"))
        return weir_err_hint("a path has a slash in it: ./%s", name);
    weir_names_hint(&names, "", name, "known");
    return rc;
}

/* The entry in a file of its own; its name is the path. */
static int open_entry(const struct fill *f, const struct weir_setting *s,
                      const struct weir_schema_section *section,
                      struct weir_config_entry *out)
{
    struct weir_err_record said;
    const struct weir_config_registry *r = f->registry;
    int rc = r->open(r->ctx, section->name, s->text, out);
    out->name = s->text;
    if (rc != -WEIR_ECONFIG)
        return rc;
    weir_err_export(&said);
    rc = weir_setting_refuse(&f->list, s, "%s", said.message);
    return said.hint[0] ? weir_err_hint("%s", said.hint) : rc;
}

/* The entry that @p s names; the default's when @p s names none. */
static int look_up(const struct fill *f, const struct weir_schema_section *sec,
                   const struct weir_setting *s, struct weir_config_entry *out)
{
    const struct weir_option *key = sec->keys;
    while (strcmp(key->name, sec->chooser))
        key++;
    bool names_one = s && s->shape == WEIR_YAML_VALUE;
    const char *name = names_one ? s->text : key->fallback;
    if (names_one && f->registry->open && strchr(name, '/'))
        return open_entry(f, s, sec, out);
    return find_entry(f, sec, name, out)
               ? 0
               : no_such_entry(f, names_one ? s : NULL, sec, name);
}

static int choose(struct fill *f, const struct weir_schema_section *section)
{
    char key[WEIR_KEY_MAX];
    struct choice *c = &f->choice[f->n_choices++];
    c->section = section;
    snprintf(key, sizeof(key), "%s.%s", section->name, section->chooser);
    int rc =
        look_up(f, section, weir_settings_find(&f->list, WEIR_SOURCE_FILE, key),
                &c->in_file);
    const struct weir_setting *set =
        weir_settings_find(&f->list, WEIR_SOURCE_SET, key);
    c->entry = c->in_file;
    return rc || !set ? rc : look_up(f, section, set, &c->entry);
}

static bool is_switched(const struct choice *c)
{
    return strcmp(c->entry.name, c->in_file.name) != 0;
}

static const struct choice *choice_of(const struct fill *f, const char *section)
{
    for (size_t i = 0; i < f->n_choices; i++)
        if (!strcmp(f->choice[i].section->name, section))
            return &f->choice[i];
    return NULL;
}

static const struct weir_option *declared(const struct weir_option *options,
                                          const char *name)
{
    for (; options && options->name; options++)
        if (!strcmp(options->name, name))
            return options;
    return NULL;
}

/* A name that is declared twice could only be set once. */
static int check_entry(const struct choice *c)
{
    for (const struct weir_option *k = c->section->keys; k->name; k++)
        if (declared(c->entry.options, k->name))
            return WEIR_FAIL(EINVAL,
                             "%s '%s' declares the option '%s', a fixed key of "
                             "'%s'",
                             kind_of_entry(c->section), c->entry.name, k->name,
                             c->section->name);
    return 0;
}

/* Frames of a steady problem are all the same: unless told otherwise, one. */
static const struct weir_option *keys_of(const struct fill *f,
                                         const struct weir_schema_section *s)
{
    size_t n = 0, steps = 0;
    if (!f->steady || strcmp(s->name, "simulations"))
        return s->keys;
    for (; s->keys[n].name; n++)
        if (!strcmp(s->keys[n].name, "steps"))
            steps = n;
    struct weir_option *keys =
        weir_store_alloc(f->store, (n + 1) * sizeof(*keys));
    if (!keys)
        return NULL;
    memcpy(keys, s->keys, (n + 1) * sizeof(*keys));
    keys[steps].fallback = "1";
    return keys;
}

static int add_section(struct fill *f,
                       const struct weir_schema_section *section)
{
    const struct weir_option *keys = keys_of(f, section);
    if (!keys)
        return -ENOMEM;
    int rc = weir_store_add(f->store, section->name, keys, section, NULL);
    const struct choice *c = choice_of(f, section->name);
    if (rc || !c)
        return rc;
    rc = check_entry(c);
    return rc ? rc
              : weir_store_add(f->store, section->name, c->entry.options,
                               section, c->entry.name);
}

static int add_parameter(struct weir_config_store *store,
                         const struct weir_parameter *p)
{
    char path[WEIR_KEY_MAX], number[32];
    struct weir_option *keys = weir_store_alloc(
        store, (WEIR_SCHEMA_PARAMETER_KEYS + 1) * sizeof(*keys));
    char *low = weir_store_text(store, weir_number_text(p->low, number));
    char *high = weir_store_text(store, weir_number_text(p->high, number));
    snprintf(path, sizeof(path), "parameters.%s", p->name);
    char *kept = weir_store_text(store, path);
    if (!keys || !low || !high || !kept)
        return -ENOMEM;
    memcpy(keys, weir_schema_parameter,
           (WEIR_SCHEMA_PARAMETER_KEYS + 1) * sizeof(*keys));
    keys[0].fallback = low;
    keys[1].fallback = high;
    keys[2].fallback = p->axis == WEIR_AXIS_LOG ? "log" : "linear";
    keys[0].unit = keys[1].unit = p->unit;
    return weir_store_add(store, kept, keys, NULL, NULL);
}

/* The solver's space outlives the call only as a copy. */
static int copy_space(struct weir_config_store *store,
                      const struct weir_space *from)
{
    struct weir_parameter *p =
        weir_store_alloc(store, (from->n + 1) * sizeof(*p));
    if (!p)
        return -ENOMEM;
    for (size_t i = 0; i < from->n; i++) {
        p[i] = from->parameter[i];
        p[i].name = weir_store_text(store, p[i].name);
        p[i].unit = p[i].unit ? weir_store_text(store, p[i].unit) : NULL;
        if (!p[i].name || (from->parameter[i].unit && !p[i].unit))
            return -ENOMEM;
    }
    store->space = (struct weir_space){.n = from->n, .parameter = p};
    return 0;
}

static bool starts_with(const char *key, const char *section)
{
    size_t n = strlen(section);
    return !strncmp(key, section, n) && (key[n] == '.' || !key[n]);
}

/*
 * Whether the file gave @p s to a solver, model or strategy that --set has put
 * aside. Then it is checked, as far as its declaration is at hand, and dropped.
 */
static bool is_put_aside(const struct fill *f, const struct weir_setting *s,
                         const struct weir_option **option)
{
    *option = NULL;
    if (s->source != WEIR_SOURCE_FILE)
        return false;
    for (size_t i = 0; i < f->n_choices; i++) {
        const struct choice *c = &f->choice[i];
        if (!is_switched(c) || !starts_with(s->key, c->section->name))
            continue;
        const char *name = s->key + strlen(c->section->name);
        *option = *name ? declared(c->in_file.options, name + 1) : NULL;
        return *option != NULL;
    }
    return is_switched(choice_of(f, "solver")) &&
           starts_with(s->key, "parameters");
}

/* The name in "parameters.NAME.low"; @return its length, 0: not one */
static size_t parameter_in(const struct weir_setting *s, const char **name)
{
    size_t n = strlen("parameters.");
    if (strncmp(s->key, "parameters.", n))
        return 0;
    *name = s->key + n;
    return strcspn(*name, ".");
}

static bool has_name(const struct weir_space *space, const char *name, size_t n)
{
    for (size_t i = 0; i < space->n; i++)
        if (!strncmp(space->parameter[i].name, name, n) &&
            !space->parameter[i].name[n])
            return true;
    return false;
}

/* A solver that is not ours samples what the section `parameters` names, in
 * that order. */
static int name_parameters(struct fill *f)
{
    struct weir_config_store *store = f->store;
    struct weir_parameter *p =
        weir_store_alloc(store, (f->list.n + 1) * sizeof(*p));
    if (!p)
        return -ENOMEM;
    store->any_parameters = true;
    store->space = (struct weir_space){.parameter = p};
    for (size_t i = 0; i < f->list.n; i++) {
        const struct weir_option *aside;
        const char *name = NULL;
        size_t n = parameter_in(&f->list.item[i], &name);
        if (!n || is_put_aside(f, &f->list.item[i], &aside) ||
            has_name(&store->space, name, n))
            continue;
        char *kept = weir_store_text(store, name);
        if (!kept)
            return -ENOMEM;
        kept[n] = '\0';
        p[store->space.n++] =
            (struct weir_parameter){.name = kept, .low = 0, .high = 1};
    }
    return 0;
}

static int ask_for_space(struct fill *f, const struct weir_options *options)
{
    struct weir_space space = {0};
    const char *solver = choice_of(f, "solver")->entry.name;
    const struct weir_config_registry *r = f->registry;
    void *held = NULL;
    int rc = r->space(r->ctx, solver, options, &space, &f->steady, &held);
    if (rc == -WEIR_ECONFIG)
        return weir_store_blame_entry(f->store, "solver", "solver.name");
    if (rc)
        return WEIR_NOTE(rc, "solver '%s'", solver);
    rc = copy_space(f->store, &space);
    if (r->space_done)
        r->space_done(r->ctx, solver, held);
    return rc;
}

static int add_parameters(struct fill *f, const struct weir_options *options)
{
    int rc = choice_of(f, "solver")->entry.any_parameters
                 ? name_parameters(f)
                 : ask_for_space(f, options);
    for (size_t i = 0; !rc && i < f->store->space.n; i++)
        rc = add_parameter(f->store, &f->store->space.parameter[i]);
    return rc;
}

static bool is_section(const struct fill *f, const char *key)
{
    return weir_store_has_path(f->store, key) || !strcmp(key, "parameters");
}

static int set(struct fill *f, const struct weir_setting *s,
               struct weir_config_part *part, size_t i)
{
    struct weir_option_value v = {0};
    int rc = weir_setting_parse(&f->list, s, &part->options.declared[i], &v);
    if (rc)
        return rc;
    v.given = !s->is_default;
    part->options.value[i] = v;
    part->origin[i] = (struct weir_config_origin){
        .source = s->is_default ? WEIR_SOURCE_DEFAULT : s->source,
        .line = s->line};
    return 0;
}

static int apply(struct fill *f, const struct weir_setting *s)
{
    size_t i;
    const struct weir_option *aside;
    struct weir_option_value unused;
    bool is_empty = s->shape == WEIR_YAML_MAP || s->shape == WEIR_YAML_EMPTY;
    /* Its list was dealt with before, items and all. */
    if (strchr(s->key, '['))
        return 0;
    if (is_put_aside(f, s, &aside))
        return aside ? weir_setting_parse(&f->list, s, aside, &unused) : 0;
    struct weir_config_part *part = weir_store_find(f->store, s->key, &i);
    if (part)
        return set(f, s, part, i);
    if (!is_section(f, s->key))
        return weir_setting_unknown(f->store, &f->list, s);
    if (s->source == WEIR_SOURCE_FILE && is_empty)
        return 0;
    return weir_setting_refuse(&f->list, s,
                               "is a section, which holds keys, not a value");
}

/* Settings of the section "solver", or all the others. */
static int apply_all(struct fill *f, bool of_solver)
{
    int rc = 0;
    for (size_t i = 0; !rc && i < f->list.n; i++)
        if (starts_with(f->list.item[i].key, "solver") == of_solver)
            rc = apply(f, &f->list.item[i]);
    return rc;
}

static int choose_all(struct fill *f)
{
    int rc = 0;
    const struct weir_schema_section *s = weir_schema;
    for (; !rc && s->name; s++)
        if (s->chooser)
            rc = choose(f, s);
    return rc;
}

/*
 * Parts in the order they are written. The solver's options are set before its
 * parameters are asked for, which may depend on them.
 */
static int add_all(struct fill *f)
{
    int rc = 0;
    for (const struct weir_schema_section *s = weir_schema; !rc && s->name;
         s++) {
        rc = add_section(f, s);
        if (!rc && !strcmp(s->name, "solver"))
            rc = apply_all(f, true);
        if (!rc && !strcmp(s->name, "solver"))
            rc = add_parameters(f, &f->store->part[f->store->n - 1].options);
    }
    return rc;
}

static void tell_what_was_dropped(const struct fill *f)
{
    for (size_t i = 0; i < f->n_choices; i++)
        if (is_switched(&f->choice[i]))
            weir_log_info("config",
                          "%s: options of %s '%s' are not used: --set chose "
                          "'%s'",
                          f->store->name, kind_of_entry(f->choice[i].section),
                          f->choice[i].in_file.name, f->choice[i].entry.name);
}

int weir_config_fill(struct weir_config_store *store,
                     const struct weir_config_registry *registry,
                     const struct weir_yaml *tree, const char *const *overrides,
                     size_t n)
{
    struct fill f = {.store = store, .registry = registry};
    int rc = weir_settings_gather(store, tree, overrides, n, &f.list);
    if (!rc)
        rc = weir_settings_spell(store, registry, &f.list);
    if (!rc)
        rc = choose_all(&f);
    if (!rc)
        rc = add_all(&f);
    if (!rc)
        rc = apply_all(&f, false);
    if (!rc)
        tell_what_was_dropped(&f);
    return rc;
}
