/* SPDX-License-Identifier: BSD-3-Clause */
/* What a claim from the simulation table costs: alone, against a second
 * claimer, and while a proposer rewrites open cells; and what a proposal costs.
 * Each value is one call, clock included (measured and printed as `clock`).
 * Usage: table_claim [REPETITIONS]   (default 20) */
#include "perf/perf.h"

#include "shm/table.h"

#include <pthread.h>

#define CELLS 16384
#define DIMS  4

static struct weir_table *table;
static pthread_barrier_t gate;
static _Atomic bool over;

static void fill_table(void)
{
    double x[DIMS] = {0};
    struct weir_origin origin = {0};
    memset(table, 0, weir_table_bytes(CELLS, DIMS));
    weir_table_init(table, CELLS, DIMS);
    for (int i = 0; i < CELLS; i++)
        weir_table_append(table, x, x, &origin);
}

static void claim_all(struct weir_hist *h)
{
    struct weir_claim c;
    int rc = 0;
    while (rc == 0) {
        int64_t before = weir_now_ns();
        rc = weir_table_claim(table, 0, &c);
        int64_t after = weir_now_ns();
        if (rc == 0)
            weir_hist_record(h, after - before);
    }
}

/* From the top down, so that claimers and proposer meet in the middle. */
static void propose_all(struct weir_hist *h)
{
    double x[DIMS] = {1, 2, 3, 4};
    struct weir_origin origin = {.generation = 1};
    for (int id = CELLS - 1; id >= 0; id--) {
        int64_t before = weir_now_ns();
        int rc = weir_table_propose(table, (uint32_t)id, x, x, &origin);
        int64_t after = weir_now_ns();
        if (rc == 0)
            weir_hist_record(h, after - before);
    }
}

struct helper {
    void (*work)(struct weir_hist *);
    struct weir_hist hist;
    int core;
};

static void *help(void *ctx)
{
    struct helper *me = ctx;
    for (pthread_barrier_wait(&gate); !over; pthread_barrier_wait(&gate)) {
        me->work(&me->hist);
        pthread_barrier_wait(&gate);
    }
    return NULL;
}

/* Claim a full table @p repetitions times, with somebody else at work on it. */
static void run_against(const char *name, struct helper *other, int repetitions)
{
    struct weir_hist *h = weir_array(1, sizeof(*h));
    over = false;
    pthread_barrier_init(&gate, NULL, 2);
    pthread_t thread = perf_start(other->core, help, other);
    for (int i = 0; i < repetitions; i++) {
        fill_table();
        pthread_barrier_wait(&gate);
        claim_all(h);
        pthread_barrier_wait(&gate);
    }
    over = true;
    pthread_barrier_wait(&gate);
    pthread_join(thread, NULL);
    perf_row("table.claim", "ns", h, "\"against\": \"%s\", ", name);
    free(h);
}

int main(int argc, char **argv)
{
    int repetitions = argc > 1 ? atoi(argv[1]) : 20;
    perf_conditions("table_claim",
                    "%d cells of %d parameters, claimer on core %d, the other "
                    "on core %d, %d repetitions",
                    CELLS, DIMS, perf_core(0), perf_core(1), repetitions);
    struct weir_hist *h = weir_array(2, sizeof(*h));
    struct helper *other = weir_array(1, sizeof(*other));
    int core = perf_core(1);
    perf_pin(perf_core(0));
    table = weir_array(1, weir_table_bytes(CELLS, DIMS));
    for (int i = 0; i < 100000; i++) {
        int64_t before = weir_now_ns();
        weir_hist_record(h, weir_now_ns() - before);
    }
    perf_row("clock", "ns", h, "%s", "");
    weir_hist_reset(h);
    for (int i = 0; i < repetitions; i++) {
        fill_table();
        propose_all(&h[1]);
        claim_all(&h[0]);
    }
    perf_row("table.claim", "ns", &h[0], "\"against\": \"nobody\", ");
    perf_row("table.propose", "ns", &h[1], "\"against\": \"nobody\", ");
    *other = (struct helper){.work = claim_all, .core = core};
    run_against("a claimer", other, repetitions);
    memset(other, 0, sizeof(*other));
    *other = (struct helper){.work = propose_all, .core = core};
    run_against("a proposer", other, repetitions);
    perf_row("table.propose", "ns", &other->hist,
             "\"against\": \"a claimer\", ");
    free(table);
    free(other);
    free(h);
    return 0;
}
