/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/report/pictures.h"

#include "base/err.h"
#include "base/heap.h"
#include "pipeline/report/plot.h"
#include "pipeline/report/steering.h"
#include "pipeline/run/telemetry.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

/* A picture has no use for more points than pixels. */
#define BINS 300

/* What a picture is made from. */
struct picture {
    const struct weir_recorded *runs;
    size_t n;
    FILE *page;
};

/* The figure round a plot. */
static int finish(struct weir_plot *plot, FILE *page, const char *caption)
{
    fprintf(page, "<figure>");
    int rc = weir_plot_draw(plot, page);
    if (rc > 0)
        fprintf(page, "<figcaption>%s</figcaption>", caption);
    fprintf(page, "</figure>\n");
    return rc < 0 ? rc : 0;
}

/* "name" or "name, what" where several curves belong to a run. */
static const char *label(char text[128], const struct weir_recorded *r,
                         size_t runs, const char *what)
{
    if (runs == 1)
        snprintf(text, 128, "%s", what);
    else
        snprintf(text, 128, "%s, %s", r->name, what);
    return text;
}

/* One column over another of the same run. */
static int add_columns(struct weir_plot *plot, const struct weir_recorded *r,
                       const char *x, const char *y, struct weir_curve curve)
{
    struct weir_series sx, sy;
    int rc = weir_recorded_series(r, x, &sx);
    if (rc == 0) {
        rc = weir_recorded_series(r, y, &sy);
        curve.n = sx.n < sy.n ? sx.n : sy.n;
        curve.x = sx.value;
        curve.y = sy.value;
        if (rc == 0)
            weir_plot_add(plot, &curve);
        free(sy.value);
    }
    free(sx.value);
    return rc;
}

static int draw_validation(const struct picture *p)
{
    static const struct {
        const char *path, *what;
        enum weir_mark mark;
    } figures[] = {
        {"validation/error_mean", "mean", WEIR_MARK_LINE},
        {"validation/error_p99", "p99", WEIR_MARK_DASHES},
        {"validation/persistence_mean", "baseline, mean", WEIR_MARK_FAINT},
    };
    struct weir_axes axes = {.title = "Validation error",
                             .x = "gradient steps",
                             .y = "nRMSE of one step",
                             .log_y = true};
    struct weir_plot *plot;
    int rc = weir_plot_open(&axes, &plot);
    if (rc)
        return rc;
    for (size_t i = 0; rc == 0 && i < p->n; i++)
        for (size_t f = 0; rc == 0 && f < 3 - (i > 0); f++) {
            char text[128];
            struct weir_curve c = {
                .name = label(text, p->runs + i, p->n, figures[f].what),
                .mark = figures[f].mark,
                .colour = (int)i};
            rc = add_columns(plot, p->runs + i, "validation/step",
                             figures[f].path, c);
        }
    int drawn = finish(plot, p->page,
                       "The error on held-out trajectories as training goes "
                       "on. The baseline predicts no change (of a steady "
                       "problem: the mean of the data).");
    return rc ? rc : drawn;
}

/* Finished simulations when each validation was made. */
static int simulations_at(const struct weir_recorded *r,
                          const struct weir_series *step, double *out)
{
    struct weir_series at, finished;
    int rc = weir_recorded_series(r, "train/step", &at);
    if (rc == 0) {
        rc = weir_recorded_series(r, "train/simulations", &finished);
        for (size_t i = 0, k = 0; rc == 0 && i < step->n; i++) {
            while (k + 1 < at.n && at.value[k + 1] <= step->value[i])
                k++;
            out[i] = at.n ? finished.value[k] : NAN;
        }
        free(finished.value);
    }
    free(at.value);
    return rc;
}

