/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_SHM_MAPPING_H
#define WEIR_SHM_MAPPING_H

/**
 * @file
 * Memory that stages share: one memfd, mapped once, laid out before it exists.
 *
 * A run adds up what it needs with weir_layout_add, creates the mapping at that
 * size, binds each region to its NUMA node, and only then makes the pages real
 * with weir_mapping_populate, so that neither a first touch on the wrong node
 * nor a SIGBUS can come later. Offsets are what is kept, never pointers.
 *
 * The mapping starts with a header that another process can check: magic, sizes
 * and, stored last, the layout version.
 *
 * Edges:
 *   M1 store-release of `version` in weir_mapping_publish pairs with
 *   M2 load-acquire of `version` in weir_mapping_check: everything laid out
 *      before publishing is visible.
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Any change of a shared layout bumps it. */
#define WEIR_LAYOUT_VERSION 1
#define WEIR_MAPPING_MAGIC  0x7269657700000001ull

struct weir_mapping_header {
    uint64_t magic;
    uint64_t bytes;
    int64_t start_ns; /* CLOCK_MONOTONIC */
    int32_t pid;
    uint32_t page_bytes;
    _Atomic uint32_t version; /* 0 until published */
    unsigned char pad[28];
};

_Static_assert(sizeof(struct weir_mapping_header) == 64, "one cache line");
_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2 && ATOMIC_INT_LOCK_FREE == 2,
               "shared words must be lock-free to be address-free");

/** Bytes laid out so far; starts with the header's line. */
struct weir_layout {
    size_t bytes;
};

/** An empty layout: just the header. */
struct weir_layout weir_layout_start(void);
/**
 * Add a region. @p align is a power of two, at least 64.
 * @return offset of the region from the start of the mapping
 */
size_t weir_layout_add(struct weir_layout *layout, size_t bytes, size_t align);

struct weir_mapping {
    unsigned char *base;
    size_t bytes; /* rounded up to pages */
    int fd;
};

/** Smallest page, and the alignment at which a region can be bound alone. */
size_t weir_page_bytes(void);

/**
 * Memory this process may still use: the smallest of the machine's available
 * memory and, for each cgroup (v2) above it, memory.max less memory.current,
 * where cached files do not count: the kernel drops them when asked for more.
 */
size_t weir_memory_available(void);

/**
 * Create a mapping of @p bytes. Huge pages are used when enough of them are
 * reserved (they are not part of the available memory), else small pages. No
 * page is touched but the header's.
 * @param name what the memory is for, as a message should call it
 * @return 0
 * @return -WEIR_EENV more than weir_memory_available(), or the kernel refused;
 *         @p out is closed (weir_mapping_close does nothing)
 */
int weir_mapping_create(const char *name, size_t bytes,
                        struct weir_mapping *out);
/**
 * Make every page real now; call after regions are bound to their nodes. From
 * Linux 5.14 on no first touch faults afterwards.
 * @return 0, or -WEIR_EENV when memory ran out
 */
int weir_mapping_populate(const struct weir_mapping *m);
/**
 * Fix the size for ever, so that no holder of the descriptor can make another's
 * access fail; when @p read_only, nobody who maps it from now on can write.
 * @return 0, or -WEIR_EENV where the kernel cannot (before Linux 5.1)
 */
int weir_mapping_seal(const struct weir_mapping *m, bool read_only);
/** Store the layout version: others may look from now on (M1). */
void weir_mapping_publish(const struct weir_mapping *m);
/**
 * Check the header of a mapping made by another process (M2), mapped whole
 * and at least readable.
 * @return 0
 * @return -EAGAIN         not published yet
 * @return -WEIR_ECORRUPT  not a mapping of this program, or another version
 */
int weir_mapping_check(const struct weir_mapping *m);
/** Unmap and close; allowed twice. */
void weir_mapping_close(struct weir_mapping *m);

#endif
