/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/report/page.h"

#include "pipeline/report/pictures.h"
#include "pipeline/report/plot.h"
#include "pipeline/view/summary.h"

#include <math.h>
#include <string.h>

static const char style[] =
    "body{font:15px/1.5 system-ui,sans-serif;color:#222;max-width:1260px;"
    "margin:2em auto;padding:0 1em}\n"
    "h1{font-size:1.5em}h2{font-size:1.15em;margin-top:2em}\n"
    "table{border-collapse:collapse}"
    "th,td{padding:.25em .9em;text-align:right;border-bottom:1px solid #e4e4e4}"
    "th:first-child,td:first-child{text-align:left}\n"
    "td.text{text-align:left}small{color:#777}\n"
    ".pictures{display:grid;gap:1em;"
    "grid-template-columns:repeat(auto-fill,minmax(30em,1fr))}\n"
    "figure{margin:0}svg{width:100%;height:auto}"
    "figcaption{color:#555;font-size:.9em}\n";

static void write_head(const struct weir_recorded *runs, size_t n, FILE *page)
{
    fprintf(page, "<!doctype html>\n<html lang=\"en\"><head><meta "
                  "charset=\"utf-8\">\n<meta name=\"viewport\" "
                  "content=\"width=device-width\">\n<title>Weir:");
    for (size_t i = 0; i < n; i++) {
        fprintf(page, "%s ", i ? "," : "");
        weir_html_text(page, runs[i].name);
    }
    fprintf(page, "</title>\n<style>%s</style></head><body>\n<h1>", style);
    for (size_t i = 0; i < n; i++) {
        fprintf(page, "%s", i ? ", " : "");
        weir_html_text(page, runs[i].name);
    }
    fprintf(page, "</h1>\n<p>");
    weir_html_text(page, weir_recorded_text(runs, "equation"));
    fprintf(page, "</p>\n");
}

/* ---- what came out ---- */

struct figure {
    const char *title, *path;
    bool error; /* compared with the first run */
};

static const struct figure figures[] = {
    {"last gradient step", "train/step", false},
    {"simulations", "train/simulations", false},
    {"seconds", "train/time", false},
    {"test error, mean", "test/error_mean", true},
    {"test error, p99", "test/error_p99", true},
    {"test error, max", "test/error_max", true},
    {"test error, CVaR 0.99", "test/error_cvar99", true},
    {"test error, worst trajectory", "test/error_worst_trajectory", true},
    {"rollout, median", "test/rollout_median", true},
    {"rollouts failed", "test/rollout_failures", false},
};
#define FIGURES (sizeof(figures) / sizeof(*figures))

static void write_ending(const struct weir_recorded *r, FILE *page)
{
    int status = weir_runfile_reader_status(r->file);
    weir_html_text(page, status ? weir_ending_text((enum weir_ending)status)
                                : "being written, or its writer was killed");
}

static void write_figure(const struct figure *f, const struct weir_recorded *r,
                         const struct weir_recorded *first, FILE *page)
{
    double value = weir_recorded_last(r, f->path);
    double ratio = weir_recorded_last(first, f->path) / value;
    fprintf(page, "<td>");
    if (!isfinite(value))
        fprintf(page, "&ndash;");
    else
        fprintf(page, f->error ? "%.3e" : "%.6g", value);
    if (f->error && r != first && isfinite(ratio))
        fprintf(page, " <small>%.2fx</small>", ratio);
    fprintf(page, "</td>");
}

static void write_names(const struct weir_recorded *runs, size_t n,
                        const char *corner, FILE *page)
{
    fprintf(page, "<tr><th>%s</th>", corner);
    for (size_t i = 0; i < n; i++) {
        fprintf(page, "<th>");
        weir_html_text(page, runs[i].name);
        fprintf(page, "</th>");
    }
    fprintf(page, "</tr>\n");
}

