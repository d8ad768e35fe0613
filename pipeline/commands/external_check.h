/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PIPELINE_EXTERNAL_CHECK_H
#define WEIR_PIPELINE_EXTERNAL_CHECK_H

/**
 * @file
 * Try an external solver before a run: start one process, let it simulate the
 * middle of the parameters' ranges once, and look at what comes.
 */
#include "pipeline/run/run.h"

struct weir_external_trial {
    uint32_t frames;
    int64_t first_ns;    /* until the first frame: starting, attaching */
    int64_t rest_ns;     /* all others together */
    float *low, *high;   /* [channels], over all frames */
    const double *value; /* the parameters used */
};

/**
 * @param run  external, nothing of it started; its one door is used
 * @param out  freed by weir_external_trial_free, also after a failure
 * @return 0
 * @return -WEIR_EENV      no process could be had; the message quotes it
 * @return -WEIR_EDIVERGED the simulation failed
 * @return -WEIR_EINTERRUPTED, -ENOMEM
 */
int weir_external_try(struct weir_run *run, struct weir_external_trial *out);
void weir_external_trial_free(struct weir_external_trial *trial);

#endif
