/* SPDX-License-Identifier: BSD-3-Clause */
/* Every layer and every architecture, on random shapes: the engine's result
 * against the scalar reference in double, its gradients against central
 * differences of that. */
#include "tests/nn_graph_reference.h"

#include "nn/optimiser.h"
#include "nn/registry.h"

/* ---- one comparison ---- */

struct bench {
    const char *what;
    struct weir_model *model;
    int batch;
    size_t inputs, frames, packed; /* floats */
    float *w, *x, *y, *seed, *dx, *grad;
    struct oracle oracle;
    struct weir_rng rng;
};

static float *floats(size_t n)
{
    float *p = aligned_alloc(64, (n * sizeof(float) + 63) / 64 * 64);
    assert_non_null(p);
    return p;
}

enum { KEY = 5 };

static void run_engine(struct bench *b)
{
    struct weir_net_config config = {b->batch, 2, 1};
    struct weir_net *net;
    ok(weir_net_create(b->model, &config, &net));
    weir_net_set_mode(net, WEIR_NET_TRAIN, KEY, NULL);
    ok(weir_net_forward(net, 1, b->w, b->x, b->y));
    ok(weir_net_forward(net, 0, b->w, b->x, b->y));
    ok(weir_net_forward(net, 1, b->w, b->x, b->y));
    memset(b->grad, 0x7f, b->packed * sizeof(float));
    ok(weir_net_backward(net, 1, b->w, b->seed, b->dx, b->grad, false));
    weir_net_destroy(net);
    /* A net that only predicts shares memory between values. */
    config.tapes = 0;
    float *again = floats(b->frames);
    ok(weir_net_create(b->model, &config, &net));
    weir_net_set_mode(net, WEIR_NET_TRAIN, KEY + 1, NULL);
    for (int i = 0; i < 2; i++)
        ok(weir_net_forward(net, 0, b->w, b->x, again));
    for (size_t i = 0; i < b->frames; i++)
        assert_true(fabsf(again[i] - b->y[i]) <= 1e-6F * (1 + fabsf(b->y[i])));
    weir_net_destroy(net);
    free(again);
}

static void open_bench(struct bench *b, uint64_t key)
{
    b->rng = weir_rng_stream(key, WEIR_RNG_TEST, 7);
    b->frames = (size_t)b->batch * weir_shape_floats(&b->model->graph.shape);
    b->inputs = (size_t)b->batch * weir_model_inputs(b->model);
    b->packed = weir_model_packed(b->model);
    b->w = floats(b->packed);
    b->grad = floats(b->packed);
    b->x = floats(b->inputs);
    b->y = floats(b->frames);
    b->dx = floats(b->inputs);
    b->seed = floats(b->frames);
    ok(weir_model_init(b->model, key, b->w));
    for (size_t i = 0; i < weir_model_tensors(b->model); i++) {
        /* Norms start from 1 and 0, where mistakes hide. */
        size_t n = weir_model_tensor(b->model, i).count;
        float *plain = floats(n);
        ok(weir_model_export(b->model, i, b->w, plain));
        for (size_t j = 0; j < n; j++)
            plain[j] += (float)(0.1 * weir_rng_normal(&b->rng));
        ok(weir_model_import(b->model, i, plain, b->w));
        free(plain);
    }
    for (size_t i = 0; i < b->inputs; i++)
        b->x[i] = (float)weir_rng_normal(&b->rng);
    for (size_t i = 0; i < b->frames; i++)
        b->seed[i] = (float)weir_rng_normal(&b->rng);
    run_engine(b);
    b->oracle = oracle_create(b->model, b->batch, b->w);
    b->oracle.key = KEY + 1;
    for (size_t i = 0; i < b->inputs; i++)
        b->oracle.value[0][i] = b->x[i];
}

static void close_bench(struct bench *b)
{
    oracle_destroy(&b->oracle);
    free(b->w);
    free(b->grad);
    free(b->x);
    free(b->y);
    free(b->dx);
    free(b->seed);
    weir_model_destroy(b->model);
}

static void near(const struct bench *b, const char *of, double got,
                 double wanted, double tolerance)
{
    if (!(fabs(got - wanted) <= tolerance))
        fail_msg("%s, %s: %.9g, reference %.9g, apart %.3g > %.3g", b->what, of,
                 got, wanted, fabs(got - wanted), tolerance);
}

