/* SPDX-License-Identifier: BSD-3-Clause */
#include "shm/table.h"

#include "base/clock.h"
#include "base/err.h"

#include <string.h>

#define STATE(word)   ((enum weir_cell_state)((word)&7))
#define BANK(word)    ((word) >> 3 & 1)
#define ATTEMPT(word) ((uint32_t)((word) >> 4 & 0xfff))
#define VERSION_ONE   ((uint64_t)1 << 16)

static size_t round_to_line(size_t bytes)
{
    return (bytes + WEIR_ALIGN - 1) / WEIR_ALIGN * WEIR_ALIGN;
}

static size_t bank_bytes(uint32_t dims)
{
    return round_to_line(sizeof(struct weir_origin) +
                         2 * (size_t)dims * sizeof(double));
}

size_t weir_table_bytes(uint32_t capacity, uint32_t dims)
{
    return sizeof(struct weir_table) +
           capacity *
               (round_to_line(sizeof(struct weir_cell)) + 2 * bank_bytes(dims));
}

void weir_table_init(struct weir_table *t, uint32_t capacity, uint32_t dims)
{
    atomic_init(&t->hint, 0);
    atomic_init(&t->count, 0);
    atomic_init(&t->closed, 0);
    atomic_init(&t->started, 0);
    t->capacity = capacity;
    t->dims = dims;
    t->bank_bytes = bank_bytes(dims);
    t->cell_bytes = round_to_line(sizeof(struct weir_cell)) + 2 * t->bank_bytes;
}

struct weir_cell *weir_table_cell(const struct weir_table *t, uint32_t id)
{
    return (void *)(t->cells + id * t->cell_bytes);
}

static struct weir_origin *bank(const struct weir_table *t, uint32_t id,
                                uint64_t which)
{
    unsigned char *cell = (void *)weir_table_cell(t, id);
    return (void *)(cell + round_to_line(sizeof(struct weir_cell)) +
                    which * t->bank_bytes);
}

static double *unit_of(struct weir_origin *b)
{
    return (double *)(b + 1);
}

static void write_bank(const struct weir_table *t, struct weir_origin *b,
                       const double *unit, const double *value,
                       const struct weir_origin *origin)
{
    *b = *origin;
    memcpy(unit_of(b), unit, t->dims * sizeof(double));
    memcpy(unit_of(b) + t->dims, value, t->dims * sizeof(double));
}

static uint64_t load_word(const struct weir_cell *c)
{
    return atomic_load_explicit(&c->word, memory_order_acquire); /* T2, T4 */
}

static uint64_t make_word(enum weir_cell_state state, uint64_t which,
                          uint32_t attempt, uint64_t old)
{
    return ((old & ~(VERSION_ONE - 1)) + VERSION_ONE) |
           (uint64_t)(attempt & 0xfff) << 4 | which << 3 | (uint64_t)state;
}

static int append_cell(struct weir_table *t, uint64_t word, uint32_t delivered,
                       const double *unit, const double *value,
                       const struct weir_origin *origin)
{
    uint32_t id = weir_table_count(t);
    if (id == t->capacity)
        return WEIR_FAIL(ENOSPC, "simulation table of %u cells", t->capacity);
    struct weir_cell *c = weir_table_cell(t, id);
    atomic_init(&c->first_trained_batch, -1);
    atomic_init(&c->delivered, delivered);
    write_bank(t, bank(t, id, 0), unit, value, origin);
    atomic_store_explicit(&c->word, word, memory_order_release);    /* T1 */
    atomic_store_explicit(&t->count, id + 1, memory_order_release); /* T1 */
    return (int)id;
}

int weir_table_append(struct weir_table *t, const double *unit,
                      const double *value, const struct weir_origin *origin)
{
    return append_cell(t, make_word(WEIR_CELL_OPEN, 0, 0, 0), 0, unit, value,
                       origin);
}