static int add_by_simulations(struct weir_plot *plot,
                              const struct weir_recorded *r, const char *column,
                              struct weir_curve curve)
{
    struct weir_series step, error = {0};
    int rc = weir_recorded_series(r, "validation/step", &step);
    rc = rc ? rc : weir_recorded_series(r, column, &error);
    double *x = weir_array(step.n ? step.n : 1, sizeof(*x));
    if (rc == 0 && !x)
        rc = WEIR_FAIL(ENOMEM, "a picture");
    rc = rc ? rc : simulations_at(r, &step, x);
    if (rc == 0) {
        curve.n = step.n;
        curve.x = x;
        curve.y = error.value;
        weir_plot_add(plot, &curve);
    }
    free(x);
    free(step.value);
    free(error.value);
    return rc;
}

static int draw_cost(const struct picture *p)
{
    struct weir_axes axes = {.title = "Error by what was simulated",
                             .x = "finished simulations",
                             .y = "validation nRMSE",
                             .log_y = true};
    struct weir_plot *plot;
    int rc = weir_plot_open(&axes, &plot);
    if (rc)
        return rc;
    for (size_t i = 0; rc == 0 && i < p->n; i++) {
        char text[128];
        struct weir_curve c = {.mark = WEIR_MARK_POINTS, .colour = (int)i};
        c.name = label(text, p->runs + i, p->n, "mean");
        rc = add_by_simulations(plot, p->runs + i, "validation/error_mean", c);
        c.mark = WEIR_MARK_DASHES;
        c.name = label(text, p->runs + i, p->n, "max");
        rc = rc ? rc
                : add_by_simulations(plot, p->runs + i, "validation/error_max",
                                     c);
    }
    int drawn = finish(plot, p->page,
                       "What a simulation buys: the same errors over the "
                       "simulations finished by then.");
    return rc ? rc : drawn;
}

/* Means of @p y in BINS equal parts of its rows. @return bins */
static size_t bin(const struct weir_series *x, const struct weir_series *y,
                  double *bx, double *by)
{
    size_t n = x->n < y->n ? x->n : y->n, bins = n < BINS ? n : BINS;
    for (size_t b = 0; b < bins; b++) {
        size_t from = b * n / bins, to = (b + 1) * n / bins;
        double sx = 0, sy = 0, seen = 0;
        for (size_t i = from; i < to; i++)
            if (isfinite(y->value[i])) {
                sx += x->value[i];
                sy += y->value[i];
                seen++;
            }
        bx[b] = seen > 0 ? sx / seen : NAN;
        by[b] = seen > 0 ? sy / seen : NAN;
    }
    return bins;
}

static int add_binned(struct weir_plot *plot, const struct weir_recorded *r,
                      const char *x, const char *y, struct weir_curve curve)
{
    double bx[BINS], by[BINS];
    struct weir_series sx, sy = {0};
    int rc = weir_recorded_series(r, x, &sx);
    rc = rc ? rc : weir_recorded_series(r, y, &sy);
    if (rc == 0) {
        curve.n = bin(&sx, &sy, bx, by);
        curve.x = bx;
        curve.y = by;
        weir_plot_add(plot, &curve);
    }
    free(sx.value);
    free(sy.value);
    return rc;
}

static int draw_loss(const struct picture *p)
{
    struct weir_axes axes = {.title = "Training loss",
                             .x = "gradient steps",
                             .y = "loss of a batch",
                             .log_y = true};
    struct weir_plot *plot;
    int rc = weir_plot_open(&axes, &plot);
    if (rc)
        return rc;
    for (size_t i = 0; rc == 0 && i < p->n; i++)
        rc = add_binned(
            plot, p->runs + i, "train/step", "train/loss",
            (struct weir_curve){.name = p->runs[i].name, .colour = (int)i});
    int drawn = finish(plot, p->page,
                       "Means of a few steps each. Where a strategy sends the "
                       "surrogate to what is hard, its training loss is "
                       "larger, and says nothing against it.");
    return rc ? rc : drawn;
}

