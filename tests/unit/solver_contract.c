/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What include/weir/solver.h promises of every solver, held against all that
 * are registered and against the example of that header.
 */
#include "tests/golden/reference.h"

/* ---- the example of weir/solver.h ---------------------------------------------- */

struct config {
    double k, dt;
    struct weir_parameter u0;
};

struct lane {
    const struct config *config;
    double u;
};

static const struct weir_option options[] = {
    {"k", WEIR_OPTION_REAL, "1", 0, 1e3, NULL, "1/s", "rate of decay"},
    {0},
};

static int configure(const struct weir_options *o, void **config)
{
    struct config *c = calloc(1, sizeof(*c));
    if (!c)
        return -ENOMEM;
    c->k = weir_option_real(o, "k");
    c->dt = 0.1;
    c->u0 = (struct weir_parameter){.name = "u0", .low = 0, .high = 1};
    *config = c;
    return 0;
}

static void describe(const void *config, struct weir_solver_info *info)
{
    static const char *const field[] = {"u"};
    const struct config *c = config;
    *info = (struct weir_solver_info){
        .shape = {.channels = 1, .dims = 1, .n = {1, 1}},
        .dt = c->dt,
        .lane_bytes = sizeof(struct lane),
        .equation = "u' = -k u",
        .field = field,
        .space = {.n = 1, .parameter = &c->u0}};
}

static int create(const void *config, void **lane)
{
    struct lane *l = calloc(1, sizeof(*l));
    if (!l)
        return -ENOMEM;
    l->config = config;
    *lane = l;
    return 0;
}

static int start(void *lane, const double *p)
{
    ((struct lane *)lane)->u = p[0];
    return 0;
}

static int step(void *lane)
{
    struct lane *l = lane;
    l->u *= exp(-l->config->k * l->config->dt);
    return 0;
}

static void frame(const void *lane, float *out)
{
    out[0] = (float)((const struct lane *)lane)->u;
}

static const struct weir_solver_ops decay = {
    .name = "decay",
    .summary = "exponential decay",
    .options = options,
    .configure = configure,
    .describe = describe,
    .release = free,
    .create = create,
    .start = start,
    .step = step,
    .frame = frame,
    .destroy = free,
};

static void the_example_decays(void **state)
{
    (void)state;
    struct rig r = {.ops = &decay};
    ok(weir_options_init(r.ops->options, &r.opts));
    ok(weir_options_set(&r.opts, "k", "2"));
    rig_build(&r);
    float u;
    ok(r.ops->start(r.lane, (double[]){0.5}));
    for (int i = 0; i < 10; i++)
        ok(r.ops->step(r.lane));
    r.ops->frame(r.lane, &u);
    assert_true(fabs(u - 0.5 * exp(-2)) < 1e-7);
    rig_free(&r);
}

/* ---- all ----------------------------------------------------------------------- */

typedef void check(struct rig *r);

static void for_every_solver(check *fn)
{
    size_t n;
    const struct weir_solver_ops *const *list = weir_solver_list(&n);
    for (size_t i = 0; i <= n; i++) {
        struct rig r = {.ops = i < n ? list[i] : &decay};
        ok(weir_options_init(r.ops->options, &r.opts));
        rig_build(&r);
        fn(&r);
        rig_free(&r);
    }
}

/* Parameters that differ with @p seed, away from the ends of their ranges. */
static double *parameters(const struct rig *r, int seed)
{
    size_t n = r->info.space.n;
    double *p = calloc(n + 1, sizeof(*p));
    assert_non_null(p);
    for (size_t i = 0; i < n; i++)
        p[i] = 0.2 + 0.6 * fabs(sin(12.9898 * (double)(i + 1) + seed));
    weir_space_to_box(&r->info.space, p, p);
    return p;
}

static float *frames(const struct rig *r, void *lane, int seed, int steps)
{
    float *all = calloc((size_t)(steps + 1) * r->floats, sizeof(*all));
    double *p = parameters(r, seed);
    assert_non_null(all);
    ok(r->ops->start(lane, p));
    r->ops->frame(lane, all);
    for (int s = 1; s <= steps; s++) {
        ok(r->ops->step(lane));
        r->ops->frame(lane, all + (size_t)s * r->floats);
    }
    free(p);
    return all;
}

static void info_is_complete(struct rig *r)
{
    const struct weir_solver_info *info = &r->info;
    assert_true(strlen(r->ops->summary) > 0 && strlen(info->equation) > 0);
    assert_true(info->shape.dims == 1 || info->shape.dims == 2);
    assert_true(info->shape.n[1] == 1 || info->shape.dims == 2);
    assert_true(info->lane_bytes > 0 && info->dt >= 0);
    for (int c = 0; c < info->shape.channels; c++)
        assert_true(strlen(info->field[c]) > 0);
    for (size_t i = 0; i < info->space.n; i++) {
        const struct weir_parameter *p = &info->space.parameter[i];
        assert_true(p->low < p->high &&
                    (p->axis == WEIR_AXIS_LINEAR || p->low > 0));
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(p->name, info->space.parameter[k].name);
    }
}

