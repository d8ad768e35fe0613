/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PIPELINE_RECORD_TABLES_H
#define WEIR_PIPELINE_RECORD_TABLES_H

/**
 * @file
 * What run.h5 holds: its tables, column by column, and its texts. The rows are
 * C structs; a declaration says where each value sits in one.
 */
#include "io/runfile.h"
#include "pipeline/record/recorder.h"

/** One generation of proposals. */
struct weir_generation_row {
    uint64_t generation, batch;
    double time, latency; /* s */
    double effective;     /* sample size of importance weights */
    double cpu;           /* s of the strategy so far */
    uint32_t proposals, bred, missed;
};

/** One bucket of one histogram. */
struct weir_histogram_row {
    char name[32];
    uint64_t lower, count;
};

/** Most texts of the root. */
#define WEIR_RECORD_TEXTS 16

struct weir_record_tables;

/** Declarations for @p run, whose number of parameters shapes one column. */
int weir_record_tables_create(const struct weir_run *run,
                              struct weir_record_tables **out);
void weir_record_tables_destroy(struct weir_record_tables *t);
/** WEIR_RECORD_TABLES declarations, in the order of enum weir_record_table. */
const struct weir_runfile_table *weir_record_declarations(
    const struct weir_record_tables *t);
/** The texts of the root: configuration, versions, host. @return how many */
size_t weir_record_texts(const struct weir_record_tables *t,
                         struct weir_text text[WEIR_RECORD_TEXTS]);

/** Bytes of a row of `simulations`: a fixed part and the parameters. */
size_t weir_record_simulation_bytes(const struct weir_run *run);
/** Fill one. @p cell is not OPEN. */
void weir_record_simulation(const struct weir_run *run, uint32_t id,
                            const struct weir_cell_view *cell, void *row);

#endif
