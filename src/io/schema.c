/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/schema.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define COUNT_MAX 1000000000         /* of samples, steps: far below INT_MAX */
#define SEED_MAX  9007199254740991.0 /* 2^53 - 1: exact as a double */

/*
 * One row a key: member of struct weir_config, name, type, default, range,
 * words of a choice, unit, when it may change, help.
 */
#define RUN(K)                                                                 \
    K(run, seed, INT, "1", 0, SEED_MAX, NULL, NULL, FROM,                      \
      "of everything random in the run")                                       \
    K(run, clock, CHOICE, "live", 0, 0, "live|lockstep", NULL, FROM,           \
      "live: fastest; lockstep: one seed gives the same bits")                 \
    K(run, lanes, INT, "4", 1, 1024, NULL, NULL, FROM,                         \
      "simulations in flight at once")                                         \
    K(run, mode, CHOICE, "online", 0, 0, "online|pool", NULL, ANYTIME,         \
      "pool: rounds of training and choosing from a pool")

#define SOLVER(K)                                                              \
    K(solver, name, TEXT, "kdv", 0, 0, NULL, NULL, NEVER,                      \
      "what is simulated; 'weir list solvers'")

#define TARGET(K)                                                              \
    K(target, samples, TEXT, "", 0, 0, NULL, NULL, FROM,                       \
      "HDF5 file whose dataset 'parameters' the target density follows")       \
    K(target, correlation, TEXT, "", 0, 0, NULL, NULL, FROM,                   \
      "of normal scores of parameters, as in 'A0 A1 0.8, A0 A2 -0.3'")

#define SIMULATIONS(K)                                                         \
    K(simulations, budget, INT, "400", 1, 10000000, NULL, NULL, FROM,          \
      "simulations planned")                                                   \
    K(simulations, steps, INT, "50", 1, 1000000, NULL, NULL, FROM,             \
      "frames of a simulation after the first; of a steady problem 1")                                \
    K(simulations, crashes_before_redraw, INT, "1", 1, 1000, NULL, NULL, FROM, \
      "attempts before other parameters are drawn")                            \
    K(simulations, max_redraws, INT, "0", 0, COUNT_MAX, NULL, NULL, FROM,      \
      "then the run fails; 0: budget / 4 + 16")

#define RESERVOIR(K)                                                           \
    K(reservoir, rule, CHOICE, "reservoir", 0, 0, "reservoir|firo|fifo", NULL, \
      FROM, "reservoir: drawn again until evicted; firo, fifo: used once")     \
    K(reservoir, capacity, INT, "2000", 2, COUNT_MAX, NULL, "samples", FROM,   \
      "held in memory")                                                        \
    K(reservoir, watermark, INT, "500", 1, COUNT_MAX, NULL, "samples", FROM,   \
      "present before training starts")                                        \
    K(reservoir, samples_per_batch, REAL, "0", 0, COUNT_MAX, NULL, "samples",  \
      FROM, "new ones per gradient step; 0: the budget over the steps")        \
    K(reservoir, every, INT, "1", 1, COUNT_MAX, NULL, "gradient steps", FROM,  \
      "so many steps' new samples come together: in sets")                     \
    K(reservoir, slots_per_port, INT, "16", 2, 65536, NULL, "samples", FROM,   \
      "lent to each lane to fill")

#define MODEL(K)                                                               \
    K(model, name, TEXT, "convnet", 0, 0, NULL, NULL, NEVER,                   \
      "what is trained; 'weir list models'")

