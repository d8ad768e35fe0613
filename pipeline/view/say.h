/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PIPELINE_SAY_H
#define WEIR_PIPELINE_SAY_H

/**
 * @file
 * What is said while threads work. A terminal whose connection hangs, or a pager
 * that is not read on, would stop whoever writes to it, then all that wait for
 * the writer, and with them the checkpoint that a scheduler's signal asks for. So
 * what cannot be written at once is left out; DIR/log has it.
 */
#include "base/log.h"

#include <stdio.h>

/** Write @p text to @p to, as much of it as fits without waiting; whoever prints
 * there otherwise flushes first. */
void weir_say(FILE *to, const char *text);
/** A message, as a line: on standard error from warnings on, else on output. */
void weir_say_log(enum weir_log_level level, const char *area,
                  const char *text);

#endif
