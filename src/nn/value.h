/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_NN_VALUE_H
#define WEIR_NN_VALUE_H

/**
 * @file
 * How a value of a finished graph lies in the arrays of a net.
 */
#include "nn/graph.h"
#include "nn/layout.h"

static inline struct weir_layout weir_value_layout(const struct weir_graph *g,
                                                   int value, int batch)
{
    const struct weir_value *v = &g->value[value];
    return (struct weir_layout){
        .batch = batch,
        .channels = v->channels,
        .padded = v->blocking.padded,
        .block = v->blocking.block,
        .rows = v->rows,
        .points = v->points,
        .halo = g->halo,
    };
}

#endif
