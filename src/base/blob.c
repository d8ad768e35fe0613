/* SPDX-License-Identifier: BSD-3-Clause */
#include "weir/blob.h"

#include "base/err.h"

#include <stdlib.h>
#include <string.h>

int weir_blob_put(struct weir_blob *blob, const void *bytes, size_t n)
{
    if (n == 0)
        return 0;
    if (blob->size + n > blob->capacity) {
        size_t capacity = 2 * (blob->size + n);
        unsigned char *data = realloc(blob->data, capacity);
        if (!data)
            return WEIR_FAIL(ENOMEM, "state of %zu bytes", capacity);
        blob->data = data;
        blob->capacity = capacity;
    }
    memcpy(blob->data + blob->size, bytes, n);
    blob->size += n;
    return 0;
}

int weir_blob_get(struct weir_blob *blob, void *bytes, size_t n)
{
    if (n > blob->size - blob->at)
        return WEIR_FAIL(WEIR_ECORRUPT,
                         "saved state ends early: %zu bytes wanted, %zu left",
                         n, blob->size - blob->at);
    if (n)
        memcpy(bytes, blob->data + blob->at, n);
    blob->at += n;
    return 0;
}

void weir_blob_free(struct weir_blob *blob)
{
    free(blob->data);
    *blob = (struct weir_blob){0};
}