static void result_agrees(struct bench *b)
{
    const double *y = oracle_run(&b->oracle);
    for (size_t i = 0; i < b->frames; i++)
        near(b, "result", b->y[i], y[i], 2e-5 * (1 + fabs(y[i])));
}

/* What backward differentiates: seed . y. */
static double objective(struct bench *b)
{
    const double *y = oracle_run(&b->oracle);
    double sum = 0;
    for (size_t i = 0; i < b->frames; i++)
        sum += (double)b->seed[i] * y[i];
    return sum;
}

/* Slope of the objective when @p n numbers at @p x move along @p d. */
static double slope(struct bench *b, size_t n, double *x, const double *d)
{
    const double h = 1e-7; /* small: ReLU has kinks */
    double sum = 0;
    for (int side = 1; side >= -1; side -= 2) {
        for (size_t i = 0; i < n; i++)
            x[i] += side * h * d[i];
        sum += side * objective(b);
        for (size_t i = 0; i < n; i++)
            x[i] -= side * h * d[i];
    }
    return sum / (2 * h);
}

/* Along a random direction, and along single numbers. */
static void gradient_agrees(struct bench *b, const char *of, size_t n,
                            double *x, const float *gradient)
{
    double *d = calloc(n, sizeof(*d)), along = 0, size = 0;
    for (size_t i = 0; i < n; i++) {
        d[i] = weir_rng_normal(&b->rng);
        along += d[i] * (double)gradient[i];
        size += (double)gradient[i] * (double)gradient[i];
    }
    size = sqrt(size);
    near(b, of, along, slope(b, n, x, d), 1e-4 * size + 2e-5);
    memset(d, 0, n * sizeof(*d));
    for (int k = 0; k < 3; k++) {
        size_t i = (size_t)(weir_rng_uniform(&b->rng) * (double)n);
        d[i] = 1;
        near(b, of, (double)gradient[i], slope(b, n, x, d), 1e-4 * size + 2e-5);
        d[i] = 0;
    }
    free(d);
}

static void padding_stays_zero(struct bench *b)
{
    size_t used = 0, plain = weir_model_floats(b->model);
    for (size_t i = 0; i < b->packed; i++)
        used += b->grad[i] != 0;
    if (used > plain)
        fail_msg("%s: %zu gradients of %zu parameters", b->what, used, plain);
}

static void agrees(const char *what, struct weir_model *model, int batch,
                   uint64_t key)
{
    struct bench b = {.what = what, .model = model, .batch = batch};
    open_bench(&b, key);
    result_agrees(&b);
    gradient_agrees(&b, "input", b.inputs, b.oracle.value[0], b.dx);
    for (int i = 0; i < b.oracle.g->params; i++) {
        struct weir_model_tensor t = weir_model_tensor(model, (size_t)i);
        if (b.oracle.g->param[i].measured)
            continue;
        float *g = floats(t.count);
        ok(weir_model_export(model, (size_t)i, b.grad, g));
        gradient_agrees(&b, t.name, t.count, b.oracle.param[i], g);
        free(g);
    }
    padding_stays_zero(&b);
    close_bench(&b);
}

/* ---- small graphs, one for each layer ---- */

static struct weir_conv conv_of(int channels, int kernel,
                                enum weir_padding padding)
{
    return (struct weir_conv){.channels = channels,
                              .kernel = kernel,
                              .pad = kernel / 2,
                              .padding = padding};
}

/* To @p channels hidden ones, through the layer, and back to a frame. */
static int enter(struct weir_graph *g, int channels)
{
    struct weir_conv c = conv_of(channels, 3, WEIR_PAD_CIRCULAR);
    return weir_graph_conv(g, weir_graph_input(g), "enter", &c);
}

static int leave(struct weir_graph *g, int x)
{
    struct weir_conv c = conv_of(g->shape.channels, 1, WEIR_PAD_ZERO);
    const struct weir_value *in = &g->value[0];
    x = weir_graph_resample(g, x, WEIR_RESAMPLE_LINEAR, in->rows, in->points);
    weir_graph_output(g, weir_graph_conv(g, x, "leave", &c));
    return g->error;
}

