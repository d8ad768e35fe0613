/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/view/top_export.h"

#include <inttypes.h>
#include <math.h>
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

static double value_of(const struct weir_counter *c)
{
    double raw = (double)weir_counter_get(c);
    return c->kind == WEIR_COUNTER_MICROS ? raw * 1e-6 : raw;
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

/* "train.step" -> "weir_train_step" */
static const char *metric_name(const char *label, char name[80])
{
    snprintf(name, 80, "weir_%s", label);
    for (char *p = name; *p; p++)
        if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789_", *p))
            *p = '_';
    return name;
}

static void expose_counter(FILE *out, const struct weir_counter *c)
{
    char name[80];
    bool total = c->kind == WEIR_COUNTER_TOTAL;
    metric_name(c->label, name);
    fprintf(out, "# TYPE %s %s\n%s%s %.17g\n", name,
            total ? "counter" : "gauge", name, total ? "_total" : "",
            value_of(c));
}

static void expose_latency(FILE *out, const struct weir_sight_latency *l)
{
    char name[80];
    double unit = l->kind == WEIR_STATS_COUNT ? 1 : 1e-9;
    metric_name(l->name, name);
    size_t n = strlen(name);
    bool is_time = n > 3 && !strcmp(name + n - 3, "_ns");
    if (is_time)
        snprintf(name + n - 3, sizeof(name) - n + 3, "_seconds");
    fprintf(out, "# TYPE %s summary\n", name);
    if (is_time)
        fprintf(out, "# UNIT %s seconds\n", name);
    const struct {
        const char *q;
        uint64_t value;
    } row[] = {
        {"0.5", l->p50}, {"0.9", l->p90}, {"0.99", l->p99}, {"0.999", l->p999}};
    for (size_t i = 0; l->count && i < sizeof(row) / sizeof(*row); i++)
        fprintf(out, "%s{quantile=\"%s\"} %.9g\n", name, row[i].q,
                (double)row[i].value * unit);
    fprintf(out, "%s_sum %.9g\n%s_count %" PRIu64 "\n", name, l->sum * unit,
            name, l->count);
}

static void expose_lanes(FILE *out, const struct weir_sight *s)
{
    fputs("# TYPE weir_lane_ready gauge\n", out);
    for (uint32_t i = 0; i < s->lanes; i++)
        fprintf(out, "weir_lane_ready{lane=\"%u\"} %u\n", i, s->lane[i].ready);
    fputs("# TYPE weir_lane_blocked_seconds counter\n", out);
    for (uint32_t i = 0; i < s->lanes; i++)
        fprintf(out, "weir_lane_blocked_seconds_total{lane=\"%u\"} %.9g\n", i,
                (double)s->lane[i].wait_ns * 1e-9);
}

void weir_top_openmetrics(FILE *out, const struct weir_viewer *v,
                          const struct weir_sight *s,
                          const struct weir_pace *pace)
{
    const struct weir_counters *page = weir_stats_counters(v->stats);
    uint32_t n = weir_counters_count(page);
    fprintf(out, "# TYPE weir_up gauge\nweir_up %d\n",
            !s->ending && s->is_connected);
    fprintf(out,
            "# TYPE weir_uptime_seconds gauge\n# UNIT weir_uptime_seconds "
            "seconds\nweir_uptime_seconds %.9g\n",
            (double)s->up_ns * 1e-9);
    for (uint32_t i = 0; i < n; i++)
        expose_counter(out, &page->counter[i]);
    fprintf(out,
            "# TYPE weir_trainer_waits_ratio gauge\nweir_trainer_waits_ratio "
            "%.6g\n# TYPE weir_lanes_wait_ratio gauge\nweir_lanes_wait_ratio "
            "%.6g\n",
            pace->trainer_waits, pace->lanes_wait);
    expose_lanes(out, s);
    for (uint32_t i = 0; i < s->latencies; i++)
        expose_latency(out, &s->latency[i]);
    fputs("# EOF\n", out);
}
