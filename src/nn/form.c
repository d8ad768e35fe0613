/* SPDX-License-Identifier: BSD-3-Clause */
#include "nn/form.h"

size_t weir_form_at(const struct weir_form *form, int rank,
                    const int64_t index[])
{
    int64_t outer[WEIR_MAX_RANK];
    int64_t at = 0, step = 1;
    for (int d = 0; d < rank; d++)
        outer[d] = index[d];
    for (int i = form->blocks - 1; i >= 0; i--) {
        int d = form->block_dim[i];
        at += outer[d] % form->block_size[i] * step;
        outer[d] /= form->block_size[i];
        step *= form->block_size[i];
    }
    for (int d = 0; d < rank; d++)
        at += outer[d] * form->stride[d];
    return (size_t)at;
}

struct weir_form weir_form_plain(int rank, const int64_t dims[])
{
    struct weir_form form = {.floats = 1};
    for (int d = rank - 1; d >= 0; d--) {
        form.stride[d] = (int64_t)form.floats;
        form.floats *= (size_t)dims[d];
    }
    return form;
}

struct weir_form weir_form_vector(size_t padded)
{
    return (struct weir_form){.stride = {1}, .floats = padded};
}
