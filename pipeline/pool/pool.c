/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/pool/pool.h"

#include "acquire/select.h"
#include "acquire/shuffle.h"
#include "acquire/target.h"
#include "base/err.h"
#include "base/heap.h"
#include "base/log.h"
#include "pipeline/pool/pool_score.h"
#include "pipeline/run/dataset_solver.h"
#include "pipeline/run/registries.h"
#include "pipeline/run/run_check.h"
#include "weir/strategy.h"

#include <errno.h>
#include <limits.h>
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

static uint64_t own_steps(const struct weir_config *cfg, int round_number)
{
    double samples = (double)weir_pool_labelled(cfg, round_number) *
                     weir_config_samples_per_simulation(cfg);
    if (cfg->pool.epochs == 0)
        return (uint64_t)cfg->training.steps;
    return (uint64_t)ceil(cfg->pool.epochs * samples / cfg->training.batch);
}

uint64_t weir_pool_steps(const struct weir_config *cfg, int round_number)
{
    uint64_t n = own_steps(cfg, round_number);
    for (int i = 0; cfg->pool.warm && i < round_number; i++)
        n += own_steps(cfg, i);
    return n;
}

/* ---- candidates ---- */

/* Trajectory @p place of the shuffled data set. */
static void take_row(const struct weir_pool *pool, uint32_t place, double *u)
{
    const struct weir_space *space = &pool->cfg->space;
    uint32_t n = (uint32_t)weir_dataset_solver_count(pool->data);
    uint32_t row =
        weir_shuffled(place, n, pool->cfg->run.seed, WEIR_CANDIDATES);
    weir_dataset_solver_row(pool->data, row, u);
    weir_space_to_unit(space, u, u);
    for (size_t j = 0; j < space->n; j++)
        u[j] = fmin(fmax(u[j], 0), 1);
}

static void draw(const struct weir_pool *pool, uint32_t id, double *u)
{
    struct weir_strategy_env env = {.seed = pool->cfg->run.seed,
                                    .space = pool->cfg->space};
    weir_target_draw(&env, id, u);
}

void weir_pool_first(const struct weir_pool *pool, uint32_t i, double *u)
{
    if (pool->data)
        take_row(pool, i, u);
    else
        draw(pool, i, u);
}

void weir_pool_candidate(const struct weir_pool *pool, uint32_t i, double *u)
{
    if (pool->data)
        take_row(pool, (uint32_t)pool->cfg->pool.initial + i, u);
    else
        draw(pool, WEIR_CANDIDATES + i, u);
}

/* ---- checks ---- */

uint64_t weir_pool_seed(const struct weir_config *cfg, int round_number)
{
    if (round_number == 0 || cfg->pool.warm)
        return cfg->run.seed;
    struct weir_rng rng =
        weir_rng_stream(cfg->run.seed, WEIR_RNG_WEIGHTS,
                        UINT64_MAX / 2 + (uint64_t)(round_number + 1));
    uint64_t high = weir_rng_u32(&rng) >> 11; /* 53 bits, as run.seed */
    return high << 32 | weir_rng_u32(&rng);
}

static bool uses_scores(const struct weir_config *cfg)
{
    return cfg->pool.rule == WEIR_POOL_TOP ||
           cfg->pool.rule == WEIR_POOL_POWER ||
           cfg->pool.rule == WEIR_POOL_HYBRID;
}

static bool uses_features(const struct weir_config *cfg)
{
    return cfg->pool.features == WEIR_POOL_LAST_LAYER &&
           (cfg->pool.rule == WEIR_POOL_DIVERSITY ||
            cfg->pool.rule == WEIR_POOL_LCMD ||
            cfg->pool.rule == WEIR_POOL_HYBRID);
}

bool weir_pool_needs_pair(const struct weir_config *cfg)
{
    return uses_scores(cfg) && cfg->pool.score == WEIR_SCORE_TOD;
}

static bool drops(const struct weir_config *cfg)
{
    const struct weir_options *o = &cfg->model.options;
    for (size_t i = 0; i < o->n; i++)
        if (!strcmp(o->declared[i].name, "dropout"))
            return weir_option_real(o, "dropout") > 0;
    return false;
}