#define TRAINING(K)                                                            \
    K(training, steps, INT, "4000", 0, COUNT_MAX, NULL, "gradient steps",      \
      FROM, "0: until all simulations are used up")                            \
    K(training, batch, INT, "20", 1, 65536, NULL, "samples", FROM,             \
      "per gradient step")                                                     \
    K(training, micro_batch, INT, "5", 1, 65536, NULL, "samples", FROM,        \
      "a batch is cut into parts of this size, whatever the cores")            \
    K(training, accumulate, INT, "1", 1, 65536, NULL, "micro-batches", FROM,   \
      "whose gradients share a buffer: less memory, fewer groups")             \
    K(training, unroll, INT, "1", 1, 8, NULL, "steps", FROM,                   \
      "the surrogate makes on its own for one loss")                           \
    K(training, loss, CHOICE, "mse", 0, 0, WEIR_LOSS_CHOICES, NULL, FROM,      \
      "that is made small; wmae_*: for targets between 0 and 1; evidential: "  \
      "of a density, which tells its own uncertainty")                         \
    K(training, evidence, REAL, "0.01", 0, 1e6, NULL, NULL, FROM,              \
      "evidential loss: weight of evidence that is held against errors")       \
    K(training, learning_rate, REAL, "1e-3", 1e-12, 10, NULL, NULL, FROM,      \
      "after the warm-up")                                                     \
    K(training, warmup_steps, INT, "0", 0, COUNT_MAX, NULL, "gradient steps",  \
      FROM, "of rising learning rate; 0: a twentieth of all")                  \
    K(training, schedule, CHOICE, "cosine", 0, 0, WEIR_SCHEDULE_CHOICES, NULL, \
      FROM, "of the learning rate after the warm-up")                          \
    K(training, beta1, REAL, "0.9", 0, 0.999999, NULL, NULL, FROM,             \
      "Adam: decay of the mean gradient")                                      \
    K(training, beta2, REAL, "0.999", 0, 0.99999999, NULL, NULL, FROM,         \
      "Adam: decay of the mean squared gradient")                              \
    K(training, epsilon, REAL, "1e-8", 1e-30, 1, NULL, NULL, FROM,             \
      "Adam: added to the root of the latter")                                 \
    K(training, weight_decay, REAL, "0", 0, 1, NULL, NULL, FROM,               \
      "see optimiser")                                                         \
    K(training, optimiser, CHOICE, "adamw", 0, 0, WEIR_OPTIMISER_CHOICES,      \
      NULL, FROM, "adamw: decay of the weights; adam: added to the gradient")  \
    K(training, clip, CHOICE, "none", 0, 0, WEIR_CLIP_CHOICES, NULL, FROM,     \
      "gradients above a norm; adaptive: above that of the steps before")      \
    K(training, clip_limit, REAL, "0", 0, 1e30, NULL, NULL, FROM,              \
      "the norm, or how many times it; 0: 1 if fixed, 5 if adaptive")          \
    K(training, ema, REAL, "0", 0, 0.9999999, NULL, NULL, FROM,                \
      "decay of an average of weights, which is then evaluated; 0: none")      \
    K(training, on_nonfinite, CHOICE, "stop", 0, 0, "stop|skip", NULL, FROM,   \
      "when a loss or gradient is not finite; skip: leave the step out")       \
    K(training, members, INT, "1", 1, 64, NULL, NULL, NEVER,                   \
      "of the ensemble: other initial weights, the same samples")              \
    K(training, residual, BOOL, "true", 0, 0, NULL, NULL, NEVER,               \
      "predict the change of a state, not the next state")

#define VALIDATION(K)                                                          \
    K(validation, trajectories, INT, "64", 0, 1000000, NULL, NULL, FROM,       \
      "in the set that picks the best checkpoint; 0: none")                    \
    K(validation, every, INT, "500", 1, COUNT_MAX, NULL, "gradient steps",     \
      ANYTIME, "between two evaluations")                                      \
    K(validation, seed, INT, "7", 0, SEED_MAX, NULL, NULL, FROM,               \
      "of the set's Halton sequence; not that of the run")                     \
    K(validation, stop_when, REAL, "0", 0, 1e9, NULL, "nRMSE", ANYTIME,        \
      "mean error of one step at which the run ends; 0: never")

#define TEST(K)                                                                \
    K(test, trajectories, INT, "750", 0, 1000000, NULL, NULL, FROM,            \
      "in the set that is used once, at the end; 0: none")                     \
    K(test, rollout_steps, INT, "50", 1, 1000000, NULL, "steps", FROM,         \
      "the surrogate makes on its own in a rollout")                           \
    K(test, seed, INT, "7", 0, SEED_MAX, NULL, NULL, FROM,                     \
      "as above; with equal seeds the two sets are disjoint segments")

