/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_IO_SAFETENSORS_H
#define WEIR_IO_SAFETENSORS_H

/**
 * @file
 * The safetensors format: named arrays in one file that the standard Python
 * loader opens. Format: https://github.com/huggingface/safetensors ("Format").
 *
 * A file is an 8-byte little-endian length, that many bytes of JSON (starting
 * with '{', padded with spaces), then the data, row-major and little-endian,
 * without holes and with nothing after it. The JSON maps each name to
 * {dtype, shape, data_offsets}; "__metadata__" maps texts to texts.
 *
 * What Weir adds stays inside the format:
 * - the JSON is padded so that the data start at a multiple of 4096;
 * - the first metadata entry, "weir.crc32", holds CRC-32 values (ITU-T V.42;
 *   Python's zlib.crc32) of eight hex digits each, separated by spaces: first that of everything before the data
 *   (computed with these eight digits as '0'), then one per tensor in the order
 *   the JSON lists them. So every bit of the file is covered;
 * - wide elements are placed before narrow ones, so every array is aligned.
 *
 * A file without "weir.crc32" (written by others) is read too; only its
 * structure can be checked.
 */
#include "io/types.h"

#include <stdbool.h>
#include <stdint.h>

#define WEIR_TENSOR_NAME_MAX 96 /* with the final zero */
#define WEIR_TENSOR_DIMS_MAX 5
/** Where the data of a file written here start: a multiple of this. */
#define WEIR_SAFETENSORS_ALIGN 4096

/** One named array. To be written: `data` is the caller's. Read: the file's. */
struct weir_tensor {
    char name[WEIR_TENSOR_NAME_MAX];
    enum weir_dtype dtype;
    int dims; /* 0: a single value */
    uint64_t shape[WEIR_TENSOR_DIMS_MAX];
    const void *data;
    size_t bytes; /* product of the shape times the element's size */
};

/**
 * Describe an array. @p shape has @p dims entries; `bytes` follows from it.
 * @return 0
 * @return -EINVAL name empty or too long, or more than WEIR_TENSOR_DIMS_MAX
 */
int weir_tensor_init(struct weir_tensor *t, const char *name,
                     enum weir_dtype dtype, int dims, const uint64_t *shape,
                     const void *data);
/** The common case of one axis of @p n elements. Same outcomes. */
int weir_tensor_vector(struct weir_tensor *t, const char *name,
                       enum weir_dtype dtype, uint64_t n, const void *data);

struct weir_safetensors; /* a whole file, checked, in memory */

/**
 * Read all of @p path and check it: length, JSON, types, shapes, offsets
 * without hole or overlap, file size, and every checksum there is.
 *
 * @return 0
 * @return -WEIR_ECORRUPT   damaged; the message names the file and the tensor
 * @return -ENOTSUP         well formed, but with a type, a number of axes, a
 *                          name or an alignment Weir has no use for
 * @return -ENOMEM, or the errno of open or read (-ENOENT: no such file)
 */
int weir_safetensors_open(const char *path, struct weir_safetensors **out);
void weir_safetensors_close(struct weir_safetensors *file);

/** Whether the file carried checksums (and then all of them matched). */
bool weir_safetensors_is_sealed(const struct weir_safetensors *file);

size_t weir_safetensors_count(const struct weir_safetensors *file);
/** Tensor @p i in the order of the JSON. `data` is aligned to its elements. */
const struct weir_tensor *weir_safetensors_tensor(
    const struct weir_safetensors *file, size_t i);
/** The tensor called @p name, or NULL. */
const struct weir_tensor *weir_safetensors_find(
    const struct weir_safetensors *file, const char *name);
/**
 * Copy the tensor @p name into @p to, whose size and type must be the file's.
 * @return 0
 * @return -ENOENT  no such tensor
 * @return -EINVAL  another type or size; the message has both
 */
int weir_safetensors_copy(const struct weir_safetensors *file, const char *name,
                          enum weir_dtype dtype, void *to, size_t bytes);

/** Value of metadata @p key, or NULL. */
const char *weir_safetensors_meta(const struct weir_safetensors *file,
                                  const char *key);
/** Entry @p i of the metadata, or NULL after the last ("weir.crc32" is one). */
const struct weir_text *weir_safetensors_meta_at(
    const struct weir_safetensors *file, size_t i);

/** What comes before the data of a file that is being written. */
struct weir_safetensors_head {
    unsigned char *bytes; /* aligned to 4096 */
    size_t size;          /* multiple of 4096: where the data start */
    uint64_t data_bytes;
    size_t n;
    size_t *order; /* position in the file -> index in the caller's list */
};

/**
 * Lay out a file: tensors in the caller's order, but wide elements first.
 * Checksums stay '0' until weir_safetensors_head_seal(). Bytes of a metadata
 * value that are not UTF-8 become '?', for a JSON reader would refuse the file.
 *
 * @return 0
 * @return -EINVAL  a name or key that is there twice, is reserved or is not
 *                  printable ASCII; `bytes` that does not follow from the shape
 * @return -ENOMEM
 */
int weir_safetensors_head_build(const struct weir_tensor *tensor, size_t n,
                                const struct weir_text *meta, size_t n_meta,
                                struct weir_safetensors_head *out);
/**
 * Fill in the checksums. The size does not change.
 * @param[in] crc  CRC-32 of each tensor's bytes, in file order
 */
void weir_safetensors_head_seal(struct weir_safetensors_head *head,
                                const uint32_t *crc);
void weir_safetensors_head_free(struct weir_safetensors_head *head);

#endif
