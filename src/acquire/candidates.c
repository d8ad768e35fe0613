/* SPDX-License-Identifier: BSD-3-Clause */
#include "acquire/candidates_state.h"

#include "acquire/shuffle.h"
#include "acquire/target.h"
#include "base/err.h"
#include "base/heap.h"

#include <stdlib.h>
#include <string.h>

/* ---- creation ---- */

void weir_candidates_destroy(void *self)
{
    struct weir_candidates *c = self;
    free(c->known.u);
    free(c->known.place);
    free(c->known.taken);
    free(c->place);
    free(c->score);
    free(c->row);
    free(c->base);
    free(c->chosen);
    weir_starts_free(&c->pool_starts);
    weir_starts_free(&c->known_starts);
    weir_diverse_end(&c->diverse);
    free(c->u);
    free(c->number);
    free(c->first);
    free(c);
}

bool weir_candidates_are_diverse(const struct weir_candidates *c)
{
    return c->set.rule == WEIR_CANDIDATES_CENTRES ||
           c->set.rule == WEIR_CANDIDATES_LCMD;
}

size_t weir_candidates_dims(const struct weir_candidates *c)
{
    if (!weir_candidates_are_diverse(c))
        return 0;
    return c->set.by_parameters ? c->env->space.n : c->set.request.features;
}

/* Floats of a first frame; 0: nobody is asked about any. */
static size_t frame_of(const struct weir_candidates *c)
{
    return weir_candidates_asks(&c->set) ? c->env->forecast->frame : 0;
}

/* Those of the pool come first; what has run may be more than was planned. */
static void plan_starts(struct weir_candidates *c)
{
    size_t frame = frame_of(c), bytes = c->set.starts;
    uint32_t known = weir_candidates_are_diverse(c) && c->set.request.features
                         ? c->env->budget
                         : 0;
    weir_starts_init(&c->pool_starts, frame, c->set.pool, bytes);
    bytes -= c->pool_starts.room * weir_starts_each(frame);
    weir_starts_init(&c->known_starts, frame, known, bytes);
}

static int allocate(struct weir_candidates *c)
{
    size_t pool = c->set.pool, batch = weir_candidates_batch(c);
    c->place = weir_array(pool, sizeof(*c->place));
    c->score = weir_array(pool, sizeof(*c->score));
    c->row = weir_array(pool * weir_candidates_dims(c), sizeof(float));
    c->known.taken = weir_array(c->set.once ? pool : 1, sizeof(bool));
    c->chosen = weir_array(c->set.horizon, sizeof(*c->chosen));
    c->u = weir_array(batch * c->env->space.n, sizeof(*c->u));
    c->number = weir_array(batch, sizeof(*c->number));
    c->first = weir_array(batch * frame_of(c), sizeof(*c->first));
    if (c->place && c->score && c->row && c->known.taken && c->chosen && c->u &&
        c->number && c->first)
        return 0;
    return WEIR_FAIL(ENOMEM, "%s: pool of %zu", c->method->name, pool);
}

static int ask(const struct weir_candidates *c)
{
    const struct weir_forecast_request *r = &c->set.request;
    struct weir_forecast *f = c->env->forecast;
    if (!r->score && !r->features)
        return 0;
    if (!f)
        return WEIR_FAIL(WEIR_ECONFIG, "%s: there is no surrogate to ask",
                         c->method->name);
    int rc = f->want(f, r);
    return rc ? WEIR_NOTE(rc, "%s", c->method->name) : 0;
}

int weir_candidates_create(const struct weir_candidates_method *method,
                           const struct weir_strategy_env *env,
                           const struct weir_options *opts, void **self)
{
    struct weir_candidates *c = weir_array(1, sizeof(*c));
    if (!c)
        return WEIR_FAIL(ENOMEM, "%s: state", method->name);
    c->method = method;
    c->env = env;
    int rc = weir_candidates_settings_read(method, env, opts, &c->set);
    rc = rc ? rc : ask(c);
    rc = rc ? rc : allocate(c);
    if (rc == 0)
        plan_starts(c);
    if (rc)
        weir_candidates_destroy(c);
    else
        *self = c;
    return rc;
}

int weir_candidates_needs(const struct weir_candidates_method *method,
                          const struct weir_strategy_env *env,
                          const struct weir_options *opts,
                          struct weir_strategy_needs *out)
{
    struct weir_candidates c = {.method = method, .env = env};
    int rc = weir_candidates_settings_read(method, env, opts, &c.set);
    if (rc)
        return rc;
    size_t pool = c.set.pool, known = env->budget, frame = frame_of(&c);
    plan_starts(&c);
    out->request = c.set.request;
    size_t each = sizeof(*c.place) + sizeof(*c.score);
    if (weir_candidates_are_diverse(&c))
        each += sizeof(*c.diverse.nearest) + sizeof(*c.diverse.centre);
    out->bytes = pool * each +
                 (known + c.set.horizon) * sizeof(*c.diverse.weight) +
                 (pool + known) * weir_candidates_dims(&c) * sizeof(float) +
                 known * env->space.n * sizeof(double) +
                 ((size_t)c.pool_starts.room + c.known_starts.room) *
                     weir_starts_each(frame);
    return 0;
}

