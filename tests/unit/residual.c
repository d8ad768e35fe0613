/* SPDX-License-Identifier: BSD-3-Clause */
/* What include/weir/residual.h promises of every residual, held against all
 * solvers that have one: jets against central differences in double. */
#include "tests/test.h"

#include "base/rng.h"
#include "nn/registry.h"
#include "nn/surrogate.h"
#include "pde/registry.h"

#include <math.h>

struct rig {
    const struct weir_solver_ops *ops;
    struct weir_options options;
    void *config;
    struct weir_solver_info info;
    const struct weir_residual *e;
    struct weir_rng rng;
};

typedef void check(struct rig *r);

static void for_every_residual(check *fn)
{
    size_t n, seen = 0;
    const struct weir_solver_ops *const *list = weir_solver_list(&n);
    for (size_t i = 0; i < n; i++) {
        struct rig r = {.ops = list[i]};
        ok(weir_options_init(r.ops->options, &r.options));
        ok(r.ops->configure(&r.options, &r.config));
        r.ops->describe(r.config, &r.info);
        r.e = r.info.residual;
        r.rng = weir_rng_stream(i, WEIR_RNG_TEST, 3);
        if (r.e) {
            fn(&r);
            seen++;
        }
        r.ops->release(r.config);
        weir_options_free(&r.options);
    }
    assert_true(seen > 0);
}

static void draw_point(struct rig *r, double *at)
{
    for (size_t i = 0; i < r->info.space.n; i++)
        at[i] = 0.1 + 0.8 * weir_rng_uniform(&r->rng);
    weir_space_to_box(&r->info.space, at, at);
}

/* The values of all functions of one kind at a point. */
typedef void values_fn(struct rig *r, const double *at, double *out);

static void features_of(struct rig *r, const double *at, double *out)
{
    size_t k = (size_t)weir_jet_size(&r->e->jet);
    double jets[256 * WEIR_JET_MAX];
    assert_true(r->e->jet.features <= 256);
    r->e->encode(r->e->config, at, jets);
    for (size_t f = 0; f < (size_t)r->e->jet.features; f++)
        out[f] = jets[f * k];
}

static void constraint_of(struct rig *r, const double *at, double *out)
{
    double a[WEIR_JET_MAX], g[WEIR_JET_MAX];
    r->e->constrain(r->e->config, at, a, g);
    out[0] = a[0];
    out[1] = g[0];
}

/* Derivative of function @p f by coordinate @p i, and again by @p j >= 0. */
static double slope(struct rig *r, values_fn *fn, size_t f, const double *at,
                    int i, int j)
{
    const double h = j < 0 ? 1e-6 : 1e-4;
    double sum = 0, out[256];
    for (int a = 1; a >= -1; a -= 2)
        for (int b = 1; b >= (j < 0 ? 1 : -1); b -= 2) {
            double moved[WEIR_JET_COORDINATES];
            memcpy(moved, at, r->info.space.n * sizeof(double));
            moved[i] += a * h;
            if (j >= 0)
                moved[j] += b * h;
            fn(r, moved, out);
            sum += a * b * out[f];
        }
    return sum / (j < 0 ? 2 * h : 4 * h * h);
}

static void jet_agrees(struct rig *r, values_fn *fn, size_t f, const double *at,
                       const double *jet)
{
    const struct weir_jet *j = &r->e->jet;
    for (int i = 0; i < j->coordinates; i++) {
        double wanted = slope(r, fn, f, at, i, -1);
        assert_true(fabs(jet[1 + i] - wanted) < 1e-6 * (1 + fabs(wanted)));
    }
    for (int k = 0; k < j->seconds; k++) {
        double wanted = slope(r, fn, f, at, j->second[k][0], j->second[k][1]);
        assert_true(fabs(jet[1 + j->coordinates + k] - wanted) <
                    1e-4 * (1 + fabs(wanted)));
    }
}

static void jets_agree(struct rig *r)
{
    size_t k = (size_t)weir_jet_size(&r->e->jet);
    for (int n = 0; n < 10; n++) {
        double at[WEIR_JET_COORDINATES], jets[256 * WEIR_JET_MAX];
        double a[WEIR_JET_MAX], g[WEIR_JET_MAX];
        draw_point(r, at);
        r->e->encode(r->e->config, at, jets);
        for (size_t f = 0; f < (size_t)r->e->jet.features; f++)
            jet_agrees(r, features_of, f, at, jets + f * k);
        r->e->constrain(r->e->config, at, a, g);
        jet_agrees(r, constraint_of, 0, at, a);
        jet_agrees(r, constraint_of, 1, at, g);
    }
}

static void jets_are_derivatives(void **state)
{
    (void)state;
    for_every_residual(jets_agree);
}

