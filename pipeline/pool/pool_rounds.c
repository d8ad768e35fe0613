/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/pool/pool_rounds.h"

#include "base/err.h"
#include "pipeline/pool/pool.h"
#include "pipeline/report/recorded.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>

/* Without a test set the last validation stands for it. */
static void print_error(const struct weir_recorded *r, const char *what)
{
    char column[64];
    snprintf(column, sizeof(column), "test/error_%s", what);
    double error = weir_recorded_last(r, column);
    if (isnan(error)) {
        snprintf(column, sizeof(column), "validation/error_%s", what);
        error = weir_recorded_last(r, column);
    }
    if (isnan(error))
        printf("%12s", "-");
    else
        printf("   %9.3e", error);
}

void weir_pool_print_rounds(const struct weir_config *cfg, const char *dir)
{
    printf("\nrounds    labels        mean         p99         max   error, "
           "%s set\n",
           cfg->test.trajectories ? "test" : "validation");
    for (int k = 0; k < cfg->pool.rounds; k++) {
        char path[PATH_MAX];
        struct weir_recorded r;
        snprintf(path, sizeof(path), "%s/round-%02d", dir, k);
        if (weir_recorded_open(path, &r)) {
            weir_err_clear(); /* it ended before this round */
            return;
        }
        printf("          %6zu", weir_pool_labelled(cfg, k));
        print_error(&r, "mean");
        print_error(&r, "p99");
        print_error(&r, "max");
        printf("\n");
        weir_recorded_close(&r);
    }
}
