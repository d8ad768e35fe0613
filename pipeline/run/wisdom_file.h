/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PIPELINE_WISDOM_FILE_H
#define WEIR_PIPELINE_WISDOM_FILE_H

/**
 * @file
 * What FFTW has measured, kept with the work it was measured for: DIR/fftw.wisdom
 * of a run, the attribute weir.wisdom of a data set. Whatever goes on with that
 * work plans as it did, so its solvers give the same bits, and measures nothing
 * a second time. Only with `solver.fftw: measure`; estimated plans need none.
 *
 * A configuration is loaded after its wisdom: loading one configures the
 * solver. One thread at a time, as pde/wisdom.h.
 */
#include "weir/option.h"

#include <stdbool.h>

/** Whether FFTW measures for a solver with these options. */
bool weir_fftw_measures(const struct weir_options *solver);

/**
 * Recall what DIR/fftw.wisdom holds, if there is one. One that this build of
 * FFTW cannot use is warned of: it will be measured anew.
 */
void weir_wisdom_recall(const char *dir);

/** The same from @p text, which came from @p place. NULL: nothing. */
void weir_wisdom_recall_text(const char *text, const char *place);

/**
 * Write DIR/fftw.wisdom, whole or not at all.
 * @return 0, -WEIR_EENV, or -ENOMEM
 */
int weir_wisdom_keep(const char *dir);

#endif