static int all_conv(struct weir_graph *g, enum weir_padding padding)
{
    struct weir_conv c = conv_of(9, 3, padding);
    int x = enter(g, 11);
    x = weir_graph_conv(g, x, "same", &c);
    c.kernel = 5;
    c.pad = 1;
    x = weir_graph_conv(g, x, "wide", &c);
    c.no_bias = true;
    c.stride = 2;
    x = weir_graph_conv(g, x, "stride", &c);
    return leave(g, x);
}

static int conv_zero(const struct weir_options *o, struct weir_graph *g)
{
    (void)o;
    return all_conv(g, WEIR_PAD_ZERO);
}

static int conv_circular(const struct weir_options *o, struct weir_graph *g)
{
    (void)o;
    return all_conv(g, WEIR_PAD_CIRCULAR);
}

static int conv_mirror(const struct weir_options *o, struct weir_graph *g)
{
    (void)o;
    return all_conv(g, WEIR_PAD_MIRROR_NEGATED);
}

static int conv_dilated(const struct weir_options *o, struct weir_graph *g)
{
    struct weir_conv c = conv_of(8, 3, WEIR_PAD_CIRCULAR);
    int x = enter(g, 5);
    (void)o;
    for (int d = 2; d <= 3; d++) {
        c.dilation = c.pad = d;
        x = weir_graph_conv(g, x, d == 2 ? "two" : "three", &c);
        x = weir_graph_leaky(g, x, 0.1F);
        c.padding = WEIR_PAD_ZERO;
    }
    return leave(g, x);
}

static int deconvs(const struct weir_options *o, struct weir_graph *g)
{
    struct weir_conv two = {.channels = 9, .kernel = 2, .stride = 2};
    struct weir_conv four = {
        .channels = 8, .kernel = 4, .stride = 2, .pad = 1, .no_bias = true};
    struct weir_conv three = {.channels = 3,
                              .kernel = 3,
                              .stride = 2,
                              .pad = 1,
                              .padding = WEIR_PAD_CIRCULAR};
    struct weir_conv same = {.channels = 10, .kernel = 3, .pad = 1};
    int x = weir_graph_pool(g, enter(g, 6), WEIR_POOL_AVERAGE, 3);
    (void)o;
    x = weir_graph_deconv(g, x, "two", &two, 0);
    x = weir_graph_deconv(g, x, "same", &same, 0);
    x = weir_graph_deconv(g, x, "four", &four, 0);
    x = weir_graph_deconv(g, x, "three", &three, 1);
    return leave(g, x);
}

static int pools(const struct weir_options *o, struct weir_graph *g)
{
    int x = enter(g, 12);
    (void)o;
    int a = weir_graph_pool(g, x, WEIR_POOL_MAX, 2);
    int b = weir_graph_pool(g, x, WEIR_POOL_AVERAGE, 2);
    return leave(g, weir_graph_concat(g, a, b));
}

static int resamples(const struct weir_options *o, struct weir_graph *g)
{
    int x = enter(g, 7), r = g->value[0].rows, p = g->value[0].points;
    (void)o;
    x = weir_graph_resample(g, x, WEIR_RESAMPLE_NEAREST, r, p + 3);
    x = weir_graph_resample(g, x, WEIR_RESAMPLE_LINEAR, r, 2 * p + 1);
    x = weir_graph_resample(g, x, WEIR_RESAMPLE_NEAREST, r, p - 1);
    return leave(g, x);
}

/* Everything that lives with halos in 1D. */
static int norms(const struct weir_options *o, struct weir_graph *g)
{
    struct weir_conv c = conv_of(12, 3, WEIR_PAD_CIRCULAR);
    int x = weir_graph_group_norm(g, enter(g, 12), "one", 1);
    (void)o;
    x = weir_graph_activate(g, x, WEIR_RELU);
    x = weir_graph_conv(g, x, "middle", &c);
    x = weir_graph_group_norm(g, x, "three", 3);
    c.channels = g->shape.channels;
    weir_graph_output(g, weir_graph_conv(g, x, "leave", &c));
    return g->error;
}

static int activations(const struct weir_options *o, struct weir_graph *g)
{
    struct weir_conv c = conv_of(5, 3, WEIR_PAD_CIRCULAR);
    int x = enter(g, 5), y = x;
    (void)o;
    for (int f = WEIR_GELU; f <= WEIR_SIGMOID; f++)
        y = weir_graph_concat(g, y, weir_graph_activate(g, x, f));
    y = weir_graph_leaky(g, weir_graph_conv(g, y, "middle", &c), 0.3F);
    x = weir_graph_activate(g, weir_graph_add(g, x, y), WEIR_RELU);
    c.channels = g->shape.channels;
    weir_graph_output(g, weir_graph_conv(g, x, "leave", &c));
    return g->error;
}

