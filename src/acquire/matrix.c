/* SPDX-License-Identifier: BSD-3-Clause */
#include "acquire/matrix.h"

#include "nn/simd.h"

#include <string.h>

enum { ROWS = 4, COLUMNS = 2 * WEIR_LANES };

/* A tile of @p rows x 16 of the result, kept in registers. */
WEIR_INLINE void tile(size_t rows, size_t n, size_t k, struct weir_strided a,
                      const float *b, const float *bias, float *c)
{
    weir_v8 sum[ROWS][2];
    for (size_t r = 0; r < rows; r++)
        for (size_t h = 0; h < 2; h++)
            sum[r][h] =
                bias ? *(const weir_v8 *)(bias + h * WEIR_LANES) : (weir_v8){0};
    for (size_t p = 0; p < k; p++) {
        weir_v8 b0 = *(const weir_v8 *)(b + p * n);
        weir_v8 b1 = *(const weir_v8 *)(b + p * n + WEIR_LANES);
        for (size_t r = 0; r < rows; r++) {
            float x = a.at[r * a.row + p * a.column];
            sum[r][0] += x * b0;
            sum[r][1] += x * b1;
        }
    }
    for (size_t r = 0; r < rows; r++)
        for (size_t h = 0; h < 2; h++)
            *(weir_v8 *)(c + r * n + h * WEIR_LANES) = sum[r][h];
}

/* Columns that do not fill a tile. */
WEIR_INLINE void edge(size_t rows, size_t n, size_t k, struct weir_strided a,
                      const float *b, const float *bias, float *c, size_t from)
{
    for (size_t r = 0; r < rows; r++)
        for (size_t j = from; j < n; j++) {
            float sum = bias ? bias[j] : 0;
            for (size_t p = 0; p < k; p++)
                sum += a.at[r * a.row + p * a.column] * b[p * n + j];
            c[r * n + j] = sum;
        }
}

WEIR_INLINE void strip(size_t rows, size_t n, size_t k, struct weir_strided a,
                       const float *b, const float *bias, float *c)
{
    size_t j = 0;
    for (; j + COLUMNS <= n; j += COLUMNS)
        tile(rows, n, k, a, b + j, bias ? bias + j : NULL, c + j);
    edge(rows, n, k, a, b, bias, c, j);
}

WEIR_CLONES void weir_matrix_product(size_t m, size_t n, size_t k,
                                     struct weir_strided a, const float *b,
                                     const float *bias, float *c)
{
    size_t i = 0;
    for (; i + ROWS <= m; i += ROWS, a.at += ROWS * a.row)
        strip(ROWS, n, k, a, b, bias, c + i * n);
    for (; i < m; i++, a.at += a.row)
        strip(1, n, k, a, b, bias, c + i * n);
}

void weir_matrix_transpose(size_t m, size_t n, const float *a, float *out)
{
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++)
            out[j * m + i] = a[i * n + j];
}
