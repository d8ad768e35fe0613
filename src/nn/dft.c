/* SPDX-License-Identifier: BSD-3-Clause */
#include "nn/dft.h"

#include "base/err.h"
#include "base/heap.h"
#include "nn/dnnl.h"
#include "nn/simd.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double TAU = 6.283185307179586476925;

/* Rows cos(theta) for every mode, then -sin(theta); theta = TAU k n / N. Modes
 * from @p positive on are negative wavenumbers. */
static float *waves(int modes, int positive, int points)
{
    float *m = weir_array(2 * (size_t)modes * (size_t)points, sizeof(*m));
    for (int r = 0; m && r < modes; r++) {
        int k = r < positive ? r : r - modes;
        for (int n = 0; n < points; n++) {
            double theta = TAU * (double)((int64_t)k * n % points) / points;
            m[(size_t)r * (size_t)points + (size_t)n] = (float)cos(theta);
            m[(size_t)(modes + r) * (size_t)points + (size_t)n] =
                (float)-sin(theta);
        }
    }
    return m;
}

int weir_dft_create(const struct weir_layout *l, int modes,
                    struct weir_dft *dft)
{
    *dft = (struct weir_dft){
        .batch = l->batch,
        .rows = l->rows,
        .points = l->points,
        .modes = modes,
        .high = l->rows > 1 ? 2 * modes : 1,
        .along = waves(modes, modes, l->points),
    };
    if (l->rows > 1)
        dft->across = waves(2 * modes, modes, l->rows);
    if (!dft->along || (l->rows > 1 && !dft->across)) {
        weir_dft_free(dft);
        return WEIR_FAIL(ENOMEM, "Fourier matrices of %d modes", modes);
    }
    return 0;
}

void weir_dft_free(struct weir_dft *dft)
{
    free(dft->along);
    free(dft->across);
    dft->along = dft->across = NULL;
}

float weir_dft_share(const struct weir_dft *dft, int mode)
{
    int k = mode % dft->modes;
    double times = k == 0 || 2 * k == dft->points ? 1 : 2;
    return (float)(times / ((double)dft->rows * dft->points));
}

size_t weir_dft_floats(const struct weir_dft *dft, int width)
{
    return 2 * (size_t)weir_dft_modes(dft) * (size_t)dft->batch * (size_t)width;
}

/* Of one sample, once transformed along points: (rows, 2 modes, channels). */
static size_t half_way(const struct weir_dft *dft, int channels)
{
    return (size_t)dft->rows * 2 * (size_t)dft->modes * (size_t)channels;
}

/* Of one sample, products with both cosines and sines across rows. */
static size_t products(const struct weir_dft *dft, int channels)
{
    return 2 * (size_t)dft->high * 2 * (size_t)dft->modes * (size_t)channels;
}

size_t weir_dft_work(const struct weir_dft *dft, int channels)
{
    return dft->across ? half_way(dft, channels) + products(dft, channels) : 0;
}

/* ---- 1D ---- */

static int analyse_line(const struct weir_dft *dft, int channels, int width,
                        const float *x, float *spectrum)
{
    size_t frame = (size_t)dft->points * (size_t)channels;
    struct weir_matrix waves = {dft->along, dft->points, false};
    int rc = 0;
    for (int b = 0; b < dft->batch && !rc; b++) {
        struct weir_matrix field = {x + (size_t)b * frame, channels, false};
        rc =
            weir_gemm(2 * dft->modes, channels, dft->points, waves, field, 0.0F,
                      spectrum + (size_t)b * (size_t)width, dft->batch * width);
    }
    return rc;
}

static int synthesise_line(const struct weir_dft *dft, int channels, int width,
                           const float *spectrum, float *x)
{
    size_t frame = (size_t)dft->points * (size_t)channels;
    struct weir_matrix waves = {dft->along, dft->points, true};
    int rc = 0;
    for (int b = 0; b < dft->batch && !rc; b++) {
        struct weir_matrix s = {spectrum + (size_t)b * (size_t)width,
                                dft->batch * width, false};
        rc = weir_gemm(dft->points, channels, 2 * dft->modes, waves, s, 1.0F,
                       x + (size_t)b * frame, channels);
    }
    return rc;
}

/* ---- 2D ---- */

/* Where a mode of a sample is in a spectrum. */
static size_t at(const struct weir_dft *dft, int width, int part, int k1,
                 int k2, int b)
{
    size_t mode = (size_t)part * (size_t)weir_dft_modes(dft) +
                  (size_t)(k1 * dft->modes + k2);
    return (mode * (size_t)dft->batch + (size_t)b) * (size_t)width;
}

/* Products are [cosine, -sine][k1][real, imaginary][k2][channel]:
 *     Re X = cos Re - (-sin) Im,    Im X = cos Im + (-sin) Re */
