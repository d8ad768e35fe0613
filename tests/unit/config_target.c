/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/config_fake.h"

#include "acquire/target.h"
#include "base/normal.h"
#include "base/rng.h"
#include "tests/scratch.h"

#include <hdf5.h>
#include <math.h>

static void a_density_is_taken_along_its_axis(void **state)
{
    (void)state;
    struct weir_config *cfg =
        good("parameters:\n  A0: {density: normal 0.2 0.05}\n"
             "  phi0: {density:   uniform }\n");
    const struct weir_parameter *p = cfg->space.parameter;
    assert_int_equal(p[0].density, WEIR_DENSITY_NORMAL);
    assert_true(p[0].mean == 0.2 && p[0].deviation == 0.05);
    assert_int_equal(p[1].density, WEIR_DENSITY_UNIFORM);
    assert_null(cfg->space.correlation);
    weir_config_free(cfg);
    cfg = good("solver: {name: burgers}\n"
               "parameters: {nu: {density: normal 1e-5 0.5}}\n");
    assert_int_equal(cfg->space.parameter->axis, WEIR_AXIS_LOG);
    assert_true(cfg->space.parameter->mean == 1e-5);
    weir_config_free(cfg);
}

static void densities_that_cannot_be_are_refused(void **state)
{
    (void)state;
    const char *forms[] = {"banana",     "normal",         "normal 1",
                           "normal 1 x", "normal 1 2 3",   "uniform 1",
                           "\"\"",       "normal nan 0.1", "Normal 1 2"};
    for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
        char text[128];
        snprintf(text, sizeof(text), "parameters:\n  A0:\n    density: %s\n",
                 forms[i]);
        refused(text,
                "x.yaml:3: parameters.A0.density: expected 'uniform' or "
                "'normal MEAN DEVIATION'",
                "normal 0 0.5");
    }
    refused("parameters: {A0: {density: normal 0.2 0}}\n",
            "x.yaml:1: parameters.A0.density: the deviation has to be above 0",
            NULL);
    refused("parameters: {A0: {density: normal 9 0.1}}\n",
            "x.yaml:1: parameters.A0.density: next to nothing of the density "
            "lies between low and high",
            NULL);
    refused("parameters: {A0: {axis: log, density: normal 0 0.1}}\n",
            "x.yaml:1: parameters.A0.density: a logarithmic axis needs a mean "
            "above 0",
            NULL);
}

/* A solver whose three axes may correlate. */
static int plain_space(void *ctx, const char *solver,
                       const struct weir_options *options,
                       struct weir_space *out, bool *steady, void **held)
{
    static const struct weir_parameter axes[] = {
        {.name = "a", .low = 0, .high = 1},
        {.name = "b", .low = -1, .high = 1},
        {.name = "c", .low = 1, .high = 100, .axis = WEIR_AXIS_LOG},
    };
    (void)ctx, (void)solver, (void)options, (void)steady, (void)held;
    *out = (struct weir_space){.n = 3, .parameter = axes};
    return 0;
}

static const struct weir_config_registry plain = {.entry = fake_entry,
                                                  .space = plain_space};

static int parse_plain(const char *text, struct weir_config **out)
{
    return weir_config_parse(text, strlen(text), "x.yaml", &plain, NULL, 0,
                             out);
}

static void correlations_are_factored(void **state)
{
    (void)state;
    struct weir_config *cfg;
    ok(parse_plain("target: {correlation: \"a b 0.8,  c a -0.5\"}\n", &cfg));
    const double *l = cfg->space.correlation;
    const double expected[9] = {1, 0, 0, 0.8, 0.6, 0, -0.5, 2.0 / 3};
    for (int i = 0; i < 8; i++)
        assert_true(fabs(l[i] - expected[i]) < 1e-12);
    assert_true(fabs(l[8] - sqrt(1 - 0.25 - 4.0 / 9)) < 1e-12);
    weir_config_free(cfg);
    ok(parse_plain("", &cfg));
    assert_null(cfg->space.correlation);
    weir_config_free(cfg);
}

static void refused_plain(const char *text, const char *message,
                          const char *hint)
{
    struct weir_config *cfg = NULL;
    fails(parse_plain(text, &cfg), -WEIR_ECONFIG);
    assert_string_equal(weir_err_message(), message);
    if (!strstr(weir_err_hint_text(), hint))
        fail_msg("hint is: %s", weir_err_hint_text());
}

