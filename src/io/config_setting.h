/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_IO_CONFIG_SETTING_H
#define WEIR_IO_CONFIG_SETTING_H

/**
 * @file
 * One key and value as the file or --set gives it, before anyone knows whether
 * the key exists; the list of all of them; and what is said about a wrong one.
 */
#include "io/config_store.h"

struct weir_setting {
    enum weir_config_source source;
    enum weir_yaml_kind shape;
    int line; /* of the file */
    const char *key, *text;
    bool is_default; /* listed under `defaults`: nobody set it */
};

/** First those of the file, in its order, then those of --set. */
struct weir_settings {
    const char *name; /* of the file */
    struct weir_setting *item;
    size_t n;
};

/**
 * List what @p tree and @p overrides say. Texts point into @p tree; the rest is
 * freed with @p store.
 * @return as weir_config_load
 */
int weir_settings_gather(struct weir_config_store *store,
                         const struct weir_yaml *tree,
                         const char *const *overrides, size_t n,
                         struct weir_settings *out);

/**
 * Replace entries written in one word ("Conv;34;10;relu") by their name and
 * their options.
 * @return 0, -ENOMEM, or -WEIR_ECONFIG: no entry is written like that, or more
 *         options than it has
 */
int weir_settings_spell(struct weir_config_store *store,
                        const struct weir_config_registry *registry,
                        struct weir_settings *list);

/** The last setting of @p key from @p source, or NULL. */
struct weir_setting *weir_settings_find(const struct weir_settings *list,
                                        enum weir_config_source source,
                                        const char *key);

/**
 * Fail with "FILE:LINE: KEY: " or "--set KEY=VALUE: " and the sentence.
 * @return -WEIR_ECONFIG
 */
int weir_setting_refuse(const struct weir_settings *list,
                        const struct weir_setting *s, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/**
 * Parse the value of @p s as @p option.
 * @return 0, or -WEIR_ECONFIG which says what was expected
 */
int weir_setting_parse(const struct weir_settings *list,
                       const struct weir_setting *s,
                       const struct weir_option *option,
                       struct weir_option_value *out);

/** Fail with what is near the key of @p s, which is none of @p store. */
int weir_setting_unknown(const struct weir_config_store *store,
                         const struct weir_settings *list,
                         const struct weir_setting *s);

/** Names that may stand somewhere. Those that do not fit miss in a hint. */
struct weir_names {
    const char *name[128];
    size_t n;
};

void weir_names_add(struct weir_names *names, const char *name);
/**
 * Hint at the one of @p names that is nearest to @p wrong, written below
 * @p path; when none is near, list them after @p what.
 */
void weir_names_hint(const struct weir_names *names, const char *path,
                     const char *wrong, const char *what);

#endif
