/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/report/plot.h"

#include "base/err.h"
#include "base/heap.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* Distinct for colour-blind eyes too (Okabe, Ito 2008). */
static const char *const palette[] = {"#0072b2", "#d55e00", "#009e73",
                                      "#cc79a7", "#56b4e9", "#e69f00"};
#define COLOURS ((int)(sizeof(palette) / sizeof(*palette)))

struct weir_plot {
    bool log_x, log_y;
    FILE *data, *list; /* axes and data blocks; what one plot command draws */
    char *data_text, *list_text;
    size_t data_size, list_size;
    int curves;
};

bool weir_plot_is_possible(void)
{
    return system("command -v gnuplot >/dev/null 2>&1") == 0;
}

static void free_plot(struct weir_plot *p)
{
    if (p->data)
        fclose(p->data);
    if (p->list)
        fclose(p->list);
    free(p->data_text);
    free(p->list_text);
    free(p);
}

/* A title stands in single quotes, which are doubled inside them. */
static void write_quoted(FILE *f, const char *text)
{
    fputc('\'', f);
    for (; *text; text++) {
        if (*text == '\'')
            fputc('\'', f);
        fputc(*text == '\n' ? ' ' : *text, f);
    }
    fputc('\'', f);
}

static void write_head(const struct weir_axes *a, FILE *f)
{
    fprintf(f, "set terminal svg size 600,370 dynamic noenhanced "
               "font 'sans-serif,12' background '#ffffff'\n"
               "set grid lc rgb '#e4e4e4'\nset border 3\nset tics nomirror\n"
               "set key top right samplen 2 width 1\n"
               "set palette defined (0 '#0072b2', 1 '#e69f00', 2 '#d55e00')\n"
               "unset colorbox\nset title ");
    write_quoted(f, a->title);
    fprintf(f, "\nset xlabel ");
    write_quoted(f, a->x);
    fprintf(f, "\nset ylabel ");
    write_quoted(f, a->y);
    fprintf(f, "\n%s%s%s\n", a->log_x ? "set logscale x\n" : "",
            a->log_y ? "set logscale y\nset format y '%.0e'\n" : "",
            a->more ? a->more : "");
}

int weir_plot_open(const struct weir_axes *axes, struct weir_plot **out)
{
    struct weir_plot *p = weir_array(1, sizeof(*p));
    if (!p)
        return WEIR_FAIL(ENOMEM, "a picture");
    p->log_x = axes->log_x;
    p->log_y = axes->log_y;
    p->data = open_memstream(&p->data_text, &p->data_size);
    p->list = open_memstream(&p->list_text, &p->list_size);
    if (!p->data || !p->list) {
        free_plot(p);
        return WEIR_FAIL(ENOMEM, "a picture");
    }
    write_head(axes, p->data);
    *out = p;
    return 0;
}

static bool shows(const struct weir_plot *p, const struct weir_curve *c,
                  size_t i)
{
    return isfinite(c->x[i]) && isfinite(c->y[i]) &&
           (!p->log_x || c->x[i] > 0) && (!p->log_y || c->y[i] > 0);
}

static size_t write_points(struct weir_plot *p, const struct weir_curve *c)
{
    size_t shown = 0;
    fprintf(p->data, "$c%d << END\n", p->curves);
    for (size_t i = 0; i < c->n; i++) {
        if (!shows(p, c, i))
            continue;
        fprintf(p->data, "%.9g %.9g", c->x[i], c->y[i]);
        if (c->mark == WEIR_MARK_RANGE)
            fprintf(p->data, " %.9g %.9g", c->low[i], c->high[i]);
        else if (c->z)
            fprintf(p->data, " %.9g", c->z[i]);
        fprintf(p->data, "\n");
        shown++;
    }
    fprintf(p->data, "END\n");
    return shown;
}

