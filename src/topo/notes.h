/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_TOPO_NOTES_H
#define WEIR_TOPO_NOTES_H

/**
 * @file
 * The lines of a plan that say what a user would ask about: why nothing is
 * pinned, what stays unused and how to use it, what was asked for and does not
 * fit.
 */
#include "topo/plan.h"

/**
 * Fill `note` of an otherwise finished plan.
 * @return 0 or -ENOMEM
 */
int weir_notes_write(struct weir_plan *plan);

#endif