static void write_results(const struct weir_recorded *runs, size_t n,
                          FILE *page)
{
    fprintf(page, "<h2>What came out</h2>\n<table>");
    write_names(runs, n, "", page);
    for (size_t f = 0; f < FIGURES; f++) {
        fprintf(page, "<tr><td>%s</td>", figures[f].title);
        for (size_t i = 0; i < n; i++)
            write_figure(figures + f, runs + i, runs, page);
        fprintf(page, "</tr>\n");
    }
    fprintf(page, "<tr><td>ended</td>");
    for (size_t i = 0; i < n; i++) {
        fprintf(page, "<td class=\"text\">");
        write_ending(runs + i, page);
        fprintf(page, "</td>");
    }
    fprintf(page, "</tr></table>\n<p><small>Errors are nRMSE of one step on "
                  "held-out trajectories, unless they say rollout.");
    if (n > 1)
        fprintf(page, " A ratio is the first run's error over this one's: "
                      "above 1 is better.");
    fprintf(page, "</small></p>\n");
}

/* ---- what differs ---- */

static int write_difference(void *ctx, const struct weir_config_difference *d)
{
    FILE *page = ctx;
    const char *value[2] = {d->was ? d->was : "", d->now ? d->now : ""};
    fprintf(page, "<tr><td>%s</td>", d->key);
    for (int i = 0; i < 2; i++) {
        fprintf(page, "<td class=\"text\">");
        weir_html_text(page, value[i]);
        fprintf(page, "</td>");
    }
    fprintf(page, "</tr>\n");
    return 0;
}

static void write_differences(const struct weir_recorded *runs, size_t n,
                              FILE *page)
{
    for (size_t i = 1; i < n; i++) {
        if (!runs[0].config || !runs[i].config)
            continue;
        fprintf(page, "<h2>What ");
        weir_html_text(page, runs[i].name);
        fprintf(page, " was told otherwise</h2>\n<table>");
        const struct weir_recorded pair[2] = {runs[0], runs[i]};
        write_names(pair, 2, "key", page);
        weir_config_compare(runs[0].config, runs[i].config, write_difference,
                            page);
        fprintf(page, "</table>\n");
    }
}

/* ---- where it comes from ---- */

static void write_origins(const struct weir_recorded *runs, size_t n,
                          FILE *page)
{
    static const char *const keys[] = {"weir.version", "weir.build",
                                       "weir.engine",  "weir.isa",
                                       "host",         "weir.lineage"};
    fprintf(page, "<h2>Where it comes from</h2>\n<table>\n");
    for (size_t k = 0; k < sizeof(keys) / sizeof(*keys); k++) {
        fprintf(page, "<tr><td>%s</td>", keys[k]);
        for (size_t i = 0; i < n; i++) {
            fprintf(page, "<td class=\"text\">");
            weir_html_text(page, weir_recorded_text(runs + i, keys[k]));
            fprintf(page, "</td>");
        }
        fprintf(page, "</tr>\n");
    }
    fprintf(page, "</table>\n");
    for (size_t i = 0; i < n; i++) {
        fprintf(page, "<details><summary>Configuration of ");
        weir_html_text(page, runs[i].name);
        fprintf(page, "</summary><pre>");
        weir_html_text(page, weir_recorded_text(runs + i, "config"));
        fprintf(page, "</pre></details>\n");
    }
}

int weir_page_write(const struct weir_recorded *runs, size_t n, bool pictures,
                    FILE *page)
{
    int rc = 0;
    write_head(runs, n, page);
    write_results(runs, n, page);
    write_differences(runs, n, page);
    fprintf(page, "<h2>Pictures</h2>\n<div class=\"pictures\">\n");
    if (pictures)
        rc = weir_pictures_draw(runs, n, page);
    else
        fprintf(page, "<p>gnuplot was not there to draw them.</p>\n");
    fprintf(page, "</div>\n");
    write_origins(runs, n, page);
    fprintf(page, "</body></html>\n");
    return rc;
}
