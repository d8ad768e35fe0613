/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_IO_SAFETENSORS_SEAL_H
#define WEIR_IO_SAFETENSORS_SEAL_H

/**
 * @file
 * Where the checksums are in the head of a file written here; shared by the
 * reader and the head builder only. They come first in the JSON, so that their
 * place does not depend on anything else in it.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WEIR_SEAL_KEY    "weir.crc32"
#define WEIR_SEAL_PREFIX "{\"__metadata__\":{\"" WEIR_SEAL_KEY "\":\""
/** Eight hex digits and what separates them. */
#define WEIR_SEAL_DIGITS 8
#define WEIR_SEAL_STRIDE (WEIR_SEAL_DIGITS + 1)
/** Bytes of the length in front of the JSON. */
#define WEIR_SEAL_LENGTH 8

/** Place of checksum @p i in the file: 0 the head's, 1 + t that of tensor t. */
static inline size_t weir_seal_at(size_t i)
{
    return WEIR_SEAL_LENGTH + sizeof(WEIR_SEAL_PREFIX) - 1 +
           i * WEIR_SEAL_STRIDE;
}

/** Whether these @p size bytes of a file's start carry checksums. */
bool weir_seal_is_there(const unsigned char *head, size_t size);
/** CRC-32 of a head, its own digits taken as '0'. */
uint32_t weir_seal_head_crc(const unsigned char *head, size_t size);
/** The eight digits of @p crc, lower case, no final zero. */
void weir_seal_digits(uint32_t crc, unsigned char out[WEIR_SEAL_DIGITS]);

#endif
