/* SPDX-License-Identifier: BSD-3-Clause */
/* Payloads between two cores: Weir's slots and rings, and what else a program
 * could use, in turns. Throughput: side 0 writes every byte, side 1 reads every
 * byte. Latency: one payload there and one back, written and read whole, halved.
 * Likewise one word: in a line of its own, what the cores themselves take, and
 * through a ring of indices.
 * Usage: ring [REPETITIONS]   (default 7) */
#include "perf/peers/transport.h"
#include "perf/perf.h"

#include "shm/futex.h"
#include "shm/ring.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct transport_ops *const transports[] = {
    &transport_ring,   &transport_in_place, &transport_pipe, &transport_unix,
#ifdef WEIR_PERF_ZEROMQ
    &transport_zeromq,
#endif
};
#define TRANSPORTS (int)(sizeof(transports) / sizeof(*transports))

static const struct payload {
    size_t bytes;
    uint64_t items;  /* sent in one measurement of throughput */
    uint64_t rounds; /* there and back in one measurement of latency */
} payloads[] = {
    {64, 1 << 19, 10000},
    {640, 1 << 19, 10000},
    {40 << 10, 1 << 14, 1000},
    {1 << 20, 1 << 9, 100},
};
#define PAYLOADS (int)(sizeof(payloads) / sizeof(*payloads))

static void fill(void *at, size_t bytes, uint64_t value)
{
    uint64_t *word = at;
    for (size_t i = 0; i < bytes / 8; i++)
        word[i] = value + i;
}

/* Read every word; what was sent must have arrived. */
static void check(const void *at, size_t bytes, uint64_t value)
{
    const uint64_t *word = at;
    uint64_t sum = 0, n = bytes / 8;
    for (size_t i = 0; i < n; i++)
        sum += word[i];
    if (sum != n * value + n * (n - 1) / 2) {
        fprintf(stderr, "ring: payload %" PRIu64 " arrived damaged\n", value);
        exit(1);
    }
}

struct job {
    const struct transport_ops *ops;
    struct transport *t;
    const struct payload *load;
    bool latency;
    struct weir_hist *hist; /* latency, or NULL */
    _Atomic int *here;      /* sides that are ready; shared */
    _Atomic int64_t *ended; /* when side 1 had read everything; shared */
    int64_t ns;             /* of the whole throughput measurement */
};

static void put(const struct job *j, int to, uint64_t n)
{
    fill(j->ops->begin(j->t, to), j->load->bytes, n);
    j->ops->send(j->t, to);
}

static void take(const struct job *j, int me, uint64_t n)
{
    check(j->ops->receive(j->t, me), j->load->bytes, n);
    j->ops->done(j->t, me);
}

static void side_0(struct job *j)
{
    int64_t start = weir_now_ns();
    for (uint64_t n = 0; !j->latency && n < j->load->items; n++)
        put(j, 1, n);
    while (!j->latency && !atomic_load(j->ended))
        weir_pause();
    j->ns = atomic_load(j->ended) - start;
    for (uint64_t n = 0; j->latency && n < j->load->rounds; n++) {
        int64_t before = weir_now_ns();
        put(j, 1, n);
        take(j, 0, n);
        weir_hist_record(j->hist, (weir_now_ns() - before) / 2);
    }
}

static void side_1(struct job *j)
{
    for (uint64_t n = 0; !j->latency && n < j->load->items; n++)
        take(j, 1, n);
    atomic_store(j->ended, weir_now_ns());
    for (uint64_t n = 0; j->latency && n < j->load->rounds; n++) {
        take(j, 1, n);
        put(j, 0, n);
    }
}

static void run_side(struct job *j, int side)
{
    perf_pin(perf_core(side));
    if (j->ops->join)
        j->ops->join(j->t, side);
    atomic_fetch_add(j->here, 1);
    while (atomic_load(j->here) < 2)
        weir_pause();
    if (side == 0)
        side_0(j);
    else
        side_1(j);
    if (j->ops->leave)
        j->ops->leave(j->t, side);
}

static void *thread_1(void *ctx)
{
    run_side(ctx, 1);
    return NULL;
}

static void run_job(struct job *j, bool processes)
{
    char *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    transport_must(shared != MAP_FAILED, "mmap");
    j->here = (void *)shared;
    j->ended = (void *)(shared + 64);
    j->t = j->ops->open(j->load->bytes);
    pthread_t thread;
    pid_t child = -1;
    if (processes)
        child = fork();
    else
        transport_must(!pthread_create(&thread, NULL, thread_1, j), "thread");
    if (child == 0) {
        run_side(j, 1);
        _exit(0);
    }
    cpu_set_t all;
    sched_getaffinity(0, sizeof(all), &all);
    run_side(j, 0);
    sched_setaffinity(0, sizeof(all), &all);
    int status = 0;
    if (processes)
        transport_must(waitpid(child, &status, 0) == child && !status, "child");
    else
        pthread_join(thread, NULL);
    j->ops->close(j->t);
    munmap(shared, 4096);
}

/* ---- a word there and back ---- */

