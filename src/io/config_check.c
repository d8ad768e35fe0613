/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/config.h"

#include "io/config_store.h"

#include "base/err.h"
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Fail at the first of @p keys that the user gave. */
__attribute__((format(printf, 3, 4))) static int refuse(
    const struct weir_config *cfg, const char *const *keys, const char *fmt,
    ...)
{
    char text[1024];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    WEIR_FAIL(WEIR_ECONFIG, "%s", text);
    return weir_config_blame(cfg, keys);
}

static int64_t all_samples(const struct weir_config *cfg)
{
    return (int64_t)cfg->simulations.budget *
           weir_config_samples_per_simulation(cfg);
}

static int check_training(const struct weir_config *cfg)
{
    int steps = cfg->simulations.steps, unroll = cfg->training.unroll;
    if (unroll > steps) {
        refuse(cfg, WEIR_KEYS("training.unroll", "simulations.steps"),
               "training.unroll %d needs trajectories of %d steps, but "
               "simulations.steps is %d",
               unroll, unroll, steps);
        return weir_err_hint("set simulations.steps to %d or more", unroll);
    }
    if (cfg->training.micro_batch > cfg->training.batch) {
        refuse(cfg, WEIR_KEYS("training.micro_batch", "training.batch"),
               "training.micro_batch %d is more than training.batch %d",
               cfg->training.micro_batch, cfg->training.batch);
        return weir_err_hint("set training.micro_batch to %d or less",
                             cfg->training.batch);
    }
    if (cfg->training.warmup_steps >= weir_config_planned_steps(cfg)) {
        refuse(cfg, WEIR_KEYS("training.warmup_steps", "training.steps"),
               "training.warmup_steps %d leave nothing of the %lld gradient "
               "steps planned",
               cfg->training.warmup_steps,
               (long long)weir_config_planned_steps(cfg));
        return weir_err_hint("set training.warmup_steps to 0: a twentieth");
    }
    return 0;
}

static int check_evidence(const struct weir_config *cfg)
{
    if (cfg->training.loss == WEIR_LOSS_EVIDENTIAL ||
        !weir_difficulty_is_evidential(cfg->acquisition.loss_type))
        return 0;
    refuse(cfg, WEIR_KEYS("acquisition.loss_type", "training.loss"),
           "acquisition.loss_type evidential is the uncertainty of a model "
           "trained with the loss of that name");
    return weir_err_hint("set training.loss to evidential");
}

static int check_difficulty(const struct weir_config *cfg)
{
    if (cfg->training.members > 1 ||
        !weir_difficulty_needs_members(cfg->acquisition.loss_type))
        return 0;
    refuse(cfg, WEIR_KEYS("acquisition.loss_type", "training.members"),
           "acquisition.loss_type %s compares the members of an ensemble, but "
           "training.members is %d",
           cfg->acquisition.loss_type == WEIR_DIFFICULTY_ECRPS ? "ecrps"
                                                               : "disagreement",
           cfg->training.members);
    return weir_err_hint("set training.members to 2 or more");
}

static int check_groups(const struct weir_config *cfg)
{
    int batch = cfg->training.batch, micro = cfg->training.micro_batch;
    int share = cfg->training.accumulate;
    int parts = ((batch + micro - 1) / micro + share - 1) / share;
    char together[64] = "";
    if (cfg->placement.groups <= parts)
        return 0;
    if (share > 1)
        snprintf(together, sizeof(together), ", %d of them together,", share);
    refuse(cfg,
           WEIR_KEYS("placement.groups", "training.accumulate",
                     "training.micro_batch", "training.batch"),
           "placement.groups %d, but training.batch %d in micro-batches of "
           "%d%s is work for %d",
           cfg->placement.groups, batch, micro, together, parts);
    return weir_err_hint("set placement.groups to %d or less, or 0", parts);
}

/*
 * Every port may hold all its slots while the reservoir waits for its
 * watermark. If they do not fit beside each other, neither side moves.
 */
static int check_slots(const struct weir_config *cfg)
{
    int64_t lent = (int64_t)cfg->run.lanes * cfg->reservoir.slots_per_port;
    int64_t needed = cfg->reservoir.watermark + lent;
    if (needed <= cfg->reservoir.capacity)
        return 0;
    refuse(cfg,
           WEIR_KEYS("reservoir.watermark", "reservoir.capacity",
                     "reservoir.slots_per_port", "run.lanes"),
           "reservoir.watermark %d + run.lanes %d x reservoir.slots_per_port "
           "%d = %lld samples do not fit into reservoir.capacity %d",
           cfg->reservoir.watermark, cfg->run.lanes,
           cfg->reservoir.slots_per_port, (long long)needed,
           cfg->reservoir.capacity);
    return weir_err_hint("set reservoir.capacity to %lld or more",
                         (long long)needed);
}

static int check_watermark(const struct weir_config *cfg)
{
    int watermark = cfg->reservoir.watermark, batch = cfg->training.batch;
    if (watermark < batch) {
        refuse(cfg, WEIR_KEYS("reservoir.watermark", "training.batch"),
               "reservoir.watermark %d is less than training.batch %d: the "
               "first batch could not be filled",
               watermark, batch);
        return weir_err_hint("set reservoir.watermark to %d or more", batch);
    }
    if (watermark > all_samples(cfg)) {
        refuse(cfg,
               WEIR_KEYS("reservoir.watermark", "simulations.budget",
                         "simulations.steps"),
               "reservoir.watermark %d is more than the %lld samples of "
               "simulations.budget %d: training would never start",
               watermark, (long long)all_samples(cfg), cfg->simulations.budget);
        return weir_err_hint("set reservoir.watermark to %lld or less",
                             (long long)all_samples(cfg));
    }
    return 0;
}

