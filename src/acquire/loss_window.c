/* SPDX-License-Identifier: BSD-3-Clause */
#include "acquire/loss_window.h"

#include "base/err.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define NOBODY UINT32_MAX

/* No padding: cells are saved as they lie. */
struct cell {
    double sum;            /* of delta losses */
    uint32_t n;            /* delta losses summed */
    uint32_t steps;        /* distinct steps seen */
    uint32_t newer, older; /* neighbours in the order of training */
    uint32_t met;          /* parameters are known */
    uint32_t listed;       /* trained on, so in the list */
};
static_assert(sizeof(struct cell) == 32, "cells are saved as they lie");

struct weir_loss_window {
    size_t dims;
    uint32_t steps;
    uint32_t words; /* of the seen bits of one simulation */
    uint32_t room;  /* simulations there is memory for */
    uint32_t newest, oldest;
    struct cell *cell; /* [room] */
    uint64_t *seen;    /* [room][words] */
    double *u;         /* [room][dims] */
};

double weir_delta_loss(float loss, float mean, float deviation)
{
    if (!isfinite(loss) || !isfinite(mean) || !isfinite(deviation))
        return NAN;
    double scale = (double)deviation + 1e-6 * fabs((double)mean) + 1e-30;
    return fmax(0.0, ((double)loss - (double)mean) / scale);
}

static int enlarge(void **array, size_t old, size_t room, size_t size)
{
    char *grown = realloc(*array, room * size);
    if (!grown)
        return WEIR_FAIL(ENOMEM, "loss window of %zu simulations", room);
    memset(grown + old * size, 0, (room - old) * size);
    *array = grown;
    return 0;
}

/* An array that grew before another could not is merely larger than needed. */
static int make_room(struct weir_loss_window *w, uint32_t room)
{
    if (room <= w->room)
        return 0;
    int rc = enlarge((void **)&w->cell, w->room, room, sizeof(*w->cell));
    if (!rc)
        rc = enlarge((void **)&w->seen, w->room, room,
                     w->words * sizeof(*w->seen));
    if (!rc)
        rc = enlarge((void **)&w->u, w->room, room, w->dims * sizeof(*w->u));
    if (!rc)
        w->room = room;
    return rc;
}

int weir_loss_window_create(size_t dims, uint32_t steps, uint32_t expected,
                            struct weir_loss_window **out)
{
    struct weir_loss_window *w = calloc(1, sizeof(*w));
    if (!w)
        return WEIR_FAIL(ENOMEM, "loss window");
    w->dims = dims;
    w->steps = steps;
    w->words = (steps + 63) / 64;
    w->newest = w->oldest = NOBODY;
    int rc = make_room(w, expected ? expected : 1);
    if (rc) {
        weir_loss_window_destroy(w);
        return rc;
    }
    *out = w;
    return 0;
}

void weir_loss_window_destroy(struct weir_loss_window *w)
{
    if (!w)
        return;
    free(w->cell);
    free(w->seen);
    free(w->u);
    free(w);
}

int weir_loss_window_meet(struct weir_loss_window *w, uint32_t simulation,
                          const double *u)
{
    if (simulation >= w->room) {
        uint64_t half_more = (uint64_t)simulation + simulation / 2 + 1;
        uint32_t room = half_more < NOBODY ? (uint32_t)half_more : NOBODY;
        int rc = make_room(w, room);
        if (rc)
            return WEIR_NOTE(rc, "simulation %u", simulation);
    }
    memcpy(w->u + simulation * w->dims, u, w->dims * sizeof(*u));
    w->cell[simulation].met = 1;
    return 0;
}

static void unlink_cell(struct weir_loss_window *w, uint32_t id)
{
    struct cell *c = &w->cell[id];
    if (c->newer == NOBODY)
        w->newest = c->older;
    else
        w->cell[c->newer].older = c->older;
    if (c->older == NOBODY)
        w->oldest = c->newer;
    else
        w->cell[c->older].newer = c->newer;
}

static void move_to_front(struct weir_loss_window *w, uint32_t id)
{
    struct cell *c = &w->cell[id];
    if (w->newest == id)
        return;
    if (c->listed)
        unlink_cell(w, id);
    c->listed = 1;
    c->newer = NOBODY;
    c->older = w->newest;
    if (w->newest == NOBODY)
        w->oldest = id;
    else
        w->cell[w->newest].newer = id;
    w->newest = id;
}

int weir_loss_window_add(struct weir_loss_window *w, uint32_t simulation,
                         uint32_t step, double delta)
{
    if (simulation >= w->room || !w->cell[simulation].met)
        return WEIR_FAIL(EINVAL,
                         "loss of simulation %u, whose parameters "
                         "were never given",
                         simulation);
    if (step >= w->steps)
        return WEIR_FAIL(EINVAL,
                         "loss of simulation %u at step %u, expected "
                         "0 to %u",
                         simulation, step, w->steps - 1);
    struct cell *c = &w->cell[simulation];
    uint64_t *word = &w->seen[(size_t)simulation * w->words + step / 64];
    uint64_t bit = 1ull << (step % 64);
    c->steps += !(*word & bit);
    *word |= bit;
    c->sum += delta;
    c->n++;
    move_to_front(w, simulation);
    return 0;
}

