/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_ACQUIRE_CANDIDATES_H
#define WEIR_ACQUIRE_CANDIDATES_H

/**
 * @file
 * What strategies share that choose from a pool of candidates: from time to time
 * the surrogate is asked about every candidate (weir/strategy.h, `score`), and
 * a rule of select.h chooses the simulations to come. A method is a name, who
 * is asked what, and a rule.
 *
 * A proposal is due when `warmup` simulations have finished, and again whenever
 * `period` more have; of those open then the `horizon` first get candidates, in
 * the rule's order of choice, so that a generation of which only the first run
 * has the rule's law too. The others are drawn from the target density.
 *
 * A pool is drawn from the target density: for each proposal anew, or once, and
 * then what has run is no candidate any more. Candidates whose features are not
 * finite are left out; scores that are not count as the largest finite one.
 *
 * A live run may allow so little time that a period goes by while the pool is
 * asked about. Those asked about by then are the pool, and the proposal steers
 * half as many at most: a later one would find less open to steer.
 *
 * Presets (by the papers' configurations; warmup of both is Weir's, a period,
 * since weights that have hardly been trained disagree about nothing):
 *
 *   ogas    5,000 candidates, anew each time; half a rollout; a period is a tenth
 *           of the budget; of Top-K the best 70 %, the rest at random
 *           (arXiv 2606.09949; its warm-up is a hundredth of the budget)
 *   al4pde  100,000, drawn once; whole rollouts; Top-K is all of it
 *           (arXiv 2408.01536; its surrogates train from scratch, in rounds:
 *           run.mode pool does that)
 *
 * Starts of candidates are made once: those of a pool that is drawn once, those of
 * one asked about both scores and features, and of what has run. They are kept
 * within `starts_memory`, the pool's before the others; what has no room there is
 * started at every proposal. They are made ahead, as soon as a pool is known
 * (`learn`): in lockstep some after every batch, live within acquisition.cpu_share.
 *
 * Cost of a proposal: starts, if they are not kept; `pool` rollouts by every
 * predictor; and for rules on features pool x (labelled + horizon) distances of
 * `features` numbers, with a look through the pool for each choice. All of it in
 * pieces (`score`), of one call of the forecast or of distances on 4 million
 * numbers, so that losses are folded in between.
 *
 * Memory: 12 bytes x pool and starts_memory at most; for rules on features 4 x
 * features x (pool + labelled), 12 x pool and 8 x (labelled + horizon); 8 x
 * parameters x labelled. `needs` tells the sum.
 */
#include "acquire/select.h"
#include "weir/strategy.h"

enum weir_candidates_rule {
    WEIR_CANDIDATES_POWER, /* scores */
    WEIR_CANDIDATES_TOP,
    WEIR_CANDIDATES_CENTRES, /* features */
    WEIR_CANDIDATES_LCMD,
};

/** What a strategy's name stands for. */
struct weir_candidates_method {
    const char *name;
    const char *score; /* of acquire/score.h; NULL: none */
    enum weir_candidates_rule rule;
    bool by_parameters; /* a rule on features: coordinates instead */
};

struct weir_candidates_settings {
    uint32_t pool, warmup, period, horizon;
    bool once;     /* the pool is drawn once */
    size_t starts; /* bytes of first frames that are kept */
    double beta, share, fraction;
    struct weir_forecast_request request;
    enum weir_candidates_rule rule;
    bool by_parameters;
};

/* clang-format off */
/** Options of all of them. */
#define WEIR_CANDIDATES_OPTIONS                                                \
    {.name = "preset", .type = WEIR_OPTION_CHOICE, .fallback = "ogas",         \
     .choices = "ogas|al4pde", .help = "whose configuration"},                 \
    {.name = "pool", .type = WEIR_OPTION_INT, .fallback = "0", .min = 0,       \
     .max = 1e8, .unit = "candidates", .help = "that are looked at (0: by preset)"},  \
    {.name = "drawn", .type = WEIR_OPTION_CHOICE, .fallback = "by_preset",     \
     .choices = "by_preset|each_time|once", .help = "when the pool is"},       \
    {.name = "warmup", .type = WEIR_OPTION_INT, .fallback = "0", .min = 0,     \
     .max = 1e9, .unit = "simulations",                                        \
     .help = "finished before the first proposal (0: a period)"},              \
    {.name = "period", .type = WEIR_OPTION_INT, .fallback = "0", .min = 0,     \
     .max = 1e9, .unit = "simulations",                                        \
     .help = "finished between two proposals (0: a tenth of the budget)"},     \
    {.name = "horizon", .type = WEIR_OPTION_INT, .fallback = "0", .min = 0,    \
     .max = 1e9, .unit = "simulations",                                        \
     .help = "open ones that a proposal steers (0: two periods)"}
