/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PIPELINE_TOP_EXPORT_H
#define WEIR_PIPELINE_TOP_EXPORT_H

/**
 * @file
 * What a viewer sees, for programs: one JSON object on one line, or OpenMetrics
 * text (openmetrics.io, version 1.0) for the textfile collector of a node
 * exporter.
 */
#include "pipeline/view/viewer.h"

#include <stdio.h>

/** One line of JSON. Times in seconds; what is not known is null. */
void weir_top_json(FILE *out, const struct weir_viewer *v,
                   const struct weir_sight *s, const struct weir_pace *pace);
/**
 * A whole exposition, ended by its EOF line. Every sample carries the job's
 * directory as `run`, so that those of several jobs of a node do not collide.
 */
void weir_top_openmetrics(FILE *out, const struct weir_viewer *v,
                          const struct weir_sight *s,
                          const struct weir_pace *pace);

#endif
