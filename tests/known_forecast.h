/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_TESTS_KNOWN_FORECAST_H
#define WEIR_TESTS_KNOWN_FORECAST_H

/**
 * @file
 * A surrogate that knows how wrong it is, without a network: a candidate scores
 * the square of a known function of its parameters, and its features are its
 * parameters, stretched by that function, as the outputs of a surrogate spread
 * where it is unsure. Whoever asks for what was not wanted fails.
 */
#include "tests/test.h"

#include "weir/strategy.h"

struct known_forecast {
    struct weir_forecast face;
    size_t dims;
    double (*hardness)(const double *u, size_t n);
    struct weir_forecast_request wanted;
    uint32_t scored, described; /* candidates so far */
};

static inline int known_want(struct weir_forecast *face,
                             const struct weir_forecast_request *r)
{
    ((struct known_forecast *)face)->wanted = *r;
    return 0;
}

static inline int known_score(struct weir_forecast *face, const double *u,
                              uint32_t n, double *score)
{
    struct known_forecast *f = (struct known_forecast *)face;
    assert_non_null(f->wanted.score);
    assert_true(n <= face->batch);
    for (uint32_t i = 0; i < n; i++) {
        double h = f->hardness(u + i * f->dims, f->dims);
        score[i] = h * h;
    }
    f->scored += n;
    return 0;
}

static inline int known_features(struct weir_forecast *face, const double *u,
                                 uint32_t n, float *row)
{
    struct known_forecast *f = (struct known_forecast *)face;
    assert_true(n <= face->batch);
    for (uint32_t i = 0; i < n; i++) {
        double h = f->hardness(u + i * f->dims, f->dims);
        for (uint32_t j = 0; j < f->wanted.features; j++)
            *row++ = j < f->dims ? (float)(h * u[i * f->dims + j]) : 0;
    }
    f->described += n;
    return 0;
}

static inline struct known_forecast known_forecast(
    size_t dims, double (*hardness)(const double *, size_t))
{
    return (struct known_forecast){
        .face = {16, known_want, known_score, known_features},
        .dims = dims,
        .hardness = hardness,
    };
}

#endif
