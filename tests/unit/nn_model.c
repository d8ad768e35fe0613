/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/nn_reference.h"

#include "base/log.h"
#include "base/rng.h"
#include "nn/form.h"
#include "nn/isa.h"
#include "nn/net.h"

#include <math.h>

static void the_published_parameter_counts_come_out(void **state)
{
    struct weir_model *conv34 = make_model(1, 160, 34, 10);
    struct weir_model *conv26 = make_model(1, 160, 26, 10);
    (void)state;
    assert_int_equal(weir_model_parameters(conv34), 31757);
    assert_int_equal(weir_model_parameters(conv26), 18669);
    assert_int_equal(weir_model_tensors(conv34), 22);
    weir_model_destroy(conv34);
    weir_model_destroy(conv26);
}

static void tensors_are_named_and_shaped_as_in_pytorch(void **state)
{
    struct weir_model *m = make_model(2, 16, 12, 2);
    static const int64_t dims[][3] = {{12, 2, 3}, {12, 1, 1}, {12, 12, 3},
                                      {12, 1, 1}, {2, 12, 3}, {2, 1, 1}};
    static const char *const names[] = {"conv.0.weight", "conv.0.bias",
                                        "conv.1.weight", "conv.1.bias",
                                        "conv.2.weight", "conv.2.bias"};
    (void)state;
    assert_int_equal(weir_model_tensors(m), 6);
    for (size_t i = 0; i < 6; i++) {
        struct weir_model_tensor t = weir_model_tensor(m, i);
        assert_string_equal(t.name, names[i]);
        assert_int_equal(t.rank, i % 2 ? 1 : 3);
        for (int d = 0; d < 3; d++)
            assert_int_equal(t.dims[d], dims[i][d]);
        assert_int_equal(t.count, dims[i][0] * dims[i][1] * dims[i][2]);
    }
    weir_model_destroy(m);
}

static void initial_weights_are_draws_in_plain_order(void **state)
{
    struct weir_model *m = make_model(1, 16, 12, 2);
    float *packed = make_floats(weir_model_packed(m));
    (void)state;
    ok(weir_model_init(m, 77, packed));
    for (size_t i = 0; i < weir_model_tensors(m); i++) {
        struct weir_rng rng = weir_rng_stream(77, WEIR_RNG_WEIGHTS, i);
        double bound = 1 / sqrt(i < 2 ? 3 : 36);
        double *w = plain_tensor(m, i, packed);
        for (size_t j = 0; j < weir_model_tensor(m, i).count; j++)
            assert_true(w[j] ==
                        (float)(bound * (2 * weir_rng_uniform(&rng) - 1)));
        free(w);
    }
    free(packed);
    weir_model_destroy(m);
}

static void every_plain_element_has_a_place_of_its_own(void **state)
{
    static const int widths[] = {1, 8, 16, 24, 34, 48};
    (void)state;
    for (size_t k = 0; k < sizeof(widths) / sizeof(*widths); k++) {
        struct weir_model *m = make_model(3, 16, widths[k], 2);
        size_t n = weir_model_packed(m), used = 0;
        float *packed = make_floats(n), next = 1;
        memset(packed, 0x7f, n * sizeof(float));
        assert_int_equal(n % 16, 0);
        for (size_t i = 0; i < weir_model_tensors(m); i++) {
            size_t count = weir_model_tensor(m, i).count;
            float *plain = make_floats(count), *back = make_floats(count);
            for (size_t j = 0; j < count; j++)
                plain[j] = next++;
            ok(weir_model_import(m, i, plain, packed));
            ok(weir_model_export(m, i, packed, back));
            assert_memory_equal(plain, back, count * sizeof(float));
            free(plain);
            free(back);
        }
        for (size_t i = 0; i < n; i++)
            used += packed[i] != 0;
        assert_int_equal(used, weir_model_parameters(m));
        free(packed);
        weir_model_destroy(m);
    }
}

static void a_form_reads_inner_blocks_from_the_last(void **state)
{
    /* OIw2i4o on (8, 4, 3): 4 of dimension 0 contiguous, then 2 of 1. */
    struct weir_form f = {.stride = {48, 24, 8},
                          .blocks = 2,
                          .block_dim = {1, 0},
                          .block_size = {2, 4}};
    (void)state;
    assert_int_equal(weir_form_at(&f, 3, (int64_t[]){0, 0, 0}), 0);
    assert_int_equal(weir_form_at(&f, 3, (int64_t[]){3, 0, 0}), 3);
    assert_int_equal(weir_form_at(&f, 3, (int64_t[]){0, 1, 0}), 4);
    assert_int_equal(weir_form_at(&f, 3, (int64_t[]){0, 0, 1}), 8);
    assert_int_equal(weir_form_at(&f, 3, (int64_t[]){0, 2, 0}), 24);
    assert_int_equal(weir_form_at(&f, 3, (int64_t[]){7, 3, 2}),
                     48 + 24 + 16 + 4 + 3);
}