static void solvers_describe_themselves(void **state)
{
    (void)state;
    for_every_solver(info_is_complete);
}

static void lanes_agree(struct rig *r)
{
    void *other;
    ok(r->ops->create(r->config, &other));
    float *a = frames(r, r->lane, 1, 3), *b = frames(r, other, 1, 3);
    assert_memory_equal(a, b, 4 * r->floats * sizeof(*a));
    for (size_t i = 0; i < 4 * r->floats; i++)
        assert_true(isfinite(a[i]));
    free(a);
    free(b);
    r->ops->destroy(other);
}

static void the_same_parameters_give_the_same_bits_in_any_lane(void **state)
{
    (void)state;
    for_every_solver(lanes_agree);
}

static void order_does_not_matter(struct rig *r)
{
    float *first = frames(r, r->lane, 1, 3);
    free(frames(r, r->lane, 2, 2));
    float *again = frames(r, r->lane, 1, 3);
    assert_memory_equal(first, again, 4 * r->floats * sizeof(*first));
    free(first);
    free(again);
}

static void the_simulation_before_leaves_no_trace(void **state)
{
    (void)state;
    for_every_solver(order_does_not_matter);
}

static void interleaved_lanes(struct rig *r)
{
    void *other;
    ok(r->ops->create(r->config, &other));
    float *alone = frames(r, r->lane, 1, 3);
    double *p = parameters(r, 1), *q = parameters(r, 2);
    float *now = calloc(r->floats, sizeof(*now));
    assert_non_null(now);
    ok(r->ops->start(r->lane, p));
    ok(r->ops->start(other, q));
    for (int s = 1; s <= 3; s++) {
        ok(r->ops->step(r->lane));
        ok(r->ops->step(other));
        r->ops->frame(other, now);
        r->ops->frame(r->lane, now);
        assert_memory_equal(now, alone + (size_t)s * r->floats,
                            r->floats * sizeof(*now));
    }
    free(now);
    free(p);
    free(q);
    free(alone);
    r->ops->destroy(other);
}

static void lanes_do_not_disturb_each_other(void **state)
{
    (void)state;
    for_every_solver(interleaved_lanes);
}

static void frame_twice(struct rig *r)
{
    float *a = frames(r, r->lane, 1, 2);
    float *b = calloc(r->floats, sizeof(*b));
    assert_non_null(b);
    r->ops->frame(r->lane, b);
    r->ops->frame(r->lane, b);
    assert_memory_equal(a + 2 * r->floats, b, r->floats * sizeof(*b));
    if (r->ops->frame_double) {
        double *d = calloc(r->floats, sizeof(*d));
        assert_non_null(d);
        r->ops->frame_double(r->lane, d);
        for (size_t i = 0; i < r->floats; i++)
            assert_true((float)d[i] == b[i]);
        free(d);
    }
    free(a);
    free(b);
}

static void taking_a_frame_changes_nothing(void **state)
{
    (void)state;
    for_every_solver(frame_twice);
}

/* A field that was a start gives the start's trajectory, up to rounding. */
static void restart_from_field(struct rig *r)
{
    if (!r->ops->start_field || !r->ops->frame_double)
        return;
    double *p = parameters(r, 1);
    double *u = calloc(2 * r->floats, sizeof(*u)), *v = u + r->floats;
    assert_non_null(u);
    ok(r->ops->start(r->lane, p));
    r->ops->frame_double(r->lane, u);
    ok(r->ops->step(r->lane));
    r->ops->frame_double(r->lane, v);
    ok(r->ops->start_field(r->lane, u));
    ok(r->ops->step(r->lane));
    r->ops->frame_double(r->lane, u);
    assert_true(relative_l2(u, v, r->floats) < 1e-10);
    free(u);
    free(p);
}

static void a_frame_can_be_a_start(void **state)
{
    (void)state;
    for_every_solver(restart_from_field);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(the_example_decays),
        cmocka_unit_test(solvers_describe_themselves),
        cmocka_unit_test(the_same_parameters_give_the_same_bits_in_any_lane),
        cmocka_unit_test(the_simulation_before_leaves_no_trace),
        cmocka_unit_test(lanes_do_not_disturb_each_other),
        cmocka_unit_test(taking_a_frame_changes_nothing),
        cmocka_unit_test(a_frame_can_be_a_start),
    };
    return RUN(cases);
}
