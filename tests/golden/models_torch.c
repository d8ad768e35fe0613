/* SPDX-License-Identifier: BSD-3-Clause */
/* Small nets of every architecture against PyTorch: results, gradients, and
 * weights after three Adam steps. The numbers come from make_models.py. */
#include "nn/net.h"
#include "nn/optimiser.h"
#include "nn/registry.h"

#include "tests/test.h"

#include <math.h>

#define DATA WEIR_TEST_DATA "/golden/data/models_torch"

struct trial {
    int number;
    bool large; /* started from a formula */
    struct weir_model *model;
    int batch;
    size_t frames, packed;
    float *w, *m, *v, *grad, *x, *y, *dy, *dx, *wanted;
};

static float *floats(size_t n)
{
    float *p = aligned_alloc(64, (n * sizeof(float) + 63) / 64 * 64);
    assert_non_null(p);
    memset(p, 0, n * sizeof(float));
    return p;
}

/* The array called @p what @p tensor; the caller frees it. */
static float *recorded(const struct trial *t, const char *what,
                       const char *tensor, size_t count)
{
    char line[512], found[256], name[256];
    size_t at, n;
    FILE *index = fopen(DATA ".txt", "re"), *data = fopen(DATA ".f32", "re");
    assert_true(index && data);
    snprintf(name, sizeof(name), "%d/%s%s", t->number, what, tensor);
    while (fgets(line, sizeof(line), index)) {
        if (sscanf(line, "%255s %zu %zu", found, &at, &n) != 3 ||
            strcmp(found, name))
            continue;
        float *x = floats(n);
        if (n != count)
            fail_msg("%s: %zu values, PyTorch has %zu", name, count, n);
        assert_int_equal(fseek(data, (long)(at * sizeof(float)), SEEK_SET), 0);
        assert_int_equal(fread(x, sizeof(float), n, data), n);
        fclose(index);
        fclose(data);
        return x;
    }
    fclose(index);
    fclose(data);
    return NULL;
}

/* What make_models.py starts large nets from; running figures stay as they are. */
static float *by_formula(const struct weir_model_tensor *tensor)
{
    float *x = floats(tensor->count);
    double each = (double)tensor->count / (double)tensor->dims[0];
    double letters = 0;
    for (const char *c = tensor->name; *c; c++)
        letters += *c;
    double size = tensor->rank > 1 ? sqrt(2 / each) : 0.1;
    for (size_t j = 0; j < tensor->count; j++)
        x[j] = (float)(size * sin(0.7 * (double)j + letters));
    return x;
}

static void compare(const struct trial *t, const char *what, const char *tensor,
                    const float *got, size_t n, double tolerance)
{
    float *wanted = recorded(t, what, tensor, n);
    double size = 0;
    if (!wanted && t->large)
        return;
    assert_non_null(wanted);
    for (size_t i = 0; i < n; i++)
        size = fmax(size, fabs((double)wanted[i]));
    for (size_t i = 0; i < n; i++)
        if (!(fabs((double)got[i] - (double)wanted[i]) <=
              tolerance * size + 1e-7))
            fail_msg("%d/%s%s[%zu]: %.9g, PyTorch %.9g", t->number, what,
                     tensor, i, (double)got[i], (double)wanted[i]);
    free(wanted);
}

static void compare_tensors(const struct trial *t, const char *what,
                            const float *packed, double tolerance)
{
    for (size_t i = 0; i < weir_model_tensors(t->model); i++) {
        struct weir_model_tensor tensor = weir_model_tensor(t->model, i);
        float *plain = floats(tensor.count);
        ok(weir_model_export(t->model, i, packed, plain));
        compare(t, what, tensor.name, plain, tensor.count, tolerance);
        free(plain);
    }
}

static void set_options(struct weir_options *opts, char *list)
{
    char *rest = NULL;
    for (char *s = strtok_r(list, ",", &rest); s;
         s = strtok_r(NULL, ",", &rest)) {
        char *equals = strchr(s, '=');
        *equals = '\0';
        ok(weir_options_set(opts, s, equals + 1));
    }
}

