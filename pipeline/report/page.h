/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PIPELINE_PAGE_H
#define WEIR_PIPELINE_PAGE_H

/**
 * @file
 * The page of a report: one HTML file that needs nothing beside it. Tables of
 * what came out, how runs differ in what they were told, then the pictures.
 */
#include "pipeline/report/recorded.h"

#include <stdio.h>

/**
 * Write the page of @p n runs, of which the others are compared with the first.
 * @param pictures  whether gnuplot is there to draw them
 * @return 0, or what reading or drawing refused
 */
int weir_page_write(const struct weir_recorded *runs, size_t n, bool pictures,
                    FILE *page);

#endif
