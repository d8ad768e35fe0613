/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_NN_FORM_H
#define WEIR_NN_FORM_H

/**
 * @file
 * The form of a trained tensor in the packed vector: where each element of the
 * plain tensor lies within the tensor's piece.
 *
 * A form is outer strides plus inner blocks, as oneDNN describes its formats:
 * for "OIw8i8o" the inner blocks are (8 of dimension 1) then (8 of dimension
 * 0), the last one contiguous, and the strides step over whole blocks.
 */
#include <stddef.h>
#include <stdint.h>

#define WEIR_MAX_RANK 5

struct weir_form {
    int64_t stride[WEIR_MAX_RANK];
    int blocks; /* inner blocks */
    int block_dim[WEIR_MAX_RANK];
    int64_t block_size[WEIR_MAX_RANK];
    size_t floats; /* of the whole piece, padding included */
};

/** Offset of the element at @p index, one coordinate for each of @p rank. */
size_t weir_form_at(const struct weir_form *form, int rank,
                    const int64_t index[]);

/** Row-major, no padding. */
struct weir_form weir_form_plain(int rank, const int64_t dims[]);

/** A vector, element i at i, @p padded floats long. */
struct weir_form weir_form_vector(size_t padded);

#endif
