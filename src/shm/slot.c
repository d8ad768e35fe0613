/* SPDX-License-Identifier: BSD-3-Clause */
#include "shm/slot.h"

size_t weir_slot_stride(size_t frame_floats, uint32_t window)
{
    size_t bytes =
        sizeof(struct weir_slot) + frame_floats * window * sizeof(float);
    return (bytes + WEIR_ALIGN - 1) / WEIR_ALIGN * WEIR_ALIGN;
}
