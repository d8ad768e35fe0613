/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/view/view.h"

#include "base/clock.h"
#include "pipeline/view/say.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define MAX_LANES 64 /* letters shown */

/* The counters, read once, as the line shows them. */
struct now {
    int64_t step, steps, finished, budget, resident, unseen, generation;
    double loss, waited, checkpoint_age, eta;
    char validation[16]; /* "-": not measured yet */
    char lanes[MAX_LANES + 4];
};

void weir_view_start(struct weir_view *view, const struct weir_session *s)
{
    *view = (struct weir_view){
        .is_terminal = isatty(STDOUT_FILENO),
        .last_ns = weir_now_ns(),
        .last_step = (int64_t)s->first_step,
        .batch = s->run->cfg->training.batch,
    };
}

double weir_view_period(const struct weir_view *view,
                        const struct weir_config *cfg)
{
    return view->is_terminal ? 1.0 : cfg->progress_interval;
}

static void read_lanes(const struct weir_run *run, char *out)
{
    uint32_t n = run->lanes < MAX_LANES ? run->lanes : MAX_LANES;
    for (uint32_t l = 0; l < n; l++) {
        uint32_t c = atomic_load_explicit(&run->port[l]->state,
                                          memory_order_relaxed); /* S5 */
        out[l] = c ? (char)c : WEIR_LANE_IDLE;
    }
    strcpy(out + n, run->lanes > n ? "..." : "");
}

static void update_rate(struct weir_view *view, int64_t step)
{
    int64_t ns = weir_now_ns();
    double dt = (double)(ns - view->last_ns) * 1e-9;
    double rate = dt > 0 ? (double)(step - view->last_step) / dt : 0;
    view->rate = view->rate > 0 ? 0.7 * view->rate + 0.3 * rate : rate;
    view->last_ns = ns;
    view->last_step = step;
}

static struct now read_now(struct weir_view *view, const struct weir_run *run)
{
    const struct weir_run_counters *c = &run->count;
    int64_t ns = weir_now_ns(), saved = weir_counter_get(c->checkpoint_ns);
    struct now n = {
        .step = weir_counter_get(c->step),
        .steps = weir_counter_get(c->steps),
        .finished = weir_counter_get(c->finished),
        .budget = weir_counter_get(c->budget),
        .resident = weir_counter_get(c->resident),
        .unseen = weir_counter_get(c->unseen),
        .generation = weir_counter_get(c->generation),
        .loss = (double)weir_counter_get(c->loss) * 1e-6,
        .waited = (double)weir_counter_get(c->waited_ns) * 1e-9 /
                  fmax(weir_run_seconds(run, ns), 1e-9),
        .checkpoint_age = saved ? (double)(ns - saved) * 1e-9 : -1,
    };
    update_rate(view, n.step > view->last_step ? n.step : view->last_step);
    n.eta = n.steps && view->rate > 0 ? (double)(n.steps - n.step) / view->rate
                                      : -1;
    int64_t micros = weir_counter_get(c->validation);
    snprintf(n.validation, sizeof(n.validation), micros ? "%.3e" : "-",
             (double)micros * 1e-6);
    read_lanes(run, n.lanes);
    return n;
}

/* "1240/4000", or "1240" when the run ends by draining. */
static const char *of_steps(const struct now *n, char text[48])
{
    int at = snprintf(text, 48, "%lld", (long long)n->step);
    if (n->steps)
        snprintf(text + at, 48 - (size_t)at, "/%lld", (long long)n->steps);
    return text;
}

static void print_terminal(const struct weir_view *view, const struct now *n)
{
    char line[512], text[560], steps[48];
    struct winsize w;
    int at = snprintf(line, sizeof(line),
                      "step %s | loss %.1e | val %s | %.0f samples/s "
                      "| sims %lld/%lld | pool %lld new %lld | gen %lld | "
                      "wait %.0f%% | %s",
                      of_steps(n, steps), n->loss, n->validation,
                      view->rate * view->batch, (long long)n->finished,
                      (long long)n->budget, (long long)n->resident,
                      (long long)n->unseen, (long long)n->generation,
                      100 * n->waited, n->lanes);
    if (n->checkpoint_age >= 0)
        at += snprintf(line + at, sizeof(line) - (size_t)at,
                       " | ckpt %.0f s ago", n->checkpoint_age);
    if (n->eta >= 0)
        snprintf(line + at, sizeof(line) - (size_t)at, " | eta %d:%02d",
                 (int)n->eta / 60, (int)n->eta % 60);
    /* A line that wraps could not be redrawn. */
    int width = ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 1
                    ? w.ws_col - 1
                    : 79;
    snprintf(text, sizeof(text), "\r\033[K%.*s", width, line);
    weir_say(stdout, text);
}

static void print_plain(const struct weir_view *view,
                        const struct weir_session *s, const struct now *n)
{
    char text[640];
    snprintf(text, sizeof(text),
             "progress time=%.1f step=%lld steps=%lld loss=%.4e "
             "validation=%s steps_per_s=%.2f finished=%lld budget=%lld "
             "resident=%lld unseen=%lld generation=%lld wait=%.3f lanes=%s\n",
             weir_run_seconds(s->run, weir_now_ns()), (long long)n->step,
             (long long)n->steps, n->loss, n->validation, view->rate,
             (long long)n->finished, (long long)n->budget,
             (long long)n->resident, (long long)n->unseen,
             (long long)n->generation, n->waited, n->lanes);
    weir_say(stdout, text);
}

void weir_view_show(void *ctx, const struct weir_session *s)
{
    struct weir_view *view = ctx;
    struct now n = read_now(view, s->run);
    if (!view->is_terminal) {
        print_plain(view, s, &n);
        return;
    }
    print_terminal(view, &n);
    view->drawn = true;
}

void weir_view_clear(struct weir_view *view)
{
    if (view->drawn)
        weir_say(stdout, "\r\033[K");
    view->drawn = false;
}