/* ---- what has run ---- */

void weir_candidates_initial(void *self, uint32_t simulation, double *u)
{
    const struct weir_candidates *c = self;
    weir_target_draw(c->env, simulation, u);
}

static int make_room(struct weir_candidates *c, uint32_t simulation)
{
    struct weir_candidates_known *k = &c->known;
    if (k->n == k->room) {
        uint32_t room = 2 * k->room + 64;
        double *u = realloc(k->u, room * c->env->space.n * sizeof(*u));
        if (!u)
            return WEIR_FAIL(ENOMEM, "%s: %u simulations", c->method->name,
                             room);
        k->u = u;
        k->room = room;
    }
    if (simulation < k->cells)
        return 0;
    uint32_t cells = 2 * simulation + 64;
    uint32_t *place = realloc(k->place, cells * sizeof(*place));
    if (!place)
        return WEIR_FAIL(ENOMEM, "%s: %u simulations", c->method->name, cells);
    for (uint32_t i = k->cells; i < cells; i++)
        place[i] = WEIR_NOWHERE;
    k->place = place;
    k->cells = cells;
    return 0;
}

int weir_candidates_meet(void *self, uint32_t simulation, const double *u)
{
    struct weir_candidates *c = self;
    struct weir_candidates_known *k = &c->known;
    size_t dims = c->env->space.n;
    int rc = make_room(c, simulation);
    if (rc)
        return rc;
    memcpy(k->u + k->n++ * dims, u, dims * sizeof(*u));
    if (k->place[simulation] != WEIR_NOWHERE)
        k->taken[k->place[simulation]] = true;
    return 0;
}

int weir_candidates_observe(void *self, const struct weir_batch_loss *batch)
{
    (void)self, (void)batch;
    return 0;
}

uint32_t weir_candidates_periods(const struct weir_candidates *c,
                                 uint32_t finished)
{
    if (finished < c->set.warmup)
        return 0;
    return 1 + (finished - c->set.warmup) / c->set.period;
}

bool weir_candidates_due(const void *self, const struct weir_progress *now)
{
    const struct weir_candidates *c = self;
    return now->open > 0 && weir_candidates_periods(c, now->finished) >
                                weir_candidates_periods(c, c->at.finished);
}

/* ---- a pool ---- */

/* Coordinates of candidate @p place of the proposal to come: numbers of their
 * own, far from those of simulations. */
void weir_candidates_draw(const struct weir_candidates *c, uint32_t place,
                          double *u)
{
    uint32_t first = c->set.once ? 0 : c->at.generation * c->set.pool;
    weir_target_draw(c->env,
                     WEIR_CANDIDATES + (first + place) % WEIR_CANDIDATES, u);
}

static int make_room_for_features(struct weir_candidates *c)
{
    size_t each = weir_candidates_dims(c);
    if (c->labelled <= c->base_room)
        return 0;
    float *base = realloc(c->base, c->labelled * each * sizeof(*base) + 1);
    if (!base)
        return WEIR_FAIL(ENOMEM, "%s: features of %u simulations",
                         c->method->name, c->labelled);
    c->base = base;
    c->base_room = c->labelled;
    return 0;
}

int weir_candidates_begin(struct weir_candidates *c)
{
    size_t dims = c->env->space.n;
    c->n = 0;
    c->met = c->known.n;
    c->most = c->set.horizon;
    c->labelled = weir_candidates_are_diverse(c) ? c->known.n : 0;
    for (uint32_t i = 0; i < c->set.pool; i++)
        if (!weir_candidates_is_taken(c, i))
            c->place[c->n++] = i;
    bool asks = c->set.request.features && c->labelled;
    c->ask = (struct weir_candidates_ask){
        asks ? WEIR_CANDIDATES_KNOWN : WEIR_CANDIDATES_POOL, 0, 0};
    weir_diverse_end(&c->diverse);
    int rc = make_room_for_features(c);
    if (rc == 0 && c->set.by_parameters)
        weir_candidates_describe(c->known.u, c->labelled * dims, c->base);
    return rc;
}

/* ---- proposing ---- */

/* Where the rule's last choices are of another kind than its first, the two are
 * mixed: a generation may run in part only. */
static uint32_t in_order(const struct weir_candidates *c, uint32_t i,
                         uint32_t k)
{
    bool mixed = c->set.rule == WEIR_CANDIDATES_TOP && c->set.share < 1;
    return c->chosen[mixed ? weir_shuffled(i, k, c->env->seed, c->at.generation)
                           : i];
}

