/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/pool/pool.h"

#include "acquire/select.h"
#include "acquire/target.h"
#include "base/err.h"
#include "base/heap.h"
#include "base/log.h"
#include "pipeline/pool/pool_score.h"
#include "weir/strategy.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

size_t weir_pool_batch(const struct weir_config *cfg, int round_number)
{
    return (size_t)round(cfg->pool.batch * pow(cfg->pool.growth, round_number));
}

size_t weir_pool_labelled(const struct weir_config *cfg, int round_number)
{
    size_t n = (size_t)cfg->pool.initial;
    for (int i = 0; i < round_number; i++)
        n += weir_pool_batch(cfg, i);
    return n;
}

void weir_pool_first(const struct weir_config *cfg, uint32_t i, double *u)
{
    struct weir_strategy_env env = {.seed = cfg->run.seed, .space = cfg->space};
    weir_target_draw(&env, i, u);
}

void weir_pool_candidate(const struct weir_config *cfg, uint32_t i, double *u)
{
    weir_pool_first(cfg, WEIR_CANDIDATES + i, u);
}

static bool uses_scores(const struct weir_config *cfg)
{
    return cfg->pool.rule == WEIR_POOL_TOP ||
           cfg->pool.rule == WEIR_POOL_POWER ||
           cfg->pool.rule == WEIR_POOL_HYBRID;
}

int weir_pool_check(const struct weir_config *cfg)
{
    size_t wanted = weir_pool_labelled(cfg, cfg->pool.rounds - 1) -
                    (size_t)cfg->pool.initial;
    if (wanted > (size_t)cfg->pool.size)
        return WEIR_FAIL(WEIR_ECONFIG,
                         "pool: %d rounds choose %zu candidates, of a pool of "
                         "%d",
                         cfg->pool.rounds, wanted, cfg->pool.size);
    if (cfg->training.steps == 0)
        return WEIR_FAIL(WEIR_ECONFIG,
                         "pool: training.steps is 0, expected the gradient "
                         "steps of a round");
    if (cfg->validation.trajectories == 0)
        return WEIR_FAIL(WEIR_ECONFIG,
                         "pool: validation.trajectories is 0, expected some: "
                         "the best weights of a round choose");
    if (uses_scores(cfg) && cfg->pool.score == WEIR_POOL_DISAGREEMENT &&
        cfg->training.members < 2) {
        WEIR_FAIL(WEIR_ECONFIG,
                  "pool: the score disagreement needs an ensemble, "
                  "training.members is %d",
                  cfg->training.members);
        return weir_err_hint("set training.members to 2, or pool.score to "
                             "loss, or pool.rule to diversity");
    }
    return 0;
}

/* ---- lists ---- */

static int enlarge(struct weir_pool_list *list, size_t n)
{
    double *u = realloc(list->u, n * list->dims * sizeof(*u));
    if (u)
        list->u = u;
    int64_t *place = realloc(list->place, n * sizeof(*place));
    if (place)
        list->place = place;
    return u && place ? 0 : WEIR_FAIL(ENOMEM, "pool: list of %zu", n);
}

void weir_pool_list_free(struct weir_pool_list *list)
{
    free(list->u);
    free(list->place);
    *list = (struct weir_pool_list){0};
}

int weir_pool_begin(const struct weir_config *cfg, struct weir_pool_list *out)
{
    *out = (struct weir_pool_list){.dims = cfg->space.n};
    size_t n = (size_t)cfg->pool.initial;
    int rc = enlarge(out, n);
    for (; rc == 0 && out->n < n; out->n++) {
        out->place[out->n] = -1;
        weir_pool_first(cfg, (uint32_t)out->n, out->u + out->n * out->dims);
    }
    return rc;
}

int weir_pool_list_write(const struct weir_pool_list *list, const char *path)
{
    char fresh[4200];
    snprintf(fresh, sizeof(fresh), "%s.tmp", path);
    FILE *f = fopen(fresh, "we");
    bool good = f != NULL;
    for (size_t i = 0; good && i < list->n; i++) {
        for (size_t j = 0; j < list->dims; j++)
            good =
                good && fprintf(f, "%.17g ", list->u[i * list->dims + j]) > 0;
        good = good && fprintf(f, "# %lld\n", (long long)list->place[i]) > 0;
    }
    good = good && fflush(f) == 0 && fsync(fileno(f)) == 0;
    good = f && fclose(f) == 0 && good;
    if (good && rename(fresh, path) == 0)
        return 0;
    return WEIR_FAIL(WEIR_EENV, "%s: %s", path, strerror(errno));
}

static int read_line(struct weir_pool_list *list, const char *path, FILE *f)
{
    long long place;
    int rc = enlarge(list, list->n + 1);
    if (rc)
        return rc;
    for (size_t j = 0; j < list->dims; j++)
        if (fscanf(f, "%lf", &list->u[list->n * list->dims + j]) != 1)
            return j || !feof(f) ? WEIR_FAIL(WEIR_ECORRUPT, "%s: line %zu",
                                             path, list->n + 1)
                                 : 0;
    if (fscanf(f, " # %lld", &place) != 1)
        return WEIR_FAIL(WEIR_ECORRUPT, "%s: line %zu has no place in the pool",
                         path, list->n + 1);
    list->place[list->n++] = place;
    return 1;
}

