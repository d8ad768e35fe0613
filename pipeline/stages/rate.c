/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/stages/rate.h"

struct weir_rate weir_rate_start(double per_batch, int batch)
{
    double cap = per_batch > batch ? per_batch : batch;
    return (struct weir_rate){.per_batch = per_batch, .every = 1, .cap = cap};
}

void weir_rate_earn(struct weir_rate *rate)
{
    if (++rate->since < rate->every)
        return;
    double earned = rate->per_batch * rate->every;
    rate->since = 0;
    rate->credit += earned;
    if (rate->credit > rate->cap + earned)
        rate->credit = rate->cap + earned;
}
