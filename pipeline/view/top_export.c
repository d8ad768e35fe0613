/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/view/top_export.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- JSON ---- */

static void put_text(FILE *out, const char *text)
{
    fputc('"', out);
    for (const unsigned char *p = (const void *)text; *p; p++)
        if (*p == '"' || *p == '\\')
            fprintf(out, "\\%c", *p);
        else if (*p < ' ')
            fprintf(out, "\\u%04x", *p);
        else
            fputc(*p, out);
    fputc('"', out);
}

static void put_number(FILE *out, double x)
{
    if (isfinite(x))
        fprintf(out, "%.9g", x);
    else
        fputs("null", out);
}

static void put_ns(FILE *out, int64_t ns)
{
    put_number(out, ns < 0 ? NAN : (double)ns * 1e-9);
}

static void put_counters(FILE *out, const struct weir_viewer *v)
{
    const struct weir_counters *page = weir_stats_counters(v->stats);
    static const char *const kinds[] = {"total", "level", "time", "micros"};
    uint32_t n = weir_counters_count(page);
    fputs(",\"counters\":[", out);
    for (uint32_t i = 0; i < n; i++) {
        const struct weir_counter *c = &page->counter[i];
        fprintf(out, "%s{\"id\":%u,\"type\":\"%s\",\"label\":\"%s\",\"value\":",
                i ? "," : "", i, kinds[c->kind & 3], c->label);
        fprintf(out, "%" PRId64 "}", weir_counter_get(c));
    }
    fputs("]", out);
}

static void put_pace(FILE *out, const struct weir_pace *p)
{
    fprintf(out,
            ",\"rates\":{\"steps_per_s\":%.6g,\"trained_samples_per_s\":%.6g,"
            "\"solved_samples_per_s\":%.6g,\"simulations_per_s\":%.6g}",
            p->steps, p->trained, p->solved, p->simulations);
    fprintf(out, ",\"waits\":{\"trainer\":%.6g,\"lanes\":%.6g}",
            p->trainer_waits, p->lanes_wait);
}

static void put_reservoir(FILE *out, const struct weir_viewer *v)
{
    int64_t all = weir_viewer_counter(v, "reservoir.capacity");
    int64_t in = weir_viewer_counter(v, "reservoir.resident");
    int64_t unseen = weir_viewer_counter(v, "reservoir.unseen");
    int64_t empty = weir_viewer_counter(v, "reservoir.free");
    fprintf(out,
            ",\"reservoir\":{\"capacity\":%" PRId64 ",\"unseen\":%" PRId64
            ",\"seen\":%" PRId64 ",\"free\":%" PRId64 ",\"lent\":%" PRId64 "}",
            all, unseen, in - unseen, empty,
            all - in - empty > 0 ? all - in - empty : 0);
}

static void put_lanes(FILE *out, const struct weir_sight *s)
{
    fputs(",\"lanes\":[", out);
    for (uint32_t i = 0; i < s->lanes; i++) {
        const struct weir_sight_lane *l = &s->lane[i];
        fprintf(out,
                "%s{\"lane\":%u,\"state\":\"%c\",\"ready\":%u,\"free\":%u,"
                "\"samples\":%" PRIu64 ",\"busy_s\":%.6g,\"wait_s\":%.6g}",
                i ? "," : "", i, l->state, l->ready, l->free, l->samples,
                (double)l->busy_ns * 1e-9, (double)l->wait_ns * 1e-9);
    }
    fputs("]", out);
}

static void put_thread(FILE *out, const struct weir_sight_thread *t)
{
    static const char *const roles[] = {"group", "solver", "service"};
    const struct weir_stats_thread *p = t->thread;
    fprintf(out,
            "{\"name\":\"%s\",\"role\":\"%s\",\"cpu\":%d,\"cpus\":%d,"
            "\"pinned\":%s,\"node\":%d,\"package\":%d,\"l3\":%d,\"tid\":%d",
            p->name, roles[p->role % 3], p->cpu, p->cpus,
            p->pinned ? "true" : "false", p->node, p->package, p->l3,
            atomic_load_explicit(&p->tid, memory_order_relaxed)); /* E3 */
    fputs(",\"work_s\":", out);
    put_ns(out, t->work_ns);
    fputs(",\"wait_s\":", out);
    put_ns(out, t->wait_ns);
    fputs(",\"on_cpu_s\":", out);
    put_ns(out, t->cpu_ns);
    fputs(",\"queued_s\":", out);
    put_ns(out, t->queued_ns);
    fputs("}", out);
}