int weir_pool_list_read(const struct weir_config *cfg, const char *path,
                        struct weir_pool_list *out)
{
    int rc = 1;
    *out = (struct weir_pool_list){.dims = cfg->space.n};
    FILE *f = fopen(path, "re");
    if (!f)
        return WEIR_FAIL(errno, "%s", path);
    while (rc > 0)
        rc = read_line(out, path, f);
    fclose(f);
    if (rc)
        weir_pool_list_free(out);
    return rc;
}

/* ---- choosing ---- */

/* What is left of the pool. */
struct rest {
    size_t n;
    uint32_t *place; /* [n] */
    double *score;   /* [n] */
    float *x;        /* [n][dims] */
};

static int gather(const struct weir_config *cfg,
                  const struct weir_pool_list *list, struct rest *r)
{
    size_t size = (size_t)cfg->pool.size, dims = cfg->space.n;
    bool *taken = weir_array(size, sizeof(*taken));
    double *u = weir_array(dims, sizeof(*u));
    r->place = weir_array(size, sizeof(*r->place));
    r->score = weir_array(size, sizeof(*r->score));
    r->x = weir_array(size * dims, sizeof(*r->x));
    bool ready = taken && u && r->place && r->score && r->x;
    for (size_t i = 0; ready && i < list->n; i++)
        if (list->place[i] >= 0 && list->place[i] < (int64_t)size)
            taken[list->place[i]] = true;
    for (uint32_t i = 0; ready && i < size; i++) {
        if (taken[i])
            continue;
        weir_pool_candidate(cfg, i, u);
        for (size_t j = 0; j < dims; j++)
            r->x[r->n * dims + j] = (float)u[j];
        r->place[r->n++] = i;
    }
    free(taken);
    free(u);
    return ready ? 0 : WEIR_FAIL(ENOMEM, "pool of %zu", size);
}

static int select_diverse(const struct weir_config *cfg,
                          const struct weir_pool_list *list,
                          const struct rest *r, size_t k, uint32_t *out)
{
    size_t dims = list->dims;
    float *x = weir_array(list->n * dims, sizeof(*x));
    if (!x)
        return WEIR_FAIL(ENOMEM, "pool: %zu labelled", list->n);
    for (size_t i = 0; i < list->n * dims; i++)
        x[i] = (float)list->u[i];
    struct weir_features pool = {r->x, r->n, dims}, have = {x, list->n, dims};
    int rc;
    if (cfg->pool.rule == WEIR_POOL_HYBRID)
        rc = weir_select_hybrid(r->score, cfg->pool.fraction,
                                weir_select_centres, &pool, &have, k, out);
    else
        rc = (cfg->pool.rule == WEIR_POOL_LCMD
                  ? weir_select_lcmd
                  : weir_select_centres)(&pool, &have, k, out);
    free(x);
    return rc;
}

static int select_batch(const struct weir_config *cfg, int round_number,
                        const struct weir_pool_list *list, const struct rest *r,
                        size_t k, uint32_t *out)
{
    struct weir_rng rng = weir_rng_stream(cfg->run.seed, WEIR_RNG_PROPOSAL,
                                          (uint64_t)round_number);
    switch (cfg->pool.rule) {
    case WEIR_POOL_RANDOM:
        return weir_select_random(r->n, &rng, k, out);
    case WEIR_POOL_TOP:
        return weir_select_top(r->score, r->n, cfg->pool.share, &rng, k, out);
    case WEIR_POOL_POWER:
        return weir_select_power(r->score, r->n, cfg->pool.beta, &rng, k, out);
    default:
        return select_diverse(cfg, list, r, k, out);
    }
}

static int add(const struct weir_config *cfg, const struct rest *r,
               const uint32_t *chosen, size_t k, struct weir_pool_list *list)
{
    int rc = enlarge(list, list->n + k);
    for (size_t j = 0; rc == 0 && j < k; j++) {
        uint32_t place = r->place[chosen[j]];
        weir_pool_candidate(cfg, place, list->u + list->n * list->dims);
        list->place[list->n++] = place;
    }
    return rc;
}

int weir_pool_choose(const struct weir_config *cfg, const char *dir,
                     int round_number, struct weir_pool_list *list)
{
    size_t k = weir_pool_batch(cfg, round_number);
    struct rest r = {0};
    uint32_t *chosen = weir_array(k ? k : 1, sizeof(*chosen));
    int rc = chosen ? gather(cfg, list, &r) : WEIR_FAIL(ENOMEM, "pool batch");
    if (rc == 0 && uses_scores(cfg)) {
        rc = weir_pool_score(cfg, dir, r.place, r.n, r.score);
        size_t capped = rc ? 0 : weir_scores_cap(r.score, r.n);
        if (capped)
            weir_log_info("pool",
                          "%zu of %zu rollouts ran away: their scores "
                          "count as the largest finite one",
                          capped, r.n);
    }
    rc = rc ? rc : select_batch(cfg, round_number, list, &r, k, chosen);
    rc = rc ? rc : add(cfg, &r, chosen, k, list);
    free(chosen);
    free(r.place);
    free(r.score);
    free(r.x);
    return rc;
}
