/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PDE_INITIAL_H
#define WEIR_PDE_INITIAL_H

/**
 * @file
 * Families of initial conditions: from a few sampled parameters to a field on
 * the grid x_i = i L / N. Positions and widths are fractions of the box, so a
 * family does not know L.
 *
 *   sines    u = sum_j A_j sin(2 pi w_j x / L + phi_j), 1D. The wave numbers
 *            are a list, or sampled: w_j = floor of a number in
 *            [1, wave_max + 1). Parameters A_0.., phi_0.., (w_0..); A in
 *            [-amplitude, amplitude].
 *   fourier  2D, truncated Fourier series with a taper: parameters cutoff in
 *            [2, cutoff_max], taper in [1, 10], then an amplitude in [-1, 1]
 *            and a phase for every wave vector 0 <= n_y <= cutoff_max,
 *            |n_x| <= cutoff_max. The field is the real part of
 *            sum a e^(i phi) e^(-(|n| / cutoff)^taper) e^(2 pi i n.x / L) over
 *            |n_x|, n_y <= floor(cutoff), n_y > 0 counting twice; parameters
 *            of other wave vectors have no effect. With cutoff_max 8 these are
 *            the 308 parameters of the OGAS study.
 *   blobs    2D, per channel a mean of Gaussian blobs: amplitude, two widths,
 *            correlation and centre each. Channel 0 of several is 1 - field.
 *            Neighbouring images are added, so that the field is periodic. 8
 *            blobs in 2 channels are the 96 parameters of the OGAS study.
 */
#include "weir/option.h"
#include "weir/space.h"

/** A sum of more sines than this has other problems. */
#define WEIR_MAX_SINES 16

/* clang-format off */
/** Options of a one-dimensional solver; arguments are defaults. */
#define WEIR_INITIAL_1D(waves, terms, wave_max, amplitude) \
    {"waves", WEIR_OPTION_TEXT, waves, 0, 0, NULL, NULL, \
     "wave numbers of the initial sines, or 'random'"}, \
    {"terms", WEIR_OPTION_INT, terms, 1, WEIR_MAX_SINES, NULL, NULL, \
     "number of sines when their waves are random"}, \
    {"wave_max", WEIR_OPTION_INT, wave_max, 1, 1024, NULL, NULL, \
     "largest random wave number"}, \
    {"amplitude", WEIR_OPTION_REAL, amplitude, 1e-6, 1e6, NULL, NULL, \
     "sampled amplitudes reach from minus to plus this"}, \
    {"normalise", WEIR_OPTION_BOOL, "false", 0, 0, NULL, NULL, \
     "scale the initial field to max|u| = 1"}
/** Options of a two-dimensional solver; @p family is the default. */
#define WEIR_INITIAL_2D(family, normalise) \
    {"initial", WEIR_OPTION_CHOICE, family, 0, 0, "fourier|blobs", NULL, \
     "family of initial fields"}, \
    {"cutoff_max", WEIR_OPTION_INT, "8", 3, 256, NULL, NULL, \
     "largest wave number of a Fourier initial field"}, \
    {"blobs", WEIR_OPTION_INT, "8", 1, 256, NULL, NULL, \
     "Gaussian blobs per channel"}, \
    {"normalise", WEIR_OPTION_BOOL, normalise, 0, 0, NULL, NULL, \
     "scale the initial field to max|u| = 1"}
/* clang-format on */

struct weir_initial;

/** One family. The functions see an initial whose sizes are set. */
struct weir_family {
    const char *name;
    /** Read options, declare parameters. @return 0, -EINVAL or -ENOMEM */
    int (*read)(struct weir_initial *initial, const struct weir_options *opts);
    /** One channel's field, rows x cols doubles. */
    void (*field)(const struct weir_initial *initial, const double *parameters,
                  int channel, double *field);
};

extern const struct weir_family weir_family_sines;
extern const struct weir_family weir_family_fourier;
extern const struct weir_family weir_family_blobs;

struct weir_initial {
    const struct weir_family *family;
    int channels;
    size_t rows, cols; /* rows is 1 in one dimension */
    bool normalise;
    struct weir_space space; /* what the family samples */
    /* Settings of the families. */
    int terms, wave_max, wave[WEIR_MAX_SINES];
    bool random_waves;
    double amplitude;
    int cutoff_max;
    int blobs;
    /* Memory behind `space`. */
    struct weir_parameter *parameter;
    char (*name)[24];
};

/**
 * Read the options of @p family; NULL: the sines in one dimension, what the
 * option `initial` says in two. Free the result in either case.
 * @return 0, -ENOMEM, or -EINVAL for waves or a cutoff the grid cannot carry
 */
int weir_initial_read(const struct weir_options *opts,
                      const struct weir_family *family, int dims, int channels,
                      int points, struct weir_initial *initial);
void weir_initial_free(struct weir_initial *initial);

/** The field of one channel, scaled when `normalise` says so. */
void weir_initial_field(const struct weir_initial *initial,
                        const double *parameters, int channel, double *field);

/** For families: make room for @p n parameters. @return 0 or -ENOMEM */
int weir_initial_reserve(struct weir_initial *initial, size_t n);
/** For families: declare parameter @p i, named "<stem><number>" or "<stem>". */
void weir_initial_declare(struct weir_initial *initial, size_t i,
                          const char *stem, int number, double low,
                          double high);
/** For families: the same for a phase, which wraps at 2 pi. */
void weir_initial_declare_phase(struct weir_initial *initial, size_t i,
                                const char *stem, int number);

#endif
