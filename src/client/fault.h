/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_CLIENT_FAULT_H
#define WEIR_CLIENT_FAULT_H

/**
 * @file
 * Faults on purpose, for tests: compiled in with WEIR_CLIENT_FAULTS, nothing
 * otherwise.
 *
 * WEIR_FAULT=LABEL[:ACTION[:N]] makes the N-th passage (default 1) of a point in
 * the client go wrong: ACTION is die (default), stall or corrupt. It happens in
 * the first process the run starts in a place (WEIR_START=1), so that its
 * successor does the work. WEIR_FAULT_LOG names a file that gets a line for
 * each simulation the client finished.
 */
#include "client/wire.h"

enum weir_fault {
    WEIR_FAULT_ATTACH,
    WEIR_FAULT_CLAIM,
    WEIR_FAULT_RESERVE,
    WEIR_FAULT_MID_WRITE,
    WEIR_FAULT_COMMIT,
    WEIR_FAULT_WAKE,
    WEIR_FAULT_FINISH,
};

#ifdef WEIR_CLIENT_FAULTS
/** Pass the point @p at; @return whether to corrupt what follows. */
int weir_fault_pass(enum weir_fault at);
void weir_fault_note_finish(const struct weir_wire *w, const double *parameter);
#else
static inline int weir_fault_pass(enum weir_fault at)
{
    (void)at;
    return 0;
}
static inline void weir_fault_note_finish(const struct weir_wire *w,
                                          const double *parameter)
{
    (void)w;
    (void)parameter;
}
#endif

#endif