static int noise(const struct weir_options *o, struct weir_graph *g)
{
    struct weir_conv c = conv_of(g->shape.channels, 3, WEIR_PAD_ZERO);
    int x = weir_graph_dropout(g, enter(g, 9), 0.3, true);
    (void)o;
    x = weir_graph_batch_norm(g, x, "norm");
    x = weir_graph_leaky(g, x, 0.2F);
    x = weir_graph_dropout(g, x, 0.2, false);
    weir_graph_output(g, weir_graph_conv(g, x, "leave", &c));
    return g->error;
}

static int batch_norms(const struct weir_options *o, struct weir_graph *g)
{
    struct weir_conv c = conv_of(12, 3, WEIR_PAD_CIRCULAR);
    int x = weir_graph_batch_norm(g, enter(g, 12), "one");
    (void)o;
    x = weir_graph_conv(g, x, "middle", &c);
    x = weir_graph_batch_norm(g, x, "two");
    c.channels = g->shape.channels;
    weir_graph_output(g, weir_graph_conv(g, x, "leave", &c));
    return g->error;
}

/* A value read three times, and twice by one layer. */
static int shared(const struct weir_options *o, struct weir_graph *g)
{
    struct weir_conv c = conv_of(6, 3, WEIR_PAD_CIRCULAR);
    int in = weir_graph_input(g), x = enter(g, 6);
    (void)o;
    int y = weir_graph_conv(g, x, "first", &c);
    int z = weir_graph_conv(g, x, "second", &c);
    x = weir_graph_add(g, x, weir_graph_add(g, y, z));
    x = weir_graph_concat(g, weir_graph_add(g, x, x), in);
    c.channels = g->shape.channels;
    x = weir_graph_conv(g, x, "leave", &c);
    weir_graph_output(g, weir_graph_add(g, in, x));
    return g->error;
}

/* Two numbers of each sample, made from all of it. */
static int summary(struct weir_graph *g, int x)
{
    int channels = g->value[x].channels;
    x = weir_graph_resample(g, x, WEIR_RESAMPLE_LINEAR, 1, 1);
    x = weir_graph_reshape(g, x, channels, 1, 1);
    return weir_graph_linear(g, x, "summary", 2, 0);
}

/* Vectors that modulate come from the time or from the sample itself. */
static int modulation(const struct weir_options *o, struct weir_graph *g)
{
    struct weir_linear plain = {.channels = 11, .no_bias = true};
    int x = enter(g, 11), t = weir_graph_constant(g, 0.7);
    int e = weir_graph_embedding(g, summary(g, x), 3);
    (void)o;
    x = weir_graph_layer_norm(g, x, "own");
    x = weir_graph_layer_norm_by(g, x, weir_graph_linear(g, t, "a", 11, 0),
                                 weir_graph_linear_of(g, e, "b", &plain));
    x = weir_graph_film(g, x, weir_graph_linear(g, e, "c", 11, 0),
                        weir_graph_linear(g, t, "d", 11, 0));
    return leave(g, weir_graph_scale(g, x, "scale", 0.5));
}

static int depthwises(const struct weir_options *o, struct weir_graph *g)
{
    int x = weir_graph_depthwise(g, enter(g, 11), "seven", 7, WEIR_PAD_ZERO);
    (void)o;
    x = weir_graph_depthwise(g, x, "five", 5, WEIR_PAD_CIRCULAR);
    x = weir_graph_depthwise(g, x, "nine", 9, WEIR_PAD_CIRCULAR);
    return leave(g, x);
}

/* To a grid with divisors: 1 x 12 in 1D, 6 x 6 in 2D. */
static int divisible(struct weir_graph *g, int channels)
{
    bool flat = g->shape.dims == 2;
    return weir_graph_resample(g, enter(g, channels), WEIR_RESAMPLE_LINEAR,
                               flat ? 6 : 1, flat ? 6 : 12);
}

static int shuffles(const struct weir_options *o, struct weir_graph *g)
{
    int x = weir_graph_merge(g, divisible(g, 3), 2);
    (void)o;
    x = weir_graph_linear(g, x, "between", 18, 0);
    return leave(g, weir_graph_shuffle(g, x, 3));
}