static int draw_test(const struct picture *p)
{
    static const char *const figure[] = {"p50", "p90",    "p95",
                                         "p99", "cvar99", "max"};
    struct weir_axes axes = {
        .title = "Distribution of the test error",
        .x = "quantile",
        .y = "nRMSE of one step",
        .log_y = true,
        .more = "set xtics ('median' 0, 'p90' 1, 'p95' 2, 'p99' 3, "
                "'CVaR 0.99' 4, 'max' 5)\nset xrange [-0.3:5.3]\n"
                "set key top left"};
    struct weir_plot *plot;
    int rc = weir_plot_open(&axes, &plot);
    if (rc)
        return rc;
    for (size_t i = 0; i <= p->n; i++) {
        double x[6], y[6];
        /* The last curve is the baseline of the first run. */
        bool base = i == p->n;
        const struct weir_recorded *r = p->runs + (base ? 0 : i);
        for (int f = 0; f < 6; f++) {
            char path[64];
            snprintf(path, sizeof(path), "test/%s_%s",
                     base ? "persistence" : "error", figure[f]);
            x[f] = f;
            y[f] = weir_recorded_last(r, path);
        }
        weir_plot_add(plot,
                      &(struct weir_curve){.name = base ? "baseline" : r->name,
                                           .mark = base ? WEIR_MARK_FAINT
                                                        : WEIR_MARK_POINTS,
                                           .colour = (int)i,
                                           .n = 6,
                                           .x = x,
                                           .y = y});
    }
    return finish(plot, p->page,
                  "Over every step of every held-out trajectory, with the "
                  "best weights. The right end is what steering is for.");
}

static int draw_steering(const struct picture *p)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < p->n; i++) {
        struct weir_steering s;
        rc = weir_steering_read(p->runs + i, &s);
        if (rc > 0) {
            struct weir_plot *plot;
            rc = weir_steering_plot(&s, p->runs + i, false, &plot);
            rc = rc ? rc
                    : finish(plot, p->page,
                             "Each dot a simulation; colour: proposed early "
                             "(blue) to late (red), grey: drawn, not steered. "
                             "The two parameters steered most.");
            rc = rc ? rc : weir_steering_plot(&s, p->runs + i, true, &plot);
            rc = rc ? rc
                    : finish(plot, p->page,
                             "The same as densities along the parameter "
                             "steered most; 1 is as often as drawn evenly "
                             "over its range.");
        }
        weir_steering_free(&s);
    }
    return rc;
}

static int draw_reservoir(const struct picture *p)
{
    struct weir_axes axes = {
        .title = "Reservoir", .x = "seconds", .y = "samples"};
    struct weir_plot *plot;
    int rc = weir_plot_open(&axes, &plot);
    if (rc)
        return rc;
    for (size_t i = 0; rc == 0 && i < p->n; i++) {
        char text[128];
        struct weir_curve c = {.colour = (int)i};
        c.name = label(text, p->runs + i, p->n, "resident");
        rc = add_binned(plot, p->runs + i, "train/time", "train/resident", c);
        c.name = label(text, p->runs + i, p->n, "not trained on yet");
        c.mark = WEIR_MARK_DASHES;
        rc =
            rc ? rc
               : add_binned(plot, p->runs + i, "train/time", "train/unseen", c);
    }
    int drawn = finish(plot, p->page,
                       "What the trainer could draw from. Few samples not "
                       "trained on: it waits for solvers; many: they wait "
                       "for it.");
    return rc ? rc : drawn;
}

/* Gradient steps a second, and the part of the time spent waiting. */
static int add_speed(struct weir_plot *plot, const struct weir_recorded *r,
                     int colour)
{
    enum { PARTS = 60 };
    double x[PARTS], y[PARTS];
    struct weir_series time;
    int rc = weir_recorded_series(r, "train/time", &time);
    size_t parts = time.n / 2 < PARTS ? time.n / 2 : PARTS;
    for (size_t b = 0; rc == 0 && b < parts; b++) {
        size_t from = b * (time.n - 1) / parts;
        size_t to = (b + 1) * (time.n - 1) / parts;
        double took = time.value[to] - time.value[from];
        x[b] = (time.value[to] + time.value[from]) / 2;
        y[b] = took > 0 ? (double)(to - from) / took : NAN;
    }
    if (rc == 0)
        weir_plot_add(
            plot,
            &(struct weir_curve){
                .name = r->name, .colour = colour, .n = parts, .x = x, .y = y});
    free(time.value);
    return rc;
}

