/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PIPELINE_SUMMARY_H
#define WEIR_PIPELINE_SUMMARY_H

/**
 * @file
 * The report at the end of a run: how it ended, how good the surrogate is, where
 * the time went, how fast the loop was, and what limited it.
 */
#include "pipeline/session/session.h"

/** How a run ended, in words. */
const char *weir_ending_text(enum weir_ending ending);
/** Print it to stdout. */
void weir_summary_print(const struct weir_session *s);

#endif