static void put_latency(FILE *out, const struct weir_sight_latency *l)
{
    double unit = l->kind == WEIR_STATS_COUNT ? 1 : 1e-9;
    fprintf(out,
            "{\"name\":\"%s\",\"unit\":\"%s\",\"count\":%" PRIu64
            ",\"mean\":%.9g,\"p50\":%.9g,\"p90\":%.9g,\"p99\":%.9g,"
            "\"p999\":%.9g,\"max\":%.9g}",
            l->name, l->kind == WEIR_STATS_COUNT ? "steps" : "s", l->count,
            l->mean * unit, (double)l->p50 * unit, (double)l->p90 * unit,
            (double)l->p99 * unit, (double)l->p999 * unit,
            (double)l->max * unit);
}

void weir_top_json(FILE *out, const struct weir_viewer *v,
                   const struct weir_sight *s, const struct weir_pace *pace)
{
    fputs("{\"weir\":", out);
    put_text(out, v->stats->program);
    fputs(",\"dir\":", out);
    put_text(out, v->dir);
    fputs(",\"title\":", out);
    put_text(out, v->stats->title);
    fprintf(out, ",\"pid\":%d,\"state\":\"%s\",\"ending\":", (int)v->pid,
            weir_sight_state(s));
    put_text(out, weir_sight_ending(s));
    fputs(",\"up_s\":", out);
    put_ns(out, s->up_ns);
    put_counters(out, v);
    put_pace(out, pace);
    put_reservoir(out, v);
    put_lanes(out, s);
    fputs(",\"threads\":[", out);
    for (uint32_t i = 0; i < s->threads; i++) {
        fputs(i ? "," : "", out);
        put_thread(out, &s->thread[i]);
    }
    fputs("],\"latencies\":[", out);
    for (uint32_t i = 0; i < s->latencies; i++) {
        fputs(i ? "," : "", out);
        put_latency(out, &s->latency[i]);
    }
    fputs("]}\n", out);
}

/* ---- OpenMetrics ---- */

/* What is exposed, where, and what tells this job from others of a node. */
struct exposition {
    FILE *out;
    const struct weir_sight *sight;
    char run[PATH_MAX];
};

static void put_label(FILE *out, const char *text)
{
    fputc('"', out);
    for (const char *p = text; *p; p++)
        if (*p == '\n')
            fputs("\\n", out);
        else if (*p == '"' || *p == '\\')
            fprintf(out, "\\%c", *p);
        else
            fputc(*p, out);
    fputc('"', out);
}

/* "train.step" -> "weir_train_step" */
static const char *metric_name(const char *label, char name[80])
{
    snprintf(name, 80, "weir_%s", label);
    for (char *p = name; *p; p++)
        if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789_", *p))
            *p = '_';
    return name;
}

/* "forward_ns" -> "weir_forward_seconds". @return what a nanosecond is then */
static double timed_name(const char *label, char name[80])
{
    metric_name(label, name);
    size_t n = strlen(name);
    if (n < 3 || strcmp(name + n - 3, "_ns"))
        return 1;
    snprintf(name + n - 3, 80 - n + 3, "_seconds");
    return 1e-9;
}

/* A metric's head; one in seconds says so. */
static void expose(FILE *out, const char *name, const char *type)
{
    size_t n = strlen(name);
    fprintf(out, "# TYPE %s %s\n", name, type);
    if (n > 8 && !strcmp(name + n - 8, "_seconds"))
        fprintf(out, "# UNIT %s seconds\n", name);
}

/* {run="DIR"}, with one more label where @p label is not NULL: what several
 * jobs of one node are told apart by. */
static void put_labels(const struct exposition *e, const char *label,
                       const char *value)
{
    fputs("{run=", e->out);
    put_label(e->out, e->run);
    if (label)
        fprintf(e->out, ",%s=\"%s\"", label, value);
    fputc('}', e->out);
}

