/* SPDX-License-Identifier: BSD-3-Clause */
/* Random operations on the reservoir and on a plain list of what it should
 * hold; after each of them the two must agree. */
#include "tests/reservoir.h"

#include "base/rng.h"

#define CAPACITY   40
#define LANES      3
#define SHARE      5
#define OPERATIONS 34000 /* under each of three rules */

/* What we believe of a slot. */
struct believed {
    enum weir_slot_state state;
    uint32_t lane, views, simulation;
    uint64_t arrival;
    bool leaves;
};

struct model {
    struct basin *b;
    struct weir_rng rng;
    struct believed slot[CAPACITY];
    uint32_t batch[CAPACITY], n_batch;
    bool out; /* a batch is */
    uint64_t arrivals, batches, evicted, withdrawn, drawn, refused;
};

static uint32_t below(struct model *m, uint32_t n)
{
    return weir_rng_below(&m->rng, n);
}

static uint32_t count(const struct model *m, enum weir_slot_state state)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < CAPACITY; i++)
        n += m->slot[i].state == state;
    return n;
}

static uint32_t lent_to(const struct model *m, uint32_t lane)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < CAPACITY; i++)
        n += m->slot[i].state == WEIR_SLOT_LENT && m->slot[i].lane == lane;
    return n;
}

static uint32_t seen(const struct model *m)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < CAPACITY; i++)
        n += m->slot[i].state == WEIR_SLOT_RESIDENT && m->slot[i].views > 0;
    return n;
}

static void lend(struct model *m)
{
    uint32_t lane = below(m, LANES);
    int slot = weir_reservoir_lend(m->b->r, lane);
    bool may = lent_to(m, lane) < SHARE;
    if (!may || (count(m, WEIR_SLOT_FREE) == 0 && (m->out || seen(m) == 0))) {
        fails(slot, -EAGAIN);
        return;
    }
    assert_true(slot >= 0 && slot < CAPACITY);
    struct believed *s = &m->slot[slot];
    if (count(m, WEIR_SLOT_FREE) > 0) {
        assert_int_equal(s->state, WEIR_SLOT_FREE);
    } else {
        assert_int_equal(s->state, WEIR_SLOT_RESIDENT);
        assert_true(s->views > 0);
        m->evicted++;
    }
    *s = (struct believed){.state = WEIR_SLOT_LENT, .lane = lane};
}

/* A slot lent to @p lane, or any. */
static uint32_t pick(struct model *m, uint32_t lane)
{
    uint32_t from = below(m, CAPACITY + 1);
    for (uint32_t i = 0; i < CAPACITY && below(m, 60) > 0; i++) {
        const struct believed *s = &m->slot[(from + i) % CAPACITY];
        if (s->state == WEIR_SLOT_LENT && s->lane == lane)
            return (from + i) % CAPACITY;
    }
    return from;
}

/* A claim about a slot, right or wrong. */
static void claim(struct model *m)
{
    uint32_t lane = below(m, LANES), slot = pick(m, lane);
    uint32_t simulation = below(m, 6), wrong = below(m, 20);
    bool mine = slot < CAPACITY && m->slot[slot].state == WEIR_SLOT_LENT &&
                m->slot[slot].lane == lane;
    if (mine)
        basin_write(m->b, slot, simulation, 2, 9);
    int rc =
        weir_reservoir_accept(m->b->r, lane, slot, 2 + (wrong == 1),
                              9 + (wrong == 2)); /* right in 18 of 20 cases */
    if (!mine || wrong == 1 || wrong == 2) {
        fails(rc, -EPROTO);
        m->refused++;
        if (mine)
            m->slot[slot] = (struct believed){.state = WEIR_SLOT_FREE};
        return;
    }
    ok(rc);
    m->slot[slot] = (struct believed){
        .state = WEIR_SLOT_RESIDENT,
        .simulation = simulation,
        .arrival = m->arrivals++,
    };
}