/*
 * A step looks at `batch` samples. If as many new ones arrive, those already
 * seen are never drawn again and, drawn unevenly, unseen ones pile up until
 * none may be evicted.
 */
static int check_rate(const struct weir_config *cfg)
{
    double rate = weir_config_samples_per_batch(cfg);
    int batch = cfg->training.batch;
    if (rate < batch)
        return 0;
    if (cfg->reservoir.samples_per_batch > 0) {
        refuse(cfg, WEIR_KEYS("reservoir.samples_per_batch", "training.batch"),
               "reservoir.samples_per_batch %g is not below training.batch %d",
               rate, batch);
        return weir_err_hint("set reservoir.samples_per_batch below %d, or 0",
                             batch);
    }
    refuse(cfg,
           WEIR_KEYS("training.steps", "simulations.budget",
                     "simulations.steps", "training.batch"),
           "%lld samples of simulations.budget %d in training.steps %d are %g "
           "new ones per step, not below training.batch %d",
           (long long)all_samples(cfg), cfg->simulations.budget,
           cfg->training.steps, rate, batch);
    return weir_err_hint("set training.steps above %lld",
                         (long long)(all_samples(cfg) / batch));
}

/* FIRO and FIFO use a sample once: there are only so many steps in a budget. */
static int check_supply(const struct weir_config *cfg)
{
    int64_t all = all_samples(cfg), batch = cfg->training.batch;
    if (cfg->training.steps * batch <= all)
        return 0;
    refuse(cfg,
           WEIR_KEYS("reservoir.rule", "training.steps", "simulations.budget",
                     "training.batch"),
           "training.steps %d of training.batch %d need %lld samples, but "
           "reservoir.rule %s uses each of %lld once",
           cfg->training.steps, cfg->training.batch,
           (long long)(cfg->training.steps * batch),
           cfg->reservoir.rule == WEIR_RULE_FIFO ? "fifo" : "firo",
           (long long)all);
    return weir_err_hint("set training.steps to %lld or less, or to 0",
                         (long long)(all / batch));
}

/* Legal, but a part of the budget would be for nothing. */
static void warn_of_unused_budget(const struct weir_config *cfg)
{
    double used = weir_config_samples_per_batch(cfg) * cfg->training.steps +
                  cfg->reservoir.watermark;
    if (cfg->training.steps && used < 0.5 * (double)all_samples(cfg))
        weir_log_warn("config",
                      "%s: about %.0f of %lld samples can arrive in "
                      "training.steps %d: the run ends before "
                      "simulations.budget %d is used",
                      cfg->store->name, used, (long long)all_samples(cfg),
                      cfg->training.steps, cfg->simulations.budget);
}

/* Rooms and stages that may have something to say. */
static int check_log(const struct weir_config *cfg)
{
    static const char areas[] = " all acquire allocation checkpoint config "
                                "generate nn recorder reservoir run "
                                "socket solver topo training ";
    for (const char *p = cfg->log + strspn(cfg->log, ", "); *p;
         p += strspn(p, ", ")) {
        size_t n = strcspn(p, ", ");
        char word[32];
        snprintf(word, sizeof(word), " %.*s ", (int)n, p);
        if (n > sizeof(word) - 3 || !strstr(areas, word)) {
            refuse(cfg, WEIR_KEYS("log"), "log: '%.*s' is no area that logs",
                   (int)n, p);
            return weir_err_hint("the areas are:%.*s", (int)sizeof(areas) - 2,
                                 areas);
        }
        p += n;
    }
    return 0;
}

/* Waits are measured, so what follows from them is not the seed's alone. */
static int check_allocation(const struct weir_config *cfg)
{
    if (cfg->placement.allocation != WEIR_ALLOCATION_ADAPTIVE)
        return 0;
    if (cfg->run.clock == WEIR_CLOCK_LOCKSTEP) {
        refuse(cfg, WEIR_KEYS("placement.allocation", "run.clock"),
               "placement.allocation is adaptive, which follows measured "
               "waits; run.clock lockstep depends on no time");
        return weir_err_hint("set placement.allocation to fixed, or run.clock "
                             "to live");
    }
    if (cfg->placement.cores_per_group > 1) {
        refuse(cfg,
               WEIR_KEYS("placement.cores_per_group", "placement.allocation"),
               "placement.allocation adaptive moves one core at a time, but "
               "placement.cores_per_group is %d",
               cfg->placement.cores_per_group);
        return weir_err_hint("set placement.cores_per_group to 1");
    }
    return 0;
}

int weir_config_check(const struct weir_config *cfg)
{
    int rc = check_log(cfg);
    if (!rc)
        rc = check_allocation(cfg);
    if (!rc)
        rc = check_training(cfg);
    if (!rc)
        rc = check_difficulty(cfg);
    if (!rc)
        rc = check_evidence(cfg);
    if (!rc)
        rc = check_groups(cfg);
    if (!rc)
        rc = check_watermark(cfg);
    if (!rc)
        rc = check_slots(cfg);
    if (rc)
        return rc;
    if (cfg->reservoir.rule != WEIR_RULE_RESERVOIR)
        return check_supply(cfg);
    rc = check_rate(cfg);
    if (!rc)
        warn_of_unused_budget(cfg);
    return rc;
}
