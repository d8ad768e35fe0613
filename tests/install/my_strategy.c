/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A strategy of one's own, in an afternoon: every open simulation whose id is
 * a multiple of two goes near the hardest simulation so far. Built and used by
 *
 *   cc -shared -fPIC -o my.so my_strategy.c $(pkg-config --cflags weir)
 *   weir run CONFIG --set acquisition.strategy=./my.so \
 *       --set acquisition.reach=0.1
 *
 * It uses nothing but the installed headers. The order in which the functions
 * are called, and what they may rely on, stand in weir/strategy.h.
 */
#include <weir/strategy.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What a user may set beside `strategy`; `weir run` checks it. */
static const struct weir_option options[] = {
    {.name = "reach",
     .type = WEIR_OPTION_REAL,
     .fallback = "0.05",
     .min = 0,
     .max = 1,
     .unit = "of each range",
     .help = "how far from the hardest simulation"},
    {.name = "every",
     .type = WEIR_OPTION_INT,
     .fallback = "20",
     .min = 1,
     .max = 1e6,
     .unit = "batches",
     .help = "between two proposals"},
    {0},
};

/* All that changes; `save` writes it as it lies. */
struct state {
    uint64_t batches;
    uint32_t generation, hardest;
    double loss; /* of the hardest; negative: none yet */
};

struct mine {
    const struct weir_strategy_env *env;
    double reach;
    uint64_t every;
    struct state at;
    uint32_t room;
    double *u; /* [room][dims] parameters met */
};

static void mine_destroy(void *self)
{
    struct mine *m = self;
    free(m->u);
    free(m);
}

static int mine_create(const struct weir_strategy_env *env,
                       const struct weir_options *opts, void **self)
{
    struct mine *m = calloc(1, sizeof(*m));
    if (!m)
        return -ENOMEM;
    m->env = env;
    m->reach = weir_option_real(opts, "reach");
    m->every = (uint64_t)weir_option_int(opts, "every");
    m->at.loss = -1;
    *self = m;
    return 0;
}

/* Before anything is known: the draw every strategy has in common. */
static void mine_initial(void *self, uint32_t simulation, double *u)
{
    const struct mine *m = self;
    weir_target_draw(m->env, simulation, u);
}

/* Ids start at 0 and come without large gaps. */
static int mine_meet(void *self, uint32_t simulation, const double *u)
{
    struct mine *m = self;
    size_t dims = m->env->space.n;
    if (simulation >= m->room) {
        uint32_t room = 2 * simulation + 64;
        double *grown = realloc(m->u, room * dims * sizeof(*grown));
        if (!grown)
            return -ENOMEM;
        memset(grown + m->room * dims, 0,
               (room - m->room) * dims * sizeof(*grown));
        m->u = grown;
        m->room = room;
    }
    memcpy(m->u + simulation * dims, u, dims * sizeof(*u));
    return 0;
}

/* A loss that is not a number compares false, and is passed over. */
static int mine_observe(void *self, const struct weir_batch_loss *batch)
{
    struct mine *m = self;
    m->at.batches = batch->batch + 1;
    for (size_t i = 0; i < batch->n; i++)
        if (batch->sample[i].loss > m->at.loss) {
            m->at.loss = batch->sample[i].loss;
            m->at.hardest = batch->sample[i].simulation;
        }
    return 0;
}

static bool mine_due(const void *self, const struct weir_progress *now)
{
    const struct mine *m = self;
    return m->at.batches % m->every == 0 && now->open > 0;
}

/* Random numbers come from a stream of their own for each simulation and
 * generation: they depend on no other, and a resumed run draws them again. */
static void go_near(const struct mine *m, uint32_t simulation, double *u)
{
    struct weir_rng rng =
        weir_rng_stream(m->env->seed, WEIR_RNG_PROPOSAL,
                        simulation | (uint64_t)m->at.generation << 32);
    const double *hardest = m->u + m->at.hardest * m->env->space.n;
    for (size_t i = 0; i < m->env->space.n; i++) {
        u[i] = hardest[i] + m->reach * (2 * weir_rng_uniform(&rng) - 1);
        u[i] = u[i] < 0 ? 0 : u[i] > 1 ? 1 : u[i];
    }
}

static int mine_propose(void *self, const struct weir_progress *now,
                        struct weir_proposal *proposals, size_t n)
{
    struct mine *m = self;
    (void)now;
    m->at.generation++;
    for (size_t i = 0; i < n; i++) {
        struct weir_proposal *p = &proposals[i];
        p->generation = m->at.generation;
        p->bred = m->at.loss >= 0 && p->simulation % 2 == 0;
        if (p->bred)
            go_near(m, p->simulation, p->u);
        else
            weir_target_draw(m->env, p->simulation, p->u);
    }
    return 0;
}

static int mine_save(const void *self, struct weir_blob *out)
{
    const struct mine *m = self;
    int rc = weir_blob_put(out, &m->at, sizeof(m->at));
    if (rc == 0)
        rc = weir_blob_put(out, &m->room, sizeof(m->room));
    if (rc == 0)
        rc =
            weir_blob_put(out, m->u, m->room * m->env->space.n * sizeof(*m->u));
    return rc;
}

static int mine_restore(void *self, struct weir_blob *in)
{
    struct mine *m = self;
    uint32_t room;
    int rc = weir_blob_get(in, &m->at, sizeof(m->at));
    if (rc == 0)
        rc = weir_blob_get(in, &room, sizeof(room));
    if (rc)
        return rc;
    size_t bytes = room * m->env->space.n * sizeof(*m->u);
    if (bytes > in->size - in->at)
        return -EINVAL;
    double *u = malloc(bytes ? bytes : 1);
    if (!u)
        return -ENOMEM;
    free(m->u);
    m->u = u;
    m->room = room;
    return weir_blob_get(in, u, bytes);
}

static const struct weir_strategy_ops mine = {
    .name = "mine",
    .summary = "every other simulation goes near the hardest one",
    .options = options,
    .create = mine_create,
    .destroy = mine_destroy,
    .initial = mine_initial,
    .meet = mine_meet,
    .observe = mine_observe,
    .due = mine_due,
    .propose = mine_propose,
    .save = mine_save,
    .restore = mine_restore,
};

WEIR_STRATEGY_LIBRARY(mine);