static int attend(struct weir_graph *g, int x, const char *name,
                  struct weir_attention a)
{
    char at[3][24];
    int y[3];
    for (int k = 0; k < 3; k++) {
        snprintf(at[k], sizeof(at[k]), "%s.%d", name, k);
        y[k] = weir_graph_linear(g, x, at[k], 6, 0);
    }
    if (g->shape.dims == 1)
        a.rows = 1, a.shift_rows = 0;
    return weir_graph_attention(g, y[0], y[1], y[2], name, &a);
}

/* The whole field, windows, windows that were moved. */
static int windows(const struct weir_options *o, struct weir_graph *g)
{
    int x = attend(g, divisible(g, 5), "all",
                   (struct weir_attention){2, 6, 6, 0, 0});
    (void)o;
    x = attend(g, x, "cut", (struct weir_attention){3, 3, 2, 0, 0});
    x = attend(g, x, "move", (struct weir_attention){1, 3, 3, 1, 2});
    return leave(g, x);
}

static const struct {
    const char *what;
    int (*build)(const struct weir_options *, struct weir_graph *);
} graphs[] = {
    {"zero padding", conv_zero},  {"circular padding", conv_circular},
    {"mirror", conv_mirror},      {"dilation", conv_dilated},
    {"transposed", deconvs},      {"pooling", pools},
    {"resampling", resamples},    {"group norm", norms},
    {"dropout and norm", noise},  {"batch norm", batch_norms},
    {"activations", activations}, {"values read often", shared},
    {"modulation", modulation},   {"depthwise", depthwises},
    {"shuffles", shuffles},       {"attention", windows},
};

static struct weir_model *model_of(const struct weir_model_ops *ops,
                                   const char *const (*set)[2],
                                   struct weir_shape shape)
{
    struct weir_model *model = NULL;
    struct weir_options opts;
    ok(weir_options_init(ops->options, &opts));
    for (; set && (*set)[0]; set++)
        ok(weir_options_set(&opts, (*set)[0], (*set)[1]));
    ok(weir_model_create(ops, &opts, &shape, &model));
    weir_options_free(&opts);
    return model;
}

static void layers_agree(void **state)
{
    static const struct weir_shape shapes[] = {
        {1, 1, {17, 1}}, {3, 1, {22, 1}}, {2, 2, {9, 13}}, {1, 2, {12, 7}}};
    static const int batches[] = {3, 1, 2, 1};
    (void)state;
    for (size_t k = 0; k < sizeof(graphs) / sizeof(*graphs); k++) {
        struct weir_model_ops ops = {.name = graphs[k].what,
                                     .build = graphs[k].build};
        for (size_t s = 0; s < sizeof(shapes) / sizeof(*shapes); s++)
            agrees(graphs[k].what, model_of(&ops, NULL, shapes[s]), batches[s],
                   100 * k + s);
    }
}

/* ---- architectures ---- */

struct trial {
    const char *name;
    const char *set[6][2];
    struct weir_shape shape;
    int batch;
};