int weir_table_restore(struct weir_table *t, enum weir_cell_state state,
                       uint32_t attempt, uint32_t delivered, const double *unit,
                       const double *value, const struct weir_origin *origin)
{
    if (state == WEIR_CELL_CLAIMED)
        state = WEIR_CELL_OPEN;
    int id = append_cell(t, make_word(state, 0, attempt, 0), delivered, unit,
                         value, origin);
    if (id < 0)
        return id;
    if (state != WEIR_CELL_OPEN || attempt > 0)
        atomic_fetch_add_explicit(&t->started, 1,
                                  memory_order_relaxed); /* T8 */
    return id;
}

static bool is_new(uint64_t word)
{
    return STATE(word) == WEIR_CELL_OPEN && ATTEMPT(word) == 0;
}

bool weir_table_is_new(const struct weir_table *t, uint32_t id)
{
    return is_new(load_word(weir_table_cell(t, id)));
}

int weir_table_propose(struct weir_table *t, uint32_t id, const double *unit,
                       const double *value, const struct weir_origin *origin)
{
    struct weir_cell *c = weir_table_cell(t, id);
    uint64_t word = load_word(c);
    /* A simulation that runs again runs with the parameters it had. */
    if (!is_new(word))
        return -EAGAIN;
    uint64_t other = !BANK(word);
    write_bank(t, bank(t, id, other), unit, value, origin);
    uint64_t next = make_word(WEIR_CELL_OPEN, other, ATTEMPT(word), word);
    bool swung = atomic_compare_exchange_strong_explicit(
        &c->word, &word, next, memory_order_release, /* T1 */
        memory_order_relaxed);
    return swung ? 0 : -EAGAIN;
}

void weir_table_close(struct weir_table *t)
{
    atomic_store_explicit(&t->closed, 1, memory_order_release); /* T7 */
}

bool weir_table_is_closed(const struct weir_table *t)
{
    return atomic_load_explicit(&t->closed, memory_order_acquire); /* T7 */
}

uint32_t weir_table_count(const struct weir_table *t)
{
    return atomic_load_explicit(&t->count, memory_order_acquire); /* T2 */
}

uint32_t weir_table_open(const struct weir_table *t)
{
    uint32_t started =
        atomic_load_explicit(&t->started, memory_order_relaxed); /* T8 */
    uint32_t count = weir_table_count(t);
    return count > started ? count - started : 0;
}

/* Try to claim @p id; true when it was OPEN and is now ours. */
static bool claim_cell(struct weir_table *t, uint32_t id, uint32_t lane,
                       struct weir_claim *out)
{
    struct weir_cell *c = weir_table_cell(t, id);
    uint64_t word = load_word(c);
    while (STATE(word) == WEIR_CELL_OPEN) {
        uint32_t attempt = ATTEMPT(word) + 1;
        uint64_t next = make_word(WEIR_CELL_CLAIMED, BANK(word), attempt, word);
        if (!atomic_compare_exchange_weak_explicit(&c->word, &word, next,
                                                   memory_order_acq_rel,
                                                   memory_order_acquire))
            continue; /* T2, T3; a proposal came in between: look again */
        if (attempt == 1)
            atomic_fetch_add_explicit(&t->started, 1,
                                      memory_order_relaxed);         /* T8 */
        atomic_store_explicit(&c->lane, lane, memory_order_relaxed); /* T8 */
        atomic_store_explicit(&c->started_ns, weir_now_ns(),
                              memory_order_relaxed); /* T8 */
        *out = (struct weir_claim){
            .id = id,
            .attempt = attempt,
            .skip = atomic_load_explicit(&c->delivered,
                                         memory_order_relaxed), /* T8 */
            .value = unit_of(bank(t, id, BANK(word))) + t->dims,
        };
        return true;
    }
    return false;
}

int weir_table_claim(struct weir_table *t, uint32_t lane,
                     struct weir_claim *out)
{
    bool closed = weir_table_is_closed(t);
    uint64_t hint =
        atomic_load_explicit(&t->hint, memory_order_acquire); /* T6 */
    uint32_t count = weir_table_count(t);
    for (uint32_t id = (uint32_t)hint; id < count; id++) {
        if (!claim_cell(t, id, lane, out))
            continue;
        uint64_t moved = (hint & ~(uint64_t)UINT32_MAX) | (id + 1);
        /* Losing this race is harmless: the next scan starts a little lower. */
        atomic_compare_exchange_strong_explicit(&t->hint, &hint, moved,
                                                memory_order_acq_rel,
                                                memory_order_acquire); /* T6 */
        return 0;
    }
    return closed ? -EPIPE : -EAGAIN;
}

