/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PIPELINE_PLOT_H
#define WEIR_PIPELINE_PLOT_H

/**
 * @file
 * One picture, drawn by gnuplot as SVG and written into a page. gnuplot is
 * wanted at run time only, and only by reports.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct weir_axes {
    const char *title, *x, *y;
    bool log_x, log_y;
    const char *more; /* further lines of gnuplot, or NULL */
};

/** How a curve is drawn; what its z means. */
enum weir_mark {
    WEIR_MARK_LINE,
    WEIR_MARK_DASHES,
    WEIR_MARK_FAINT,  /* a grey line: what others are compared with */
    WEIR_MARK_POINTS, /* on a line */
    WEIR_MARK_DOTS,   /* z: colour, from 0 (dark) up; NULL: grey */
    WEIR_MARK_BARS,   /* steps filled down to 0 */
    WEIR_MARK_RANGE,  /* x, y and a line from low to high in x */
};

struct weir_curve {
    const char *name; /* NULL: not in the key */
    enum weir_mark mark;
    int colour; /* of a palette, from 0; goes round */
    size_t n;
    const double *x, *y, *z;
    const double *low, *high; /* WEIR_MARK_RANGE */
};

struct weir_plot;

/** Whether gnuplot can be started. */
bool weir_plot_is_possible(void);

/** @return 0 or -ENOMEM */
int weir_plot_open(const struct weir_axes *axes, struct weir_plot **out);
/** Points that are not finite, or not above 0 on a log axis, are left out. */
void weir_plot_add(struct weir_plot *p, const struct weir_curve *curve);
/**
 * Draw into @p page and free @p p. A plot without a point is not drawn.
 * @return 1 drawn; 0 nothing to draw; -ENOMEM; -WEIR_EENV gnuplot failed
 */
int weir_plot_draw(struct weir_plot *p, FILE *page);

/** @p text with what HTML would take for markup written out. */
void weir_html_text(FILE *page, const char *text);

#endif
