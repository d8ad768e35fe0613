/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_BASE_HEAP_H
#define WEIR_BASE_HEAP_H

/**
 * @file
 * Memory of one process. The program links jemalloc, which replaces malloc for
 * the whole process; the library does not, because a library linked to
 * jemalloc cannot be loaded by Python. Everything here works with either.
 */
#include <stddef.h>

/** Alignment of every array: a cache line, and any vector register. */
#define WEIR_ALIGN 64

/**
 * Zeroed array of @p count elements of @p size bytes, aligned to WEIR_ALIGN.
 * Freed with free(). NULL when out of memory or when the size overflows.
 */
void *weir_array(size_t count, size_t size);

/** "jemalloc 5.3.0" or "libc", for the first lines of a log. */
const char *weir_heap_name(void);

#endif