static void nets_of_all_batches_read_the_same_weights(void **state)
{
    static const int batches[] = {1, 2, 3, 7, 20};
    struct reference r = reference_create(1, 64, 32, 4, 3);
    double x[64], wanted[64];
    float in[64], *out = make_floats(20 * 64), *all = make_floats(20 * 64);
    (void)state;
    for (int i = 0; i < 64; i++)
        x[i] = in[i] = (float)sin(0.3 * i * i);
    for (int i = 0; i < 20; i++)
        memcpy(all + 64 * i, in, sizeof(in));
    reference_net(&r, x, wanted);
    for (size_t k = 0; k < sizeof(batches) / sizeof(*batches); k++) {
        for (int tapes = 0; tapes < 3; tapes += 2) {
            struct weir_net_config config = {batches[k], tapes, 1};
            struct weir_net *net;
            ok(weir_net_create(r.model, &config, &net));
            assert_true(weir_net_bytes(net) > 0);
            ok(weir_net_forward(net, tapes ? 1 : 0, r.packed, all, out));
            for (int i = 0; i < batches[k] * 64; i++)
                assert_true(fabs(out[i] - wanted[i % 64]) < 1e-6);
            if (tapes == 0)
                fails(weir_net_backward(net, 0, r.packed, out, NULL, out, 0),
                      -EINVAL);
            weir_net_destroy(net);
        }
    }
    free(out);
    free(all);
    reference_destroy(&r);
}

static void forward_only_nets_are_small(void **state)
{
    struct weir_model *m = make_model(1, 160, 32, 10);
    struct weir_net *train, *predict;
    (void)state;
    ok(weir_net_create(m, &(struct weir_net_config){5, 1, 1}, &train));
    ok(weir_net_create(m, &(struct weir_net_config){5, 0, 1}, &predict));
    assert_true(3 * weir_net_bytes(predict) < weir_net_bytes(train));
    weir_net_destroy(train);
    weir_net_destroy(predict);
    weir_model_destroy(m);
}

/* Two backward passes added together are twice one, to the bit and without the
 * room of a second vector of weights. */
static void gradients_add_up_in_place(void **state)
{
    struct reference r = reference_create(2, 32, 64, 6, 2);
    size_t n = weir_model_packed(r.model);
    float *x = make_floats(64), *y = make_floats(64), *once = make_floats(n),
          *twice = make_floats(n);
    struct weir_net *net;
    (void)state;
    for (int i = 0; i < 64; i++)
        x[i] = (float)sin(0.3 * i * i);
    for (size_t i = 0; i < n; i++)
        once[i] = twice[i] = -1; /* of which nothing stays */
    ok(weir_net_create(r.model, &(struct weir_net_config){1, 1, 1}, &net));
    ok(weir_net_forward(net, 0, r.packed, x, y));
    ok(weir_net_backward(net, 0, r.packed, x, NULL, once, false));
    ok(weir_net_backward(net, 0, r.packed, x, NULL, twice, false));
    ok(weir_net_backward(net, 0, r.packed, x, NULL, twice, true));
    for (size_t i = 0; i < n; i++)
        assert_true(twice[i] == 2 * once[i]);
    assert_true(weir_net_bytes(net) < 2 * n * sizeof(float));
    weir_net_destroy(net);
    free(x);
    free(y);
    free(once);
    free(twice);
    reference_destroy(&r);
}

static void count_lines(void *ctx, enum weir_log_level level, const char *area,
                        const char *text)
{
    int *lines = ctx;
    assert_string_equal(area, "nn");
    lines[0]++;
    lines[1] += level == WEIR_LOG_INFO && strstr(text, "slow");
    /* The layer, the pass, and the implementation. */
    lines[2] += !strncmp(text, "conv.1: backward data runs on ", 30) &&
                (strstr(text, " ref") || strstr(text, "gemm"));
}

/* tests.cmake also runs this as if on a processor with SSE 4.1 only, for which
 * oneDNN has no fast backward pass. */
static void slow_implementations_are_reported(void **state)
{
    const char *isa = getenv("DNNL_MAX_CPU_ISA");
    struct weir_model *m = make_model(1, 160, 32, 3);
    struct weir_net *net;
    int lines[3] = {0};
    (void)state;
    weir_log_sink(count_lines, lines);
    ok(weir_net_create(m, &(struct weir_net_config){5, 1, 1}, &net));
    weir_log_sink(NULL, NULL);
    assert_int_equal(lines[0], 2 * 3);
    if (isa && !strcmp(isa, "SSE41")) {
        assert_int_equal(lines[1], 2 * 2);
        assert_int_equal(lines[2], 1);
    }
    weir_net_destroy(net);
    weir_model_destroy(m);
}