static void correlations_that_cannot_be_are_refused(void **state)
{
    (void)state;
    const struct {
        const char *text, *message, *hint;
    } bad[] = {
        {"a b", "'a b' is not two parameters and a number", "A0 A1 0.8"},
        {"a b 0.5,", "'' is not two parameters and a number", "A0 A1 0.8"},
        {"a b 1", "'a b 1' is not between -1 and 1", ""},
        {"a a 0.5", "'a a 0.5' is one parameter", ""},
        {"a d 0.5", "there is no parameter 'd'", "a"},
        {"a b 0.9, b c 0.9, a c -0.9",
         "no distribution has these correlations together", ""},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        char text[160], message[200];
        snprintf(text, sizeof(text), "target: {correlation: \"%s\"}\n",
                 bad[i].text);
        snprintf(message, sizeof(message), "x.yaml:1: target.correlation: %s",
                 bad[i].message);
        refused_plain(text, message, bad[i].hint);
    }
    refused("target: {correlation: A0 phi0 0.5}\n",
            "x.yaml:1: target.correlation: 'A0 phi0 0.5': a phase, which "
            "wraps, correlates with nothing",
            NULL);
}

/* ---- samples ---- */

static char scratch[PATH_MAX];

static void in_scratch(const char *name, char path[PATH_MAX])
{
    snprintf(path, PATH_MAX, "%.4000s/%s", scratch, name);
}

static void write_rows(const char *path, const char *dataset,
                       const double *value, hsize_t rows, hsize_t width,
                       const char *names)
{
    const hsize_t size[2] = {rows, width};
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    hid_t space = H5Screate_simple(2, size, NULL);
    hid_t d = H5Dcreate2(file, dataset, H5T_NATIVE_DOUBLE, space, H5P_DEFAULT,
                         H5P_DEFAULT, H5P_DEFAULT);
    assert_true(H5Dwrite(d, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT,
                         value) >= 0);
    if (names) { /* width names of one letter */
        char letter[3][2] = {{names[0]}, {names[1]}, {names[2]}};
        hid_t type = H5Tcopy(H5T_C_S1), n = H5Screate_simple(1, &width, NULL);
        H5Tset_size(type, 2);
        hid_t a = H5Acreate2(d, "names", type, n, H5P_DEFAULT, H5P_DEFAULT);
        assert_true(H5Awrite(a, type, letter) >= 0);
        H5Aclose(a);
        H5Sclose(n);
        H5Tclose(type);
    }
    H5Dclose(d);
    H5Sclose(space);
    H5Fclose(file);
}

static char samples_text[PATH_MAX + 64];

static const char *with_samples(const char *path)
{
    snprintf(samples_text, sizeof(samples_text), "target:\n  samples: \"%s\"\n",
             path);
    return samples_text;
}

enum { ROWS = 4000 };

/* Columns c, a, b: b rises with a, c is apart. */
static double *draw_columns(void)
{
    struct weir_rng rng = weir_rng_stream(5, WEIR_RNG_TEST, 0);
    double *v = calloc(ROWS * 3, sizeof(*v));
    for (int r = 0; r < ROWS; r++) {
        double z = weir_rng_normal(&rng);
        double y = 0.6 * z + 0.8 * weir_rng_normal(&rng);
        v[3 * r] = 1 + 99 * pow(weir_rng_uniform(&rng), 3);
        v[3 * r + 1] = weir_normal_cdf(z) * weir_normal_cdf(z);
        v[3 * r + 2] = tanh(y);
    }
    return v;
}

static void columns_of_a_file_are_the_target(void **state)
{
    (void)state;
    char path[PATH_MAX];
    double *v = draw_columns(), u[3], x[3];
    struct weir_config *cfg;
    in_scratch("samples.h5", path);
    write_rows(path, "parameters", v, ROWS, 3, "cab");
    ok(parse_plain(with_samples(path), &cfg));
    const double *l = cfg->space.correlation;
    assert_true(fabs(l[3] - 0.6) < 0.04); /* b with a */
    assert_true(fabs(l[6]) < 0.05 && fabs(l[7]) < 0.05);
    /* Quantiles of a are squares, of b tanh of normal ones, of c cubes. */
    struct weir_space loose = cfg->space;
    loose.correlation = NULL;
    for (int k = 1; k < 20; k++) {
        u[0] = u[1] = u[2] = k / 20.0;
        weir_space_to_box(&loose, u, x);
        assert_true(fabs(x[0] - u[0] * u[0]) < 0.04);
        assert_true(fabs(x[1] - tanh(weir_normal_quantile(u[1]))) < 0.08);
        assert_true(fabs(x[2] - 1 - 99 * pow(u[2], 3)) < 5);
    }
    int high[2] = {0}, both = 0;
    struct weir_strategy_env env = {.seed = 1, .space = cfg->space};
    for (uint32_t id = 0; id < 8000; id++) {
        weir_target_draw(&env, id, u);
        weir_space_to_box(&env.space, u, x);
        assert_true(x[0] >= 0 && x[0] <= 1 && x[2] >= 1 && x[2] <= 100);
        high[0] += x[0] > 0.25;
        high[1] += x[1] > 0;
        both += x[0] > 0.25 && x[1] > 0;
    }
    assert_true(abs(high[0] - 4000) < 350 && abs(high[1] - 4000) < 350);
    /* Sheppard: P(both above the median) = 1/4 + asin(0.6) / 2 pi = 0.352. */
    assert_true(abs(both - 2819) < 300);
    weir_config_free(cfg);
    free(v);
}