#define WORDS 100000

/* Way 0 is there, way 1 back. */
struct ping {
    const char *name;
    void (*put)(int way, uint64_t n);
    void (*take)(int way, uint64_t n);
};

/* What is stored (P1) is what the other waits for (C1). */
static struct {
    _Alignas(64) _Atomic uint64_t word;
} line[2];

static void put_line(int way, uint64_t n)
{
    atomic_store_explicit(&line[way].word, n, memory_order_release); /* P1 */
}

static void take_line(int way, uint64_t n)
{
    while (atomic_load_explicit(&line[way].word, memory_order_acquire) != n)
        weir_pause(); /* C1 */
}

static struct weir_ring *index_ring[2];

static void put_index(int way, uint64_t n)
{
    while (weir_ring_push(index_ring[way], n))
        weir_pause();
}

static void take_index(int way, uint64_t n)
{
    uint64_t got = 0;
    while (weir_ring_pop(index_ring[way], &got))
        weir_pause();
    if (got != n)
        exit(1);
}

static const struct ping pings[] = {
    {"ring.line", put_line, take_line},
    {"ring.index", put_index, take_index},
};
#define PINGS (int)(sizeof(pings) / sizeof(*pings))

static void *answer(void *ctx)
{
    const struct ping *p = ctx;
    for (uint64_t n = 1; n <= WORDS; n++) {
        p->take(0, n);
        p->put(1, n);
    }
    return NULL;
}

static void measure_ping(const struct ping *p, struct weir_hist *hist)
{
    cpu_set_t all;
    sched_getaffinity(0, sizeof(all), &all);
    pthread_t thread = perf_start(perf_core(1), answer, (void *)(uintptr_t)p);
    perf_pin(perf_core(0));
    for (uint64_t n = 1; n <= WORDS; n++) {
        int64_t before = weir_now_ns();
        p->put(0, n);
        p->take(1, n);
        weir_hist_record(hist, (weir_now_ns() - before) / 2);
    }
    pthread_join(thread, NULL);
    sched_setaffinity(0, sizeof(all), &all);
}

struct results {
    struct weir_hist latency, items, megabytes;
};

static void measure(struct results *r, const struct transport_ops *ops,
                    const struct payload *p, bool processes)
{
    struct job j = {.ops = ops, .load = p};
    run_job(&j, processes);
    double rate = (double)p->items / (double)j.ns * 1e9;
    weir_hist_record(&r->items, (int64_t)rate);
    weir_hist_record(&r->megabytes, (int64_t)(rate * (double)p->bytes / 1e6));
    if (!ops->one_by_one)
        return;
    j = (struct job){.ops = ops, .load = p, .latency = true};
    j.hist = &r->latency;
    run_job(&j, processes);
}

static void row(const char *name, const char *unit, const struct weir_hist *h,
                const struct transport_ops *ops, const struct payload *p,
                bool processes)
{
    perf_row(name, unit, h,
             "\"transport\": \"%s\", \"between\": \"%s\", \"bytes\": %zu, ",
             ops->name, processes ? "processes" : "threads", p->bytes);
}

static void report(const struct results *r, const struct transport_ops *ops,
                   const struct payload *p, bool processes)
{
    row("ring.throughput", "items/s", &r->items, ops, p, processes);
    row("ring.throughput", "MB/s", &r->megabytes, ops, p, processes);
    if (ops->one_by_one)
        row("ring.latency", "ns", &r->latency, ops, p, processes);
}

static void compare(struct results *all, const struct payload *p,
                    int repetitions, bool processes)
{
    struct weir_hist *words = weir_array(PINGS, sizeof(*words));
    memset(all, 0, TRANSPORTS * sizeof(*all));
    for (int i = 0; i < repetitions; i++) {
        for (int k = 0; k < PINGS; k++)
            measure_ping(&pings[k], &words[k]);
        for (int k = 0; k < TRANSPORTS; k++)
            measure(&all[k], transports[k], p, processes);
    }
    for (int k = 0; k < PINGS; k++)
        perf_row(pings[k].name, "ns", &words[k], "\"bytes\": 8, ");
    for (int k = 0; k < TRANSPORTS; k++)
        report(&all[k], transports[k], p, processes);
    free(words);
}

int main(int argc, char **argv)
{
    int repetitions = argc > 1 ? atoi(argv[1]) : 7;
    perf_conditions("ring",
                    "payloads between core %d and core %d, transports in "
                    "turns, %d repetitions",
                    perf_core(0), perf_core(1), repetitions);
    struct results *all = weir_array(TRANSPORTS, sizeof(*all));
    for (int way = 0; way < 2; way++) {
        index_ring[way] = weir_array(1, weir_ring_bytes(64, sizeof(uint64_t)));
        weir_ring_init(index_ring[way], 64, sizeof(uint64_t));
    }
    for (int processes = 0; processes < 2; processes++)
        for (int p = 0; p < PAYLOADS; p++)
            compare(all, &payloads[p], repetitions, processes);
    free(all);
    free(index_ring[0]);
    free(index_ring[1]);
    return 0;
}
