/* SPDX-License-Identifier: BSD-3-Clause */
#include "nn/inputs.h"

#include <float.h>
#include <math.h>

static const double TURN = 6.28318530717958647693;

size_t weir_inputs_numbers(const struct weir_inputs *in)
{
    return in->space->n + 1;
}

size_t weir_inputs_features(const struct weir_inputs *in)
{
    size_t n = weir_inputs_numbers(in);
    for (size_t j = 0; j < in->space->n; j++)
        n += in->space->parameter[j].wraps;
    return n;
}

/* Where @p x is between low and high, 0 to 1, along the axis. A logarithm has
 * to be finite also where a batch has no sample but zeros. */
static double place(const struct weir_parameter *p, double x)
{
    if (p->axis == WEIR_AXIS_LOG)
        return log(fmax(x, FLT_MIN) / p->low) / log(p->high / p->low);
    return (x - p->low) / (p->high - p->low);
}

void weir_inputs_scale(const struct weir_inputs *in, const float *number,
                       float *feature)
{
    for (size_t j = 0; j < in->space->n; j++) {
        const struct weir_parameter *p = &in->space->parameter[j];
        double s = place(p, (double)number[j]);
        *feature++ = (float)(p->wraps ? cos(TURN * s) : 2 * s - 1);
        if (p->wraps)
            *feature++ = (float)sin(TURN * s);
    }
    *feature = -1;
    if (in->end > 0)
        *feature = (float)(2 * (double)number[in->space->n] / in->end - 1);
}

void weir_inputs_put(const struct weir_inputs *in, const double *value,
                     uint32_t t, float *number)
{
    for (size_t j = 0; j < in->space->n; j++)
        number[j] = (float)value[j];
    number[in->space->n] = (float)(t * in->step);
}
