/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_TESTS_CHECKPOINTS_H
#define WEIR_TESTS_CHECKPOINTS_H

/**
 * @file
 * Checkpoints whose whole content follows from their step, so that any file
 * found later can be told to be complete and unmixed.
 */
#include "tests/scratch.h"

#include "base/log.h"
#include "io/checkpoint_dir.h"
#include "io/checkpoint_writer.h"
#include "io/run_dir.h"

#include <dirent.h>

/** Arrays of one checkpoint: odd sizes, several types. */
struct content {
    size_t n; /* floats in `weights` */
    float *weights;
    double moments[777];
    uint8_t ledger[1001];
    struct weir_tensor tensor[3];
};

static inline void content_make(struct content *c, size_t n)
{
    *c = (struct content){.n = n};
    c->weights = calloc(n + 1, sizeof(float));
    ok(weir_tensor_vector(c->tensor, "ledger", WEIR_U8, 1001, c->ledger));
    ok(weir_tensor_vector(c->tensor + 1, "weights", WEIR_F32, n, c->weights));
    ok(weir_tensor_vector(c->tensor + 2, "moments", WEIR_F64, 777, c->moments));
}

static inline void content_fill(struct content *c, uint64_t step)
{
    for (size_t i = 0; i < c->n; i++)
        c->weights[i] = (float)(step * 31 + i % 8191);
    for (size_t i = 0; i < 777; i++)
        c->moments[i] = (double)step / (double)(i + 1);
    for (size_t i = 0; i < 1001; i++)
        c->ledger[i] = (uint8_t)(step + i);
}

/** Whether @p file is the whole checkpoint of @p step. */
static inline bool content_is(struct content *c,
                              const struct weir_safetensors *file,
                              uint64_t step)
{
    content_fill(c, step);
    for (int i = 0; i < 3; i++) {
        const struct weir_tensor *t =
            weir_safetensors_find(file, c->tensor[i].name);
        if (!t || t->bytes != c->tensor[i].bytes ||
            memcmp(t->data, c->tensor[i].data, t->bytes) != 0)
            return false;
    }
    return true;
}

static inline int content_write(struct weir_checkpoint_writer *w,
                                struct content *c, uint64_t step,
                                struct weir_checkpoint_report *report)
{
    content_fill(c, step);
    struct weir_text meta = {"note", "test"};
    struct weir_checkpoint what = {
        .step = step, .tensor = c->tensor, .n = 3, .meta = &meta, .n_meta = 1};
    return weir_checkpoint_write(w, &what, report);
}

/** Newest whole checkpoint has this step and its content. */
static inline void newest_is(const char *dir, struct content *c, uint64_t step)
{
    struct weir_safetensors *file;
    uint64_t found;
    ok(weir_checkpoint_open_newest(dir, &file, &found));
    assert_int_equal(found, step);
    assert_true(content_is(c, file, step));
    weir_safetensors_close(file);
}

/** Entries of DIR/checkpoints; @p temporary counts those starting with '.'. */
static inline int count_files(const char *dir, int *temporary)
{
    char path[PATH_MAX];
    const struct dirent *entry;
    int n = 0;
    *temporary = 0;
    snprintf(path, sizeof(path), "%.4000s/checkpoints", dir);
    DIR *d = opendir(path);
    while (d && (entry = readdir(d))) {
        bool dots =
            strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
        n += !dots;
        *temporary += !dots && entry->d_name[0] == '.';
    }
    closedir(d);
    return n;
}

/** Everything logged since the last clear, one line each. */
static char logged[8192];

static inline void keep_log(void *ctx, enum weir_log_level level,
                            const char *area, const char *text)
{
    (void)ctx, (void)level, (void)area;
    size_t used = strlen(logged);
    snprintf(logged + used, sizeof(logged) - used, "%s\n", text);
}

#endif
