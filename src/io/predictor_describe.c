/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/predictor.h"

#include "base/err.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int list_options(const struct weir_options *o, char **out)
{
    size_t size;
    FILE *f = open_memstream(out, &size);
    if (!f)
        return WEIR_FAIL(ENOMEM, "checkpoint");
    for (size_t i = 0; i < o->n; i++)
        fprintf(f, "%s=%s\n", o->declared[i].name, o->value[i].text);
    return fclose(f) ? WEIR_FAIL(ENOMEM, "checkpoint") : 0;
}

static int list_fields(const struct weir_solver_info *info, char **out)
{
    size_t size;
    FILE *f = open_memstream(out, &size);
    if (!f)
        return WEIR_FAIL(ENOMEM, "checkpoint");
    for (int c = 0; c < info->shape.channels; c++)
        fprintf(f, "%s\n", info->field[c]);
    return fclose(f) ? WEIR_FAIL(ENOMEM, "checkpoint") : 0;
}

/* A line for each number: its name, range and axis; nothing of states. */
static int list_inputs(const struct weir_inputs *in, char **out)
{
    size_t size;
    FILE *f = open_memstream(out, &size);
    if (!f)
        return WEIR_FAIL(ENOMEM, "checkpoint");
    for (size_t j = 0; in && j < in->space->n; j++) {
        const struct weir_parameter *p = &in->space->parameter[j];
        fprintf(f, "%s %.17g %.17g %s\n", p->name, p->low, p->high,
                p->wraps                   ? "wraps"
                : p->axis == WEIR_AXIS_LOG ? "log"
                                           : "linear");
    }
    if (in)
        fprintf(f, "time 0 %.17g linear\n", in->end);
    return fclose(f) ? WEIR_FAIL(ENOMEM, "checkpoint") : 0;
}

static void name_shape(const struct weir_shape *s, char *out, size_t size)
{
    int at = snprintf(out, size, "%d", s->channels);
    for (int d = 0; d < s->dims; d++)
        at += snprintf(out + at, size - (size_t)at, "x%d", s->n[d]);
}

static void write_jet(const struct weir_residual *r, char *out, size_t size)
{
    if (!r)
        return;
    const struct weir_jet *j = &r->jet;
    int at = snprintf(out, size, "%d %d", j->features, j->coordinates);
    for (int k = 0; k < j->seconds; k++)
        at += snprintf(out + at, size - (size_t)at, " %d:%d", j->second[k][0],
                       j->second[k][1]);
}

int weir_predictor_describe(const struct weir_options *options,
                            const struct weir_solver_info *info, bool residual,
                            bool evidential, int members,
                            const struct weir_inputs *inputs,
                            struct weir_predictor_description *d,
                            struct weir_text *text)
{
    *d = (struct weir_predictor_description){0};
    int rc = list_options(options, &d->options);
    rc = rc ? rc : list_fields(info, &d->fields);
    rc = rc ? rc : list_inputs(inputs, &d->inputs);
    if (rc)
        return rc;
    name_shape(&info->shape, d->shape, sizeof(d->shape));
    snprintf(d->dt, sizeof(d->dt), "%.17g", info->dt);
    snprintf(d->given, sizeof(d->given), "%d", info->given);
    snprintf(d->members, sizeof(d->members), "%d", members);
    text[0] = (struct weir_text){"weir.options", d->options};
    text[1] = (struct weir_text){"weir.shape", d->shape};
    text[2] = (struct weir_text){"weir.fields", d->fields};
    text[3] = (struct weir_text){"weir.dt", d->dt};
    text[4] = (struct weir_text){
        "weir.prediction", residual && !info->given ? "residual" : "direct"};
    text[5] = (struct weir_text){"weir.members", d->members};
    text[6] = (struct weir_text){"weir.given", d->given};
    write_jet(info->residual, d->jet, sizeof(d->jet));
    text[7] = (struct weir_text){"weir.jet", d->jet};
    text[8] = (struct weir_text){"weir.evidential", evidential ? "1" : "0"};
    text[9] = (struct weir_text){"weir.inputs", d->inputs};
    return 0;
}

void weir_predictor_description_free(struct weir_predictor_description *d)
{
    free(d->options);
    free(d->fields);
    free(d->inputs);
    *d = (struct weir_predictor_description){0};
}
