/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_IO_CONFIG_H
#define WEIR_IO_CONFIG_H

/**
 * @file
 * The configuration of a run: one YAML file, every key optional.
 *
 * A file is a mapping of sections, a section a mapping of keys to single
 * values. YAML decides the structure and nothing else: every value is taken as
 * text and converted by the type the key declares (see weir/option.h), so that
 * `1e3`, `no`, `012` or `~` never mean what some reader of YAML happens to
 * think. Anchors, aliases, tags, several documents are refused, and lists but
 * where an option takes words.
 *
 * The keys of most sections are fixed (schema.c). `solver`, `model` and
 * `acquisition` name an entry of a registry and take that entry's own options
 * beside; `parameters` takes a mapping {low, high, axis, density} for each
 * parameter the solver samples. A solver with a `command` and no `name` is
 * `external`.
 *
 * Values come from the declared default, then the file, then --set. When --set
 * picks another solver, model or strategy than the file, what the file gave to
 * the options of its own choice is checked and dropped; so are its
 * `parameters` when the solver changes.
 *
 * Errors: -WEIR_ECONFIG for all that the user wrote, with one sentence that
 * starts with "FILE:LINE: KEY: " or "--set KEY=VALUE: ", and a hint where there
 * is one action to take; -ENOMEM. Nothing here is thread-safe against itself on
 * one config; reading a loaded config is.
 */
#include "acquire/difficulty.h"
#include "acquire/score.h"
#include "nn/clip.h"
#include "nn/optimiser.h"
#include "weir/option.h"
#include "weir/space.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Values of choices, in the order schema.c lists their words. */
enum weir_config_clock {
    WEIR_CLOCK_LIVE,     /* everything runs freely */
    WEIR_CLOCK_LOCKSTEP, /* one seed, the same bits */
};

enum weir_config_mode {
    WEIR_MODE_ONLINE,
    WEIR_MODE_POOL,
};

/** How a pool run chooses. */
enum weir_pool_rule {
    WEIR_POOL_RANDOM,
    WEIR_POOL_TOP,
    WEIR_POOL_POWER,
    WEIR_POOL_DIVERSITY,
    WEIR_POOL_LCMD,
    WEIR_POOL_HYBRID,
};

/** What distances of candidates are of. */
enum weir_pool_features {
    WEIR_POOL_PARAMETERS,
    WEIR_POOL_LAST_LAYER,
};

enum weir_config_rule {
    WEIR_RULE_RESERVOIR, /* evicts only samples already trained on */
    WEIR_RULE_FIRO,      /* first in, random out; each sample used once */
    WEIR_RULE_FIFO,      /* first in, first out; each sample used once */
};

enum weir_config_nonfinite {
    WEIR_NONFINITE_STOP, /* at that step */
    WEIR_NONFINITE_SKIP, /* change no weight in that step, and count it */
};

enum weir_config_allocation {
    WEIR_ALLOCATION_FIXED,
    WEIR_ALLOCATION_ADAPTIVE, /* cores follow measured waits */
};

enum weir_config_keep_reservoir {
    WEIR_KEEP_RESERVOIR_AUTO, /* in lockstep only */
    WEIR_KEEP_RESERVOIR_ALWAYS,
    WEIR_KEEP_RESERVOIR_NEVER,
};

struct weir_config_store; /* every key: its text and where it came from */

/**
 * A loaded configuration. Text and options point into the store and live until
 * weir_config_free. Fields hold what the user wrote: where 0 means "choose for
 * me", the function named beside it gives the value to use.
 */
struct weir_config {
    struct weir_config_store *store;

    struct {
        uint64_t seed;
        enum weir_config_clock clock;
        /** Simulations in flight at once; `processes` of a solver that has that
         *  option, where it is not 0. */
        int lanes;
        enum weir_config_mode mode;
    } run;

    struct {
        const char *name;
        struct weir_options options; /* those the solver declares */
    } solver;

    struct weir_space space; /* the solver's parameters, ranges overridden */

    struct { /* see config_target.h; "": independent axes */
        const char *samples, *correlation;
    } target;

    struct {
        int budget; /* simulations planned */
        int steps;  /* frames after the first; of a steady problem 1 */
        int crashes_before_redraw;
        int max_redraws; /* 0: see weir_config_max_redraws */
    } simulations;

    struct {
        enum weir_config_rule rule;
        int capacity;             /* samples */
        int watermark;            /* samples, before training starts */
        double samples_per_batch; /* 0: see weir_config_samples_per_batch */
        int every;                /* gradient steps between new samples */
        int slots_per_port;
    } reservoir;

    struct {
        const char *name;
        struct weir_options options; /* those the model declares */
    } model;

