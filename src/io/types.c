/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/types.h"

#include <errno.h>
#include <string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "files are little-endian and written as memory holds them"
#endif

static const size_t bytes[] = {
#define X(constant, type, name) sizeof(type),
    WEIR_DTYPES(X)
#undef X
};

static const char *const names[] = {
#define X(constant, type, name) name,
    WEIR_DTYPES(X)
#undef X
};

size_t weir_dtype_bytes(enum weir_dtype dtype)
{
    return bytes[dtype];
}

const char *weir_dtype_name(enum weir_dtype dtype)
{
    return names[dtype];
}

int weir_dtype_parse(const char *name)
{
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (strcmp(names[i], name) == 0)
            return (int)i;
    return -ENOENT;
}
