/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PIPELINE_REGISTRIES_H
#define WEIR_PIPELINE_REGISTRIES_H

/**
 * @file
 * What there is to choose from, as the config reader and `weir list` ask.
 */
#include "io/config.h"

/** Solvers, models and strategies of this program. */
extern const struct weir_config_registry weir_registries;

#endif
