/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_OPTION_H
#define WEIR_OPTION_H

/**
 * @file
 * Options that a solver, a model or a strategy declares, and the values a user
 * gave them. A declaration is a static table that ends with a NULL name; the
 * config reader checks every value against it, `weir list` prints it, and the
 * code reads values by name. One declaration serves all three.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum weir_option_type {
    WEIR_OPTION_INT,    /* whole number, decimal */
    WEIR_OPTION_REAL,   /* finite number */
    WEIR_OPTION_BOOL,   /* true or false */
    WEIR_OPTION_CHOICE, /* one word of `choices` */
    WEIR_OPTION_TEXT,   /* any text */
    WEIR_OPTION_WORDS,  /* words, as a list or as a text: blanks part them, what
                           stands between single quotes is one */
};

/** One declared option. */
struct weir_option {
    const char *name;
    enum weir_option_type type;
    const char *fallback; /* default, written as a user would write it */
    double min, max;      /* inclusive range of a number; min == max: any */
    const char *choices;  /* "shrink|wrap" */
    const char *unit;     /* NULL: none */
    const char *help;     /* one line */
};

/** Longest text value, with its final zero. */
#define WEIR_OPTION_TEXT_MAX 1024

/** One value, parsed. The member that counts follows from the declared type. */
struct weir_option_value {
    int64_t integer; /* INT, BOOL (0, 1), CHOICE (index in `choices`) */
    double real;     /* REAL; also set for INT */
    char text[WEIR_OPTION_TEXT_MAX]; /* as written */
    bool given;                      /* by the user, not by default */
};

/** Values of one declared table, in its order. */
struct weir_options {
    const struct weir_option *declared;
    size_t n;
    struct weir_option_value *value;
};

/**
 * Fill @p out with the defaults of @p declared (NULL counts as an empty table).
 * @return 0, -ENOMEM, or -EINVAL when a declared default breaks its own range.
 */
int weir_options_init(const struct weir_option *declared,
                      struct weir_options *out);
void weir_options_free(struct weir_options *opts);

/**
 * Set one option from the text a user wrote. The whole text must be a value:
 * "10abc", "1e3" for an INT, "nan", "inf" and "banana" are refused.
 * @return 0
 * @return -ENOENT no such option (message names the nearest one)
 * @return -EINVAL not a value of this type, or out of range
 */
int weir_options_set(struct weir_options *opts, const char *name,
                     const char *text);

/**
 * Parse @p text as a value of @p option. Same outcomes as weir_options_set but
 * for -ENOENT; the message says what was expected.
 */
int weir_option_parse(const struct weir_option *option, const char *text,
                      struct weir_option_value *out);

/** Values by name. Asking for an undeclared name is a programming error. */
int64_t weir_option_int(const struct weir_options *opts, const char *name);
double weir_option_real(const struct weir_options *opts, const char *name);
bool weir_option_bool(const struct weir_options *opts, const char *name);
const char *weir_option_text(const struct weir_options *opts, const char *name);
/** Whether the user set it, as opposed to the default. */
bool weir_option_given(const struct weir_options *opts, const char *name);

/**
 * The member of @p names (n words) nearest to @p word by edit distance, or NULL
 * when none is near enough to be what was meant.
 */
const char *weir_nearest_name(const char *word, const char *const *names,
                              size_t n);

#ifdef __cplusplus
}
#endif
#endif
