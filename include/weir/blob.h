/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_BLOB_H
#define WEIR_BLOB_H

/**
 * @file
 * A growing run of bytes: the state an object saves and restores. Written and
 * read in the same order by the same code, on one kind of machine.
 */
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct weir_blob {
    unsigned char *data;
    size_t size;     /* bytes written */
    size_t capacity; /* bytes allocated */
    size_t at;       /* read position */
};

/** Append @p n bytes. @return 0 or -ENOMEM (blob unchanged). */
int weir_blob_put(struct weir_blob *blob, const void *bytes, size_t n);
/**
 * Read the next @p n bytes.
 * @return 0, or -WEIR_ECORRUPT when fewer are left (position unchanged)
 */
int weir_blob_get(struct weir_blob *blob, void *bytes, size_t n);
void weir_blob_free(struct weir_blob *blob);

#ifdef __cplusplus
}
#endif
#endif