int weir_table_claim_cell(struct weir_table *t, uint32_t id, uint32_t lane,
                          struct weir_claim *out)
{
    return id < weir_table_count(t) && claim_cell(t, id, lane, out) ? 0
                                                                    : -EAGAIN;
}

bool weir_table_has_open(const struct weir_table *t)
{
    uint64_t hint =
        atomic_load_explicit(&t->hint, memory_order_acquire); /* T6 */
    uint32_t count = weir_table_count(t);
    for (uint32_t id = (uint32_t)hint; id < count; id++)
        if (weir_table_state(t, id) == WEIR_CELL_OPEN)
            return true;
    return false;
}

static void end_cell(struct weir_table *t, uint32_t id,
                     enum weir_cell_state state)
{
    struct weir_cell *c = weir_table_cell(t, id);
    uint64_t word = load_word(c);
    atomic_store_explicit(&c->finished_ns, weir_now_ns(),
                          memory_order_relaxed); /* T8 */
    atomic_store_explicit(&c->word,
                          make_word(state, BANK(word), ATTEMPT(word), word),
                          memory_order_release); /* T5 */
}

void weir_table_finish(struct weir_table *t, uint32_t id)
{
    end_cell(t, id, WEIR_CELL_DONE);
}

void weir_table_fail(struct weir_table *t, uint32_t id)
{
    end_cell(t, id, WEIR_CELL_FAILED);
}

void weir_table_reopen(struct weir_table *t, uint32_t id)
{
    struct weir_cell *c = weir_table_cell(t, id);
    uint64_t word = load_word(c);
    atomic_fetch_add_explicit(&c->crashes, 1, memory_order_relaxed); /* T8 */
    atomic_store_explicit(
        &c->word, make_word(WEIR_CELL_OPEN, BANK(word), ATTEMPT(word), word),
        memory_order_release); /* T5 */
    uint64_t hint =
        atomic_load_explicit(&t->hint, memory_order_acquire); /* T6 */
    uint64_t next;
    do {
        uint64_t low = (uint32_t)hint < id ? (uint32_t)hint : id;
        next = ((hint >> 32) + 1) << 32 | low;
    } while (!atomic_compare_exchange_weak_explicit(
        &t->hint, &hint, next, memory_order_acq_rel,
        memory_order_acquire)); /* T6 */
}

enum weir_cell_state weir_table_state(const struct weir_table *t, uint32_t id)
{
    return STATE(load_word(weir_table_cell(t, id)));
}

void weir_table_parameters(const struct weir_table *t, uint32_t id,
                           const double **unit, const double **value,
                           struct weir_origin *origin)
{
    struct weir_origin *b =
        bank(t, id, BANK(load_word(weir_table_cell(t, id))));
    *origin = *b;
    *unit = unit_of(b);
    *value = unit_of(b) + t->dims;
}

void weir_table_read(const struct weir_table *t, uint32_t id,
                     struct weir_cell_view *out)
{
    const struct weir_cell *c = weir_table_cell(t, id);
    uint64_t word = load_word(c);
#define STAT(field)                                                            \
    atomic_load_explicit(&c->field, memory_order_relaxed) /* T8 */
    *out = (struct weir_cell_view){
        .state = STATE(word),
        .attempt = ATTEMPT(word),
        .delivered = STAT(delivered),
        .lane = STAT(lane),
        .crashes = STAT(crashes),
        .started_ns = STAT(started_ns),
        .finished_ns = STAT(finished_ns),
        .first_trained_ns = STAT(first_trained_ns),
        .first_trained_batch = STAT(first_trained_batch),
    };
#undef STAT
    /* The bank of a cell never claimed may be rewritten twice while we copy. */
    if (out->state == WEIR_CELL_EMPTY || is_new(word))
        return;
    struct weir_origin *b = bank(t, id, BANK(word));
    out->origin = *b;
    out->unit = unit_of(b);
    out->value = unit_of(b) + t->dims;
}
