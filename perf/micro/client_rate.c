/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames a second that reach a trainer from a solver inside the program, from the
 * same solver in a process of its own, and from one whose frames come by a pipe
 * or ZeroMQ. The solver does nothing but write every value of a frame. All run in
 * a solver stage as runs have it: a lane, a port, slots of two states, a trainer
 * that reads every value of every sample and lends the slot again. All that
 * differs is where the solver is; its samples cross to the trainer in any case.
 * Usage: client_rate [REPETITIONS [BYTES [PYTHON]]]   (default 5; frames of 64,
 * 40960 or 1048576 bytes, 0: all; PYTHON: also a client in Python, by this
 * interpreter) */
#include "perf/perf.h"

#include "base/err.h"
#include "perf/peers/transport.h"
#include "pipeline/clients/external.h"
#include "pipeline/run/registries.h"
#include "pipeline/stages/solver_stage.h"
#include "weir/client.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define SLOTS  8
#define FRAMES 51 /* of a simulation: 50 samples */

static const char text[] =
    "run: {clock: live, lanes: 1}\n"
    "solver: {command: [unused], processes: 1, grid: 64, fields: [u]}\n"
    "parameters: {a: {low: 0, high: 1}}\n"
    "simulations: {budget: 20000, steps: 50}\n"
    "reservoir: {capacity: 40, watermark: 2, slots_per_port: 8}\n"
    "model: {name: convnet, width: 1, depth: 1}\n"
    "training: {steps: 1000000, batch: 2, micro_batch: 1}\n"
    "validation: {trajectories: 1}\n"
    "test: {trajectories: 1}\n"
    "placement: {groups: 1, solver_threads: 1, bind: false}\n";

static void must(int rc)
{
    if (rc >= 0)
        return;
    fprintf(stderr, "%s %s\n", weir_err_message(), weir_client_message());
    exit(1);
}

/* ---- the solver ---- */

static void make_frame(float *frame, size_t n, int t)
{
    for (size_t i = 0; i < n; i++)
        frame[i] = (float)t + (float)(i & 7);
}

/* As a process: WAY is how a frame gets into the mapping. */
static int be_client(const char *way)
{
    struct weir_client *c;
    double a;
    must(weir_client_attach(&c));
    const struct weir_client_shape *s = weir_client_expects(c);
    size_t n = (size_t)s->channels * (size_t)s->n[0] * (size_t)s->n[1];
    float *own = *way == 's' ? weir_array(n, sizeof(float)) : NULL;
    while (weir_client_next(c, &a, 1) == 1) {
        for (int t = 0; t < s->frames; t++) {
            float *to = own ? own : weir_client_reserve(c);
            if (!to)
                break;
            make_frame(to, n, t);
            if (own ? weir_client_send(c, own, n) : weir_client_commit(c))
                break;
        }
        weir_client_finish(c);
    }
    weir_client_detach(c);
    return 0;
}

/* Inside: a lane that knows its size and the time. */
struct inside {
    size_t n;
    int t;
};

static int inside_create(const void *config, void **lane)
{
    const struct weir_external *x = config;
    struct inside *l = weir_array(1, sizeof(*l));
    l->n = weir_shape_floats(&x->terms.shape);
    *lane = l;
    return 0;
}

static int inside_start(void *lane, const double *parameters)
{
    (void)parameters;
    ((struct inside *)lane)->t = 0;
    return 0;
}

static int inside_step(void *lane)
{
    ((struct inside *)lane)->t++;
    return 0;
}

static void inside_frame(const void *lane, float *out)
{
    const struct inside *l = lane;
    make_frame(out, l->n, l->t);
}

static const struct weir_solver_ops inside_ops = {
    .name = "inside",
    .release = weir_external_release,
    .create = inside_create,
    .start = inside_start,
    .step = inside_step,
    .frame = inside_frame,
    .destroy = free,
};

/* Somewhere else: frames come by another transport, are copied once, too. */
struct peer {
    const struct transport_ops *ops;
    struct transport *t;
    size_t bytes;
    pid_t child;
};

static _Noreturn void send_for_ever(const struct peer *p)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (p->ops->join)
        p->ops->join(p->t, 0);
    for (int t = 0;; t++) {
        make_frame(p->ops->begin(p->t, 1), p->bytes / sizeof(float), t);
        p->ops->send(p->t, 1);
    }
}

static int peer_create(const struct transport_ops *ops, const void *config,
                       void **lane)
{
    const struct weir_external *x = config;
    struct peer *p = weir_array(1, sizeof(*p));
    p->ops = ops;
    p->bytes = weir_shape_floats(&x->terms.shape) * sizeof(float);
    p->t = ops->open(p->bytes);
    p->child = fork();
    if (p->child == 0)
        send_for_ever(p);
    if (ops->join)
        ops->join(p->t, 1);
    *lane = p;
    return 0;
}