#define ACQUISITION(K)                                                         \
    K(acquisition, strategy, TEXT, "breed", 0, 0, NULL, NULL, FROM,            \
      "what is simulated next; 'weir list strategies'")                        \
    K(acquisition, loss_type, CHOICE, "nrmse", 0, 0, WEIR_DIFFICULTY_CHOICES,  \
      NULL, FROM,                                                              \
      "difficulty of a sample; disagreement, ecrps: of members; "              \
      "evidential: of the loss of that name, its uncertainty")                 \
    K(acquisition, cpu_share, REAL, "0.04", 0, 1, NULL, NULL, ANYTIME,         \
      "of the run's CPU time, live: what its threads may take to train, "      \
      "start and predict")

#define POOL(K)                                                                \
    K(pool, size, INT, "5000", 1, 100000000, NULL, "candidates", ANYTIME,      \
      "drawn once from the target density")                                    \
    K(pool, initial, INT, "32", 1, 100000000, NULL, "simulations", ANYTIME,    \
      "drawn in the same way, the first round's")                              \
    K(pool, batch, INT, "32", 1, 100000000, NULL, "simulations", ANYTIME,      \
      "chosen after the first round")                                          \
    K(pool, growth, REAL, "1", 1, 100, NULL, NULL, ANYTIME,                    \
      "of the batch from round to round")                                      \
    K(pool, rounds, INT, "5", 1, 1000, NULL, NULL, ANYTIME,                    \
      "of training; one less of choosing")                                     \
    K(pool, rule, CHOICE, "power", 0, 0,                                       \
      "random|top|power|diversity|lcmd|hybrid", NULL, ANYTIME,                 \
      "power: SBAL; the last three look at distances of features")             \
    K(pool, score, CHOICE, "disagreement", 0, 0, WEIR_SCORE_CHOICES, NULL,     \
      ANYTIME,                                                                 \
      "of members, dropout passes, weights of two times; the true loss; an "   \
      "evidential loss's own")                                                 \
    K(pool, dropout_passes, INT, "3", 2, 64, NULL, NULL, ANYTIME,              \
      "entropy: predictions with other units dropped")                         \
    K(pool, entropy_weight, REAL, "0", 0, 1e9, NULL, NULL, ANYTIME,            \
      "entropy: of tanh(mean); its paper has 0, its code 2000")                \
    K(pool, tod_steps, INT, "1", 1, 1000000, NULL, "gradient steps", ANYTIME,  \
      "tod: between the two sets of weights, the last of a round")             \
    K(pool, features, CHOICE, "parameters", 0, 0, "parameters|last_layer",     \
      NULL, ANYTIME, "diversity, lcmd, hybrid: whose distances are looked at") \
    K(pool, distance_of, TEXT, "", 0, 0, NULL, NULL, ANYTIME,                  \
      "parameters: names of two points' coordinates, as "                      \
      "row0,col0,row1,col1: their distance counts too")                        \
    K(pool, sketch, INT, "512", 1, 65536, NULL, "numbers", ANYTIME,            \
      "last_layer: features of a rollout, after a random projection")          \
    K(pool, rollout, REAL, "1", 0, 1, NULL, "of a trajectory", ANYTIME,        \
      "that is rolled out for a score")                                        \
    K(pool, beta, REAL, "1", 0, 1000, NULL, NULL, ANYTIME,                     \
      "power: probability as score^beta")                                      \
    K(pool, share, REAL, "1", 0, 1, NULL, NULL, ANYTIME,                       \
      "top: of the batch by score, the rest random")                           \
    K(pool, fraction, REAL, "0.5", 1e-6, 1, NULL, NULL, ANYTIME,               \
      "hybrid: of the pool, by score, that diversity chooses from")            \
    K(pool, epochs, REAL, "0", 0, 1e6, NULL, NULL, ANYTIME,                    \
      "of a round, over all its samples; 0: training.steps, every round")      \
    K(pool, warm, BOOL, "false", 0, 0, NULL, NULL, ANYTIME,                    \
      "go on with the weights of the round before")

