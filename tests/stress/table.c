/* SPDX-License-Identifier: BSD-3-Clause */
/* Rounds over a table that claimers empty while a proposer appends and rewrites
 * cells and a keeper finishes, reopens and fails what claimers hand it. Every
 * claim must bring one whole parameter set that nobody changes afterwards,
 * every attempt must be claimed once, no open cell may become unfindable. */
#include "tests/stress/stress.h"

#include "base/err.h"
#include "base/heap.h"
#include "shm/ring.h"
#include "shm/table.h"

#include <sched.h>

#define CELLS    256
#define DIMS     6
#define CLAIMERS 3
#define ATTEMPTS 6

static struct weir_table *table;
static pthread_barrier_t gate;
static bool last_round; /* main's, between two gates */

/* What happened, over all rounds. */
static _Atomic uint64_t claims, reruns, accepted, raced;

/* Claims seen of each attempt of each cell. */
static _Atomic uint32_t claimed[CELLS][ATTEMPTS + 2];

/* One ring per claimer: what it tells the keeper. */
static struct weir_ring *told[CLAIMERS];
enum outcome { RAN, CRASHED };

static void fill(double *set, uint64_t n)
{
    for (int d = 0; d < DIMS; d++)
        set[d] = (double)(n * 8 + (uint64_t)d);
}

static bool is_whole(const double *set)
{
    for (int d = 1; d < DIMS; d++)
        if (set[d] != set[0] + d)
            return false;
    return true;
}

/* The set claimed is whole, has the cell's own origin, and stays as it is. */
static void inspect(const struct weir_claim *c, struct weir_rng *rng)
{
    double first = c->value[0];
    must(is_whole(c->value), "cell %u was claimed with half a set", c->id);
    struct weir_cell_view v;
    weir_table_read(table, c->id, &v);
    must(v.state == WEIR_CELL_CLAIMED && v.attempt == c->attempt,
         "cell %u, attempt %u, reads state %d, attempt %u", c->id, c->attempt,
         v.state, v.attempt);
    must(v.value == c->value && v.unit[0] == -first,
         "cell %u is read with another set than it was claimed with", c->id);
    must((double)v.origin.cause_batch == first,
         "cell %u has the origin of another set", c->id);
    stress_dawdle(rng, 300);
    must(is_whole(c->value) && c->value[0] == first,
         "cell %u changed after its claim", c->id);
}

static void tell(int id, uint32_t cell, enum outcome outcome)
{
    uint64_t message = (uint64_t)outcome << 32 | cell;
    while (weir_ring_push(told[id], message) == -EAGAIN)
        sched_yield();
}

static void claim_until_closed(int id, struct weir_rng *rng)
{
    struct weir_claim c;
    int rc;
    while ((rc = weir_table_claim(table, (uint32_t)id, &c)) != -EPIPE) {
        if (rc == -EAGAIN) {
            sched_yield();
            continue;
        }
        must(c.attempt >= 1 && c.attempt <= ATTEMPTS, "cell %u: attempt %u",
             c.id, c.attempt);
        must(atomic_fetch_add(&claimed[c.id][c.attempt], 1) == 0,
             "attempt %u of cell %u was claimed twice", c.attempt, c.id);
        atomic_fetch_add_explicit(c.attempt > 1 ? &reruns : &claims, 1,
                                  memory_order_relaxed);
        inspect(&c, rng);
        tell(id, c.id, weir_rng_below(rng, 3) ? RAN : CRASHED);
    }
}

/* Append the second half while the first is claimed; rewrite what is open. */
static void propose_on(struct weir_rng *rng, uint64_t *sets)
{
    double unit[DIMS], value[DIMS];
    while (!weir_table_is_closed(table)) {
        struct weir_origin origin = {.cause_batch = ++*sets * 8};
        uint32_t n = weir_table_count(table);
        fill(value, *sets);
        for (int d = 0; d < DIMS; d++)
            unit[d] = -value[d];
        if (n < CELLS && (n < CELLS / 2 || weir_rng_below(rng, 20) == 0)) {
            must(weir_table_append(table, unit, value, &origin) == (int)n,
                 "cell %u could not be appended", n);
            continue;
        }
        uint32_t id = weir_rng_below(rng, n);
        struct weir_cell_view before;
        weir_table_read(table, id, &before);
        bool open = before.state == WEIR_CELL_OPEN && before.attempt == 0;
        int rc = weir_table_propose(table, id, unit, value, &origin);
        must(rc == 0 || rc == -EAGAIN, "propose returned %d", rc);
        atomic_fetch_add_explicit(rc == 0 ? &accepted : &raced, rc == 0 || open,
                                  memory_order_relaxed);
    }
}

/* Handle one message; true when the cell has come to its end. */
static bool keep(uint64_t message)
{
    uint32_t id = (uint32_t)message;
    struct weir_cell_view v;
    weir_table_read(table, id, &v);
    must(v.state == WEIR_CELL_CLAIMED, "cell %u reports from state %d", id,
         v.state);
    if (message >> 32 == RAN)
        weir_table_finish(table, id);
    else if (v.attempt < ATTEMPTS)
        weir_table_reopen(table, id);
    else
        weir_table_fail(table, id);
    return weir_table_state(table, id) != WEIR_CELL_OPEN;
}