static int pipe_create(const void *config, void **lane)
{
    return peer_create(&transport_pipe, config, lane);
}

static int peer_start(void *lane, const double *parameters)
{
    (void)lane, (void)parameters;
    return 0;
}

static int peer_step(void *lane)
{
    (void)lane;
    return 0;
}

static int peer_fetch(void *lane, float *out)
{
    struct peer *p = lane;
    memcpy(out, p->ops->receive(p->t, 1), p->bytes);
    p->ops->done(p->t, 1);
    return 0;
}

static void peer_destroy(void *lane)
{
    struct peer *p = lane;
    kill(p->child, SIGKILL);
    waitpid(p->child, NULL, 0);
    /* Leaving would wait for the other side; the program ends soon. */
    free(p);
}

static const struct weir_solver_ops pipe_ops = {
    .name = "pipe",
    .release = weir_external_release,
    .create = pipe_create,
    .start = peer_start,
    .step = peer_step,
    .fetch = peer_fetch,
    .destroy = peer_destroy,
};

#ifdef WEIR_PERF_ZEROMQ
static int zeromq_create(const void *config, void **lane)
{
    return peer_create(&transport_zeromq, config, lane);
}

static const struct weir_solver_ops zeromq_ops = {
    .name = "zeromq",
    .release = weir_external_release,
    .create = zeromq_create,
    .start = peer_start,
    .step = peer_step,
    .fetch = peer_fetch,
    .destroy = peer_destroy,
};
#endif

/* ---- a run of it ---- */

struct side {
    const char *name;
    struct weir_config *cfg;
    struct weir_run *run;
    struct weir_solver_stage *stage;
    uint32_t simulations;
};

/* @p ops NULL: @p command is the solver. */
static void open_side(struct side *s, const char *name, const char *command,
                      const struct weir_solver_ops *ops, const char *grid)
{
    char line[4200];
    struct weir_topology topology;
    snprintf(line, sizeof(line), "solver.command=%s", command);
    const char *set[] = {line, grid};
    *s = (struct side){.name = name};
    must(weir_config_parse(text, strlen(text), name, &weir_registries, set, 2,
                           &s->cfg));
    must(weir_config_check(s->cfg));
    must(weir_topology_discover(&topology));
    must(weir_run_create(s->cfg, NULL, &topology, &s->run));
    if (ops)
        s->run->solver = ops;
    must(weir_solver_stage_create(s->run, &s->stage));
    must(weir_solver_stage_start(s->stage));
    for (uint64_t i = 0; i < SLOTS; i++)
        must(weir_ring_push(weir_port_free(s->run->port[0]), i));
}

static void stop_side(struct side *s)
{
    weir_table_close(s->run->table);
    weir_stop_request(&s->run->stop, WEIR_STOP_CHECKPOINT);
    weir_solver_stage_join(s->stage);
}

static void close_side(struct side *s)
{
    weir_solver_stage_destroy(s->stage);
    weir_run_destroy(s->run);
    weir_config_free(s->cfg);
}

static bool has_message(void *ctx)
{
    return weir_ring_peek(ctx) != NULL;
}

static void await_message(const struct side *s, struct weir_ring *ready)
{
    if (!weir_doorbell_wait(s->run->trainer_bell, has_message, ready,
                            10000000000))
        return;
    fprintf(stderr,
            "client_rate: no frame of '%s' within 10 s; above is what "
            "its processes said, if anything\n",
            s->name);
    exit(1);
}

static volatile float sink;

static void train_on(const struct side *s, uint32_t slot)
{
    const float *v = weir_slot_at(&s->run->slots, slot)->frames;
    size_t n = s->run->slots.frame_floats * s->run->window;
    float sum[16] = {0};
    for (size_t i = 0; i < n; i++)
        sum[i % 16] += v[i];
    sink = sum[0];
}

/* @return ns for so many more simulations */
static int64_t take(struct side *s, uint32_t simulations)
{
    struct weir_port *port = s->run->port[0];
    struct weir_ring *ready = weir_port_ready(port);
    const double value = 0.5;
    const struct weir_origin origin = {0};
    int64_t begin = weir_now_ns();
    for (uint32_t i = 0; i < simulations; i++)
        must(weir_table_append(s->run->table, &value, &value, &origin));
    weir_run_ring_lanes(s->run);
    s->simulations += simulations;
    for (uint32_t done = 0; done < simulations;) {
        uint64_t m;
        await_message(s, ready);
        must(weir_ring_pop(ready, &m));
        if (weir_message_kind(m) == WEIR_MESSAGE_SAMPLE) {
            train_on(s, weir_message_value(m));
            must(weir_ring_push(weir_port_free(port), weir_message_value(m)));
            weir_doorbell_ring(&port->bell);
        } else {
            weir_table_finish(s->run->table, weir_message_value(m));
            done++;
        }
    }
    return weir_now_ns() - begin;
}

