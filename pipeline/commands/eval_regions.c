/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/commands/eval_regions.h"

#include <stdio.h>

static const char *const names[WEIR_REGIONS] = {
    [WEIR_REGION_ALL] = "all",
    [WEIR_REGION_SOURCE] = "source",
    [WEIR_REGION_FIELD] = "field",
    [WEIR_REGION_RING_1] = "ring 1: from 0.2",
    [WEIR_REGION_RING_2] = "ring 2: from 0.1",
    [WEIR_REGION_RING_3] = "ring 3: from 0.05",
};

/* In the order of weir_region_weight. */
static const char *const weights[WEIR_REGION_WEIGHTS] = {"wmae_tanh",
                                                         "wmae_exp", "mae"};

static void print_region(const char *name,
                         const struct weir_region_figures *mine,
                         const struct weir_region_figures *other)
{
    printf("  %-18s %5.1f %%", name, 100 * mine->share);
    for (int w = 0; mine->share > 0 && w < WEIR_REGION_WEIGHTS; w++) {
        printf("   %.3e", mine->error[w]);
        if (other)
            printf(" %7.2fx", other->error[w] / mine->error[w]);
    }
    printf("\n");
}

void weir_print_regions(const struct weir_regions *mine,
                        const struct weir_regions *other)
{
    if (!mine->known)
        return;
    printf("\n%-20s  pixels", "error by region");
    for (int w = 0; w < WEIR_REGION_WEIGHTS; w++)
        printf("%12s%s", weights[w], other ? "    ratio" : "");
    printf("\n");
    for (int r = 0; r < WEIR_REGIONS; r++)
        print_region(names[r], &mine->of[r], other ? &other->of[r] : NULL);
}
