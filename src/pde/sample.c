/* SPDX-License-Identifier: BSD-3-Clause */
#include "pde/sample.h"

#include "base/err.h"

#include <math.h>
#include <string.h>

static int find(const char *word, size_t length, const char *const *names,
                size_t n, size_t *index)
{
    for (size_t i = 0; i < n; i++) {
        if (strlen(names[i]) == length && !memcmp(names[i], word, length)) {
            *index = i;
            return 0;
        }
    }
    return WEIR_FAIL(EINVAL, "sample: '%.*s' is no coefficient of this solver",
                     (int)length, word);
}

int weir_samples_read(const char *text, const char *const *names, size_t n,
                      struct weir_samples *out)
{
    for (out->n = 0; *text; out->n++) {
        size_t length = strcspn(text, ","), index = 0;
        int rc = find(text, length, names, n, &index);
        if (rc < 0)
            return rc;
        for (size_t i = 0; i < out->n; i++)
            if (out->index[i] == index)
                return WEIR_FAIL(EINVAL, "sample: '%s' twice", names[index]);
        if (out->n == WEIR_MAX_SAMPLES)
            return WEIR_FAIL(EINVAL, "sample: expected at most %d names",
                             WEIR_MAX_SAMPLES);
        out->index[out->n] = index;
        text += length + (text[length] == ',');
    }
    return 0;
}

int weir_samples_declare(const struct weir_samples *samples,
                         const char *const *names, const double *values,
                         struct weir_parameter *out)
{
    for (size_t i = 0; i < samples->n; i++) {
        const char *name = names[samples->index[i]];
        double value = values[samples->index[i]];
        if (value == 0)
            return WEIR_FAIL(EINVAL,
                             "sample: '%s' is 0, expected the middle of the "
                             "range to sample",
                             name);
        out[i] = (struct weir_parameter){.name = name,
                                         .low = fmin(0.5 * value, 1.5 * value),
                                         .high = fmax(0.5 * value, 1.5 * value),
                                         .coefficient = true};
    }
    return 0;
}

void weir_samples_apply(const struct weir_samples *samples,
                        const double *sampled, double *values)
{
    for (size_t i = 0; i < samples->n; i++)
        values[samples->index[i]] = sampled[i];
}
