/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PIPELINE_TOP_SCREEN_H
#define WEIR_PIPELINE_TOP_SCREEN_H

/**
 * @file
 * What a viewer sees, for people: one screen of text, cut to the window.
 */
#include "pipeline/view/viewer.h"

#include <stdio.h>

enum weir_top_sort {
    WEIR_TOP_BY_PLACE, /* package, node, cache, cpu */
    WEIR_TOP_BY_CORE,  /* time on a core */
    WEIR_TOP_BY_WORK,
    WEIR_TOP_BY_WAIT,
    WEIR_TOP_SORTS,
};

/** Which tables: a small window has no room for both. */
enum weir_top_tables {
    WEIR_TOP_ALL,
    WEIR_TOP_THREADS,
    WEIR_TOP_LATENCIES,
    WEIR_TOP_TABLES,
};

/** What is drawn beside the two looks. */
struct weir_top_screen {
    int columns, rows; /* 0: no limit */
    enum weir_top_sort sort;
    enum weir_top_tables tables;
    bool is_paused;
    bool has_keys; /* say which */
    /* thread times at the earlier look, [threads]; NULL: none */
    const struct weir_sight_thread *before;
};

/** Draw; lines end with "\n", or "\033[K\r\n" when there are keys. */
void weir_top_draw(FILE *out, const struct weir_viewer *v,
                   const struct weir_sight *s, const struct weir_pace *pace,
                   const struct weir_top_screen *screen);

#endif
