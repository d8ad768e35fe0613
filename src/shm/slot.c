/* SPDX-License-Identifier: BSD-3-Clause */
#include "shm/slot.h"

size_t weir_slot_stride(size_t floats)
{
    size_t bytes = sizeof(struct weir_slot) + floats * sizeof(float);
    return (bytes + WEIR_ALIGN - 1) / WEIR_ALIGN * WEIR_ALIGN;
}