static int check_score(const struct weir_config *cfg)
{
    enum weir_score_kind kind = cfg->pool.score;
    if (!uses_scores(cfg))
        return 0;
    if (kind == WEIR_SCORE_DISAGREEMENT && cfg->training.members < 2) {
        WEIR_FAIL(WEIR_ECONFIG,
                  "pool: the score disagreement needs an ensemble, "
                  "training.members is %d",
                  cfg->training.members);
        return weir_err_hint("set training.members to 2, or pool.score to "
                             "loss, or pool.rule to diversity");
    }
    if (kind == WEIR_SCORE_ENTROPY && !drops(cfg)) {
        WEIR_FAIL(WEIR_ECONFIG,
                  "pool: the score entropy needs dropout, model %s has none",
                  cfg->model.name);
        return weir_err_hint("smart_cnn and smart_unet have model.dropout");
    }
    if (kind == WEIR_SCORE_EVIDENTIAL &&
        cfg->training.loss != WEIR_LOSS_EVIDENTIAL) {
        WEIR_FAIL(WEIR_ECONFIG, "pool: the score evidential is the uncertainty "
                                "of a model trained with the loss of that "
                                "name");
        return weir_err_hint("set training.loss to evidential");
    }
    if (kind == WEIR_SCORE_TOD &&
        (uint64_t)cfg->pool.tod_steps >= own_steps(cfg, 0)) {
        WEIR_FAIL(WEIR_ECONFIG, "pool: tod_steps is %d, of %llu gradient steps",
                  cfg->pool.tod_steps, (unsigned long long)own_steps(cfg, 0));
        return weir_err_hint("set pool.tod_steps to 1, as the paper has it");
    }
    return 0;
}

/* The pool's data set, if its solver is one. */
static int open_data(struct weir_pool *pool)
{
    const struct weir_config *cfg = pool->cfg;
    const struct weir_solver_ops *solver;
    int rc = weir_solver_choose(cfg->solver.name, &solver);
    if (rc || !weir_is_dataset(solver))
        return rc;
    rc = solver->configure(&cfg->solver.options, &pool->data);
    if (rc)
        return weir_config_refusal(rc, WEIR_KIND_SOLVER, cfg);
    size_t count = weir_dataset_solver_count(pool->data);
    size_t first = (size_t)cfg->pool.initial;
    size_t held =
        (size_t)cfg->validation.trajectories + (size_t)cfg->test.trajectories;
    if ((size_t)weir_option_int(&cfg->solver.options, "held_out") < held) {
        WEIR_FAIL(WEIR_ECONFIG,
                  "pool: validation and test take %zu trajectories, more than "
                  "solver.held_out",
                  held);
        weir_err_hint("set solver.held_out=%zu", held);
        return weir_config_blame(cfg, WEIR_KEYS("solver.held_out"));
    }
    if (count > UINT32_MAX || count < first) {
        WEIR_FAIL(WEIR_ECONFIG,
                  "pool: %zu first simulations, of %zu trajectories", first,
                  count);
        weir_err_hint("set pool.initial to fewer than %zu", count);
        return weir_config_blame(cfg,
                                 WEIR_KEYS("pool.initial", "training.batch"));
    }
    pool->size = pool->size < count - first ? pool->size : count - first;
    return 0;
}

static int check_sizes(const struct weir_pool *pool)
{
    const struct weir_config *cfg = pool->cfg;
    size_t wanted = weir_pool_labelled(cfg, cfg->pool.rounds - 1) -
                    (size_t)cfg->pool.initial;
    if (wanted > pool->size) {
        WEIR_FAIL(WEIR_ECONFIG,
                  "pool: %d rounds choose %zu candidates, of a pool of "
                  "%zu",
                  cfg->pool.rounds, wanted, pool->size);
        weir_err_hint("lower pool.rounds or pool.batch, or have %zu candidates",
                      wanted);
        return weir_config_blame(cfg, WEIR_KEYS("pool.size", "solver.held_out",
                                                "pool.rounds", "pool.batch"));
    }
    uint64_t steps = own_steps(cfg, 0);
    uint64_t most = weir_pool_steps(cfg, cfg->pool.rounds - 1);
    if (steps == 0 || most > INT_MAX) {
        WEIR_FAIL(WEIR_ECONFIG,
                  "pool: a round has %llu gradient steps, expected a few "
                  "or more and fewer than 2^31",
                  (unsigned long long)(steps ? most : 0));
        weir_err_hint("training.steps or pool.epochs say how many");
        return weir_config_blame(cfg,
                                 WEIR_KEYS("pool.epochs", "training.steps"));
    }
    int samples = cfg->pool.initial * weir_config_samples_per_simulation(cfg);
    if (samples < 2 * cfg->training.batch) {
        WEIR_FAIL(WEIR_ECONFIG,
                  "pool: the first round has %d samples, expected two "
                  "batches: training.batch is %d",
                  samples, cfg->training.batch);
        weir_err_hint("raise pool.initial, or lower training.batch");
        return weir_config_blame(cfg,
                                 WEIR_KEYS("pool.initial", "training.batch"));
    }
    if (cfg->validation.trajectories == 0) {
        WEIR_FAIL(WEIR_ECONFIG,
                  "pool: validation.trajectories is 0, expected some: "
                  "the best weights of a round choose");
        weir_err_hint("set validation.trajectories, to 30 for instance");
        return weir_config_blame(cfg, WEIR_KEYS("validation.trajectories"));
    }
    return 0;
}

