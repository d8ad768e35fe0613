/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_IO_TYPES_H
#define WEIR_IO_TYPES_H

/**
 * @file
 * What the files of a run share: element types and key/value texts. All files
 * are little-endian, which every machine Weir builds for is in memory too.
 */
#include <stddef.h>
#include <stdint.h>

/* constant, C type, name in safetensors */
#define WEIR_DTYPES(X)                                                         \
    X(WEIR_F32, float, "F32")                                                  \
    X(WEIR_F64, double, "F64")                                                 \
    X(WEIR_I32, int32_t, "I32")                                                \
    X(WEIR_I64, int64_t, "I64")                                                \
    X(WEIR_U8, uint8_t, "U8")                                                  \
    X(WEIR_U32, uint32_t, "U32")                                               \
    X(WEIR_U64, uint64_t, "U64")

enum weir_dtype {
#define X(constant, type, name) constant,
    WEIR_DTYPES(X)
#undef X
};

/** Bytes of one element: 1, 4 or 8. */
size_t weir_dtype_bytes(enum weir_dtype dtype);
/** The safetensors name, "F32". */
const char *weir_dtype_name(enum weir_dtype dtype);
/** The type with this name, or -ENOENT (no error record). */
int weir_dtype_parse(const char *name);

/** One named text: metadata of a checkpoint, an attribute of a run file. */
struct weir_text {
    const char *key;
    const char *value; /* UTF-8 */
};

#endif