static struct weir_model *make(const char *name, char *options,
                               const char *grid, int channels)
{
    const struct weir_model_ops *ops = weir_model_find(name);
    struct weir_shape shape = {channels, 1, {1, 1}};
    struct weir_options opts;
    struct weir_model *model = NULL;
    assert_non_null(ops);
    shape.dims = sscanf(grid, "%dx%d", &shape.n[0], &shape.n[1]);
    ok(weir_options_init(ops->options, &opts));
    set_options(&opts, options);
    ok(weir_model_create(ops, &opts, &shape, &model));
    weir_options_free(&opts);
    return model;
}

static void load(struct trial *t)
{
    t->frames =
        (size_t)t->batch * weir_shape_floats(weir_model_shape(t->model));
    t->packed = weir_model_packed(t->model);
    t->w = floats(t->packed);
    t->m = floats(t->packed);
    t->v = floats(t->packed);
    t->grad = floats(t->packed);
    t->y = floats(t->frames);
    t->dy = floats(t->frames);
    t->dx = floats(t->frames);
    t->x = recorded(t, "x", "", t->frames);
    t->wanted = recorded(t, "wanted", "", t->frames);
    ok(weir_model_init(t->model, 1, t->w));
    t->large = false;
    for (size_t i = 0; i < weir_model_tensors(t->model); i++) {
        struct weir_model_tensor tensor = weir_model_tensor(t->model, i);
        if (strstr(tensor.name, "running_"))
            continue;
        float *plain = recorded(t, "start/", tensor.name, tensor.count);
        t->large |= !plain;
        plain = plain ? plain : by_formula(&tensor);
        ok(weir_model_import(t->model, i, plain, t->w));
        free(plain);
    }
}

static void unload(struct trial *t)
{
    float *all[] = {t->w, t->m,  t->v,  t->grad,  t->x,
                    t->y, t->dy, t->dx, t->wanted};
    for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
        free(all[i]);
    weir_model_destroy(t->model);
}

static void train(struct trial *t)
{
    struct weir_net_config config = {t->batch, 1, 1};
    struct weir_adam_config adam = weir_adam_defaults();
    struct weir_net *net;
    char what[16];
    ok(weir_net_create(t->model, &config, &net));
    weir_net_set_mode(net, WEIR_NET_TRAIN, 0, NULL);
    for (int step = 0; step < 3; step++) {
        ok(weir_net_forward(net, 0, t->w, t->x, t->y));
        snprintf(what, sizeof(what), "y%d", step);
        compare(t, what, "", t->y, t->frames, 1e-5);
        for (size_t i = 0; i < t->frames; i++)
            t->dy[i] = 2 * (t->y[i] - t->wanted[i]) / (float)t->frames;
        ok(weir_net_backward(net, 0, t->w, t->dy, t->dx, t->grad, false));
        if (step == 0) {
            compare(t, "dx", "", t->dx, t->frames, 2e-5);
            compare_tensors(t, "gradient/", t->grad, 5e-5);
        }
        size_t trained = weir_model_trained(t->model);
        weir_adam_step(&adam, (uint64_t)step, trained, t->grad, t->w, t->m,
                       t->v, t->w, t->m, t->v);
        weir_statistics_step(t->packed - trained, t->grad + trained,
                             t->w + trained, t->w + trained);
    }
    compare_tensors(t, "after/", t->w, 5e-5);
    weir_net_destroy(net);
}

static void three_steps_equal_pytorch(void **state)
{
    char line[512], name[64], grid[64], options[256];
    int channels, trials = 0;
    struct trial t = {0};
    FILE *index = fopen(DATA ".txt", "re");
    (void)state;
    assert_non_null(index);
    while (fgets(line, sizeof(line), index)) {
        if (sscanf(line, "case %d %63s %63s %d %d %255s", &t.number, name, grid,
                   &channels, &t.batch, options) != 6)
            continue;
        t.model = make(name, options, grid, channels);
        load(&t);
        train(&t);
        unload(&t);
        trials++;
    }
    fclose(index);
    assert_true(trials > 0);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(three_steps_equal_pytorch),
    };
    return RUN(cases);
}
