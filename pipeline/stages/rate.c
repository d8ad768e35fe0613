/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/stages/rate.h"

struct weir_rate weir_rate_start(double per_batch, int batch)
{
    double cap = per_batch > batch ? per_batch : batch;
    return (struct weir_rate){.per_batch = per_batch, .cap = cap};
}

void weir_rate_earn(struct weir_rate *rate)
{
    rate->credit += rate->per_batch;
    if (rate->credit > rate->cap + rate->per_batch)
        rate->credit = rate->cap + rate->per_batch;
}
