/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_ACQUIRE_CANDIDATES_STATE_H
#define WEIR_ACQUIRE_CANDIDATES_STATE_H

/**
 * @file
 * What the parts of candidates.h share: candidates.c creates, proposes and
 * saves; candidates_ask.c asks the forecast, piece by piece; candidates_choose.c
 * chooses.
 */
#include "acquire/candidates.h"
#include "acquire/diverse.h"
#include "acquire/starts.h"

/** Saved as it lies. */
struct weir_candidates_at {
    uint32_t generation;
    uint32_t finished; /* simulations, at the last proposal */
};

/** Simulations by id: what has run and, with a pool that is drawn once, which
 * candidate each one was made of. */
struct weir_candidates_known {
    uint32_t n, room; /* simulations met, in the order they were */
    double *u;        /* [room][dims] */
    uint32_t cells;
    uint32_t *place; /* [cells] in the pool, or WEIR_NOWHERE */
    bool *taken;     /* [pool] */
};

#define WEIR_NOWHERE UINT32_MAX

/** What the pieces of a proposal are about, one after the other. */
enum weir_candidates_phase {
    WEIR_CANDIDATES_IDLE,
    WEIR_CANDIDATES_KNOWN,     /* features of what has run */
    WEIR_CANDIDATES_POOL,      /* scores and features of candidates */
    WEIR_CANDIDATES_DISTANCES, /* of rules on features: the choice itself */
    WEIR_CANDIDATES_READY,
};

/** How far they have come. */
struct weir_candidates_ask {
    enum weir_candidates_phase phase;
    uint32_t from;  /* the first one of the call to come */
    uint32_t ready; /* first frames there are for it */
};

struct weir_candidates {
    const struct weir_candidates_method *method;
    const struct weir_strategy_env *env;
    struct weir_candidates_settings set;
    struct weir_candidates_at at;
    struct weir_candidates_known known;
    struct weir_starts pool_starts, known_starts;
    /* of the proposal that is being made */
    struct weir_candidates_ask ask;
    uint32_t n, labelled; /* candidates; simulations known by now */
    uint32_t met;         /* simulations, when it began */
    uint32_t most;        /* that it steers */
    uint32_t *place;      /* [pool] of the candidates */
    double *score;        /* [pool] */
    float *row;           /* [pool][features] */
    float *base;          /* [labelled][features] */
    uint32_t base_room;
    struct weir_diverse diverse;
    uint32_t *chosen; /* [horizon] */
    bool told;        /* that scores are all alike */
    bool told_late;   /* that pools are cut short */
    /* of a call */
    double *u;        /* [batch][dims] */
    uint32_t *number; /* [batch] by which first frames are kept */
    float *first;     /* [batch][frame] */
};

/** Whether its rule looks at distances. */
bool weir_candidates_are_diverse(const struct weir_candidates *c);
/** Numbers of a row that distances are measured on; 0: none are. */
size_t weir_candidates_dims(const struct weir_candidates *c);
/** Periods that have ended with @p finished simulations; the first is the
 * warm-up. */
uint32_t weir_candidates_periods(const struct weir_candidates *c,
                                 uint32_t finished);
/** Coordinates of candidate @p place of the proposal to come. */
void weir_candidates_draw(const struct weir_candidates *c, uint32_t place,
                          double *u);
/** What is a candidate now, and what is known: the beginning of a proposal. */
int weir_candidates_begin(struct weir_candidates *c);
/** All predictions are there: what is left of the pool, and a choice by
 * distances begins. */
int weir_candidates_begin_choice(struct weir_candidates *c);
/** Into `chosen`, for @p n open simulations. @param[out] k  of them */
int weir_candidates_choose(struct weir_candidates *c, uint32_t n, uint32_t *k);

/** Whether it asks anything. */
static inline bool weir_candidates_asks(
    const struct weir_candidates_settings *s)
{
    return s->request.score || s->request.features;
}

/** Coordinates as features: in the unit cube all have one scale. */
static inline void weir_candidates_describe(const double *u, size_t n,
                                            float *row)
{
    for (size_t i = 0; i < n; i++)
        row[i] = (float)u[i];
}

/** Whether it has run; only of a pool that is drawn once. */
static inline bool weir_candidates_is_taken(const struct weir_candidates *c,
                                            uint32_t place)
{
    return c->set.once && c->known.taken[place];
}

/** Candidates of a piece. */
static inline uint32_t weir_candidates_batch(const struct weir_candidates *c)
{
    return weir_candidates_asks(&c->set) ? c->env->forecast->batch : 256;
}

#endif