/* The same in 2D, where copies and mixed formats could lose fast versions. */
static void no_architecture_is_slow_in_2d(void **state)
{
    static const char *const names[] = {"convnet",   "resnet",     "dilresnet",
                                        "unet",      "fno",        "smart_unet",
                                        "smart_cnn", "modern_unet"};
    /* A smaller lattice leaves grids of a point or two at the deepest level,
     * for which AVX2 has no fast pass. */
    struct weir_shape shape = {2, 2, {104, 104}};
    (void)state;
    if (strncmp(weir_isa_name(), "AVX", 3) || !strcmp(weir_isa_name(), "AVX"))
        return;
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        const struct weir_model_ops *ops = weir_model_find(names[i]);
        struct weir_options opts;
        struct weir_model *m;
        struct weir_net *net;
        int lines[3] = {0};
        ok(weir_options_init(ops->options, &opts));
        ok(weir_model_create(ops, &opts, &shape, &m));
        weir_log_sink(count_lines, lines);
        ok(weir_net_create(m, &(struct weir_net_config){3, 1, 1}, &net));
        weir_log_sink(NULL, NULL);
        if (lines[1])
            fail_msg("%s: %d slow passes", names[i], lines[1]);
        weir_net_destroy(net);
        weir_model_destroy(m);
        weir_options_free(&opts);
    }
}

static void published_counts_of_every_architecture_come_out(void **state)
{
    static const struct {
        const char *name, *set[4][2];
        size_t line, plane; /* parameters in 1D and 2D, one channel */
    } published[] = {
        {"convnet", {{"width", "34"}}, 31757, 94589},
        {"convnet", {{"width", "26"}}, 18669, 55485},
        {"resnet", {{"width", "26"}}, 32943, 97839},
        {"unet", {{"width", "12"}}, 27193, 79969},
        {"dilresnet", {{"width", "32"}}, 31777, 93217},
        {"fno", {{"width", "18"}}, 32527, 747919},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(published) / sizeof(*published); i++)
        for (int dims = 1; dims <= 2; dims++) {
            struct weir_shape shape = {1, dims, {32, dims == 2 ? 32 : 1}};
            const struct weir_model_ops *ops =
                weir_model_find(published[i].name);
            struct weir_options opts;
            struct weir_model *m;
            ok(weir_options_init(ops->options, &opts));
            for (int k = 0; published[i].set[k][0]; k++)
                ok(weir_options_set(&opts, published[i].set[k][0],
                                    published[i].set[k][1]));
            ok(weir_model_create(ops, &opts, &shape, &m));
            assert_int_equal(weir_model_parameters(m),
                             dims == 1 ? published[i].line
                                       : published[i].plane);
            weir_model_destroy(m);
            weir_options_free(&opts);
        }
}

static void the_nets_of_smart_surrogates_come_out(void **state)
{
    static const struct {
        const char *name;
        size_t parameters;
    } net[] = {{"smart_unet", 34512705}, {"smart_cnn", 50267009}};
    struct weir_shape shape = {1, 2, {100, 100}};
    (void)state;
    for (size_t i = 0; i < sizeof(net) / sizeof(*net); i++) {
        const struct weir_model_ops *ops = weir_model_find(net[i].name);
        struct weir_options opts;
        struct weir_model *m;
        ok(weir_options_init(ops->options, &opts));
        ok(weir_model_create(ops, &opts, &shape, &m));
        assert_int_equal(weir_model_parameters(m), net[i].parameters);
        weir_model_destroy(m);
        weir_options_free(&opts);
    }
}

/* Published from 12 channels to 3: the stem reads 9 channels more. */
static void the_modern_unet_comes_out(void **state)
{
    const struct weir_model_ops *ops = weir_model_find("modern_unet");
    struct weir_shape shape = {3, 2, {64, 64}};
    struct weir_options opts;
    struct weir_model *m;
    (void)state;
    ok(weir_options_init(ops->options, &opts));
    ok(weir_options_set(&opts, "width", "64"));
    ok(weir_model_create(ops, &opts, &shape, &m));
    assert_int_equal(weir_model_parameters(m) + 9 * 64 * 9, 144263683);
    weir_model_destroy(m);
    weir_options_free(&opts);
}