    struct {
        int steps;              /* gradient steps; 0: until drained */
        int batch, micro_batch; /* samples */
        int accumulate; /* micro-batches whose gradients share a buffer */
        int unroll;     /* surrogate steps per sample; window - 1 */
        enum weir_loss_type loss;
        double evidence; /* weight of the evidence held against errors */
        double learning_rate;
        int warmup_steps; /* 0: see weir_config_warmup_steps */
        enum weir_schedule schedule;
        double beta1, beta2, epsilon; /* of Adam */
        double weight_decay;
        enum weir_optimiser optimiser; /* what the decay acts on */
        enum weir_clip_rule clip;
        double clip_limit; /* 0: see weir_config_clip_limit */
        double ema;        /* decay of the average of weights; 0: none */
        enum weir_config_nonfinite on_nonfinite;
        int members;   /* of the ensemble */
        bool residual; /* the net predicts the change */
    } training;

    struct {
        int trajectories;
        int every; /* gradient steps */
        uint64_t seed;
        double stop_when; /* mean nRMSE; 0: never */
    } validation;

    struct {
        int trajectories;
        int rollout_steps;
        uint64_t seed;
    } test;

    struct {
        const char *strategy;
        enum weir_difficulty loss_type; /* of a sample */
        double cpu_share;               /* live: of the run's CPU time */
        struct weir_options options;    /* those the strategy declares */
    } acquisition;

    struct {
        int size, initial, batch, rounds;
        double growth;
        enum weir_pool_rule rule;
        enum weir_score_kind score;
        double rollout, beta, share, fraction;
        double epochs; /* of a round; 0: training.steps */
        bool warm;
        int dropout_passes;    /* of entropy */
        double entropy_weight; /* of tanh */
        int tod_steps;         /* T */
        enum weir_pool_features features;
        const char *distance_of; /* two points' parameters, or "" */
        int sketch;              /* numbers of a row of last-layer features */
    } pool;

    struct {
        int every;      /* gradient steps; 0: at the end and on signals */
        int keep;       /* newest files kept */
        int before_end; /* one more, steps before the planned end; 0: none */
        enum weir_config_keep_reservoir reservoir;
    } checkpoint;

    struct {
        int groups; /* 0: as many as fit */
        int cores_per_group;
        int solver_threads; /* 0: as many as fit */
        int acquisition_threads;
        enum weir_config_allocation allocation;
        bool bind;
        uint64_t memory_limit; /* bytes; 0: what the cgroup allows */
    } placement;

    const char *log;          /* areas, see weir_config_shows */
    double progress_interval; /* seconds between lines off a terminal */
};

/** What a section may name: one solver, model or strategy. */
struct weir_config_entry {
    const char *name;
    const char *summary;
    const struct weir_option *options; /* ends with a NULL name; may be NULL */
    /** A solver that takes whatever `parameters` names, in that order; each
     *  then needs low and high. `space` is not asked. */
    bool any_parameters;
    /** "Conv;width;depth": its name in one word, then options. NULL: none. */
    const char *spelling;
};

/**
 * What the reader asks about the registries. It knows them only through these,
 * so that it can be tested without them.
 */
struct weir_config_registry {
    void *ctx; /* passed to both */
    /**
     * Entry @p i of @p section: "solver", "model" or "acquisition".
     * @return false after the last
     */
    bool (*entry)(void *ctx, const char *section, size_t i,
                  struct weir_config_entry *out);
    /**
     * The entry of @p section that the path @p path means; called for names
     * with a slash in them. NULL: there are no such entries.
     * @return 0, or a negative code with a message
     */
    int (*open)(void *ctx, const char *section, const char *path,
                struct weir_config_entry *out);
    /**
     * The parameters of @p solver with @p options and their default ranges.
     * What @p out points to must last until `space_done`; it is copied.
     * @param[out] steady  its problem has one frame; false before the call
     * @param[out] held    handed to space_done
     * @return 0 or a negative code with a message, which ends the load
     */
    int (*space)(void *ctx, const char *solver,
                 const struct weir_options *options, struct weir_space *out,
                 bool *steady, void **held);
    /** After the copy; NULL: nothing to release. */
    void (*space_done)(void *ctx, const char *solver, void *held);
};

/**
 * Load the file at @p path.
 *
 * @param overrides the @p n texts "key=value" of --set, the last one of a key
 *                  wins; a key is dotted: "training.batch"
 * @param[out] out  freed by weir_config_free; untouched on failure
 * @return 0
 * @return -WEIR_ECONFIG unreadable, not YAML, or a key or value is wrong
 * @return -ENOMEM
 */
int weir_config_load(const char *path,
                     const struct weir_config_registry *registry,
                     const char *const *overrides, size_t n,
                     struct weir_config **out);

/**
 * The same from @p size bytes of @p text; @p name stands for the path in
 * messages.
 */
