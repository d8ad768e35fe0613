/* SPDX-License-Identifier: BSD-3-Clause */
#include "weir/space.h"

#include <math.h>

void weir_space_to_box(const struct weir_space *space, const double *u,
                       double *x)
{
    for (size_t i = 0; i < space->n; i++) {
        const struct weir_parameter *p = &space->parameter[i];
        if (p->axis == WEIR_AXIS_LOG)
            x[i] = p->low * pow(p->high / p->low, u[i]);
        else
            x[i] = p->low + (p->high - p->low) * u[i];
    }
}

void weir_space_to_unit(const struct weir_space *space, const double *x,
                        double *u)
{
    for (size_t i = 0; i < space->n; i++) {
        const struct weir_parameter *p = &space->parameter[i];
        if (p->axis == WEIR_AXIS_LOG)
            u[i] = log(x[i] / p->low) / log(p->high / p->low);
        else
            u[i] = (x[i] - p->low) / (p->high - p->low);
    }
}
