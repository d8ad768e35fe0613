/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_IO_CONFIG_STORE_H
#define WEIR_IO_CONFIG_STORE_H

/**
 * @file
 * What stands behind a loaded config: every key with its value as text and as a
 * number, and where it came from. For the files that make up the config reader;
 * everyone else reads struct weir_config.
 *
 * Keys stand in parts. The fixed keys of a section are one part; the options of
 * the solver, model or strategy the section names are a second one with the
 * same path; each parameter is one, "parameters.A0".
 */
#include "io/config.h"
#include "io/schema.h"
#include "io/yaml_tree.h"

enum weir_config_source {
    WEIR_SOURCE_DEFAULT,
    WEIR_SOURCE_FILE,
    WEIR_SOURCE_SET,
};

struct weir_config_origin {
    enum weir_config_source source;
    int line; /* of the file */
};

struct weir_config_part {
    const char *path; /* "training", "parameters.A0"; "": keys of no section */
    struct weir_options options;
    struct weir_config_origin *origin;         /* of each option */
    const struct weir_schema_section *section; /* NULL: a parameter */
    const char *entry; /* who declared the options; NULL: the schema */
};

/** An allocation that lives as long as the store. */
struct weir_config_kept;

struct weir_config_store {
    const char *name; /* of the file, for messages */
    struct weir_config_part *part;
    size_t n, room;
    struct weir_space space; /* as the solver declares it */
    bool any_parameters;     /* it declares none: the file names them */
    struct weir_config_kept *kept;
};

/** Zeroed memory that is freed with the store. @return NULL when out of it */
void *weir_store_alloc(struct weir_config_store *store, size_t size);
/** A copy of @p text that is freed with the store; NULL when out of memory. */
char *weir_store_text(struct weir_config_store *store, const char *text);

/**
 * Add a part whose keys have their declared defaults.
 * @return 0, -ENOMEM, or -EINVAL when a declared default breaks its own range
 */
int weir_store_add(struct weir_config_store *store, const char *path,
                   const struct weir_option *declared,
                   const struct weir_schema_section *section,
                   const char *entry);

/** The part and position @p i of a dotted key, or NULL. */
struct weir_config_part *weir_store_find(const struct weir_config_store *store,
                                         const char *key, size_t *i);
/** Whether a part has this path, or starts with it and a dot. */
bool weir_store_has_path(const struct weir_config_store *store,
                         const char *path);

/** When key @p i of @p part may change. */
enum weir_config_change weir_store_change(const struct weir_config_part *part,
                                          size_t i);

/** Room for a dotted key, and for the start of a message about one. */
#define WEIR_KEY_MAX   192
#define WEIR_PLACE_MAX 640

/** The dotted key @p i of @p part. @return @p out */
const char *weir_store_key(const struct weir_config_part *part, size_t i,
                           char out[WEIR_KEY_MAX]);
/**
 * How a message about key @p i of @p part starts: "FILE:LINE: KEY",
 * "--set KEY=VALUE", or "FILE: KEY" for a default. @return @p out
 */
const char *weir_store_place(const struct weir_config_store *store,
                             const struct weir_config_part *part, size_t i,
                             char out[WEIR_PLACE_MAX]);

/** weir_config_blame_entry, while the config is being made. */
int weir_store_blame_entry(const struct weir_config_store *store,
                           const char *section, const char *chooser);

void weir_store_free(struct weir_config_store *store);

/**
 * Give an empty @p store its parts and their values: the tables of the schema,
 * the entries chosen, the parameters of the solver, then what the file and
 * --set say.
 * @return as weir_config_load
 */
int weir_config_fill(struct weir_config_store *store,
                     const struct weir_config_registry *registry,
                     const struct weir_yaml *tree, const char *const *overrides,
                     size_t n);

/**
 * One Unicode character of UTF-8 @p text.
 * @param[out] length bytes it takes
 * @return its code point, or -1 when @p text is not UTF-8 here
 */
int32_t weir_utf8_decode(const char *text, int *length);

/**
 * The shortest text that reads back as exactly @p v, in a form that YAML too
 * takes for a number: "0.001", "1.0e-08". @return @p out
 */
const char *weir_number_text(double v, char out[32]);

#endif
