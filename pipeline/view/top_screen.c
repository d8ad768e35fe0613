/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/view/top_screen.h"

#include "base/heap.h"
#include "pipeline/run/pretty.h"
#include "pipeline/stages/trainer.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define BAR 40

/* Where lines go, and how many still fit. */
struct page {
    FILE *out;
    const struct weir_top_screen *screen;
    int left;
};

static void line(struct page *p, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void line(struct page *p, const char *fmt, ...)
{
    char text[512];
    va_list ap;
    if (p->left == 0)
        return;
    p->left--;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    int width = p->screen->columns > 0 ? p->screen->columns : 500;
    fprintf(p->out, "%.*s%s", width, text,
            p->screen->has_keys ? "\033[K\r\n" : "\n");
}

/* ---- the head ---- */

static const char *duration(int64_t ns, char text[24])
{
    int64_t s = ns / 1000000000;
    snprintf(text, 24, "%" PRId64 ":%02" PRId64 ":%02" PRId64, s / 3600,
             s / 60 % 60, s % 60);
    return text;
}

static void draw_state(struct page *p, const struct weir_viewer *v,
                       const struct weir_sight *s)
{
    char up[24];
    const char *state = weir_sight_state(s);
    line(p, "weir %s  %s", v->stats->program, v->stats->title);
    line(p, "%s  pid %d  up %s  %s%s%s%s", v->dir, (int)v->pid,
         duration(s->up_ns, up), state, weir_sight_ending(s)[0] ? ": " : "",
         weir_sight_ending(s), p->screen->is_paused ? "  [paused]" : "");
}

static const char *phase_of(const struct weir_viewer *v)
{
    static const char *const name[] = {
        [WEIR_PHASE_TRAIN] = "training",
        [WEIR_PHASE_PREPARE] = "simulating the validation set",
        [WEIR_PHASE_VALIDATE] = "validating",
        [WEIR_PHASE_TEST] = "testing",
        [WEIR_PHASE_STOP] = "stopping",
    };
    int64_t phase = weir_viewer_counter(v, "train.phase");
    return phase >= 0 && phase <= WEIR_PHASE_STOP ? name[phase] : "?";
}

static void draw_training(struct page *p, const struct weir_viewer *v,
                          const struct weir_pace *pace)
{
    int64_t step = weir_viewer_counter(v, "train.step");
    int64_t steps = weir_viewer_counter(v, "train.steps");
    int64_t validation = weir_viewer_counter(v, "validation.nrmse");
    char of[32] = "", eta[24] = "-", error[32] = "-";
    if (steps)
        snprintf(of, sizeof(of), "/%" PRId64, steps);
    if (steps && pace->steps > 0)
        duration((int64_t)((double)(steps - step) / pace->steps * 1e9), eta);
    if (validation)
        snprintf(error, sizeof(error), "%.3e", (double)validation * 1e-6);
    line(p,
         "training   step %" PRId64 "%s  loss %.3e  validation %s  eta %s  %s",
         step, of, (double)weir_viewer_counter(v, "train.loss") * 1e-6, error,
         eta, phase_of(v));
    line(p,
         "rates      %.1f steps/s  %.0f samples/s trained  %.0f samples/s "
         "solved  %.2f simulations/s",
         pace->steps, pace->trained, pace->solved, pace->simulations);
    if (weir_viewer_counter(v, "allocation.moves"))
        line(p,
             "cores      %" PRId64 " train, %" PRId64 " solve, after %" PRId64
             " changes",
             weir_viewer_counter(v, "allocation.groups"),
             weir_viewer_counter(v, "allocation.solver_threads"),
             weir_viewer_counter(v, "allocation.moves"));
    line(p, "waits      trainer %.0f %% for samples, lanes %.0f %% for a slot",
         100 * pace->trainer_waits, 100 * pace->lanes_wait);
}

static void draw_acquisition(struct page *p, const struct weir_viewer *v,
                             const struct weir_sight *s)
{
    int64_t saved = weir_viewer_counter(v, "checkpoint.time");
    char age[48] = "none yet", ago[32];
    if (saved)
        snprintf(age, sizeof(age), "%s ago",
                 weir_pretty_ns((double)(s->now_ns - saved), ago));
    line(p,
         "solvers    %" PRId64 "/%" PRId64 " simulations, %" PRId64
         " failed; generation %" PRId64 ", %" PRId64
         " proposals bred; checkpoint %s",
         weir_viewer_counter(v, "solver.finished"),
         weir_viewer_counter(v, "solver.budget"),
         weir_viewer_counter(v, "solver.failed"),
         weir_viewer_counter(v, "acquire.generation"),
         weir_viewer_counter(v, "acquire.bred"), age);
}

/* "####====........": unseen, seen, free; what is left is lent. */
static void draw_reservoir(struct page *p, const struct weir_viewer *v)
{
    int64_t all = weir_viewer_counter(v, "reservoir.capacity");
    int64_t in = weir_viewer_counter(v, "reservoir.resident");
    int64_t unseen = weir_viewer_counter(v, "reservoir.unseen");
    int64_t empty = weir_viewer_counter(v, "reservoir.free");
    char bar[BAR + 1];
    for (int i = 0; i < BAR; i++) {
        int64_t at = all * i / BAR;
        bar[i] = at < unseen              ? '#'
                 : at < in                ? '='
                 : at < in + empty && all ? '.'
                                          : '>';
    }
    bar[BAR] = '\0';
    line(p,
         "reservoir  [%s] %" PRId64 " slots: # unseen %" PRId64
         ", = seen %" PRId64 ", . free %" PRId64 ", > lent %" PRId64,
         bar, all, unseen, in - unseen, empty,
         all - in - empty > 0 ? all - in - empty : 0);
}

/* Every lane's letter, and how full the rings are. */
static void draw_lanes(struct page *p, const struct weir_sight *s)
{
    char letters[80];
    uint32_t shown = s->lanes < 64 ? s->lanes : 64, ready = 0, most = 0;
    for (uint32_t i = 0; i < s->lanes; i++) {
        if (i < shown)
            letters[i] = s->lane[i].state;
        ready += s->lane[i].ready;
        most = s->lane[i].ready > most ? s->lane[i].ready : most;
    }
    snprintf(letters + shown, sizeof(letters) - shown, "%s",
             s->lanes > shown ? "..." : "");
    line(p,
         "lanes      %s  (S solving, F full, I idle, . over)  in ready rings "
         "%u, fullest %u",
         letters, ready, most);
}

/* ---- threads on the topology ---- */

struct row {
    const struct weir_sight_thread *now;
    double core, work, wait, queued; /* shares of the time; < 0: not known */
};

static double part(int64_t now, int64_t before, double ns)
{
    return now < 0 || before < 0 || ns <= 0 ? -1 : (double)(now - before) / ns;
}

static void fill_row(const struct weir_sight_thread *now,
                     const struct weir_sight_thread *before, double ns,
                     struct row *r)
{
    static const struct weir_sight_thread none;
    const struct weir_sight_thread *b = before ? before : &none;
    *r = (struct row){
        .now = now,
        .core = part(now->cpu_ns, b->cpu_ns, ns),
        .queued = part(now->queued_ns, b->queued_ns, ns),
        .work = part(now->work_ns, b->work_ns, ns),
        .wait = part(now->wait_ns, b->wait_ns, ns),
    };
}

static int by_place(const void *x, const void *y)
{
    const struct weir_stats_thread *a = ((const struct row *)x)->now->thread;
    const struct weir_stats_thread *b = ((const struct row *)y)->now->thread;
    const int32_t left[] = {a->package, a->node,      a->l3,
                            a->cpu,     (int)a->role, (int)a->index};
    const int32_t right[] = {b->package, b->node,      b->l3,
                             b->cpu,     (int)b->role, (int)b->index};
    for (size_t i = 0; i < sizeof(left) / sizeof(*left); i++)
        if (left[i] != right[i])
            return left[i] < right[i] ? -1 : 1;
    return 0;
}

static int larger_first(const void *x, const void *y, double a, double b)
{
    return a == b ? by_place(x, y) : a > b ? -1 : 1;
}

static int by_core(const void *x, const void *y)
{
    return larger_first(x, y, ((const struct row *)x)->core,
                        ((const struct row *)y)->core);
}

static int by_work(const void *x, const void *y)
{
    return larger_first(x, y, ((const struct row *)x)->work,
                        ((const struct row *)y)->work);
}

static int by_wait(const void *x, const void *y)
{
    return larger_first(x, y, ((const struct row *)x)->wait,
                        ((const struct row *)y)->wait);
}

static const char *percent(double x, char text[8])
{
    if (x < 0)
        snprintf(text, 8, "-");
    else
        snprintf(text, 8, "%.0f%%", 100 * (x > 99 ? 99 : x));
    return text;
}

static void draw_thread(struct page *p, const struct row *r)
{
    const struct weir_stats_thread *t = r->now->thread;
    char core[8], work[8], wait[8], queued[8], where[24];
    if (t->pinned)
        snprintf(where, sizeof(where), "cpu %d", t->cpu);
    else
        snprintf(where, sizeof(where), "any of %d cpus", t->cpus);
    line(p, "  %-16s %-16s %4d %4d %4d %6s %6s %6s %6s", t->name, where,
         t->package, t->node, t->l3, percent(r->core, core),
         percent(r->work, work), percent(r->wait, wait),
         percent(r->queued, queued));
}

static void draw_threads(struct page *p, const struct weir_sight *s,
                         double seconds)
{
    static int (*const order[])(const void *, const void *) = {
        by_place, by_core, by_work, by_wait};
    struct row *row = weir_array(s->threads, sizeof(*row));
    if (!row)
        return;
    for (uint32_t i = 0; i < s->threads; i++)
        fill_row(&s->thread[i],
                 p->screen->before ? &p->screen->before[i] : NULL,
                 seconds * 1e9, &row[i]);
    qsort(row, s->threads, sizeof(*row),
          order[p->screen->sort % WEIR_TOP_SORTS]);
    line(p, "%-18s %-16s %4s %4s %4s %6s %6s %6s %6s", "threads", "where",
         "pack", "node", "L3", "core", "work", "wait", "queued");
    for (uint32_t i = 0; i < s->threads; i++)
        draw_thread(p, &row[i]);
    free(row);
}

/* ---- latencies ---- */

static void draw_latency(struct page *p, const struct weir_sight_latency *l)
{
    uint64_t value[] = {l->p50, l->p90, l->p99, l->p999, l->max};
    char text[5][32];
    for (int i = 0; i < 5; i++)
        if (l->kind == WEIR_STATS_COUNT)
            snprintf(text[i], 32, "%" PRIu64, value[i]);
        else
            weir_pretty_ns((double)value[i], text[i]);
    line(p, "  %-27s %9" PRIu64 " %9s %9s %9s %9s %9s", l->title, l->count,
         text[0], text[1], text[2], text[3], text[4]);
}

static void draw_latencies(struct page *p, const struct weir_sight *s)
{
    line(p, "%-29s %9s %9s %9s %9s %9s %9s", "latency", "count", "p50", "p90",
         "p99", "p99.9", "max");
    for (uint32_t i = 0; i < s->latencies; i++)
        if (s->latency[i].count)
            draw_latency(p, &s->latency[i]);
}

static void draw_keys(FILE *out, const struct weir_top_screen *screen)
{
    static const char *const sort[] = {"place", "core", "work", "wait"};
    static const char *const tables[] = {"all", "threads", "latencies"};
    fprintf(out,
            "\033[J\033[7m q quit  p pause  s sort threads (by %s)  t tables "
            "(%s) \033[0m",
            sort[screen->sort % WEIR_TOP_SORTS],
            tables[screen->tables % WEIR_TOP_TABLES]);
}

void weir_top_draw(FILE *out, const struct weir_viewer *v,
                   const struct weir_sight *s, const struct weir_pace *pace,
                   const struct weir_top_screen *screen)
{
    int rows = screen->rows > 0 ? screen->rows - screen->has_keys : -1;
    struct page p = {out, screen, rows};
    draw_state(&p, v, s);
    draw_training(&p, v, pace);
    draw_acquisition(&p, v, s);
    draw_reservoir(&p, v);
    draw_lanes(&p, s);
    if (screen->tables != WEIR_TOP_THREADS)
        draw_latencies(&p, s);
    if (screen->tables != WEIR_TOP_LATENCIES)
        draw_threads(&p, s, pace->seconds);
    if (screen->has_keys)
        draw_keys(out, screen);
}
