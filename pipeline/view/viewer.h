/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PIPELINE_VIEWER_H
#define WEIR_PIPELINE_VIEWER_H

/**
 * @file
 * A running job seen from another process: attached to through its socket, read
 * from its statistics mapping, which only this side cannot write. Looking costs
 * the job nothing but a copy of its lanes' words five times a second.
 *
 * Two looks give rates. What a thread did between them is known from three
 * sides: its own histograms (work and waits), and the system's books (time on a
 * core, time waiting for one), where /proc shows them.
 */
#include "shm/mapping.h"
#include "shm/stats.h"

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

struct weir_viewer {
    char dir[PATH_MAX];
    int socket;
    pid_t pid;        /* 0: not visible from here */
    bool shares_proc; /* /proc/PID is the job's */
    struct weir_mapping mapping;
    const struct weir_stats *stats;
};

/** One latency, all threads together. Values in ns, or as they are (COUNT). */
struct weir_sight_latency {
    char name[32], title[40];
    enum weir_stats_class kind;
    uint64_t count, p50, p90, p99, p999, max;
    double mean, sum;
};

struct weir_sight_thread {
    const struct weir_stats_thread *thread;
    int64_t work_ns, wait_ns;  /* by its own histograms */
    int64_t cpu_ns, queued_ns; /* by the system; -1: not shown */
};

struct weir_sight_lane {
    char state;
    uint32_t ready, free;
    uint64_t samples;
    int64_t busy_ns, wait_ns;
};

/** One look. */
struct weir_sight {
    int64_t now_ns;
    bool is_connected;
    uint32_t ending; /* enum weir_ending; 0: none yet */
    int64_t up_ns;   /* how long the session has lasted, or did */
    uint32_t latencies, threads, lanes;
    struct weir_sight_latency latency[64];
    struct weir_sight_thread *thread; /* [threads] */
    struct weir_sight_lane *lane;     /* [lanes] */
    struct weir_hist *merged;         /* scratch */
};

/**
 * Attach to the job in @p dir.
 * @return 0
 * @return -WEIR_EENV  no job there, a dead one, another user's, or one that does
 *                     not show itself; the message says which
 * @return -WEIR_ECORRUPT  a job of another version of the program
 */
int weir_viewer_open(const char *dir, struct weir_viewer *out);
void weir_viewer_close(struct weir_viewer *v);

/** Room for looks at the job of @p v. @return 0 or -ENOMEM */
int weir_sight_create(const struct weir_viewer *v, struct weir_sight *out);
void weir_sight_free(struct weir_sight *s);
/** Look now. */
void weir_viewer_look(const struct weir_viewer *v, struct weir_sight *s);
/** Value of the counter @p label; 0 when there is none. */
int64_t weir_viewer_counter(const struct weir_viewer *v, const char *label);

/** What two looks say of the time between them. */
struct weir_pace {
    double seconds;
    double steps, trained, solved, simulations; /* per second */
    double trainer_waits; /* share of the time, for samples */
    double lanes_wait;    /* share of lanes' time, for a slot */
};
/** Counters as they were at the earlier look. */
struct weir_mark {
    int64_t now_ns, step, drawn, finished, accepted, waited_ns, held_ns,
        busy_ns;
};
void weir_viewer_mark(const struct weir_viewer *v, const struct weir_sight *s,
                      struct weir_mark *out);
struct weir_pace weir_viewer_pace(const struct weir_mark *then,
                                  const struct weir_mark *now);

/** "running", "ended" or "gone", and how, in words. */
const char *weir_sight_state(const struct weir_sight *s);
const char *weir_sight_ending(const struct weir_sight *s);

#endif