static const struct trial trials[] = {
    {"convnet", {{"width", "9"}, {"depth", "3"}}, {2, 2, {7, 9}}, 2},
    {"convnet",
     {{"width", "5"}, {"depth", "2"}, {"activation", "gelu"}},
     {1, 1, {15, 1}},
     3},
    {"convnet",
     {{"width", "6"}, {"depth", "2"}, {"padding", "mirror"}},
     {1, 2, {5, 8}},
     1},
    {"resnet", {{"width", "9"}, {"blocks", "2"}}, {1, 1, {13, 1}}, 3},
    {"resnet",
     {{"width", "8"}, {"blocks", "2"}, {"activation", "silu"}},
     {2, 2, {6, 5}},
     1},
    {"dilresnet", {{"width", "5"}, {"blocks", "1"}}, {1, 1, {19, 1}}, 2},
    {"dilresnet",
     {{"width", "4"}, {"depth", "1"}, {"padding", "zero"}},
     {1, 2, {7, 9}},
     1},
    {"unet", {{"width", "5"}, {"levels", "2"}}, {1, 1, {20, 1}}, 3},
    {"unet",
     {{"width", "3"}, {"levels", "1"}, {"activation", "gelu"}},
     {2, 2, {10, 6}},
     1},
    {"mlp", {{"width", "9"}, {"depth", "2"}}, {2, 1, {7, 1}}, 3},
    {"mlp", {{"width", "5"}, {"activation", "tanh"}}, {2, 2, {3, 4}}, 1},
    {"smart_unet", {{"width", "1"}, {"dropout", "0.3"}}, {1, 2, {33, 33}}, 1},
    {"smart_cnn", {{"width", "2"}, {"dropout", "0.3"}}, {1, 2, {34, 34}}, 2},
    {"fno",
     {{"width", "5"}, {"modes", "3"}, {"layers", "2"}},
     {1, 1, {13, 1}},
     3},
    {"fno",
     {{"width", "8"}, {"modes", "6"}, {"layers", "2"}, {"style", "li"}},
     {2, 1, {10, 1}},
     1},
    {"fno",
     {{"width", "3"}, {"modes", "2"}, {"layers", "2"}},
     {2, 2, {6, 9}},
     1},
    {"fno",
     {{"width", "4"}, {"modes", "3"}, {"layers", "1"}, {"style", "li"}},
     {1, 2, {7, 5}},
     2},
    {"scot",
     {{"width", "3"},
      {"heads", "1"},
      {"window", "2"},
      {"patch", "1"},
      {"skips", "1"}},
     {1, 2, {4, 8}},
     2},
};

/* From parameters and time. */
static void direct_architectures_agree(void **state)
{
    const struct weir_model_ops *ops = weir_model_find("direct");
    struct weir_shape line = {1, 1, {11, 1}}, plane = {2, 2, {3, 5}};
    struct weir_options opts;
    struct weir_model *model;
    (void)state;
    ok(weir_options_init(ops->options, &opts));
    ok(weir_options_set(&opts, "width", "7"));
    fails(weir_model_create(ops, &opts, &line, &model), -EINVAL);
    says("takes parameters and a time");
    ok(weir_model_create_direct(ops, &opts, 5, &line, &model));
    agrees("direct", model, 4, 80);
    ok(weir_model_create_direct(ops, &opts, 3, &plane, &model));
    agrees("direct", model, 1, 81);
    weir_options_free(&opts);
}

/* Jets, second derivatives mixed and not; and large values, where tanh ends. */
static void jets_agree(void **state)
{
    static const struct weir_jet jets[] = {
        {.features = 5, .coordinates = 1},
        {.features = 3, .coordinates = 2, .seconds = 1, .second = {{0, 0}}},
        {.features = 4,
         .coordinates = 3,
         .seconds = 4,
         .second = {{0, 0}, {1, 2}, {2, 2}, {0, 2}}},
    };
    const struct weir_model_ops *ops = weir_model_find("pinn");
    struct weir_options opts;
    (void)state;
    ok(weir_options_init(ops->options, &opts));
    ok(weir_options_set(&opts, "width", "11"));
    ok(weir_options_set(&opts, "depth", "3"));
    for (size_t i = 0; i < 3; i++) {
        struct weir_model_io io = weir_model_jet_io(&jets[i]);
        struct weir_model *model;
        ok(weir_model_create_for(ops, &opts, &io, &model));
        agrees("pinn", model, 1 + 2 * (int)i, 90 + i);
    }
    weir_options_free(&opts);
}

static struct weir_net *noisy_net(const char *rate, struct weir_model **model)
{
    const char *set[2][2] = {{"dropout", rate}};
    struct weir_net_config config = {1, 0, 1};
    struct weir_net *net;
    struct weir_shape shape = {1, 2, {34, 34}};
    set[1][0] = NULL;
    *model = model_of(weir_model_find("smart_cnn"), set, shape);
    ok(weir_net_create(*model, &config, &net));
    return net;
}

