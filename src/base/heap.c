/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/heap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Present only when the program links jemalloc. */
extern int mallctl(const char *, void *, size_t *, void *, size_t)
    __attribute__((weak));

void *weir_array(size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes) ||
        bytes > (size_t)-1 - WEIR_ALIGN)
        return NULL;
    bytes = (bytes + WEIR_ALIGN - 1) / WEIR_ALIGN * WEIR_ALIGN;
    void *p = aligned_alloc(WEIR_ALIGN, bytes ? bytes : WEIR_ALIGN);
    if (p)
        memset(p, 0, bytes ? bytes : WEIR_ALIGN);
    return p;
}

const char *weir_heap_name(void)
{
    static char name[64];
    const char *version = NULL;
    size_t len = sizeof(version);
    if (!mallctl || mallctl("version", &version, &len, NULL, 0) || !version)
        return "libc";
    snprintf(name, sizeof(name), "jemalloc %.*s", (int)strcspn(version, "-"),
             version);
    return name;
}