WEIR_CLONES
static void combine(const struct weir_dft *dft, int channels, int width, int b,
                    const float *p, float *spectrum)
{
    size_t n = (size_t)channels, part = (size_t)dft->modes * n;
    size_t sines = products(dft, channels) / 2;
    for (int k1 = 0; k1 < dft->high; k1++)
        for (int k2 = 0; k2 < dft->modes; k2++, p += n) {
            float *restrict re = spectrum + at(dft, width, 0, k1, k2, b);
            float *restrict im = spectrum + at(dft, width, 1, k1, k2, b);
            for (size_t c = 0; c < n; c++) {
                re[c] = p[c] - p[sines + part + c];
                im[c] = p[part + c] + p[sines + c];
            }
            if (k2 + 1 == dft->modes)
                p += part;
        }
}

/* The adjoint. */
WEIR_CLONES
static void separate(const struct weir_dft *dft, int channels, int width, int b,
                     const float *spectrum, float *p)
{
    size_t n = (size_t)channels, part = (size_t)dft->modes * n;
    size_t sines = products(dft, channels) / 2;
    for (int k1 = 0; k1 < dft->high; k1++)
        for (int k2 = 0; k2 < dft->modes; k2++, p += n) {
            const float *restrict re = spectrum + at(dft, width, 0, k1, k2, b);
            const float *restrict im = spectrum + at(dft, width, 1, k1, k2, b);
            for (size_t c = 0; c < n; c++) {
                p[c] = re[c];
                p[part + c] = im[c];
                p[sines + c] = im[c];
                p[sines + part + c] = -re[c];
            }
            if (k2 + 1 == dft->modes)
                p += part;
        }
}

static int analyse_sample(const struct weir_dft *dft, int channels,
                          const float *x, float *half, float *product)
{
    int row = 2 * dft->modes * channels, rc = 0;
    struct weir_matrix waves = {dft->along, dft->points, false};
    struct weir_matrix high = {dft->across, dft->rows, false};
    for (int i = 0; i < dft->rows && !rc; i++) {
        struct weir_matrix field = {x + (size_t)i * (size_t)dft->points *
                                            (size_t)channels,
                                    channels, false};
        rc = weir_gemm(2 * dft->modes, channels, dft->points, waves, field,
                       0.0F, half + (size_t)i * (size_t)row, channels);
    }
    struct weir_matrix h = {half, row, false};
    return rc ? rc
              : weir_gemm(2 * dft->high, row, dft->rows, high, h, 0.0F, product,
                          row);
}

static int synthesise_sample(const struct weir_dft *dft, int channels,
                             const float *product, float *half, float *x)
{
    int row = 2 * dft->modes * channels;
    struct weir_matrix waves = {dft->along, dft->points, true};
    struct weir_matrix high = {dft->across, dft->rows, true};
    struct weir_matrix p = {product, row, false};
    int rc = weir_gemm(dft->rows, row, 2 * dft->high, high, p, 0.0F, half, row);
    for (int i = 0; i < dft->rows && !rc; i++) {
        struct weir_matrix h = {half + (size_t)i * (size_t)row, channels,
                                false};
        rc = weir_gemm(dft->points, channels, 2 * dft->modes, waves, h, 1.0F,
                       x + (size_t)i * (size_t)dft->points * (size_t)channels,
                       channels);
    }
    return rc;
}

/* ---- either ---- */

static size_t frame_floats(const struct weir_dft *dft, int channels)
{
    return (size_t)dft->rows * (size_t)dft->points * (size_t)channels;
}

int weir_dft_analyse(const struct weir_dft *dft, int channels, int width,
                     const float *x, float *spectrum, float *work)
{
    float *product = work + half_way(dft, channels);
    int rc = 0;
    if (!dft->across)
        return analyse_line(dft, channels, width, x, spectrum);
    for (int b = 0; b < dft->batch && !rc; b++) {
        rc = analyse_sample(dft, channels,
                            x + (size_t)b * frame_floats(dft, channels), work,
                            product);
        combine(dft, channels, width, b, product, spectrum);
    }
    return rc;
}

int weir_dft_synthesise(const struct weir_dft *dft, int channels, int width,
                        const float *spectrum, float *x, float *work)
{
    float *product = work + half_way(dft, channels);
    int rc = 0;
    if (!dft->across)
        return synthesise_line(dft, channels, width, spectrum, x);
    for (int b = 0; b < dft->batch && !rc; b++) {
        separate(dft, channels, width, b, spectrum, product);
        rc = synthesise_sample(dft, channels, product, work,
                               x + (size_t)b * frame_floats(dft, channels));
    }
    return rc;
}