int weir_config_parse(const char *text, size_t size, const char *name,
                      const struct weir_config_registry *registry,
                      const char *const *overrides, size_t n,
                      struct weir_config **out);

/** NULL is fine. */
void weir_config_free(struct weir_config *cfg);

/**
 * Whether the values can work together: that the rate rule, the slots and the
 * reservoir cannot wait for each other for ever, and that what one key asks for
 * another one leaves room for. Facts of the machine are checked elsewhere.
 *
 * @return 0
 * @return -WEIR_ECONFIG names the keys, their numbers and one way out
 */
int weir_config_check(const struct weir_config *cfg);

/** Keys for weir_config_blame. */
#define WEIR_KEYS(...)                                                         \
    (const char *const[])                                                      \
    {                                                                          \
        __VA_ARGS__, NULL                                                      \
    }

/**
 * Put a place before what the error record says: that of the first of @p keys
 * (NULL ends them) that the user gave; the file where all are defaults.
 * @return -WEIR_ECONFIG
 */
int weir_config_blame(const struct weir_config *cfg, const char *const *keys);

/**
 * The same where the error record has a refusal of the entry that @p section
 * names, as "solver kdv: points: 161, expected ...": the place is that of the
 * option it begins with, if the user gave that; else that of the key @p chooser.
 * An option of another section has its whole key: "training.loss: ...".
 */
int weir_config_blame_entry(const struct weir_config *cfg, const char *section,
                            const char *chooser);

/**
 * The complete configuration as YAML: every key with its value, and in a
 * comment its origin and meaning. It loads back to an equal config. A last
 * mapping `defaults` lists the keys nobody set, so that weir_option_given
 * stays true to the user after a reload.
 *
 * @param[out] text zero-terminated, freed with free()
 * @return 0 or -ENOMEM
 */
int weir_config_resolved(const struct weir_config *cfg, char **text);

/** When a key may differ from what a run was started with. */
enum weir_config_change {
    WEIR_CHANGE_ANYTIME, /* also by --resume: no result depends on it */
    WEIR_CHANGE_FROM,    /* by --from: a new run continues an old one */
    WEIR_CHANGE_NEVER,   /* the weights would mean something else */
};

/** One key that differs. Its texts are gone when the callback returns. */
struct weir_config_difference {
    const char *key;
    const char *was, *now; /* as written; NULL: no such key there */
    enum weir_config_change change;
};

/** @return other than 0 to stop the comparison with that value */
typedef int weir_config_difference_fn(
    void *ctx, const struct weir_config_difference *difference);

/**
 * Call @p fn for every key whose value differs; 020 equals 20 and 1e-3 equals
 * 0.001. Where the two choose different solvers, models or strategies only the
 * choice is reported, not the options under it. An option the user has set in
 * one and not in the other differs even with equal values, for a strategy's
 * preset yields to what was set.
 *
 * @return 0, or what @p fn returned
 */
int weir_config_compare(const struct weir_config *was,
                        const struct weir_config *now,
                        weir_config_difference_fn *fn, void *ctx);

/**
 * Whether a run started with @p was may go on with @p now.
 *
 * @param allowed the strongest change the caller takes: WEIR_CHANGE_ANYTIME for
 *                --resume, WEIR_CHANGE_FROM for --from
 * @return 0
 * @return -WEIR_ECONFIG names the first key that may not differ, and how many
 */
int weir_config_may_continue(const struct weir_config *was,
                             const struct weir_config *now,
                             enum weir_config_change allowed);

/**
 * Whether `log` selects the debug lines of @p area: it is a comma-separated
 * list of areas, or "all".
 */
bool weir_config_shows(const struct weir_config *cfg, const char *area);

/** Samples in one trajectory: its windows of `unroll` + 1 frames. */
int weir_config_samples_per_simulation(const struct weir_config *cfg);

/**
 * New samples per gradient step. Left to 0 it spreads the budget's samples over
 * the planned steps, and is a quarter of a batch when no steps are planned.
 */
double weir_config_samples_per_batch(const struct weir_config *cfg);

/**
 * Gradient steps a run is expected to make: training.steps, or, when that is 0,
 * the steps in which the budget's samples arrive.
 */
int64_t weir_config_planned_steps(const struct weir_config *cfg);

/** Redraws after which the run fails: 0 means budget / 4 + 16. */
int weir_config_max_redraws(const struct weir_config *cfg);

/** training.clip_limit; 0 means 1 for a fixed limit, 5 for an adaptive one. */
double weir_config_clip_limit(const struct weir_config *cfg);

/** Steps of rising learning rate: 0 means a twentieth of the planned ones. */
int64_t weir_config_warmup_steps(const struct weir_config *cfg);

#endif