static void put_sample(const struct exposition *e, const char *name,
                       const char *suffix, double value)
{
    fprintf(e->out, "%s%s", name, suffix);
    put_labels(e, NULL, NULL);
    fprintf(e->out, " %.12g\n", value);
}

static void expose_gauge(const struct exposition *e, const char *name,
                         double value)
{
    expose(e->out, name, "gauge");
    put_sample(e, name, "", value);
}

/* A time of the job's own clock tells others nothing: its age does. */
static void expose_age(const struct exposition *e, const struct weir_counter *c)
{
    char label[64], name[80];
    int64_t at = weir_counter_get(c);
    if (at == 0)
        return;
    snprintf(label, sizeof(label), "%.*s_age_seconds",
             (int)strcspn(c->label, "."), c->label);
    expose_gauge(e, metric_name(label, name),
                 (double)(e->sight->now_ns - at) * 1e-9);
}

static void expose_counter(const struct exposition *e,
                           const struct weir_counter *c)
{
    char name[80];
    bool total = c->kind == WEIR_COUNTER_TOTAL;
    double unit = timed_name(c->label, name);
    if (c->kind == WEIR_COUNTER_TIME) {
        expose_age(e, c);
        return;
    }
    if (c->kind == WEIR_COUNTER_MICROS)
        unit = 1e-6;
    expose(e->out, name, total ? "counter" : "gauge");
    put_sample(e, name, total ? "_total" : "",
               (double)weir_counter_get(c) * unit);
}

static void expose_latency(const struct exposition *e,
                           const struct weir_sight_latency *l)
{
    char name[80];
    double unit = timed_name(l->name, name);
    expose(e->out, name, "summary");
    const struct {
        const char *q;
        uint64_t value;
    } row[] = {
        {"0.5", l->p50}, {"0.9", l->p90}, {"0.99", l->p99}, {"0.999", l->p999}};
    for (size_t i = 0; l->count && i < sizeof(row) / sizeof(*row); i++) {
        fputs(name, e->out);
        put_labels(e, "quantile", row[i].q);
        fprintf(e->out, " %.9g\n", (double)row[i].value * unit);
    }
    put_sample(e, name, "_sum", l->sum * unit);
    put_sample(e, name, "_count", (double)l->count);
}

static void put_lane(const struct exposition *e, const char *name,
                     uint32_t lane, double value)
{
    char number[16];
    snprintf(number, sizeof(number), "%u", lane);
    fputs(name, e->out);
    put_labels(e, "lane", number);
    fprintf(e->out, " %.12g\n", value);
}

static void expose_lanes(const struct exposition *e)
{
    expose(e->out, "weir_lane_ready", "gauge");
    for (uint32_t i = 0; i < e->sight->lanes; i++)
        put_lane(e, "weir_lane_ready", i, e->sight->lane[i].ready);
    expose(e->out, "weir_lane_blocked_seconds", "counter");
    for (uint32_t i = 0; i < e->sight->lanes; i++)
        put_lane(e, "weir_lane_blocked_seconds_total", i,
                 (double)e->sight->lane[i].wait_ns * 1e-9);
}

void weir_top_openmetrics(FILE *out, const struct weir_viewer *v,
                          const struct weir_sight *s,
                          const struct weir_pace *pace)
{
    const struct weir_counters *page = weir_stats_counters(v->stats);
    uint32_t n = weir_counters_count(page);
    struct exposition e = {.out = out, .sight = s};
    if (!realpath(v->dir, e.run))
        snprintf(e.run, sizeof(e.run), "%s", v->dir);
    expose_gauge(&e, "weir_up", !s->ending && s->is_connected);
    expose_gauge(&e, "weir_uptime_seconds", (double)s->up_ns * 1e-9);
    for (uint32_t i = 0; i < n; i++)
        expose_counter(&e, &page->counter[i]);
    expose_gauge(&e, "weir_trainer_waits_ratio", pace->trainer_waits);
    expose_gauge(&e, "weir_lanes_wait_ratio", pace->lanes_wait);
    expose_lanes(&e);
    for (uint32_t i = 0; i < s->latencies; i++)
        expose_latency(&e, &s->latency[i]);
    fputs("# EOF\n", out);
}
