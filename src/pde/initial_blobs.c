/* SPDX-License-Identifier: BSD-3-Clause */
#include "pde/initial.h"

#include <math.h>

/* Parameters of one blob, in order. Widths and centres in boxes. */
enum { AMPLITUDE, WIDTH_X, WIDTH_Y, CORRELATION, X, Y, PER_BLOB };

static const struct {
    const char *stem;
    double low, high;
} declared[PER_BLOB] = {
    {"a", 0, 1},     {"sx", 0.0707107, 0.1}, {"sy", 0.0707107, 0.1},
    {"rho", 0, 0.1}, {"x", 0.2, 0.8},        {"y", 0.2, 0.8},
};

static int read(struct weir_initial *b, const struct weir_options *opts)
{
    b->blobs = (int)weir_option_int(opts, "blobs");
    int all = b->blobs * b->channels;
    int rc = weir_initial_reserve(b, (size_t)all * PER_BLOB);
    for (int k = 0; rc == 0 && k < all * PER_BLOB; k++)
        weir_initial_declare(b, (size_t)k, declared[k % PER_BLOB].stem,
                             k / PER_BLOB, declared[k % PER_BLOB].low,
                             declared[k % PER_BLOB].high);
    return rc;
}

/* exp(-q/2) with q the squared Mahalanobis distance */
static double gauss(const double *p, double dx, double dy)
{
    double u = dx / p[WIDTH_X], v = dy / p[WIDTH_Y], c = p[CORRELATION];
    return exp(-0.5 * (u * u - 2 * c * u * v + v * v) / (1 - c * c));
}

static double with_images(const double *p, double x, double y)
{
    double sum = 0;
    for (int i = -1; i <= 1; i++)
        for (int j = -1; j <= 1; j++)
            sum += gauss(p, x - p[X] + i, y - p[Y] + j);
    return sum;
}

static void field(const struct weir_initial *b, const double *p, int channel,
                  double *out)
{
    p += channel * b->blobs * PER_BLOB;
    bool inverted = b->channels > 1 && channel == 0;
    for (size_t i = 0; i < b->rows * b->cols; i++) {
        double x = (double)(i / b->cols) / (double)b->rows;
        double y = (double)(i % b->cols) / (double)b->cols;
        double sum = 0;
        for (int k = 0; k < b->blobs; k++)
            sum += p[k * PER_BLOB + AMPLITUDE] *
                   with_images(p + k * PER_BLOB, x, y);
        sum /= b->blobs;
        out[i] = inverted ? 1 - sum : sum;
    }
}

const struct weir_family weir_family_blobs = {"blobs", read, field};