static void give_back(struct model *m)
{
    uint32_t lane = below(m, LANES), slot = below(m, CAPACITY);
    bool mine =
        m->slot[slot].state == WEIR_SLOT_LENT && m->slot[slot].lane == lane;
    int rc = weir_reservoir_return(m->b->r, lane, slot);
    m->refused += !mine;
    if (mine)
        m->slot[slot] = (struct believed){.state = WEIR_SLOT_FREE};
    fails(rc, mine ? 0 : -EPROTO);
}

/* How many residents came before @p slot. */
static uint32_t elder(const struct model *m, uint32_t slot)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < CAPACITY; i++)
        n += m->slot[i].state == WEIR_SLOT_RESIDENT &&
             m->slot[i].arrival < m->slot[slot].arrival;
    return n;
}

static void draw(struct model *m)
{
    bool draining = below(m, 10) == 0, first = below(m, 3) == 0;
    uint32_t size = count(m, WEIR_SLOT_RESIDENT), fresh = 0;
    uint32_t unseen = size - seen(m);
    uint32_t n =
        weir_reservoir_draw(m->b->r, m->batches++, draining, first, m->batch);
    assert_int_equal(n, size < m->b->cfg.batch ? size : m->b->cfg.batch);
    for (uint32_t i = 0; i < n; i++) {
        struct believed *s = &m->slot[m->batch[i]];
        assert_true(m->batch[i] < CAPACITY);
        assert_int_equal(s->state, WEIR_SLOT_RESIDENT); /* no twins either */
        if (m->b->cfg.rule == WEIR_RESERVOIR_FIFO)
            assert_int_equal(elder(m, m->batch[i]), 0);
        fresh += s->views == 0;
        s->state = WEIR_SLOT_IN_BATCH;
        s->views++;
        s->leaves = draining || m->b->cfg.rule != WEIR_RESERVOIR_KEEP;
    }
    if (first && m->b->cfg.rule == WEIR_RESERVOIR_KEEP)
        assert_int_equal(fresh, unseen < n ? unseen : n);
    m->n_batch = n;
    m->drawn += n;
    m->out = true;
}

static void settle(struct model *m)
{
    weir_reservoir_settle(m->b->r);
    for (uint32_t i = 0; i < m->n_batch; i++) {
        struct believed *s = &m->slot[m->batch[i]];
        if (s->leaves)
            *s = (struct believed){.state = WEIR_SLOT_FREE};
        else
            s->state = WEIR_SLOT_RESIDENT;
    }
    m->n_batch = 0;
    m->out = false;
}

static void withdraw(struct model *m)
{
    uint32_t simulation = below(m, 6), n = 0;
    for (uint32_t i = 0; i < CAPACITY; i++) {
        struct believed *s = &m->slot[i];
        if (s->state != WEIR_SLOT_RESIDENT || s->simulation != simulation)
            continue;
        *s = (struct believed){.state = WEIR_SLOT_FREE};
        n++;
    }
    assert_int_equal(weir_reservoir_withdraw(m->b->r, simulation), n);
    m->withdrawn += n;
}

/* Into a new reservoir; slots get other numbers, and so do our beliefs. */
static void move_house(struct model *m)
{
    struct weir_blob blob = {0};
    struct basin *new = calloc(1, sizeof(*new));
    struct believed before[CAPACITY];
    uint32_t lent[LANES];
    memcpy(before, m->slot, sizeof(before));
    basin_open(new, m->b->cfg.rule, CAPACITY, m->b->cfg.batch, LANES, SHARE);
    ok(weir_reservoir_save(m->b->r, &blob));
    ok(weir_reservoir_restore(new->r, &blob, lent));
    assert_int_equal(blob.at, blob.size);
    assert_int_equal(weir_reservoir_size(new->r), weir_reservoir_size(m->b->r));
    for (uint32_t i = 0; i < CAPACITY; i++)
        m->slot[i] = (struct believed){.state = WEIR_SLOT_FREE};
    for (uint32_t i = 0; i < weir_reservoir_size(new->r); i++) {
        uint32_t from = weir_reservoir_resident(m->b->r, i);
        uint32_t to = weir_reservoir_resident(new->r, i);
        m->slot[to] = before[from];
        memcpy(weir_slot_at(&new->slots, to), weir_slot_at(&m->b->slots, from),
               sizeof(struct weir_slot));
    }
    for (uint32_t l = 0; l < LANES; l++) {
        assert_int_equal(lent[l], weir_reservoir_lent(m->b->r, l));
        for (uint32_t i = 0; i < lent[l]; i++) {
            int slot = weir_reservoir_lend(new->r, l);
            assert_true(slot >= 0);
            m->slot[slot] =
                (struct believed){.state = WEIR_SLOT_LENT, .lane = l};
        }
    }
    weir_blob_free(&blob);
    basin_close(m->b);
    free(m->b);
    m->b = new;
}