static double measure_side(struct side *s, uint32_t simulations, size_t bytes)
{
    int64_t ns = take(s, simulations);
    double frames = simulations * (double)FRAMES;
    printf("{\"name\": \"client_rate\", \"what\": \"%s\", \"bytes\": %zu, "
           "\"frames_per_s\": %.0f, \"MB_per_s\": %.0f}\n",
           s->name, bytes, frames * 1e9 / (double)ns,
           (double)bytes * frames * 1e3 / (double)ns);
    fflush(stdout);
    return frames * 1e9 / (double)ns;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void report_ratios(const char *what, size_t bytes, double *ratio,
                          int times)
{
    qsort(ratio, (size_t)times, sizeof(*ratio), compare);
    printf("{\"name\": \"client_rate.ratio\", \"what\": \"%s\", \"bytes\": "
           "%zu, \"min\": %.3f, \"median\": %.3f, \"max\": %.3f}\n",
           what, bytes, ratio[0], ratio[times / 2], ratio[times - 1]);
    fflush(stdout);
}

/* Every side there is. @return how many */
static int open_sides(struct side *side, const char *self, const char *python,
                      const char *grid)
{
    char commit[4200], send[4200], script[8200];
    int n = 0;
    snprintf(commit, sizeof(commit), "%s as-client commit", self);
    snprintf(send, sizeof(send), "%s as-client send", self);
    open_side(&side[n++], "inside", "", &inside_ops, grid);
    open_side(&side[n++], "process, commit", commit, NULL, grid);
    open_side(&side[n++], "process, send", send, NULL, grid);
    open_side(&side[n++], "pipe", "", &pipe_ops, grid);
#ifdef WEIR_PERF_ZEROMQ
    open_side(&side[n++], "zeromq", "", &zeromq_ops, grid);
#endif
    if (python) {
        setenv("PYTHONPATH", WEIR_PERF_SOURCE "/../src/client", 1);
        setenv("WEIR_CLIENT_LIBRARY", WEIR_PERF_CLIENT, 1);
        snprintf(script, sizeof(script), "%s %s/micro/client_rate.py", python,
                 WEIR_PERF_SOURCE);
        open_side(&side[n++], "Python, send", script, NULL, grid);
    }
    return n;
}

static void measure(const char *self, const char *python, size_t bytes,
                    uint32_t simulations, int times)
{
    char grid[64];
    struct side side[6];
    double ratio[6][100];
    snprintf(grid, sizeof(grid), "solver.grid=4 %zu", bytes / 16);
    int sides = open_sides(side, self, python, grid);
    for (int k = 0; k < sides; k++)
        take(&side[k], 4);
    for (int i = 0; i < times; i++) {
        double inside = measure_side(&side[0], simulations, bytes);
        for (int k = 1; k < sides; k++)
            ratio[k][i] = measure_side(&side[k], simulations, bytes) / inside;
    }
    for (int k = 1; k < sides; k++)
        report_ratios(side[k].name, bytes, ratio[k], times);
    /* A peer's child holds descriptors of all sides. */
    for (int k = 0; k < sides; k++)
        stop_side(&side[k]);
    for (int k = 0; k < sides; k++)
        close_side(&side[k]);
}

int main(int argc, char **argv)
{
    char self[4000] = {0};
    if (argc == 3 && !strcmp(argv[1], "as-client"))
        return be_client(argv[2]);
    int times = argc > 1 ? atoi(argv[1]) : 5;
    size_t only = argc > 2 ? (size_t)atol(argv[2]) : 0;
    const char *python = argc > 3 ? argv[3] : NULL;
    if (times < 1 || times > 100 ||
        readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
        return 2;
    perf_conditions("client_rate",
                    "a solver inside and the same outside, in turns, %d times; "
                    "nothing is pinned",
                    times);
    static const struct {
        size_t bytes;
        uint32_t simulations;
    } load[] = {{64, 400}, {40 << 10, 200}, {1 << 20, 10}};
    for (int i = 0; i < 3; i++)
        if (!only || only == load[i].bytes)
            measure(self, python, load[i].bytes, load[i].simulations, times);
    return 0;
}