static void derivative_agrees(struct rig *r)
{
    const double h = 1e-6;
    for (int n = 0; n < 10; n++) {
        double at[WEIR_JET_COORDINATES], u[WEIR_JET_MAX];
        double du[WEIR_JET_MAX], none[WEIR_JET_MAX];
        draw_point(r, at);
        for (int i = 0; i < weir_jet_size(&r->e->jet); i++)
            u[i] = weir_rng_normal(&r->rng);
        r->e->residual(r->e->config, at, u, du);
        for (int i = 0; i < weir_jet_size(&r->e->jet); i++) {
            double was = u[i], sum = 0;
            for (int side = 1; side >= -1; side -= 2) {
                u[i] = was + side * h;
                sum += side * r->e->residual(r->e->config, at, u, none);
            }
            u[i] = was;
            assert_true(fabs(sum / (2 * h) - du[i]) < 1e-6 * (1 + fabs(du[i])));
        }
    }
}

static void a_residual_knows_its_derivative(void **state)
{
    (void)state;
    for_every_residual(derivative_agrees);
}

/* What wraps has the same features at both ends. */
static void period_holds(struct rig *r)
{
    double at[WEIR_JET_COORDINATES], low[256], high[256];
    draw_point(r, at);
    for (size_t i = 0; i < r->info.space.n; i++) {
        const struct weir_parameter *p = &r->info.space.parameter[i];
        double was = at[i];
        if (!p->wraps)
            continue;
        at[i] = p->low;
        features_of(r, at, low);
        at[i] = p->high;
        features_of(r, at, high);
        at[i] = was;
        for (int f = 0; f < r->e->jet.features; f++)
            assert_true(fabs(low[f] - high[f]) < 1e-12);
    }
}

static void features_have_the_domains_period(void **state)
{
    (void)state;
    for_every_residual(period_holds);
}

/* Where the factor vanishes the offset is the reference's initial state. */
static void start_agrees(struct rig *r)
{
    size_t n = r->e->points, d = r->info.space.n;
    double *at = calloc(n * d, sizeof(*at)), value[2];
    float *start = calloc(n, sizeof(*start)), *u = calloc(n, sizeof(*u));
    ok(r->e->solve(r->e->config, 1, at, start, u));
    for (size_t j = 0; j < n; j++) {
        /* Time is the last coordinate, and 0 where it begins. */
        double here[WEIR_JET_COORDINATES];
        memcpy(here, at + j * d, d * sizeof(double));
        here[d - 1] = r->info.space.parameter[d - 1].low;
        constraint_of(r, here, value);
        assert_true(fabs(value[1]) < 1e-12);
        assert_true(fabs(value[0] - (double)start[j]) < 1e-6);
    }
    free(at);
    free(start);
    free(u);
}

static void the_initial_state_is_the_offset(void **state)
{
    (void)state;
    for_every_residual(start_agrees);
}

/* ---- refusals ---- */

static int surrogate_with(struct rig *r, const char *model,
                          enum weir_loss_type loss)
{
    const struct weir_model_ops *ops = weir_model_find(model);
    struct weir_model_io io = weir_model_jet_io(&r->e->jet);
    struct weir_surrogate_config c = {
        .batch = 2, .unroll = 1, .loss = loss, .equation = r->e};
    struct weir_surrogate *s = NULL;
    struct weir_options o;
    struct weir_model *m = NULL;
    ok(weir_options_init(ops->options, &o));
    int rc = weir_model_create_for(ops, &o, &io, &m);
    rc = rc ? rc : weir_surrogate_create(m, &c, &s);
    if (rc == 0) {
        float u;
        fails(weir_surrogate_predict(s, &u, NULL, &u, 1, &u), -EINVAL);
        says("there are no steps");
    }
    weir_surrogate_destroy(s);
    weir_model_destroy(m);
    weir_options_free(&o);
    return rc;
}

static void refusals(struct rig *r)
{
    ok(surrogate_with(r, "pinn", WEIR_LOSS_MSE));
    fails(surrogate_with(r, "mlp", WEIR_LOSS_MSE), -EINVAL);
    says("does not carry the derivatives");
    fails(surrogate_with(r, "pinn", WEIR_LOSS_NRMSE), -EINVAL);
    says("training.loss");
}

static void what_does_not_fit_is_refused(void **state)
{
    const struct weir_model_ops *ops = weir_model_find("pinn");
    struct weir_shape line = {1, 1, {8, 1}};
    struct weir_options o;
    struct weir_model *m;
    (void)state;
    for_every_residual(refusals);
    ok(weir_options_init(ops->options, &o));
    fails(weir_model_create(ops, &o, &line, &m), -EINVAL);
    says("learns from an equation");
    weir_options_free(&o);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(jets_are_derivatives),
        cmocka_unit_test(a_residual_knows_its_derivative),
        cmocka_unit_test(features_have_the_domains_period),
        cmocka_unit_test(the_initial_state_is_the_offset),
        cmocka_unit_test(what_does_not_fit_is_refused),
    };
    return RUN(cases);
}