static int remember(struct weir_candidates *c, uint32_t simulation,
                    uint32_t place)
{
    int rc = c->set.once ? make_room(c, simulation) : 0;
    if (rc == 0 && c->set.once)
        c->known.place[simulation] = place;
    return rc;
}

static int fill(struct weir_candidates *c, struct weir_proposal *p, uint32_t n,
                uint32_t k)
{
    int rc = 0;
    for (uint32_t i = 0; rc == 0 && i < n; i++) {
        uint32_t place = i < k ? c->place[in_order(c, i, k)] : WEIR_NOWHERE;
        if (i < k && weir_candidates_is_taken(c, place))
            place = WEIR_NOWHERE; /* while distances were measured */
        p[i].generation = c->at.generation + 1;
        p[i].bred = place != WEIR_NOWHERE;
        if (p[i].bred)
            weir_candidates_draw(c, place, p[i].u);
        else
            weir_target_draw(c->env, p[i].simulation, p[i].u);
        rc = remember(c, p[i].simulation, place);
    }
    return rc;
}

int weir_candidates_propose(void *self, const struct weir_progress *now,
                            struct weir_proposal *proposals, size_t n)
{
    struct weir_candidates *c = self;
    uint32_t k = 0;
    int rc = 1;
    for (uint32_t piece = 0; rc > 0 && c->ask.phase != WEIR_CANDIDATES_READY;
         piece++)
        rc = weir_candidates_score(c, piece);
    rc = rc < 0 ? rc : weir_candidates_choose(c, (uint32_t)n, &k);
    rc = rc ? rc : fill(c, proposals, (uint32_t)n, k);
    c->ask.phase = WEIR_CANDIDATES_IDLE;
    c->at.generation++;
    if (!c->set.once)
        weir_starts_forget(&c->pool_starts);
    c->at.finished = now->finished;
    return rc;
}

/* ---- state ---- */

int weir_candidates_save(const void *self, struct weir_blob *out)
{
    const struct weir_candidates *c = self;
    const struct weir_candidates_known *k = &c->known;
    size_t pool = c->set.once ? c->set.pool : 0;
    int rc = weir_blob_put(out, &c->at, sizeof(c->at));
    rc = rc ? rc : weir_blob_put(out, &k->n, sizeof(k->n));
    rc = rc ? rc
            : weir_blob_put(out, k->u, k->n * c->env->space.n * sizeof(*k->u));
    rc = rc ? rc : weir_blob_put(out, &k->cells, sizeof(k->cells));
    rc = rc ? rc : weir_blob_put(out, k->place, k->cells * sizeof(*k->place));
    return rc ? rc : weir_blob_put(out, k->taken, pool * sizeof(*k->taken));
}

static int restore_arrays(struct weir_candidates *c, struct weir_blob *in)
{
    struct weir_candidates_known *k = &c->known;
    size_t each = c->env->space.n * sizeof(*k->u), left = in->size - in->at;
    if (k->n > left / each)
        return WEIR_FAIL(WEIR_ECORRUPT, "%u simulations", k->n);
    free(k->u);
    k->u = weir_array(k->n, each);
    k->room = k->n;
    if (!k->u)
        return WEIR_FAIL(ENOMEM, "%u simulations", k->n);
    int rc = weir_blob_get(in, k->u, k->n * each);
    rc = rc ? rc : weir_blob_get(in, &k->cells, sizeof(k->cells));
    if (rc || k->cells > (in->size - in->at) / sizeof(*k->place))
        return rc ? rc : WEIR_FAIL(WEIR_ECORRUPT, "%u cells", k->cells);
    free(k->place);
    k->place = weir_array(k->cells, sizeof(*k->place));
    if (!k->place)
        return WEIR_FAIL(ENOMEM, "%u cells", k->cells);
    return weir_blob_get(in, k->place, k->cells * sizeof(*k->place));
}

int weir_candidates_restore(void *self, struct weir_blob *in)
{
    struct weir_candidates *c = self;
    struct weir_candidates_known *k = &c->known;
    size_t pool = c->set.once ? c->set.pool : 0;
    int rc = weir_blob_get(in, &c->at, sizeof(c->at));
    rc = rc ? rc : weir_blob_get(in, &k->n, sizeof(k->n));
    rc = rc ? rc : restore_arrays(c, in);
    rc = rc ? rc : weir_blob_get(in, k->taken, pool * sizeof(*k->taken));
    weir_starts_forget(&c->pool_starts);
    weir_starts_forget(&c->known_starts);
    for (uint32_t i = 0; rc == 0 && i < k->cells; i++)
        if (k->place[i] != WEIR_NOWHERE && k->place[i] >= pool)
            rc = WEIR_FAIL(WEIR_ECORRUPT, "candidate %u of a pool of %zu",
                           k->place[i], pool);
    return rc ? WEIR_NOTE(rc, "%s: saved state", c->method->name) : 0;
}
