/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/safetensors_seal.h"

#include <libdeflate.h>
#include <string.h>

bool weir_seal_is_there(const unsigned char *head, size_t size)
{
    return size >= weir_seal_at(0) + WEIR_SEAL_DIGITS &&
           memcmp(head + WEIR_SEAL_LENGTH, WEIR_SEAL_PREFIX,
                  sizeof(WEIR_SEAL_PREFIX) - 1) == 0;
}

uint32_t weir_seal_head_crc(const unsigned char *head, size_t size)
{
    static const unsigned char zeros[WEIR_SEAL_DIGITS + 1] = "00000000";
    size_t at = weir_seal_at(0), after = at + WEIR_SEAL_DIGITS;
    uint32_t crc = libdeflate_crc32(0, head, at);
    crc = libdeflate_crc32(crc, zeros, WEIR_SEAL_DIGITS);
    return libdeflate_crc32(crc, head + after, size - after);
}

void weir_seal_digits(uint32_t crc, unsigned char out[WEIR_SEAL_DIGITS])
{
    for (int i = 0; i < WEIR_SEAL_DIGITS; i++)
        out[i] = (unsigned char)"0123456789abcdef"[crc >> (28 - 4 * i) & 15];
}
