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

#define KNOWN_DIMS_MAX 8

struct known_forecast {
    struct weir_forecast face;
    size_t dims;
    double (*hardness)(const double *u, size_t n);
    struct weir_forecast_request wanted;
    uint32_t at_once;                    /* starts of a call, at most; 0: all */
    uint32_t started, scored, described; /* candidates so far */
};

static inline int known_want(struct weir_forecast *face,
                             const struct weir_forecast_request *r)
{
    ((struct known_forecast *)face)->wanted = *r;
    return 0;
}

/* A first frame: the coordinates, as they lie. */
static inline int known_start(struct weir_forecast *face, const double *u,
                              uint32_t n, float *first)
{
    struct known_forecast *f = (struct known_forecast *)face;
    assert_true(n > 0 && n <= face->batch);
    n = f->at_once && f->at_once < n ? f->at_once : n;
    memcpy(first, u, n * f->dims * sizeof(*u));
    f->started += n;
    return (int)n;
}

static inline void known_candidate(const struct known_forecast *f,
                                   const float *first, uint32_t i, double *u)
{
    assert_true(f->dims <= KNOWN_DIMS_MAX);
    memcpy(u, first + i * f->face.frame, f->dims * sizeof(*u));
}

static inline int known_score(struct weir_forecast *face, const float *first,
                              uint32_t n, double *score)
{
    struct known_forecast *f = (struct known_forecast *)face;
    double u[KNOWN_DIMS_MAX];
    assert_non_null(f->wanted.score);
    assert_true(n <= face->batch);
    for (uint32_t i = 0; i < n; i++) {
        known_candidate(f, first, i, u);
        double h = f->hardness(u, f->dims);
        score[i] = h * h;
    }
    f->scored += n;
    return 0;
}

static inline int known_features(struct weir_forecast *face, const float *first,
                                 uint32_t n, float *row)
{
    struct known_forecast *f = (struct known_forecast *)face;
    double u[KNOWN_DIMS_MAX];
    assert_true(n <= face->batch);
    for (uint32_t i = 0; i < n; i++) {
        known_candidate(f, first, i, u);
        double h = f->hardness(u, f->dims);
        for (uint32_t j = 0; j < f->wanted.features; j++)
            *row++ = j < f->dims ? (float)(h * u[j]) : 0;
    }
    f->described += n;
    return 0;
}

static inline struct known_forecast known_forecast(
    size_t dims, double (*hardness)(const double *, size_t))
{
    return (struct known_forecast){
        .face = {16, dims * sizeof(double) / sizeof(float), known_want,
                 known_start, known_score, known_features},
        .dims = dims,
        .hardness = hardness,
    };
}

#endif