#define CHECKPOINT(K)                                                          \
    K(checkpoint, every, INT, "1000", 0, COUNT_MAX, NULL, "gradient steps",    \
      ANYTIME, "0: only at the end and on signals")                            \
    K(checkpoint, keep, INT, "3", 1, 10000, NULL, "files", ANYTIME,            \
      "newest ones kept")                                                      \
    K(checkpoint, before_end, INT, "0", 0, COUNT_MAX, NULL, "gradient steps",  \
      ANYTIME, "one more, so long before the planned end; 0: none")            \
    K(checkpoint, reservoir, CHOICE, "auto", 0, 0, "auto|always|never", NULL,  \
      ANYTIME, "saved with the weights; auto: in lockstep")

#define PLACEMENT(K)                                                           \
    K(placement, groups, INT, "0", 0, 4096, NULL, NULL, ANYTIME,               \
      "of trainer cores; 0: as many as fit")                                   \
    K(placement, cores_per_group, INT, "1", 1, 1024, NULL, "cores", ANYTIME,   \
      "sharing one part of the batch")                                         \
    K(placement, solver_threads, INT, "0", 0, 4096, NULL, "threads", ANYTIME,  \
      "0: as many as fit")                                                     \
    K(placement, acquisition_threads, INT, "1", 1, 256, NULL, "threads",       \
      ANYTIME, "of a strategy that predicts, on cores that nobody else has")   \
    K(placement, allocation, CHOICE, "fixed", 0, 0, "fixed|adaptive", NULL,    \
      ANYTIME, "adaptive: live, cores go between training and solving")        \
    K(placement, bind, BOOL, "true", 0, 0, NULL, NULL, ANYTIME,                \
      "pin threads to cores and memory to nodes")                              \
    K(placement, memory_limit, TEXT, "auto", 0, 0, NULL, NULL, ANYTIME,        \
      "\"8GiB\"; auto: what the control group allows")

#define ROOT(K)                                                                \
    K(, log, TEXT, "", 0, 0, NULL, NULL, ANYTIME,                              \
      "areas that show debug lines: \"nn,topo\", or all")                      \
    K(, progress_interval, REAL, "5", 0.1, 86400, NULL, "seconds", ANYTIME,    \
      "between progress lines off a terminal")

#define OPTION(section, key, kind, preset, low, high, words, measure, when,    \
               text)                                                           \
    {.name = #key,                                                             \
     .type = WEIR_OPTION_##kind,                                               \
     .fallback = (preset),                                                     \
     .min = (low),                                                             \
     .max = (high),                                                            \
     .choices = (words),                                                       \
     .unit = (measure),                                                        \
     .help = (text)},

/* The kind follows from the C type, so that the two cannot disagree. */
#define KIND(member, type)                                                     \
    _Generic(((struct weir_config *)0)->member, int                            \
             : WEIR_SCHEMA_INT, uint64_t                                       \
             : type == WEIR_OPTION_TEXT ? WEIR_SCHEMA_BYTES : WEIR_SCHEMA_U64, \
             double                                                            \
             : WEIR_SCHEMA_REAL, bool                                          \
             : WEIR_SCHEMA_BOOL, const char *                                  \
             : WEIR_SCHEMA_TEXT, default                                       \
             : WEIR_SCHEMA_ENUM)