static void write_style(FILE *f, const struct weir_curve *c)
{
    const char *rgb = palette[c->colour % COLOURS];
    switch (c->mark) {
    case WEIR_MARK_LINE:
        fprintf(f, "with lines lw 2 lc rgb '%s'", rgb);
        break;
    case WEIR_MARK_DASHES:
        fprintf(f, "with lines lw 2 dt 2 lc rgb '%s'", rgb);
        break;
    case WEIR_MARK_FAINT:
        fprintf(f, "with lines lw 1 dt 3 lc rgb '#777777'");
        break;
    case WEIR_MARK_POINTS:
        fprintf(f, "with linespoints lw 2 pt 7 ps 0.5 lc rgb '%s'", rgb);
        break;
    case WEIR_MARK_DOTS:
        fprintf(f, c->z ? "using 1:2:3 with points pt 7 ps 0.35 lc palette"
                        : "with points pt 7 ps 0.35 lc rgb '#aaaaaa'");
        break;
    case WEIR_MARK_BARS:
        fprintf(f, "with fillsteps fs transparent solid 0.4 lc rgb '%s'", rgb);
        break;
    case WEIR_MARK_RANGE:
        fprintf(f, "using 1:2:3:4 with xerrorbars pt 7 ps 0.5 lw 2 lc rgb '%s'",
                rgb);
        break;
    }
}

void weir_plot_add(struct weir_plot *p, const struct weir_curve *curve)
{
    if (write_points(p, curve) == 0)
        return;
    fprintf(p->list, "%s$c%d ", p->curves ? ", " : "plot ", p->curves);
    write_style(p->list, curve);
    if (curve->name) {
        fprintf(p->list, " title ");
        write_quoted(p->list, curve->name);
    } else {
        fprintf(p->list, " notitle");
    }
    p->curves++;
}

/* The script lies in memory, where gnuplot opens it as a file. */
static int write_script(struct weir_plot *p)
{
    int fd = memfd_create("weir-plot", 0);
    FILE *f = fd < 0 ? NULL : fdopen(dup(fd), "w");
    if (!f)
        return WEIR_FAIL(WEIR_EENV, "a picture: %s", strerror(errno));
    fflush(p->data);
    fflush(p->list);
    fprintf(f, "%s%s\n", p->data_text, p->list_text);
    fclose(f);
    return fd;
}

/* What comes before <svg is for files of their own. */
static bool copy_svg(FILE *from, FILE *page)
{
    char line[4096];
    bool inside = false;
    while (fgets(line, sizeof(line), from)) {
        char *start = inside ? line : strstr(line, "<svg");
        if (start) {
            fputs(start, page);
            inside = true;
        }
    }
    return inside;
}

static int run_gnuplot(int script, FILE *page)
{
    char command[64];
    snprintf(command, sizeof(command), "exec gnuplot /proc/self/fd/%d", script);
    FILE *svg = popen(command, "r");
    if (!svg)
        return WEIR_FAIL(WEIR_EENV, "gnuplot: %s", strerror(errno));
    bool drawn = copy_svg(svg, page);
    int status = pclose(svg);
    if (drawn && status == 0)
        return 1;
    WEIR_FAIL(WEIR_EENV, "gnuplot: a picture could not be drawn");
    return weir_err_hint("its own message stands above; weir needs gnuplot 5");
}

int weir_plot_draw(struct weir_plot *p, FILE *page)
{
    int rc = 0;
    if (p->curves) {
        rc = write_script(p);
        if (rc >= 0) {
            int script = rc;
            rc = run_gnuplot(script, page);
            close(script);
        }
    }
    free_plot(p);
    return rc;
}

void weir_html_text(FILE *page, const char *text)
{
    for (; *text; text++) {
        const char *mark = *text == '<'   ? "&lt;"
                           : *text == '>' ? "&gt;"
                           : *text == '&' ? "&amp;"
                           : *text == '"' ? "&quot;"
                                          : NULL;
        if (mark)
            fputs(mark, page);
        else
            fputc(*text, page);
    }
}
