/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_NN_REGISTRY_H
#define WEIR_NN_REGISTRY_H

/**
 * @file
 * Every architecture, by name. A new one is a file in models/ and a line in
 * registry.c.
 */
#include "nn/model.h"

/** The architecture at @p i, NULL past the last. */
const struct weir_model_ops *weir_model_at(size_t i);
/**
 * The architecture called @p name.
 * @return NULL when there is none; the error record names the nearest one
 */
const struct weir_model_ops *weir_model_find(const char *name);

#endif
