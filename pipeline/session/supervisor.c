/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/session/supervisor.h"

#include "base/heap.h"
#include "base/log.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOOK_NS 50000000

struct weir_supervisor {
    struct weir_run *run;
    pthread_t thread;
    _Atomic int seen;      /* V1 */
    _Atomic uint32_t over; /* V1 */
};

/* A blocked signal is taken even when it is ignored, so ask about nohup. */
static bool is_ignored(int signal_number)
{
    struct sigaction now;
    return sigaction(signal_number, NULL, &now) == 0 &&
           now.sa_handler == SIG_IGN;
}

static sigset_t watched(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGUSR1);
    if (!is_ignored(SIGHUP))
        sigaddset(&set, SIGHUP);
    return set;
}

void weir_supervisor_block_signals(void)
{
    sigset_t set = watched();
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    signal(SIGXFSZ, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    /* Ignored by whoever started the run, ends of processes would go unseen. */
    signal(SIGCHLD, SIG_DFL);
}

int weir_supervisor_pending(void)
{
    sigset_t set = watched(), pending;
    if (sigpending(&pending))
        return 0;
    for (int s = 1; s < NSIG; s++)
        if (sigismember(&set, s) == 1 && sigismember(&pending, s) == 1)
            return s;
    return 0;
}

static void take(struct weir_supervisor *s, int signal_number)
{
    int before = weir_supervisor_signal(s);
    if (before == SIGINT && signal_number == SIGINT)
        _exit(130); /* twice: the user means it */
    atomic_store_explicit(&s->seen, signal_number,
                          memory_order_relaxed); /* V1 */
    weir_log_info("run", "%s: writing a checkpoint, then ending%s",
                  strsignal(signal_number),
                  signal_number == SIGINT ? " (again: leave at once)" : "");
    weir_stop_request(&s->run->stop, WEIR_STOP_CHECKPOINT);
    weir_doorbell_ring(s->run->trainer_bell);
}

static void *supervisor_thread(void *arg)
{
    struct weir_supervisor *s = arg;
    sigset_t set = watched();
    struct timespec look = {0, LOOK_NS};
    weir_run_enter(s->run, &s->run->plan.service[WEIR_SERVICE_SUPERVISOR],
                   "weir-signals");
    while (!atomic_load_explicit(&s->over, memory_order_relaxed)) { /* V1 */
        int signal_number = sigtimedwait(&set, NULL, &look);
        if (signal_number > 0)
            take(s, signal_number);
    }
    return NULL;
}

int weir_supervisor_start(struct weir_run *run, struct weir_supervisor **out)
{
    struct weir_supervisor *s = weir_array(1, sizeof(*s));
    if (!s)
        return WEIR_FAIL(ENOMEM, "supervisor");
    s->run = run;
    int rc = pthread_create(&s->thread, NULL, supervisor_thread, s);
    if (rc) {
        free(s);
        return WEIR_FAIL(rc, "supervisor thread");
    }
    *out = s;
    return 0;
}

int weir_supervisor_signal(const struct weir_supervisor *s)
{
    return atomic_load_explicit(&s->seen, memory_order_relaxed); /* V1 */
}

void weir_supervisor_stop(struct weir_supervisor *s)
{
    if (!s)
        return;
    atomic_store_explicit(&s->over, 1, memory_order_relaxed); /* V1 */
    pthread_join(s->thread, NULL);
    free(s);
}
