/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/stages/cut.h"

#include "base/err.h"
#include "base/heap.h"

#include <stdlib.h>

int weir_cut_create(const struct weir_table *t, int64_t start_ns,
                    struct weir_cut **out)
{
    struct weir_cut *cut = weir_array(1, sizeof(*cut));
    if (!cut)
        return WEIR_FAIL(ENOMEM, "checkpoint");
    int rc = weir_ledger_create(t->capacity, t->dims, &cut->ledger);
    if (rc) {
        free(cut);
        return rc;
    }
    cut->start_ns = start_ns;
    weir_ledger_take_states(&cut->ledger, t, start_ns);
    *out = cut;
    return 0;
}

void weir_cut_destroy(struct weir_cut *cut)
{
    if (!cut)
        return;
    weir_blob_free(&cut->trainer);
    weir_blob_free(&cut->reservoir);
    weir_blob_free(&cut->acquisition);
    weir_ledger_destroy(&cut->ledger);
    free(cut->slot);
    free(cut);
}
