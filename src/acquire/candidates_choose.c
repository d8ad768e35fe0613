/* SPDX-License-Identifier: BSD-3-Clause */
#include "acquire/candidates_state.h"

#include "base/err.h"
#include "base/log.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool is_finite(const float *row, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(row[i]))
            return false;
    return true;
}

/* Candidate @p from is the @p to -th one from now on. */
static void move(struct weir_candidates *c, uint32_t from, uint32_t to)
{
    size_t dims = weir_candidates_dims(c);
    memmove(c->row + to * dims, c->row + from * dims, dims * sizeof(float));
    c->place[to] = c->place[from];
    c->score[to] = c->score[from];
}

/* What has no finite features is no candidate, and no centre; nor is what has
 * begun to run since the first piece. */
static void leave_out(struct weir_candidates *c)
{
    size_t dims = weir_candidates_dims(c);
    uint32_t n = 0, labelled = 0;
    for (uint32_t i = 0; i < c->n; i++)
        if (!weir_candidates_is_taken(c, c->place[i]) &&
            is_finite(c->row + i * dims, dims))
            move(c, i, n++);
    for (uint32_t i = 0; i < c->labelled; i++)
        if (is_finite(c->base + i * dims, dims))
            memmove(c->base + labelled++ * dims, c->base + i * dims,
                    dims * sizeof(float));
    c->n = n;
    c->labelled = labelled;
}

static void look_at_scores(struct weir_candidates *c)
{
    size_t capped = weir_scores_cap(c->score, c->n);
    double low = HUGE_VAL, high = 0;
    for (uint32_t i = 0; i < c->n; i++) {
        low = fmin(low, c->score[i]);
        high = fmax(high, c->score[i]);
    }
    if (capped)
        weir_log_debug("acquire",
                       "%s: %zu of %u rollouts ran away: their scores count "
                       "as the largest finite one",
                       c->method->name, capped, c->n);
    if (!(high > low) && c->n > 1 && !c->told) {
        weir_log_info("acquire",
                      "%s: the scores of all %u candidates are alike; such "
                      "generations are drawn uniformly",
                      c->method->name, c->n);
        c->told = true;
    }
}

static int rising(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static uint32_t steered(const struct weir_candidates *c)
{
    return c->most < c->n ? c->most : c->n;
}

/* Hybrid: only the largest scores, in the pool's order. */
static int keep_largest(struct weir_candidates *c)
{
    uint32_t m = (uint32_t)ceil(c->set.fraction * c->n), least = steered(c);
    uint32_t *place = malloc(c->n * sizeof(*place) + 1);
    if (!place)
        return WEIR_FAIL(ENOMEM, "%s: pool of %u", c->method->name, c->n);
    int rc = weir_select_order(c->score, c->n, place);
    m = m < least ? least : m;
    if (rc == 0) {
        qsort(place, m, sizeof(*place), rising);
        for (uint32_t i = 0; i < m; i++)
            move(c, place[i], i);
        c->n = m;
    }
    free(place);
    return rc;
}

int weir_candidates_begin_choice(struct weir_candidates *c)
{
    struct weir_features pool = {c->row, 0, weir_candidates_dims(c)};
    struct weir_features base = {c->base, 0, weir_candidates_dims(c)};
    int rc = 0;
    leave_out(c);
    if (c->set.request.score)
        look_at_scores(c);
    c->ask.phase = WEIR_CANDIDATES_READY;
    if (!weir_candidates_are_diverse(c))
        return 0;
    c->ask.phase = WEIR_CANDIDATES_DISTANCES;
    if (c->set.request.score)
        rc = keep_largest(c);
    pool.n = c->n;
    base.n = c->labelled;
    return rc ? rc
              : weir_diverse_begin(&c->diverse,
                                   c->set.rule == WEIR_CANDIDATES_LCMD
                                       ? weir_diverse_of_largest_cluster
                                       : weir_diverse_farthest,
                                   &pool, &base, steered(c));
}

int weir_candidates_choose(struct weir_candidates *c, uint32_t n, uint32_t *k)
{
    const struct weir_candidates_settings *s = &c->set;
    struct weir_rng rng =
        weir_rng_stream(c->env->seed, WEIR_RNG_PROPOSAL,
                        UINT32_MAX | (uint64_t)c->at.generation << 32);
    *k = n < steered(c) ? n : steered(c);
    if (s->rule == WEIR_CANDIDATES_POWER)
        return weir_select_power(c->score, c->n, s->beta, &rng, *k, c->chosen);
    if (s->rule == WEIR_CANDIDATES_TOP)
        return weir_select_top(c->score, c->n, s->share, &rng, *k, c->chosen);
    return 0; /* the first of those that distances chose */
}
