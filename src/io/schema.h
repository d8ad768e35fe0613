/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_IO_SCHEMA_H
#define WEIR_IO_SCHEMA_H

/**
 * @file
 * The fixed keys of a config: what each may hold, what it means, which field of
 * struct weir_config takes it and when it may change. The reader, the writer,
 * the comparison and a list of all keys go by this one table.
 */
#include "io/config.h"

enum weir_schema_kind {
    WEIR_SCHEMA_INT,
    WEIR_SCHEMA_U64,
    WEIR_SCHEMA_REAL,
    WEIR_SCHEMA_BOOL,
    WEIR_SCHEMA_ENUM,
    WEIR_SCHEMA_TEXT,
    WEIR_SCHEMA_BYTES, /* "8GiB" or "auto" */
};

/** Where the value of a key goes. */
struct weir_schema_field {
    enum weir_schema_kind kind;
    size_t offset; /* in struct weir_config */
    enum weir_config_change change;
};

struct weir_schema_section {
    const char *name;                      /* "": keys of no section */
    const char *help;                      /* one line */
    const struct weir_option *keys;        /* ends with a NULL name */
    const struct weir_schema_field *field; /* of each key, same order */
    /** The key that names an entry of the registry; NULL in most sections. */
    const char *chooser;
    size_t options_offset; /* of the struct weir_options the entry's go to */
    enum weir_config_change options_change;
};

/**
 * In the order they are written; ends with a NULL name. `parameters` is not
 * here: its keys are known once a solver is. They come after its section.
 */
extern const struct weir_schema_section weir_schema[];

/** Keys of one parameter, in the order low, high, axis, density; only the
 *  last has a default here. */
#define WEIR_SCHEMA_PARAMETER_KEYS 4
extern const struct weir_option weir_schema_parameter[];

/**
 * Parse an amount of memory: a number and one of B, KiB, MiB, GiB, TiB, KB, MB,
 * GB, TB, bytes without; or "auto", which is 0.
 * @return 0, or -EINVAL without a message
 */
int weir_schema_bytes(const char *text, uint64_t *out);

#endif