static int draw_speed(const struct picture *p)
{
    struct weir_axes axes = {.title = "Speed",
                             .x = "seconds",
                             .y = "gradient steps a second",
                             .more = "set yrange [0:*]"};
    struct weir_plot *plot;
    int rc = weir_plot_open(&axes, &plot);
    if (rc)
        return rc;
    for (size_t i = 0; rc == 0 && i < p->n; i++)
        rc = add_speed(plot, p->runs + i, (int)i);
    int drawn = finish(plot, p->page,
                       "Dips are validations, checkpoints, waits, or another "
                       "program on the machine.");
    return rc ? rc : drawn;
}

/* One row of the latency picture, from p10 to p99 around the median. */
static int add_latencies(struct weir_plot *plot, const struct weir_recorded *r,
                         double shift, int colour)
{
    double x[WEIR_METRIC_COUNT], y[WEIR_METRIC_COUNT], low[WEIR_METRIC_COUNT],
        high[WEIR_METRIC_COUNT];
    int rc = 0;
    for (int m = 0; rc == 0 && m < WEIR_METRIC_COUNT; m++) {
        struct weir_recorded_hist h;
        rc = weir_recorded_hist(r, weir_metric_name((enum weir_metric)m), &h);
        bool timed = weir_metric_class((enum weir_metric)m) != WEIR_STATS_COUNT;
        /* Nanoseconds; a wait of none still has a place on a log axis. */
        double unit = timed ? 1e-6 : NAN;
        x[m] = fmax(weir_recorded_quantile(&h, 0.5), 1) * unit;
        low[m] = fmax(weir_recorded_quantile(&h, 0.1), 1) * unit;
        high[m] = fmax(weir_recorded_quantile(&h, 0.99), 1) * unit;
        y[m] = h.total > 0 ? -m + shift : NAN;
        weir_recorded_hist_free(&h);
    }
    if (rc == 0)
        weir_plot_add(plot, &(struct weir_curve){.name = r->name,
                                                 .mark = WEIR_MARK_RANGE,
                                                 .colour = colour,
                                                 .n = WEIR_METRIC_COUNT,
                                                 .x = x,
                                                 .y = y,
                                                 .low = low,
                                                 .high = high});
    return rc;
}

static int draw_latency(const struct picture *p)
{
    char tics[2048] = "set ytics (";
    size_t at = 11;
    for (int m = 0; m < WEIR_METRIC_COUNT; m++)
        if (weir_metric_class((enum weir_metric)m) != WEIR_STATS_COUNT)
            at += (size_t)snprintf(tics + at, sizeof(tics) - at, "%s'%s' %d",
                                   m ? ", " : "",
                                   weir_metric_title((enum weir_metric)m), -m);
    snprintf(tics + at, sizeof(tics) - at,
             ")\nset yrange [%d:1]\nset key outside bottom center horizontal\n"
             "set format x '%%g'",
             -WEIR_METRIC_COUNT);
    struct weir_axes axes = {.title = "Waits and latencies",
                             .x = "ms, 10th to 99th percentile and median",
                             .y = "",
                             .log_x = true,
                             .more = tics};
    struct weir_plot *plot;
    int rc = weir_plot_open(&axes, &plot);
    if (rc)
        return rc;
    for (size_t i = 0; rc == 0 && i < p->n; i++)
        rc = add_latencies(plot, p->runs + i, -0.15 * (double)i, (int)i);
    int drawn = finish(plot, p->page,
                       "Where time went between the stages: what waits long "
                       "is not what limits the run.");
    return rc ? rc : drawn;
}

int weir_pictures_draw(const struct weir_recorded *runs, size_t n, FILE *page)
{
    static int (*const draw[])(const struct picture *) = {
        draw_validation, draw_cost,      draw_test,  draw_steering,
        draw_loss,       draw_reservoir, draw_speed, draw_latency};
    const struct picture p = {runs, n, page};
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < sizeof(draw) / sizeof(*draw); i++)
        rc = draw[i](&p);
    return rc;
}