/** Of those that predict. */
#define WEIR_CANDIDATES_ROLLOUT                                                \
    {.name = "rollout", .type = WEIR_OPTION_REAL, .fallback = "0", .min = 0,   \
     .max = 1, .unit = "of the steps",                                         \
     .help = "that candidates are rolled out over (0: by preset)"},            \
    {.name = "starts_memory", .type = WEIR_OPTION_INT, .fallback = "1024",     \
     .min = 0, .max = 1e9, .unit = "MiB",                                      \
     .help = "for first frames of candidates, which are then made once"}
/** Of those that go by what a surrogate says of itself. */
#define WEIR_CANDIDATES_SCORE                                                  \
    {.name = "score", .type = WEIR_OPTION_CHOICE, .fallback = "disagreement",  \
     .choices = "disagreement|evidential",                                     \
     .help = "S: of members, or of an evidential loss, its own variance"}
#define WEIR_CANDIDATES_FEATURES                                               \
    {.name = "features", .type = WEIR_OPTION_INT, .fallback = "512", .min = 1, \
     .max = 65536, .help = "numbers of a sketch of what the last layer reads"}
#define WEIR_CANDIDATES_PASSES                                                 \
    {.name = "passes", .type = WEIR_OPTION_INT, .fallback = "3", .min = 2,     \
     .max = 64, .help = "of entropy, with other units dropped"},               \
    {.name = "weight", .type = WEIR_OPTION_REAL, .fallback = "0", .min = 0,    \
     .max = 1e9,                                                               \
     .help = "of tanh in the entropy: equation 2 has 0, the released code 2000"}
#define WEIR_CANDIDATES_APART                                                  \
    {.name = "apart", .type = WEIR_OPTION_INT, .fallback = "1", .min = 1,      \
     .max = 1e9, .unit = "gradient steps",                                     \
     .help = "between the two weights that tod compares"}
/* clang-format on */

/**
 * What the options come to for one run.
 * @return 0
 * @return -WEIR_ECONFIG the pool has fewer candidates than a proposal steers, or
 *         the run has no simulation or parameter
 */
int weir_candidates_settings_read(const struct weir_candidates_method *method,
                                  const struct weir_strategy_env *env,
                                  const struct weir_options *opts,
                                  struct weir_candidates_settings *out);

/** A strategy's `create`: @p method outlives it. */
int weir_candidates_create(const struct weir_candidates_method *method,
                           const struct weir_strategy_env *env,
                           const struct weir_options *opts, void **self);

/** A strategy's `needs`. */
int weir_candidates_needs(const struct weir_candidates_method *method,
                          const struct weir_strategy_env *env,
                          const struct weir_options *opts,
                          struct weir_strategy_needs *out);

/* The other functions of the strategy's table. */
void weir_candidates_destroy(void *self);
void weir_candidates_initial(void *self, uint32_t simulation, double *u);
int weir_candidates_meet(void *self, uint32_t simulation, const double *u);
int weir_candidates_observe(void *self, const struct weir_batch_loss *batch);
bool weir_candidates_due(const void *self, const struct weir_progress *now);
int weir_candidates_learn(void *self);
int weir_candidates_score(void *self, uint32_t piece);
int weir_candidates_propose(void *self, const struct weir_progress *now,
                            struct weir_proposal *proposals, size_t n);
int weir_candidates_save(const void *self, struct weir_blob *out);
int weir_candidates_restore(void *self, struct weir_blob *in);

/** A whole strategy called @p id, of the method `method` in its file. */
#define WEIR_CANDIDATES_STRATEGY(id, what, table)                              \
    static int id##_create(const struct weir_strategy_env *env,                \
                           const struct weir_options *opts, void **self)       \
    {                                                                          \
        return weir_candidates_create(&method, env, opts, self);               \
    }                                                                          \
    static int id##_needs(const struct weir_strategy_env *env,                 \
                          const struct weir_options *opts,                     \
                          struct weir_strategy_needs *out)                     \
    {                                                                          \
        return weir_candidates_needs(&method, env, opts, out);                 \
    }                                                                          \
    const struct weir_strategy_ops weir_strategy_##id = {                      \
        .name = #id,                                                           \
        .summary = what,                                                       \
        .options = table,                                                      \
        .create = id##_create,                                                 \
        .destroy = weir_candidates_destroy,                                    \
        .initial = weir_candidates_initial,                                    \
        .meet = weir_candidates_meet,                                          \
        .observe = weir_candidates_observe,                                    \
        .due = weir_candidates_due,                                            \
        .learn = weir_candidates_learn,                                        \
        .score = weir_candidates_score,                                        \
        .needs = id##_needs,                                                   \
        .propose = weir_candidates_propose,                                    \
        .save = weir_candidates_save,                                          \
        .restore = weir_candidates_restore,                                    \
    }

#endif
