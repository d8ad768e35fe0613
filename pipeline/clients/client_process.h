/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PIPELINE_CLIENT_PROCESS_H
#define WEIR_PIPELINE_CLIENT_PROCESS_H

/**
 * @file
 * One process of a solver's command: started, watched and ended.
 *
 * It is the leader of a process group of its own, so that a Ctrl-C meant for the
 * run does not reach it and what it starts (mpirun's ranks, a shell's children)
 * ends with it. It may run where the thread that starts it may. It is killed when
 * that thread ends: also when the run is killed. It inherits no descriptor but
 * its output's, and no blocked or ignored signal.
 *
 * Threads: one at a time; the one that starts it outlives it.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct weir_process {
    pid_t pid;  /* 0: none; kept, also after the end, until it is killed */
    bool ended; /* by itself or a signal; then: */
    bool by_signal;
    int status;     /* of its exit, or the signal */
    off_t log_from; /* where its own output starts in the log */
    int failure;    /* descriptor; has the errno of a start that failed */
};

/**
 * Start @p argv (ends with NULL; argv[0] is looked up in PATH).
 * @param extra  environment beside the run's own, "NAME=VALUE", ends with NULL
 * @param log    file that gets its output, appended
 * It does not wait until the program runs: a process stopped or starved before
 * that holds nobody up.
 * @return 0; weir_process_check_start tells later whether there is such a program
 * @return -WEIR_EENV no log or no process can be had, -ENOMEM
 */
int weir_process_start(char *const *argv, const char *const *extra,
                       const char *log, struct weir_process *out);
/**
 * What an ended process says of its start.
 * @return 0 it became the program, or nothing is known (yet)
 * @return -WEIR_EENV @p program cannot be started: there is none, say
 */
int weir_process_check_start(const struct weir_process *p, const char *program);

/** Whether it has ended (or there is none); looks, never waits. */
bool weir_process_has_ended(struct weir_process *p);
/** Wait up to @p timeout_ns for that. */
bool weir_process_wait(struct weir_process *p, int64_t timeout_ns);
/** Whether it has ended, with status 0. */
bool weir_process_ended_well(const struct weir_process *p);
/** What a killed process may take to end: to give back much memory, say. */
#define WEIR_PROCESS_DEATH_NS 10000000000
/**
 * End it and its group, now; afterwards there is none. One that a debugger or a
 * hanging file system keeps from ending is left alone after @p patience_ns, with
 * a warning, and stays a zombie of the run.
 */
void weir_process_kill(struct weir_process *p, int64_t patience_ns);
/** The same after a request (SIGTERM) and @p grace_ns to follow it. */
void weir_process_end(struct weir_process *p, int64_t grace_ns);

/** "exited with status 3", "was killed by signal 9 (Killed)". @return @p out */
const char *weir_process_ending(const struct weir_process *p, char *out,
                                size_t size);
/** The last lines of its output, on one line, ""  when it said nothing. */
const char *weir_process_last_words(const struct weir_process *p,
                                    const char *log, char *out, size_t size);

#endif