int weir_pool_open(const struct weir_config *cfg, struct weir_pool *out)
{
    *out = (struct weir_pool){.cfg = cfg, .size = (size_t)cfg->pool.size};
    int rc = weir_pool_distance_read(cfg, &out->distance);
    rc = rc ? rc : open_data(out);
    rc = rc ? rc : check_sizes(out);
    if (rc == 0 && (uses_scores(cfg) || uses_features(cfg)) &&
        weir_run_check_forecast(cfg, "a pool's rule"))
        rc = weir_config_blame(cfg, WEIR_KEYS("model.name"));
    if (rc == 0 && check_score(cfg))
        rc = weir_config_blame(cfg, WEIR_KEYS("pool.score", "training.members",
                                              "pool.rule", "run.mode"));
    if (rc)
        weir_pool_close(out);
    return rc;
}

void weir_pool_close(struct weir_pool *pool)
{
    if (pool->data)
        weir_dataset_solver.release(pool->data);
    pool->data = NULL;
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

int weir_pool_begin(const struct weir_pool *pool, struct weir_pool_list *out)
{
    const struct weir_config *cfg = pool->cfg;
    *out = (struct weir_pool_list){.dims = cfg->space.n};
    size_t n = (size_t)cfg->pool.initial;
    int rc = enlarge(out, n);
    for (; rc == 0 && out->n < n; out->n++) {
        out->place[out->n] = -1;
        weir_pool_first(pool, (uint32_t)out->n, out->u + out->n * out->dims);
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
    double *u;       /* [n][dims] */
};

static int gather(const struct weir_pool *pool,
                  const struct weir_pool_list *list, struct rest *r)
{
    size_t size = pool->size, dims = pool->cfg->space.n;
    bool *taken = weir_array(size, sizeof(*taken));
    r->place = weir_array(size, sizeof(*r->place));
    r->score = weir_array(size, sizeof(*r->score));
    r->u = weir_array(size * dims, sizeof(*r->u));
    bool ready = taken && r->place && r->score && r->u;
    for (size_t i = 0; ready && i < list->n; i++)
        if (list->place[i] >= 0 && list->place[i] < (int64_t)size)
            taken[list->place[i]] = true;
    for (uint32_t i = 0; ready && i < size; i++) {
        if (taken[i])
            continue;
        weir_pool_candidate(pool, i, r->u + r->n * dims);
        r->place[r->n++] = i;
    }
    free(taken);
    return ready ? 0 : WEIR_FAIL(ENOMEM, "pool of %zu", size);
}

/* Rows of parameters, which a trajectory's number is none of, or of what the
 * round's last layer reads. */
static int describe(const struct weir_pool *pool,
                    const struct weir_pool_judge *judge, const double *u,
                    size_t n, float **row, struct weir_features *out)
{
    const struct weir_config *cfg = pool->cfg;
    bool learned = cfg->pool.features == WEIR_POOL_LAST_LAYER;
    size_t skip = pool->data ? 1 : 0, all = cfg->space.n;
    size_t axes = all - skip, further = pool->distance.n > 0;
    size_t dims = learned ? (size_t)cfg->pool.sketch : axes + further;
    *row = weir_array(n * dims + all, sizeof(**row));
    double *value = weir_array(all, sizeof(*value));
    *out = (struct weir_features){*row, n, dims};
    int rc = *row && value ? 0 : WEIR_FAIL(ENOMEM, "pool: features of %zu", n);
    if (rc == 0 && learned)
        rc = weir_pool_features(judge, u, n, *row);
    for (size_t i = 0; rc == 0 && !learned && i < n; i++) {
        float *to = *row + i * dims;
        for (size_t j = 0; j < axes; j++)
            to[j] = (float)u[i * all + skip + j];
        if (further)
            to[axes] = (float)weir_pool_distance(&pool->distance, cfg,
                                                 u + i * all, value);
    }
    free(value);
    return rc;
}

static int select_diverse(const struct weir_pool *pool,
                          const struct weir_pool_judge *judge,
                          const struct weir_pool_list *list,
                          const struct rest *r, size_t k, uint32_t *out)
{
    const struct weir_config *cfg = judge->cfg;
    struct weir_features candidates, have;
    float *of_pool, *of_list = NULL;
    int rc = describe(pool, judge, r->u, r->n, &of_pool, &candidates);
    rc = rc ? rc : describe(pool, judge, list->u, list->n, &of_list, &have);
    if (rc == 0 && cfg->pool.rule == WEIR_POOL_HYBRID)
        rc =
            weir_select_hybrid(r->score, cfg->pool.fraction,
                               weir_select_centres, &candidates, &have, k, out);
    else if (rc == 0)
        rc = (cfg->pool.rule == WEIR_POOL_LCMD
                  ? weir_select_lcmd
                  : weir_select_centres)(&candidates, &have, k, out);
    free(of_pool);
    free(of_list);
    return rc;
}

static int select_batch(const struct weir_pool *pool,
                        const struct weir_pool_judge *judge,
                        const struct weir_pool_list *list, const struct rest *r,
                        size_t k, uint32_t *out)
{
    const struct weir_config *cfg = judge->cfg;
    struct weir_rng rng = weir_rng_stream(cfg->run.seed, WEIR_RNG_PROPOSAL,
                                          (uint64_t)judge->round);
    switch (cfg->pool.rule) {
    case WEIR_POOL_RANDOM:
        return weir_select_random(r->n, &rng, k, out);
    case WEIR_POOL_TOP:
        return weir_select_top(r->score, r->n, cfg->pool.share, &rng, k, out);
    case WEIR_POOL_POWER:
        return weir_select_power(r->score, r->n, cfg->pool.beta, &rng, k, out);
    default:
        return select_diverse(pool, judge, list, r, k, out);
    }
}

static int add(const struct weir_pool *pool, const struct rest *r,
               const uint32_t *chosen, size_t k, struct weir_pool_list *list)
{
    int rc = enlarge(list, list->n + k);
    for (size_t j = 0; rc == 0 && j < k; j++) {
        uint32_t place = r->place[chosen[j]];
        weir_pool_candidate(pool, place, list->u + list->n * list->dims);
        list->place[list->n++] = place;
    }
    return rc;
}

static int score(const struct weir_pool_judge *judge, struct rest *r)
{
    int rc = weir_pool_scores(judge, r->u, r->n, r->score);
    size_t capped = rc ? 0 : weir_scores_cap(r->score, r->n);
    if (capped)
        weir_log_info("pool",
                      "%zu of %zu rollouts ran away: their scores "
                      "count as the largest finite one",
                      capped, r->n);
    return rc;
}

int weir_pool_choose(const struct weir_pool *pool, const char *dir,
                     const char *before, int round_number,
                     struct weir_pool_list *list)
{
    const struct weir_config *cfg = pool->cfg;
    struct weir_pool_judge judge = {cfg, dir, before, round_number};
    size_t k = weir_pool_batch(cfg, round_number);
    struct rest r = {0};
    uint32_t *chosen = weir_array(k ? k : 1, sizeof(*chosen));
    int rc = chosen ? gather(pool, list, &r) : WEIR_FAIL(ENOMEM, "pool batch");
    if (rc == 0 && uses_scores(cfg))
        rc = score(&judge, &r);
    rc = rc ? rc : select_batch(pool, &judge, list, &r, k, chosen);
    rc = rc ? rc : add(pool, &r, chosen, k, list);
    free(chosen);
    free(r.place);
    free(r.score);
    free(r.u);
    return rc;
}
