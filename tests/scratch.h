/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_TESTS_SCRATCH_H
#define WEIR_TESTS_SCRATCH_H

/**
 * @file
 * A directory of its own for a test that writes files, and whole files as
 * bytes. In TMPDIR, or /tmp; removed by scratch_remove().
 */
#include "tests/test.h"

#include <ftw.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

static inline void scratch_make(char dir[PATH_MAX])
{
    const char *base = getenv("TMPDIR");
    snprintf(dir, PATH_MAX, "%s/weir-test-XXXXXX", base ? base : "/tmp");
    if (!mkdtemp(dir)) {
        perror(dir);
        exit(1);
    }
}

static inline int scratch_unlink(const char *path, const struct stat *st,
                                 int kind, struct FTW *where)
{
    (void)st, (void)kind, (void)where;
    return remove(path);
}

static inline void scratch_remove(const char *dir)
{
    nftw(dir, scratch_unlink, 16, FTW_DEPTH | FTW_PHYS);
}

/** The whole file, malloc'ed; NULL and a size of 0 if there is none. */
static inline unsigned char *scratch_read(const char *path, size_t *size)
{
    FILE *f = fopen(path, "rb");
    unsigned char *bytes = NULL;
    struct stat st;
    *size = 0;
    if (!f)
        return NULL;
    if (fstat(fileno(f), &st) == 0) {
        bytes = malloc((size_t)st.st_size + 1);
        *size = fread(bytes, 1, (size_t)st.st_size, f);
    }
    fclose(f);
    return bytes;
}

static inline void scratch_write(const char *path, const void *bytes, size_t n)
{
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(bytes, 1, n, f) != n || fclose(f)) {
        perror(path);
        exit(1);
    }
}

#endif
