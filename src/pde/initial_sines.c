/* SPDX-License-Identifier: BSD-3-Clause */
#include "pde/initial.h"

#include "base/err.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int read_list(struct weir_initial *s, const char *text, int top)
{
    const char *at = text;
    for (s->terms = 0; s->terms < WEIR_MAX_SINES;) {
        char *end;
        long wave = strtol(at, &end, 10);
        if (end == at || wave < 1 || wave > top)
            return WEIR_FAIL(EINVAL,
                             "waves: '%s', expected 'random' or numbers from "
                             "1 to %d separated by commas",
                             text, top);
        s->wave[s->terms++] = (int)wave;
        if (*end == 0)
            return 0;
        at = *end == ',' ? end + 1 : "";
    }
    return WEIR_FAIL(EINVAL, "waves: '%s', expected at most %d numbers", text,
                     WEIR_MAX_SINES);
}

static int read_waves(struct weir_initial *s, const struct weir_options *opts)
{
    const char *text = weir_option_text(opts, "waves");
    int top = (int)s->cols / 2 - 1;
    s->random_waves = strcmp(text, "random") == 0;
    if (!s->random_waves)
        return read_list(s, text, top);
    s->terms = (int)weir_option_int(opts, "terms");
    s->wave_max = (int)weir_option_int(opts, "wave_max");
    if (s->wave_max > top)
        return WEIR_FAIL(EINVAL, "wave_max: %d, expected at most %d",
                         s->wave_max, top);
    return 0;
}

static int read(struct weir_initial *s, const struct weir_options *opts)
{
    int rc = read_waves(s, opts);
    if (rc < 0)
        return rc;
    s->amplitude = weir_option_real(opts, "amplitude");
    size_t n = (size_t)s->terms;
    rc = weir_initial_reserve(s, s->random_waves ? 3 * n : 2 * n);
    if (rc < 0)
        return rc;
    for (size_t j = 0; j < n; j++) {
        weir_initial_declare(s, j, "A", (int)j, -s->amplitude, s->amplitude);
        weir_initial_declare_phase(s, n + j, "phi", (int)j);
        if (s->random_waves)
            weir_initial_declare(s, 2 * n + j, "w", (int)j, 1, s->wave_max + 1);
    }
    return 0;
}

static int wave_number(const struct weir_initial *s, const double *p, int j)
{
    if (!s->random_waves)
        return s->wave[j];
    int wave = (int)floor(p[2 * s->terms + j]);
    return wave < s->wave_max ? wave : s->wave_max;
}

static void field(const struct weir_initial *s, const double *p, int channel,
                  double *out)
{
    (void)channel;
    const double *phase = p + s->terms;
    for (size_t i = 0; i < s->cols; i++) {
        double x = 2 * M_PI * (double)i / (double)s->cols, sum = 0;
        for (int j = 0; j < s->terms; j++)
            sum += p[j] * sin(wave_number(s, p, j) * x + phase[j]);
        out[i] = sum;
    }
}

const struct weir_family weir_family_sines = {"sines", read, field};
