/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames a second from a solver in another process, through the client library
 * and the checked copy, beside those of a lane inside the program, which writes
 * its slot in place. Both write every byte of a frame; nothing computes.
 * Usage: client_rate [REPETITIONS]   (default 5) */
#include "perf/perf.h"

#include "base/err.h"
#include "client/host.h"
#include "pipeline/clients/client_door.h"
#include "shm/ring.h"
#include "weir/client.h"

#include <sys/wait.h>
#include <unistd.h>

static struct weir_host host;

static void must(int rc)
{
    if (rc >= 0)
        return;
    fprintf(stderr, "%s %s\n", weir_err_message(), weir_client_message());
    exit(1);
}

static int admit(void *ctx, const struct weir_caller *caller)
{
    (void)ctx;
    return weir_door_answer(caller->socket, host.fd, host.bytes);
}

static void fill(float *frame, size_t n, uint32_t value)
{
    for (size_t i = 0; i < n; i++)
        frame[i] = (float)value;
}

static _Noreturn void send_frames(const char *dir, size_t n)
{
    struct weir_client *c;
    must(weir_client_attach_dir(dir, &c));
    while (weir_client_next(c, NULL, 0) == 1) {
        for (int t = 0; t < weir_client_expects(c)->frames; t++) {
            float *to = weir_client_reserve(c);
            if (!to)
                break;
            fill(to, n, (uint32_t)t);
            weir_client_commit(c);
        }
        weir_client_finish(c);
    }
    _exit(0);
}

/* @return ns for a simulation */
static int64_t take_simulation(uint32_t id, float *out)
{
    int rc = 0;
    int64_t begin = weir_now_ns();
    weir_host_offer(&host, id, 1, NULL);
    while (rc != WEIR_HOST_DONE) {
        weir_host_wait(&host, 100000000);
        while ((rc = weir_host_take(&host, out)) == WEIR_HOST_FRAME)
            ;
        if (rc != -EAGAIN)
            must(rc);
    }
    return weir_now_ns() - begin;
}

struct lane {
    struct weir_ring *ready, *lent;
    float *slots;
    size_t n;
    uint32_t frames;
};

static void *run_lane(void *arg)
{
    struct lane *l = arg;
    uint64_t slot;
    for (uint32_t t = 0; t < l->frames; t++) {
        while (weir_ring_pop(l->lent, &slot))
            sched_yield();
        fill(l->slots + slot * l->n, l->n, t);
        weir_ring_push(l->ready, slot);
    }
    return NULL;
}

static int64_t run_inside(struct lane *l)
{
    pthread_t thread;
    uint64_t slot;
    for (uint64_t i = 0; i < 4; i++)
        weir_ring_push(l->lent, i);
    int64_t begin = weir_now_ns();
    pthread_create(&thread, NULL, run_lane, l);
    for (uint32_t t = 0; t < l->frames; t++) {
        while (weir_ring_pop(l->ready, &slot))
            sched_yield();
        weir_ring_push(l->lent, slot);
    }
    pthread_join(thread, NULL);
    int64_t ns = weir_now_ns() - begin;
    while (weir_ring_pop(l->lent, &slot) == 0)
        ;
    return ns;
}

static void report(const char *what, size_t bytes, uint32_t frames, int64_t ns)
{
    printf("{\"name\": \"client_rate\", \"what\": \"%s\", \"bytes\": %zu, "
           "\"frames_per_s\": %.0f, \"MB_per_s\": %.0f}\n",
           what, bytes, frames * 1e9 / (double)ns,
           (double)bytes * frames * 1e3 / (double)ns);
}

static struct weir_ring *ring(void)
{
    struct weir_ring *r = weir_array(1, weir_ring_bytes(4, 8));
    must(r ? weir_ring_init(r, 4, 8) : -ENOMEM);
    return r;
}

static void measure(const char *dir, size_t bytes, uint32_t frames, int times)
{
    size_t n = bytes / sizeof(float);
    struct weir_host_terms terms = {
        .shape = {.channels = 1, .dims = 1, .n = {(int)n, 1}},
        .frames = frames,
        .slots = 4,
    };
    struct weir_door *door;
    char sub[4200];
    float *out = weir_array(n, sizeof(float));
    struct lane l = {ring(), ring(), weir_array(4 * n, sizeof(float)), n,
                     frames};
    snprintf(sub, sizeof(sub), "%s/%s", dir, WEIR_WIRE_DIR);
    must(weir_host_create(&terms, &host));
    must(weir_door_open(sub, admit, NULL, &door));
    pid_t child = fork();
    if (child == 0)
        send_frames(dir, n);
    for (int i = 0; i < times; i++) {
        report("process", bytes, frames, take_simulation((uint32_t)i, out));
        report("in place", bytes, frames, run_inside(&l));
    }
    weir_host_end(&host);
    waitpid(child, NULL, 0);
    weir_door_close(door);
    weir_host_close(&host);
}

int main(int argc, char **argv)
{
    char dir[] = "/tmp/weir-perf-XXXXXX", sub[64];
    int times = argc > 1 ? atoi(argv[1]) : 5;
    if (!mkdtemp(dir))
        return 1;
    snprintf(sub, sizeof(sub), "mkdir %s/%s", dir, WEIR_WIRE_DIR);
    if (system(sub))
        return 1;
    measure(dir, 40 << 10, 20000, times);
    measure(dir, 1 << 20, 1000, times);
    snprintf(sub, sizeof(sub), "rm -r %s", dir);
    return system(sub);
}
