/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_TOPO_LIST_H
#define WEIR_TOPO_LIST_H

/**
 * @file
 * Words of a plan: cpu lists and sizes, as people write them. Cpu lists have
 * the form that taskset and cpusets use: "0-7,16", and with a stride "0-14:2".
 */
#include <stddef.h>

struct hwloc_bitmap_s;

/** Highest cpu number that a list may name. */
#define WEIR_LIST_CPU_MAX 65535

/**
 * Read a whole list; "" is the empty set. hwloc's own reader takes what it
 * understands of a text and drops the rest.
 * @param[out] cpus  on failure unspecified
 * @return 0, or -EINVAL when @p text is not a list
 */
int weir_list_parse(const char *text, struct hwloc_bitmap_s *cpus);

/**
 * Write @p cpus as a list. A stride is used from three cpus up. Cut to @p size
 * (8 or more) with "...".
 */
void weir_list_cpus(const struct hwloc_bitmap_s *cpus, char *text, size_t size);

/** "640 B", "40.0 KiB", "1.5 GiB". */
void weir_list_bytes(double bytes, char *text, size_t size);

#endif
