/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_TESTS_GOLDEN_ARRAYS_H
#define WEIR_TESTS_GOLDEN_ARRAYS_H

/**
 * @file
 * Arrays that PyTorch computed: DATA.txt names each with its place in DATA.f32
 * and its length. DATA is the including test's.
 */
#include <stdio.h>
#include <string.h>

/* Read the @p count values called @p name. */
static inline void recorded(const char *name, size_t count, float *out)
{
    char found[128];
    size_t at, n;
    FILE *index = fopen(DATA ".txt", "re"), *data = fopen(DATA ".f32", "re");
    assert_true(index && data);
    while (fscanf(index, "%127s %zu %zu", found, &at, &n) == 3) {
        if (strcmp(found, name))
            continue;
        assert_int_equal(n, count);
        assert_int_equal(fseek(data, (long)(at * sizeof(float)), SEEK_SET), 0);
        assert_int_equal(fread(out, sizeof(float), n, data), n);
        fclose(index);
        fclose(data);
        return;
    }
    fail_msg("no array %s", name);
}

#endif