/* With 4 channels, for 128 x 128 points; the least is ours. */
static void every_size_of_scot_comes_out(void **state)
{
    static const struct {
        const char *size;
        size_t parameters;
    } net[] = {{"own", 199376},
               {"T", 20774444},
               {"S", 39901076},
               {"B", 157729988},
               {"L", 628575524}};
    const struct weir_model_ops *ops = weir_model_find("scot");
    struct weir_shape shape = {4, 2, {128, 128}};
    (void)state;
    for (size_t i = 0; i < sizeof(net) / sizeof(*net); i++) {
        struct weir_options opts;
        struct weir_model *m;
        ok(weir_options_init(ops->options, &opts));
        ok(weir_options_set(&opts, "size", net[i].size));
        ok(weir_model_create(ops, &opts, &shape, &m));
        assert_int_equal(weir_model_parameters(m), net[i].parameters);
        weir_model_destroy(m);
        weir_options_free(&opts);
    }
}

static void scot_refuses_what_does_not_divide(void **state)
{
    static const struct {
        const char *name, *value, *message;
        struct weir_shape shape;
    } bad[] = {{"size", "T", "48 points do not divide by 32", {1, 2, {48, 64}}},
               {"window", "3", "16 tokens are no whole", {1, 2, {64, 64}}},
               {"heads", "5", "5 heads do not divide 24 channels", {1, 2, {64, 64}}},
               {"width", "24", "scot is for 2D", {1, 1, {64, 1}}}};
    const struct weir_model_ops *ops = weir_model_find("scot");
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        struct weir_options opts;
        struct weir_model *m = NULL;
        ok(weir_options_init(ops->options, &opts));
        ok(weir_options_set(&opts, bad[i].name, bad[i].value));
        fails(weir_model_create(ops, &opts, &bad[i].shape, &m), -EINVAL);
        says(bad[i].message);
        weir_options_free(&opts);
    }
}

/* PyTorch counts a complex number once. */
static void the_fno_of_28_million_comes_out(void **state)
{
    const struct weir_model_ops *ops = weir_model_find("fno");
    struct weir_shape shape = {4, 2, {128, 128}};
    struct weir_options opts;
    struct weir_model *m;
    (void)state;
    ok(weir_options_init(ops->options, &opts));
    ok(weir_options_set(&opts, "style", "li"));
    ok(weir_options_set(&opts, "width", "64"));
    ok(weir_options_set(&opts, "modes", "24"));
    ok(weir_options_set(&opts, "layers", "6"));
    ok(weir_model_create(ops, &opts, &shape, &m));
    size_t complex_numbers = (size_t)6 * 64 * 64 * 2 * 24 * 24;
    assert_int_equal(weir_model_parameters(m) - complex_numbers, 28345796);
    weir_model_destroy(m);
    weir_options_free(&opts);
}

static void what_does_not_fit_is_refused(void **state)
{
    const struct weir_model_ops *ops = weir_model_find("convnet");
    struct weir_shape solid = {1, 3, {16, 16}}, tiny = {1, 1, {2, 1}};
    struct weir_model *m = NULL;
    struct weir_options opts;
    (void)state;
    ok(weir_options_init(ops->options, &opts));
    fails(weir_model_create(ops, &opts, &solid, &m), -EINVAL);
    says("3-dimensional");
    fails(weir_model_create(ops, &opts, &tiny, &m), -EINVAL);
    says("kernel 3 on 2 points");
    fails(weir_options_set(&opts, "depth", "0"), -EINVAL);
    weir_options_free(&opts);
    assert_null(weir_model_find("convnets"));
    says("convnets");
    assert_non_null(strstr(weir_err_hint_text(), "'convnet'"));
    assert_ptr_equal(weir_model_at(0), ops);
    assert_null(weir_model_at(1000));
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(the_published_parameter_counts_come_out),
        cmocka_unit_test(tensors_are_named_and_shaped_as_in_pytorch),
        cmocka_unit_test(initial_weights_are_draws_in_plain_order),
        cmocka_unit_test(every_plain_element_has_a_place_of_its_own),
        cmocka_unit_test(a_form_reads_inner_blocks_from_the_last),
        cmocka_unit_test(nets_of_all_batches_read_the_same_weights),
        cmocka_unit_test(forward_only_nets_are_small),
        cmocka_unit_test(gradients_add_up_in_place),
        cmocka_unit_test(slow_implementations_are_reported),
        cmocka_unit_test(no_architecture_is_slow_in_2d),
        cmocka_unit_test(published_counts_of_every_architecture_come_out),
        cmocka_unit_test(the_nets_of_smart_surrogates_come_out),
        cmocka_unit_test(the_modern_unet_comes_out),
        cmocka_unit_test(every_size_of_scot_comes_out),
        cmocka_unit_test(scot_refuses_what_does_not_divide),
        cmocka_unit_test(the_fno_of_28_million_comes_out),
        cmocka_unit_test(what_does_not_fit_is_refused),
    };
    return RUN(cases);
}