static void agree(const struct model *m)
{
    const struct weir_reservoir *r = m->b->r;
    const struct weir_reservoir_totals *t = weir_reservoir_totals(r);
    uint32_t resident = 0, unseen = 0;
    for (uint32_t i = 0; i < CAPACITY; i++) {
        const struct believed *s = &m->slot[i];
        assert_int_equal(weir_reservoir_state(r, i), s->state);
        assert_int_equal(weir_reservoir_views(r, i), s->views);
        resident += s->state == WEIR_SLOT_RESIDENT;
        unseen += s->state == WEIR_SLOT_RESIDENT && s->views == 0;
    }
    if (!m->out) {
        assert_int_equal(weir_reservoir_size(r), resident);
        assert_int_equal(weir_reservoir_unseen(r), unseen);
    }
    for (uint32_t l = 0; l < LANES; l++)
        assert_int_equal(weir_reservoir_lent(r, l), lent_to(m, l));
    assert_int_equal(t->accepted, m->arrivals);
    assert_int_equal(t->evicted, m->evicted);
    assert_int_equal(t->withdrawn, m->withdrawn);
    assert_int_equal(t->drawn, m->drawn);
    assert_int_equal(t->refused, m->refused);
}

static void operate(struct model *m)
{
    uint32_t what = below(m, 1000);
    if (what < 350)
        lend(m);
    else if (what < 750)
        claim(m);
    else if (what < 790)
        give_back(m);
    else if (m->out)
        settle(m);
    else if (what < 980)
        draw(m);
    else if (what < 996)
        withdraw(m);
    else
        move_house(m);
}

static void agrees_with_a_list(enum weir_reservoir_rule rule, uint32_t batch)
{
    struct model *m = calloc(1, sizeof(*m));
    assert_non_null(m);
    m->rng = weir_rng_stream(batch, WEIR_RNG_TEST, rule);
    m->b = calloc(1, sizeof(*m->b));
    basin_open(m->b, rule, CAPACITY, batch, LANES, SHARE);
    for (int i = 0; i < OPERATIONS; i++) {
        operate(m);
        agree(m);
    }
    /* It was no idle walk. */
    assert_true(m->drawn > 1000 && m->withdrawn > 100 && m->refused > 100);
    assert_true(rule != WEIR_RESERVOIR_KEEP || m->evicted > 1000);
    if (m->out)
        settle(m);
    basin_close(m->b);
    free(m->b);
    free(m);
}

static void keep_agrees_with_a_list(void **state)
{
    (void)state;
    agrees_with_a_list(WEIR_RESERVOIR_KEEP, 7);
    agrees_with_a_list(WEIR_RESERVOIR_KEEP, 19);
}

static void firo_agrees_with_a_list(void **state)
{
    (void)state;
    agrees_with_a_list(WEIR_RESERVOIR_FIRO, 7);
}

static void fifo_agrees_with_a_list(void **state)
{
    (void)state;
    agrees_with_a_list(WEIR_RESERVOIR_FIFO, 7);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(keep_agrees_with_a_list),
        cmocka_unit_test(firo_agrees_with_a_list),
        cmocka_unit_test(fifo_agrees_with_a_list),
    };
    return RUN(cases);
}