#define FIELD_AT(member, type, when)                                           \
    {KIND(member, type), offsetof(struct weir_config, member),                 \
     WEIR_CHANGE_##when},
#define FIELD(section, key, kind, preset, low, high, words, measure, when,     \
              text)                                                            \
    FIELD_AT(section.key, WEIR_OPTION_##kind, when)
#define ROOT_FIELD(section, key, kind, preset, low, high, words, measure,      \
                   when, text)                                                 \
    FIELD_AT(key, WEIR_OPTION_##kind, when)

#define TABLES(name, ROWS)                                                     \
    static const struct weir_option name##_keys[] = {ROWS(OPTION){0}};         \
    static const struct weir_schema_field name##_field[] = {ROWS(FIELD)};

TABLES(run, RUN)
TABLES(solver, SOLVER)
TABLES(target, TARGET)
TABLES(simulations, SIMULATIONS)
TABLES(reservoir, RESERVOIR)
TABLES(model, MODEL)
TABLES(training, TRAINING)
TABLES(validation, VALIDATION)
TABLES(test, TEST)
TABLES(acquisition, ACQUISITION)
TABLES(pool, POOL)
TABLES(checkpoint, CHECKPOINT)
TABLES(placement, PLACEMENT)
static const struct weir_option root_keys[] = {ROOT(OPTION){0}};
static const struct weir_schema_field root_field[] = {ROOT(ROOT_FIELD)};

#define CHOOSES(key, section, when)                                            \
    .chooser = (key),                                                          \
    .options_offset = offsetof(struct weir_config, section.options),           \
    .options_change = WEIR_CHANGE_##when

const struct weir_schema_section weir_schema[] = {
    {"run", "the run as a whole", run_keys, run_field, NULL, 0, 0},
    {"solver", "what is simulated", solver_keys, solver_field,
     CHOOSES("name", solver, NEVER)},
    {"target", "what is wanted of the parameters", target_keys, target_field,
     NULL, 0, 0},
    {"simulations", "how much is simulated", simulations_keys,
     simulations_field, NULL, 0, 0},
    {"reservoir", "what the trainer draws from", reservoir_keys,
     reservoir_field, NULL, 0, 0},
    {"model", "the surrogate", model_keys, model_field,
     CHOOSES("name", model, NEVER)},
    {"training", "how it learns", training_keys, training_field, NULL, 0, 0},
    {"validation", "how the best checkpoint is found", validation_keys,
     validation_field, NULL, 0, 0},
    {"test", "how good it is in the end", test_keys, test_field, NULL, 0, 0},
    {"acquisition", "what is simulated next", acquisition_keys,
     acquisition_field, CHOOSES("strategy", acquisition, FROM)},
    {"pool", "rounds instead of a stream, with run.mode: pool", pool_keys,
     pool_field, NULL, 0, 0},
    {"checkpoint", "what is kept on disk", checkpoint_keys, checkpoint_field,
     NULL, 0, 0},
    {"placement", "what runs where", placement_keys, placement_field, NULL, 0,
     0},
    {"", "what is shown", root_keys, root_field, NULL, 0, 0},
    {NULL, NULL, NULL, NULL, NULL, 0, 0},
};

const struct weir_option weir_schema_parameter[] = {
    {.name = "low", .type = WEIR_OPTION_REAL, .help = "smallest value"},
    {.name = "high", .type = WEIR_OPTION_REAL, .help = "largest value"},
    {.name = "axis",
     .type = WEIR_OPTION_CHOICE,
     .choices = "linear|log",
     .help = "of the value, or of its logarithm"},
    {.name = "density",
     .type = WEIR_OPTION_TEXT,
     .fallback = "uniform",
     .help = "along the axis: uniform, or normal MEAN DEVIATION"},
    {0},
};

_Static_assert(WEIR_AXIS_LINEAR == 0 && WEIR_AXIS_LOG == 1, "order of `axis`");
_Static_assert(sizeof(enum weir_config_clock) == sizeof(int), "bound as int");

int weir_schema_bytes(const char *text, uint64_t *out)
{
    static const struct {
        const char *word;
        double bytes;
    } unit[] = {{"", 1},
                {"B", 1},
                {"KiB", 1024.0},
                {"MiB", 1048576.0},
                {"GiB", 1073741824.0},
                {"TiB", 1099511627776.0},
                {"KB", 1e3},
                {"MB", 1e6},
                {"GB", 1e9},
                {"TB", 1e12}};
    char *end;
    if (!strcmp(text, "auto"))
        return *out = 0, 0;
    double number = strtod(text, &end);
    /* A sign, hexadecimal, nan and inf are numbers to strtod only. */
    if (!isdigit((unsigned char)text[0]) || strpbrk(text, "xX"))
        return -EINVAL;
    end += *end == ' ';
    for (size_t i = 0; i < sizeof(unit) / sizeof(*unit); i++)
        if (!strcmp(end, unit[i].word)) {
            double bytes = number * unit[i].bytes;
            if (bytes < 1 || bytes > 9e18)
                return -EINVAL;
            return *out = (uint64_t)bytes, 0;
        }
    return -EINVAL;
}
