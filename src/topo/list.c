/* SPDX-License-Identifier: BSD-3-Clause */
#include "topo/list.h"

#include "base/err.h"

#include <hwloc.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A number within range; moves @p at behind it. */
static bool take_number(const char **at, unsigned *out)
{
    char *end;
    if (**at < '0' || **at > '9')
        return false;
    unsigned long n = strtoul(*at, &end, 10);
    *at = end;
    *out = (unsigned)n;
    return n <= WEIR_LIST_CPU_MAX;
}

/* "4", "0-7", "0-14:2" */
static bool take_run(const char **at, hwloc_bitmap_t cpus)
{
    unsigned first, last, stride = 1;
    if (!take_number(at, &first))
        return false;
    last = first;
    if (**at == '-') {
        ++*at;
        if (!take_number(at, &last) || last < first)
            return false;
        if (**at == ':') {
            ++*at;
            if (!take_number(at, &stride) || stride == 0)
                return false;
        }
    }
    for (unsigned cpu = first; cpu <= last; cpu += stride)
        hwloc_bitmap_set(cpus, cpu);
    return true;
}

int weir_list_parse(const char *text, struct hwloc_bitmap_s *cpus)
{
    const char *at = text;
    hwloc_bitmap_zero(cpus);
    while (*at) {
        if (!take_run(&at, cpus) || (*at && (*at != ',' || !at[1])))
            return WEIR_FAIL(EINVAL, "cpus '%s', expected a list as 0-7,16",
                             text);
        at += *at == ',';
    }
    return 0;
}

/* Last member of the arithmetic run that starts at @p first. */
static int run_end(const struct hwloc_bitmap_s *cpus, int first, int stride)
{
    int last = first;
    while (hwloc_bitmap_next(cpus, last) == last + stride)
        last += stride;
    return last;
}

/* One item of the list; returns its last cpu. */
static int format_run(const struct hwloc_bitmap_s *cpus, int first, char *item,
                      size_t size)
{
    int next = hwloc_bitmap_next(cpus, first);
    int stride = next > 0 ? next - first : 1;
    int last = run_end(cpus, first, stride);
    if (stride > 1 && last < first + 2 * stride)
        last = first;
    if (last == first)
        snprintf(item, size, "%d", first);
    else if (stride == 1)
        snprintf(item, size, "%d-%d", first, last);
    else
        snprintf(item, size, "%d-%d:%d", first, last, stride);
    return last;
}

void weir_list_cpus(const struct hwloc_bitmap_s *cpus, char *text, size_t size)
{
    size_t at = 0;
    char item[48];
    text[0] = '\0';
    for (int cpu = hwloc_bitmap_first(cpus); cpu >= 0;) {
        int last = format_run(cpus, cpu, item, sizeof(item));
        size_t n = strlen(item) + (at > 0);
        if (at + n + sizeof(",...") > size) {
            snprintf(text + at, size - at, ",...");
            return;
        }
        snprintf(text + at, size - at, "%s%s", at ? "," : "", item);
        at += n;
        cpu = hwloc_bitmap_next(cpus, last);
    }
}

void weir_list_bytes(double bytes, char *text, size_t size)
{
    const char *unit[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    int u = 0;
    while (bytes >= 1024 && u < 4) {
        bytes /= 1024;
        u++;
    }
    snprintf(text, size, u ? "%.1f %s" : "%.0f %s", bytes, unit[u]);
}
