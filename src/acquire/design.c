/* SPDX-License-Identifier: BSD-3-Clause */
#include "acquire/design.h"

int weir_design_meet(void *self, uint32_t simulation, const double *u)
{
    (void)self, (void)simulation, (void)u;
    return 0;
}

int weir_design_observe(void *self, const struct weir_batch_loss *batch)
{
    (void)self, (void)batch;
    return 0;
}

bool weir_design_due(const void *self, const struct weir_progress *now)
{
    (void)self, (void)now;
    return false;
}

int weir_design_propose(void *self, const struct weir_progress *now,
                        struct weir_proposal *proposals, size_t n)
{
    (void)now;
    struct weir_design *design = self;
    design->generation++;
    for (size_t i = 0; i < n; i++) {
        design->initial(self, proposals[i].simulation, proposals[i].u);
        proposals[i].bred = 0;
        proposals[i].generation = design->generation;
    }
    return 0;
}

int weir_design_save(const void *self, struct weir_blob *out)
{
    const struct weir_design *design = self;
    return weir_blob_put(out, &design->generation, sizeof(design->generation));
}

int weir_design_restore(void *self, struct weir_blob *in)
{
    struct weir_design *design = self;
    return weir_blob_get(in, &design->generation, sizeof(design->generation));
}