/* Four rows of three columns, two of them alike: no full rank to be had. */
static void few_rows_make_a_density_too(void **state)
{
    (void)state;
    char path[PATH_MAX];
    const double v[] = {0.1, 0.1, 5, 0.4, 0.4, 5, 0.3, 0.3, 5, 0.9, 0.9, 5};
    struct weir_config *cfg;
    double u[3] = {0.999, 0.5, 0.5}, x[3];
    in_scratch("few.h5", path);
    write_rows(path, "parameters", v, 4, 3, NULL);
    ok(parse_plain(with_samples(path), &cfg));
    weir_space_to_box(&cfg->space, u, x);
    assert_true(x[0] > 0.85 && x[1] > 0.85 && x[2] == 5);
    weir_config_free(cfg);
}

static void files_that_cannot_be_are_refused(void **state)
{
    (void)state;
    char path[PATH_MAX], message[PATH_MAX + 256];
    const double v[] = {0.5, 0, 10, 0.5, 2, 10};
    const struct {
        const char *dataset;
        hsize_t rows, width;
        const char *names, *message, *hint;
    } bad[] = {
        {"other", 2, 3, NULL, " has no dataset 'parameters'", ""},
        {"parameters", 1, 3, NULL,
         ": parameters is 1 x 3, expected two or more rows of 3", ""},
        {"parameters", 3, 2, NULL,
         ": parameters is 3 x 2, expected two or more rows of 3", ""},
        {"parameters", 2, 3, "abd", ": no column is named 'c'", ""},
        {"parameters", 2, 3, "abc", ": b is 2 in row 1, outside -1 to 1",
         "parameters.b.low"},
    };
    in_scratch("bad.h5", path);
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        write_rows(path, bad[i].dataset, v, bad[i].rows, bad[i].width,
                   bad[i].names);
        snprintf(message, sizeof(message), "x.yaml:2: target.samples: '%s'%s",
                 path, bad[i].message);
        refused_plain(with_samples(path), message, bad[i].hint);
    }
    struct weir_config *cfg;
    fails(parse_plain("target: {samples: /nowhere.h5}\n", &cfg), -WEIR_ECONFIG);
    says("x.yaml:1: target.samples: ");
    says("/nowhere.h5");
    refused_plain("target: {samples: f.h5, correlation: a b 0.5}\n",
                  "x.yaml:1: target.correlation: target.samples has "
                  "correlations too",
                  "");
    refused_plain("target: {samples: f.h5}\n"
                  "parameters: {b: {density: normal 0 1}}\n",
                  "x.yaml:1: target.samples: parameter b has a density of its "
                  "own",
                  "");
}

static void a_resolved_config_has_the_same_target(void **state)
{
    (void)state;
    struct weir_config *cfg, *again;
    char *text;
    ok(parse_plain("parameters: {a: {density: normal 0.3 0.1}}\n"
                   "target: {correlation: a c 0.25}\n",
                   &cfg));
    ok(weir_config_resolved(cfg, &text));
    ok(parse_plain(text, &again));
    assert_true(weir_space_equal(&cfg->space, &again->space));
    ok(weir_config_may_continue(cfg, again, WEIR_CHANGE_ANYTIME));
    weir_config_free(again);
    ok(parse_plain("parameters: {a: {density: normal 0.3 0.2}}\n"
                   "target: {correlation: a c 0.25}\n",
                   &again));
    assert_false(weir_space_equal(&cfg->space, &again->space));
    fails(weir_config_may_continue(cfg, again, WEIR_CHANGE_ANYTIME),
          -WEIR_ECONFIG);
    says("parameters.a.density");
    weir_config_free(again);
    weir_config_free(cfg);
    free(text);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(a_density_is_taken_along_its_axis),
        cmocka_unit_test(densities_that_cannot_be_are_refused),
        cmocka_unit_test(correlations_are_factored),
        cmocka_unit_test(correlations_that_cannot_be_are_refused),
        cmocka_unit_test(columns_of_a_file_are_the_target),
        cmocka_unit_test(few_rows_make_a_density_too),
        cmocka_unit_test(files_that_cannot_be_are_refused),
        cmocka_unit_test(a_resolved_config_has_the_same_target),
    };
    scratch_make(scratch);
    int failed = RUN(cases);
    scratch_remove(scratch);
    return failed;
}