/* At prediction dropout is off, or on: then as the key says. */
static void dropout_follows_mode_and_key(void **state)
{
    enum { N = 34 * 34 };
    float x[N], y[4][N];
    struct weir_model *model;
    (void)state;
    struct weir_net *net = noisy_net("0.4", &model);
    float *w = floats(weir_model_packed(model));
    ok(weir_model_init(model, 3, w));
    for (int i = 0; i < N; i++)
        x[i] = (float)sin(i);
    static const struct {
        enum weir_net_mode mode;
        uint64_t key;
    } call[] = {{WEIR_NET_PREDICT, 1},
                {WEIR_NET_SAMPLE, 1},
                {WEIR_NET_SAMPLE, 2},
                {WEIR_NET_SAMPLE, 1}};
    for (int k = 0; k < 4; k++) {
        weir_net_set_mode(net, call[k].mode, call[k].key, NULL);
        ok(weir_net_forward(net, 0, w, x, y[k]));
    }
    assert_memory_equal(y[1], y[3], sizeof(y[1]));
    assert_memory_not_equal(y[1], y[2], sizeof(y[1]));
    assert_memory_not_equal(y[0], y[1], sizeof(y[1]));
    weir_net_destroy(net);
    weir_model_destroy(model);
    free(w);
}

/* Step by step running statistics come to those of the batch: a tenth of the way
 * each time, as PyTorch. A sample that is not there counts for nothing. */
static void running_statistics_follow(void **state)
{
    struct weir_model_ops ops = {.name = "noise", .build = batch_norms};
    struct weir_shape shape = {1, 1, {12, 1}};
    struct weir_model *model = model_of(&ops, NULL, shape);
    struct weir_net_config config = {8, 1, 1};
    struct weir_net *net;
    enum { N = 8 * 12 };
    bool present[] = {true, false, true, true, true, true, true, true};
    float x[N], train[N], predict[N], dy[N] = {0};
    size_t n = weir_model_packed(model);
    float *w = floats(n), *g = floats(n);
    (void)state;
    ok(weir_model_init(model, 3, w));
    ok(weir_net_create(model, &config, &net));
    for (int i = 0; i < N; i++)
        x[i] = (float)sin(i * i);
    size_t trained = weir_model_trained(model);
    for (uint64_t step = 0; step < 150; step++) {
        weir_net_set_mode(net, WEIR_NET_TRAIN, 0, present);
        x[12] = (float)step;
        ok(weir_net_forward(net, 0, w, x, train));
        ok(weir_net_backward(net, 0, w, dy, NULL, g, false));
        weir_statistics_step(n - trained, g + trained, w + trained,
                             w + trained);
    }
    weir_net_set_mode(net, WEIR_NET_PREDICT, 0, NULL);
    ok(weir_net_forward(net, 0, w, x, predict));
    for (int i = 0; i < N; i++)
        assert_true(i / 12 == 1 || fabsf(predict[i] - train[i]) < 0.02F);
    weir_net_destroy(net);
    weir_model_destroy(model);
    free(w);
    free(g);
}

static int sums(struct weir_graph *g, int n)
{
    int x = weir_graph_input(g);
    for (int i = 0; i < n; i++)
        x = weir_graph_add(g, x, x);
    weir_graph_output(g, x);
    return g->error;
}

static int few_sums(const struct weir_options *opts, struct weir_graph *g)
{
    (void)opts;
    return sums(g, 4);
}

static int many_sums(const struct weir_options *opts, struct weir_graph *g)
{
    (void)opts;
    return sums(g, 40);
}

/* What no backward pass reads is not kept, however deep a net. */
static void what_is_not_read_again_shares_memory(void **state)
{
    const struct weir_model_ops ops[] = {{.name = "few", .build = few_sums},
                                         {.name = "many", .build = many_sums}};
    const struct weir_net_config config = {3, 1, 1};
    size_t bytes[2];
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct weir_model *m =
            model_of(&ops[i], NULL, (struct weir_shape){2, 1, {32, 1}});
        struct weir_net *net;
        ok(weir_net_create(m, &config, &net));
        bytes[i] = weir_net_bytes(net);
        weir_net_destroy(net);
        weir_model_destroy(m);
    }
    assert_int_equal(bytes[0], bytes[1]);
}

static void architectures_agree(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(trials) / sizeof(*trials); i++) {
        const struct trial *t = &trials[i];
        const struct weir_model_ops *ops = weir_model_find(t->name);
        assert_non_null(ops);
        agrees(t->name, model_of(ops, t->set, t->shape), t->batch, 50 + i);
    }
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(layers_agree),
        cmocka_unit_test(architectures_agree),
        cmocka_unit_test(direct_architectures_agree),
        cmocka_unit_test(jets_agree),
        cmocka_unit_test(dropout_follows_mode_and_key),
        cmocka_unit_test(running_statistics_follow),
        cmocka_unit_test(what_is_not_read_again_shares_memory),
    };
    return RUN(cases);
}
