/* SPDX-License-Identifier: BSD-3-Clause */
/* A process scribbles over a client's whole mapping while the run takes from it:
 * nothing but that client's frames may change. The scribbler also writes headers
 * that look right, so that frames are accepted while they change. A second
 * client, honest, must come through untouched. */
#include "tests/stress/stress.h"

#include "base/err.h"
#include "client/host.h"

#include <math.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define POINTS 3000
#define FRAMES 1000000000u /* none is the last */
#define GUARD  64

static struct weir_host make(uint32_t process)
{
    struct weir_host h;
    struct weir_host_terms terms = {
        .shape = {.channels = 1, .dims = 1, .n = {POINTS, 1}},
        .frames = FRAMES,
        .parameters = 3,
        .process = process,
        .slots = 4,
    };
    must(weir_host_create(&terms, &h) == 0, "%s", weir_err_message());
    weir_host_offer(&h, 5, 1, (const double[]){1, 2, 3});
    return h;
}

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* A header that is right, for where the run says it is. */
static void pretend(struct weir_host *h, uint64_t head)
{
    struct weir_wire_slot *s = weir_wire_slot_at(h->slots, h->stride, head % 4);
    s->kind = WEIR_WIRE_FRAME;
    s->simulation = 5;
    s->attempt = 1;
    s->frame = (uint32_t)head;
    atomic_store(&h->wire->tail, head + 1);
}

static _Noreturn void scribble(struct weir_host *h, uint64_t seed)
{
    uint64_t *word = (uint64_t *)h->wire, n = h->bytes / 8;
    pid_t parent = getppid();
    for (uint64_t i = 0; getppid() == parent; i++) {
        uint64_t r = next_random(&seed), head = atomic_load(&h->wire->head);
        if (r % 4 < 2)
            pretend(h, head);
        else if (r % 4 == 2)
            word[r / 4 % n] = next_random(&seed);
        else if (i % 64 == 0)
            for (uint64_t k = 0; k < n; k++)
                word[k] = next_random(&seed);
        else /* something that is finite, but for a word now and then */
            for (uint64_t k = 0; k < 200; k++)
                word[(r / 4 + k) % n] = next_random(&seed) & 0x3fffffff3fffffff;
    }
    _exit(0);
}

struct counts {
    uint64_t frames, refused, not_finite, lost, honest;
};

/* One look at the scribbler; a rule broken ends it, as in a run. */
static void take(struct weir_host *h, float *out, struct counts *c)
{
    int rc = weir_host_take(h, out + GUARD);
    for (int i = 0; i < GUARD; i++)
        must(out[i] == 7 && out[GUARD + POINTS + i] == 7, "beyond the frame");
    if (rc == WEIR_HOST_FRAME) {
        c->frames++;
        for (int i = 0; i < POINTS; i++)
            must(isfinite(out[GUARD + i]), "a value that is not finite");
    } else if (rc == -WEIR_EDIVERGED) {
        c->not_finite++;
    } else if (rc != -EAGAIN) {
        c->refused++;
    }
    must(h->simulation == 5 && h->attempt == 1 && h->terms.slots == 4, "state");
}

/* Its slots are written by this thread itself. */
static void honest(struct weir_host *h, float *out, struct counts *c)
{
    uint32_t frame = (uint32_t)c->honest++;
    pretend(h, frame);
    float *value = weir_wire_slot_at(h->slots, h->stride, frame % 4)->value;
    for (int i = 0; i < POINTS; i++)
        value[i] = (float)(frame % 1000) + (float)i;
    must(weir_host_take(h, out) == WEIR_HOST_FRAME, "%s", weir_err_message());
    for (int i = 0; i < POINTS; i++)
        must(out[i] == (float)(frame % 1000) + (float)i, "value %d", i);
}

static bool met(const struct counts *c)
{
    return c->frames && c->refused && c->not_finite && c->honest;
}

int main(void)
{
    static float out[POINTS + 2 * GUARD], other[POINTS];
    struct counts c = {0};
    stress_begin("client_scribble");
    uint64_t seed = stress_seed | 1;
    struct weir_host b = make(1);
    for (int i = 0; i < POINTS + 2 * GUARD; i++)
        out[i] = 7;
    while (stress_goes_on_until(met(&c))) {
        struct weir_host a = make(0);
        pid_t child = fork();
        if (child == 0)
            scribble(&a, seed + c.lost);
        for (uint64_t i = 0, past = c.refused; c.refused < past + 200; i++) {
            take(&a, out, &c);
            if (i % 16 == 0)
                honest(&b, other, &c);
        }
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        weir_host_close(&a);
        c.lost++;
    }
    weir_host_close(&b);
    printf("%" PRIu64 " scribblers: %" PRIu64 " frames taken, %" PRIu64
           " refused, %" PRIu64 " not finite; %" PRIu64 " honest frames\n",
           c.lost, c.frames, c.refused, c.not_finite, c.honest);
    must(met(&c), "nothing of one kind happened");
    return 0;
}