size_t weir_loss_window_population(const struct weir_loss_window *w, size_t max,
                                   uint32_t min_steps, struct weir_fitness *out)
{
    size_t n = 0;
    for (uint32_t id = w->newest; id != NOBODY && n < max;
         id = w->cell[id].older) {
        const struct cell *c = &w->cell[id];
        if (c->steps < min_steps)
            continue;
        out[n].simulation = id;
        out[n++].q = c->sum / c->n;
    }
    return n;
}

void weir_loss_window_forget_losses(struct weir_loss_window *w)
{
    for (uint32_t i = 0; i < w->room; i++)
        w->cell[i] = (struct cell){.met = w->cell[i].met};
    memset(w->seen, 0, (size_t)w->room * w->words * sizeof(*w->seen));
    w->newest = w->oldest = NOBODY;
}

const double *weir_loss_window_parameters(const struct weir_loss_window *w,
                                          uint32_t simulation)
{
    return w->u + simulation * w->dims;
}

/* What is saved: these four numbers, the three arrays, then the order of
 * training as ids, oldest first. Links are made anew from the order, so that a
 * damaged file cannot lead outside the arrays. */
struct saved {
    uint64_t dims;
    uint32_t steps, room, listed, unused;
};

int weir_loss_window_save(const struct weir_loss_window *w,
                          struct weir_blob *out)
{
    struct saved s = {.dims = w->dims, .steps = w->steps, .room = w->room};
    for (uint32_t id = w->oldest; id != NOBODY; id = w->cell[id].newer)
        s.listed++;
    int rc = weir_blob_put(out, &s, sizeof(s));
    if (!rc)
        rc = weir_blob_put(out, w->cell, s.room * sizeof(*w->cell));
    if (!rc)
        rc = weir_blob_put(out, w->seen,
                           (size_t)s.room * w->words * sizeof(*w->seen));
    if (!rc)
        rc = weir_blob_put(out, w->u, s.room * w->dims * sizeof(*w->u));
    for (uint32_t id = w->oldest; !rc && id != NOBODY; id = w->cell[id].newer)
        rc = weir_blob_put(out, &id, sizeof(id));
    return rc;
}

static int read_arrays(struct weir_loss_window *w, struct weir_blob *in)
{
    int rc = weir_blob_get(in, w->cell, w->room * sizeof(*w->cell));
    if (!rc)
        rc = weir_blob_get(in, w->seen,
                           (size_t)w->room * w->words * sizeof(*w->seen));
    if (!rc)
        rc = weir_blob_get(in, w->u, w->room * w->dims * sizeof(*w->u));
    return rc;
}

static int read_order(struct weir_loss_window *w, uint32_t listed,
                      struct weir_blob *in)
{
    for (uint32_t i = 0; i < w->room; i++)
        w->cell[i].listed = 0;
    for (uint32_t i = 0; i < listed; i++) {
        uint32_t id;
        int rc = weir_blob_get(in, &id, sizeof(id));
        if (rc)
            return rc;
        if (id >= w->room || w->cell[id].listed || !w->cell[id].met ||
            !w->cell[id].n)
            return WEIR_FAIL(WEIR_ECORRUPT,
                             "loss window: simulation %u in "
                             "the saved order of training",
                             id);
        move_to_front(w, id);
    }
    return 0;
}

static int check_saved(const struct weir_loss_window *w, const struct saved *s,
                       const struct weir_blob *in)
{
    if (s->dims != w->dims || s->steps != w->steps)
        return WEIR_FAIL(EINVAL,
                         "saved state has %llu parameters and %u "
                         "samples per simulation, this run %zu and %u",
                         (unsigned long long)s->dims, s->steps, w->dims,
                         w->steps);
    /* Before memory is asked for on the word of a damaged file. */
    size_t each = sizeof(*w->cell) + w->words * sizeof(*w->seen) +
                  w->dims * sizeof(*w->u);
    if (s->room == 0 || s->room > (in->size - in->at) / each)
        return WEIR_FAIL(WEIR_ECORRUPT,
                         "loss window: %u simulations in a "
                         "saved state of %zu bytes",
                         s->room, in->size);
    return 0;
}

int weir_loss_window_restore(struct weir_loss_window *w, struct weir_blob *in)
{
    struct saved s;
    struct weir_loss_window *fresh;
    int rc = weir_blob_get(in, &s, sizeof(s));
    if (!rc)
        rc = check_saved(w, &s, in);
    if (!rc)
        rc = weir_loss_window_create(w->dims, w->steps, s.room, &fresh);
    if (rc)
        return rc;
    rc = read_arrays(fresh, in);
    if (!rc)
        rc = read_order(fresh, s.listed, in);
    if (!rc) {
        struct weir_loss_window old = *w;
        *w = *fresh;
        *fresh = old;
    }
    weir_loss_window_destroy(fresh);
    return rc;
}
