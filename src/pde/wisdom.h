/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PDE_WISDOM_H
#define WEIR_PDE_WISDOM_H

/**
 * @file
 * What FFTW has learnt by measuring (`fftw: measure`), as a text to keep with a
 * run: imported before a solver is configured again, it gives the same plans
 * and so the same bits, and costs no second measurement. It belongs to one
 * kind of processor and one build of FFTW; elsewhere FFTW ignores it.
 *
 * FFTW keeps one wisdom per process. These calls, and configure and release of
 * any solver, are for one thread at a time.
 */

/** All of it, to free(). @return 0 or -ENOMEM */
int weir_wisdom_export(char **text);
/**
 * Add what @p text holds.
 * @return 0, or -WEIR_ECORRUPT when it is no wisdom of this build of FFTW
 */
int weir_wisdom_import(const char *text);
/** Forget all of it, also what was measured in this process. */
void weir_wisdom_forget(void);

#endif
