/* SPDX-License-Identifier: BSD-3-Clause */
/* The client library and the run's side of it in two threads over one mapping, so
 * that ThreadSanitizer sees both ends of every edge of wire.h: simulations come
 * with their own parameters, every frame comes whole and in order, sent or written
 * in place, and a simulation given up says why. Each side must have found the
 * other too slow, and slept. */
#include "tests/stress/stress.h"

#include "client/client.c"
#include "client/host.h"

#define POINTS 1500
#define FRAMES 9

static struct weir_host host;

struct side {
    struct weir_client client;
    uint64_t frames, given_up, full;
    long sleeps;
};

static float value_of(uint32_t simulation, uint32_t frame, int i)
{
    return (float)(simulation % 1000 * 64 + frame) + (float)i;
}

static void fill(float *at, const struct weir_client *c, uint32_t frame)
{
    for (int i = 0; i < POINTS; i++)
        at[i] = value_of(c->simulation, frame, i);
}

/* In place, or by a copy. */
static void hand_over(struct side *s, uint32_t frame, bool in_place)
{
    static float own[POINTS];
    struct weir_client *c = &s->client;
    s->full += !may_write(c);
    float *to = in_place ? weir_client_reserve(c) : own;
    must(to, "%s", weir_client_message());
    fill(to, c, frame);
    int rc =
        in_place ? weir_client_commit(c) : weir_client_send(c, own, POINTS);
    must(rc == 0, "%s", weir_client_message());
    s->frames++;
}

/* @return whether it was solved to its end */
static bool solve(struct side *s, struct weir_rng *rng)
{
    for (uint32_t t = 0; t < FRAMES; t++) {
        stress_dawdle(rng, 3000);
        if (weir_rng_below(rng, 200) == 0)
            usleep(300);
        if (weir_rng_below(rng, 100) == 0)
            return false;
        hand_over(s, t, weir_rng_below(rng, 2));
    }
    return true;
}

static void *be_client(void *arg)
{
    struct side *s = arg;
    struct weir_client *c = &s->client;
    struct weir_rng rng = stress_rng(1);
    double p[2];
    int rc;
    while ((rc = weir_client_next(c, p, 2)) == 1) {
        must(p[0] == c->simulation && p[1] == 0.5 * c->simulation,
             "parameters of simulation %u", c->simulation);
        if (solve(s, &rng)) {
            rc = weir_client_finish(c);
        } else {
            rc = weir_client_fail(c, "on purpose");
            s->given_up++;
        }
        must(rc == 0, "%s", weir_client_message());
    }
    must(rc == 0, "%s", weir_client_message());
    s->sleeps = stress_sleeps();
    return NULL;
}

static void check(const float *out, uint32_t simulation, uint32_t frame)
{
    for (int i = 0; i < POINTS; i++)
        must(out[i] == value_of(simulation, frame, i),
             "simulation %u, frame %u, value %d", simulation, frame, i);
}

/* Wait at times longer than the ring lasts. */
static void dawdle(struct weir_rng *rng)
{
    stress_dawdle(rng, 3000);
    if (weir_rng_below(rng, 50) == 0)
        usleep(400);
}

/* @return times nothing was there */
static uint64_t take_simulation(uint32_t simulation, struct weir_rng *rng,
                                struct side *seen)
{
    static float out[POINTS];
    uint64_t empty = 0;
    weir_host_offer(&host, simulation, 1,
                    (const double[]){simulation, 0.5 * simulation});
    for (;;) {
        int rc = weir_host_take(&host, out);
        if (rc == -EAGAIN) {
            empty++;
            must(weir_host_wait(&host, 20000000000) == 0, "no word came");
            continue;
        }
        must(rc > 0, "%s", weir_err_message());
        if (rc == WEIR_HOST_FAILED)
            must(!strcmp(weir_err_message(), "on purpose"), "another reason");
        seen->given_up += rc == WEIR_HOST_FAILED;
        if (rc != WEIR_HOST_FRAME)
            break;
        check(out, simulation, host.frame - 1);
        seen->frames++;
        dawdle(rng);
    }
    weir_err_clear();
    must(weir_host_is_taken(&host), "it was not taken up");
    return empty;
}

int main(void)
{
    struct weir_host_terms terms = {
        .shape = {.channels = 1, .dims = 1, .n = {POINTS, 1}},
        .frames = FRAMES,
        .parameters = 2,
        .slots = 4,
    };
    struct side side = {0}, seen = {0};
    struct weir_rng rng;
    pthread_t thread;
    int line[2];
    uint64_t empty = 0;
    stress_begin("client_frames");
    rng = stress_rng(0);
    must(!weir_host_create(&terms, &host), "%s", weir_err_message());
    must(!socketpair(AF_UNIX, SOCK_STREAM, 0, line), "socketpair");
    side.client = (struct weir_client){.wire = host.wire, .socket = line[0]};
    must(!understand(&side.client), "%s", weir_client_message());
    pthread_create(&thread, NULL, be_client, &side);
    for (uint32_t i = 0; stress_goes_on_until(empty && seen.given_up); i++)
        empty += take_simulation(i, &rng, &seen);
    weir_host_end(&host);
    pthread_join(thread, NULL);
    printf("%" PRIu64 " frames, %" PRIu64 " given up; empty %" PRIu64
           " times, full %" PRIu64 " times; slept %ld and %ld times\n",
           side.frames, side.given_up, empty, side.full, stress_sleeps(),
           side.sleeps);
    must(side.frames >= seen.frames && side.given_up == seen.given_up,
         "%" PRIu64 " frames and %" PRIu64 " given up were seen", seen.frames,
         seen.given_up);
    must(empty && side.full && stress_sleeps() && side.sleeps,
         "neither side ever waited for the other");
    weir_host_close(&host);
    return 0;
}
