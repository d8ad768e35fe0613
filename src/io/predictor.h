/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_IO_PREDICTOR_H
#define WEIR_IO_PREDICTOR_H

/**
 * @file
 * What weir/surrogate.h keeps to itself: the parts of a loaded surrogate, and
 * the metadata of a checkpoint that describe one.
 *
 *     weir.model       name of the architecture
 *     weir.options     its options, a line "name=value" each
 *     weir.shape       "1x160": channels and points of each axis
 *     weir.fields      names of the channels, a line each
 *     weir.dt          time of a step
 *     weir.prediction  "residual" or "direct"
 *     weir.members     of the ensemble
 *     weir.given       channels that are given, of a steady problem; else 0
 *     weir.jet         of a net of jets (weir/residual.h): features, coordinates
 *                      and the pairs of second derivatives, "22 2 0:0"; else ""
 *     weir.solver, weir.step, weir.best_step
 */
#include "io/types.h"
#include "nn/ensemble.h"
#include "weir/surrogate.h"

const struct weir_model *weir_predictor_model(const struct weir_predictor *p);
/** Weights of all members and the scales around them. */
const struct weir_ensemble *weir_predictor_ensemble(
    const struct weir_predictor *p);
/** The configuration of its run, as YAML; NULL: the file has none. */
const char *weir_predictor_config(const struct weir_predictor *p);
/** What it reads in the place of states; NULL: states. */
const struct weir_inputs *weir_predictor_inputs(const struct weir_predictor *p);
/** One more surrogate of the same kind, for another thread. */
int weir_predictor_surrogate(const struct weir_predictor *p,
                             struct weir_surrogate **out);

/** Most entries that weir_predictor_describe adds. */
#define WEIR_PREDICTOR_TEXTS 10

/** Texts that describe a surrogate; the struct keeps them alive. */
struct weir_predictor_description {
    char *options, *fields, *inputs;
    char shape[64], dt[32], members[16], given[16], jet[64];
};

/**
 * Metadata for a checkpoint. Model and solver names are the caller's to add.
 * @param inputs     of a direct surrogate, else NULL
 * @param[out] text  WEIR_PREDICTOR_TEXTS entries into @p d
 * @return 0 or -ENOMEM
 */
int weir_predictor_describe(const struct weir_options *options,
                            const struct weir_solver_info *info, bool residual,
                            bool evidential, int members,
                            const struct weir_inputs *inputs,
                            struct weir_predictor_description *d,
                            struct weir_text *text);
void weir_predictor_description_free(struct weir_predictor_description *d);

#endif