/* A cell that stays OPEN through a whole claim must be found by it, or one
 * below it. An attempt more means that it was not OPEN all the time. */
static void look_for_lost(void)
{
    struct weir_cell_view before, after;
    struct weir_claim c;
    uint32_t id = 0, n = weir_table_count(table);
    while (id < n && weir_table_state(table, id) != WEIR_CELL_OPEN)
        id++;
    if (id == n)
        return;
    weir_table_read(table, id, &before);
    int rc = weir_table_claim(table, CLAIMERS, &c);
    weir_table_read(table, id, &after);
    if (rc == 0) {
        atomic_fetch_add(&claimed[c.id][c.attempt], 1);
        keep((uint64_t)RAN << 32 | c.id);
        return;
    }
    must(before.state != WEIR_CELL_OPEN || after.state != WEIR_CELL_OPEN ||
             before.attempt != after.attempt,
         "cell %u is open and no claim finds it", id);
}

static void keep_until_all_ended(struct weir_rng *rng)
{
    uint32_t ended = 0;
    while (ended < CELLS) {
        bool idle = true;
        uint64_t message;
        for (int i = 0; i < CLAIMERS; i++)
            while (weir_ring_pop(told[i], &message) == 0) {
                keep(message);
                idle = false;
            }
        if (!idle)
            continue;
        sched_yield();
        if (weir_rng_below(rng, 30) == 0)
            look_for_lost();
        ended = 0;
        for (uint32_t id = 0; id < weir_table_count(table); id++)
            ended += weir_table_state(table, id) >= WEIR_CELL_DONE;
    }
}

static void *claimer(void *ctx)
{
    int id = (int)(intptr_t)ctx;
    struct weir_rng rng = stress_rng(2 + (uint64_t)id);
    for (pthread_barrier_wait(&gate); !last_round;) {
        claim_until_closed(id, &rng);
        pthread_barrier_wait(&gate); /* the round is over */
        pthread_barrier_wait(&gate); /* the next is set up */
    }
    return NULL;
}

static void *proposer(void *ctx)
{
    (void)ctx;
    struct weir_rng rng = stress_rng(0);
    uint64_t sets = 0;
    for (pthread_barrier_wait(&gate); !last_round;) {
        propose_on(&rng, &sets);
        pthread_barrier_wait(&gate);
        pthread_barrier_wait(&gate);
    }
    return NULL;
}

static void start_round(void)
{
    memset(table, 0, weir_table_bytes(CELLS, DIMS));
    weir_table_init(table, CELLS, DIMS);
    for (int id = 0; id < CELLS; id++)
        for (int a = 0; a < ATTEMPTS + 2; a++)
            atomic_store_explicit(&claimed[id][a], 0, memory_order_relaxed);
}

/* Every attempt from the first to the last was claimed, once. */
static void check_round(void)
{
    struct weir_cell_view v;
    for (uint32_t id = 0; id < CELLS; id++) {
        weir_table_read(table, id, &v);
        must(v.state == WEIR_CELL_DONE || v.state == WEIR_CELL_FAILED,
             "cell %u ends in state %d", id, v.state);
        for (uint32_t a = 1; a <= ATTEMPTS; a++)
            must(atomic_load(&claimed[id][a]) == (a <= v.attempt),
                 "cell %u had %u attempts; number %u was claimed %u times", id,
                 v.attempt, a, claimed[id][a]);
    }
    must(weir_table_open(table) == 0, "cells are counted as never claimed");
}

int main(void)
{
    stress_begin("table");
    table = weir_array(1, weir_table_bytes(CELLS, DIMS));
    must(table, "no table");
    for (int i = 0; i < CLAIMERS; i++) {
        told[i] = weir_array(1, weir_ring_bytes(16, 8));
        must(told[i] && weir_ring_init(told[i], 16, 8) == 0, "no ring");
    }
    pthread_barrier_init(&gate, NULL, CLAIMERS + 2);
    pthread_t thread[CLAIMERS + 1];
    for (intptr_t i = 0; i < CLAIMERS; i++)
        pthread_create(&thread[i], NULL, claimer, (void *)i);
    pthread_create(&thread[CLAIMERS], NULL, proposer, NULL);
    struct weir_rng rng = stress_rng(1);
    uint64_t rounds = 0;
    while (stress_goes_on_until(rounds > 2 && reruns > 0 && accepted > 0 &&
                                raced > 0)) {
        start_round();
        pthread_barrier_wait(&gate);
        keep_until_all_ended(&rng);
        weir_table_close(table);
        pthread_barrier_wait(&gate);
        check_round();
        rounds++;
    }
    last_round = true;
    pthread_barrier_wait(&gate);
    for (int i = 0; i <= CLAIMERS; i++)
        pthread_join(thread[i], NULL);
    printf("%" PRIu64 " rounds: %" PRIu64 " first claims, %" PRIu64
           " reruns, %" PRIu64 " proposals accepted, %" PRIu64
           " lost to a claim\n",
           rounds, claims, reruns, accepted, raced);
    must(rounds > 2, "hardly a round");
    must(reruns > 0, "nothing ran again");
    must(accepted > 0, "no proposal was accepted");
    must(raced > 0, "no proposal raced with a claim");
    return 0;
}
