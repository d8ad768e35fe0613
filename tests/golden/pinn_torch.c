/* SPDX-License-Identifier: BSD-3-Clause */
/* A physics-informed network for Allen-Cahn against PyTorch's autograd: function,
 * residual, gradient, three steps of Adam; and its reference against finite
 * differences. The numbers come from make_pinn.py. */
#include "tests/test.h"

#include "nn/optimiser.h"
#include "nn/registry.h"
#include "nn/surrogate.h"
#include "pde/registry.h"

#include <math.h>

#define DATA WEIR_TEST_DATA "/golden/data/pinn_torch"
#include "tests/golden_arrays.h"

enum { POINTS = 12, MOST = 256 };

static void compare(const char *name, const float *got, size_t n,
                    double tolerance)
{
    static float wanted[MOST];
    assert_true(n <= MOST);
    recorded(name, n, wanted);
    for (size_t i = 0; i < n; i++)
        if (!(fabs((double)got[i] - (double)wanted[i]) <=
              tolerance * (1 + fabs((double)wanted[i]))))
            fail_msg("%s[%zu]: %.9g, recorded %.9g", name, i, (double)got[i],
                     (double)wanted[i]);
}

struct rig {
    const struct weir_solver_ops *solver;
    void *config;
    struct weir_solver_info info;
    struct weir_model *model;
    struct weir_surrogate *s;
    float *w, *m, *v, *grad;
};

static float *floats(size_t n)
{
    float *p = aligned_alloc(64, (n * sizeof(float) + 63) / 64 * 64);
    assert_non_null(p);
    memset(p, 0, n * sizeof(float));
    return p;
}

static void open_solver(struct rig *r)
{
    struct weir_options o;
    ok(weir_solver_find("allen_cahn_points", &r->solver));
    ok(weir_options_init(r->solver->options, &o));
    ok(weir_options_set(&o, "harmonics", "3"));
    ok(r->solver->configure(&o, &r->config));
    r->solver->describe(r->config, &r->info);
    weir_options_free(&o);
}

static void each_tensor(struct rig *r, const char *prefix, float *packed,
                        double tolerance)
{
    for (size_t i = 0; i < weir_model_tensors(r->model); i++) {
        struct weir_model_tensor t = weir_model_tensor(r->model, i);
        float plain[MOST];
        char name[96];
        /* layer.0.weight here, 0.weight there */
        snprintf(name, sizeof(name), "%s/%s", prefix,
                 t.name + strlen("layer."));
        assert_true(t.count <= MOST);
        if (tolerance > 0) {
            ok(weir_model_export(r->model, i, packed, plain));
            compare(name, plain, t.count, tolerance);
        } else {
            recorded(name, t.count, plain);
            ok(weir_model_import(r->model, i, plain, packed));
        }
    }
}

static void open_rig(struct rig *r, int batch, int threads)
{
    struct weir_options o;
    open_solver(r);
    struct weir_model_io io = weir_model_jet_io(&r->info.residual->jet);
    const struct weir_model_ops *ops = weir_model_find("pinn");
    struct weir_surrogate_config c = {
        .batch = batch,
        .unroll = 1,
        .threads = threads,
        .loss = WEIR_LOSS_MSE,
        .equation = r->info.residual,
    };
    ok(weir_options_init(ops->options, &o));
    ok(weir_options_set(&o, "width", "8"));
    ok(weir_options_set(&o, "depth", "3"));
    ok(weir_model_create_for(ops, &o, &io, &r->model));
    weir_options_free(&o);
    assert_int_equal(weir_model_parameters(r->model),
                     8 * 8 + 8 + 2 * (64 + 8) + 9);
    ok(weir_surrogate_create(r->model, &c, &r->s));
    size_t n = weir_model_packed(r->model);
    r->w = floats(n);
    r->m = floats(n);
    r->v = floats(n);
    r->grad = floats(n);
    each_tensor(r, "start", r->w, 0);
}

static void close_rig(struct rig *r)
{
    weir_surrogate_destroy(r->s);
    weir_model_destroy(r->model);
    r->solver->release(r->config);
    free(r->w);
    free(r->m);
    free(r->v);
    free(r->grad);
}

static void step(struct rig *r, float *loss)
{
    static float at[2 * POINTS];
    const float *sample[POINTS];
    recorded("points", (size_t)2 * POINTS, at);
    for (int i = 0; i < POINTS; i++)
        sample[i] = at + 2 * i;
    ok(weir_surrogate_train(r->s, r->w, NULL, sample, 1.0F / POINTS, r->grad,
                            loss));
}

static void training_agrees(struct rig *r)
{
    struct weir_adam_config adam = weir_adam_defaults();
    float loss[POINTS], wanted[POINTS];
    size_t n = weir_model_packed(r->model);
    adam.lr = 0.01;
    recorded("residual", POINTS, wanted);
    for (uint64_t k = 0; k < 3; k++) {
        step(r, loss);
        const float *residual = weir_surrogate_predicted(r->s);
        for (int i = 0; k == 0 && i < POINTS; i++) {
            double e = (double)wanted[i];
            assert_true(fabs((double)residual[i] - e) < 2e-5 * (1 + fabs(e)));
            assert_true(fabs((double)loss[i] - e * e) < 5e-5 * (1 + e * e));
        }
        if (k == 0)
            each_tensor(r, "gradient", r->grad, 2e-5);
        weir_adam_step(&adam, k, n, r->grad, r->w, r->m, r->v, r->w, r->m,
                       r->v);
    }
    each_tensor(r, "end", r->w, 5e-5);
}

static void a_network_agrees(void **state)
{
    (void)state;
    for (int threads = 1; threads <= 2; threads++) {
        struct rig r;
        float at[2 * POINTS], u[POINTS];
        double where[2 * POINTS];
        open_rig(&r, POINTS, threads);
        recorded("points", (size_t)2 * POINTS, at);
        for (int i = 0; i < 2 * POINTS; i++)
            where[i] = (double)at[i];
        ok(weir_surrogate_values(r.s, r.w, where, POINTS, u));
        compare("function", u, POINTS, 2e-6);
        training_agrees(&r);
        close_rig(&r);
    }
}

/* At four of its times, every 8th of its points: spectral against differences,
 * on 1024 and 4096 points. */
static void the_reference_agrees(void **state)
{
    struct rig r;
    (void)state;
    open_solver(&r);
    const struct weir_residual *e = r.info.residual;
    size_t n = e->points, all = 4 * n;
    double *at = calloc(2 * all, sizeof(*at));
    float *start = floats(n), *u = floats(all), *wanted = floats(256);
    double apart = 0, size = 0;
    ok(e->solve(e->config, 4, at, start, u));
    recorded("reference", 256, wanted);
    for (size_t i = 0; i < 256; i++) {
        size_t p = i / 64 * n + i % 64 * 8;
        assert_true(fabs(at[2 * p] - (-1 + (double)(i % 64) / 32)) < 1e-12);
        assert_true(fabs(at[2 * p + 1] - 0.25 * (double)(i / 64 + 1)) < 1e-12);
        apart += pow((double)u[p] - (double)wanted[i], 2);
        size += pow((double)wanted[i], 2);
    }
    if (!(sqrt(apart / size) < 1e-5))
        fail_msg("relative L2 apart %.3g", sqrt(apart / size));
    free(at);
    free(start);
    free(u);
    free(wanted);
    r.solver->release(r.config);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(a_network_agrees),
        cmocka_unit_test(the_reference_agrees),
    };
    return RUN(cases);
}
