/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_TESTS_SESSION_PARTS_H
#define WEIR_TESTS_SESSION_PARTS_H

/**
 * @file
 * A run that is told to stop at random moments, and goes on from its
 * checkpoint until it has come to its end.
 */
#include "tests/session.h"

#include "base/rng.h"

static inline int play_parts(const char *const *set, uint32_t every,
                             struct weir_rng *rng, struct outcome *o)
{
    char dir[PATH_MAX];
    int sessions = 0;
    scratch_make(dir);
    ok(weir_run_dir_prepare(dir));
    memset(o, 0, sizeof(*o));
    do {
        struct interruption when = {
            .step = o->steps + 1 + weir_rng_below(rng, every),
            .delay = weir_rng_below(rng, 1500),
        };
        outcome_free(o);
        session_play(set, dir, sessions > 0, when, o);
        if (o->rc)
            fail_msg("session %d failed: %s", sessions, weir_err_message());
        sessions++;
        assert_true(sessions < 200);
    } while (o->ending == WEIR_ENDING_INTERRUPTED);
    scratch_remove(dir);
    return sessions;
}

/**
 * Stop after up to @p every gradient steps each time. A run that was over before
 * a busy machine let anyone stop it says nothing: once more. @return sessions
 */
static inline int play_in_parts(const char *const *set, uint32_t every,
                                uint64_t seed, struct outcome *o)
{
    struct weir_rng rng = weir_rng_stream(seed, WEIR_RNG_TEST, every);
    int sessions = play_parts(set, every, &rng, o);
    for (int again = 0; sessions == 1 && again < 30; again++) {
        outcome_free(o);
        sessions = play_parts(set, every, &rng, o);
    }
    return sessions;
}

#endif
