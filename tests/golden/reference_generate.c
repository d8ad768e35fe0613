/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reference solutions, reproduced by `weir generate --initial ... --double`: the
 * whole way of a user's data, from a file through a configuration to a file.
 * Prints the measured error beside the tolerance of every set.
 */
#include "tests/child.h"
#include "tests/golden/reference_cases.h"
#include "tests/scratch.h"

#include "io/dataset_reader.h"

static char dir[PATH_MAX], config[PATH_MAX], start[PATH_MAX], out[PATH_MAX];

/* ---- what a user writes ------------------------------------------------------ */

static void number(FILE *f, const char *key, double value)
{
    fprintf(f, "  %s: %.17g\n", key, value);
}

/* ETDRK4 at 16 times the step at which ETDRK2 meets the tolerance. */
static void write_config(const struct case_of *c, const struct reference *ref,
                         int steps)
{
    FILE *f = fopen(config, "w");
    assert_non_null(f);
    fprintf(f, "simulations:\n  steps: %d\nsolver:\n  name: %s\n", steps,
            c->solver);
    for (int i = 0; c->coefficient[i]; i++)
        number(f, c->coefficient[i], reference_number(ref, c->coefficient[i]));
    if (c->option)
        fprintf(f, "  %s: %s\n", c->option, c->value);
    number(f, "length", reference_number(ref, "L"));
    number(f, "points", reference_number(ref, "N"));
    number(f, "dealias", reference_number(ref, "dealias_fraction"));
    number(f, "dt", reference_number(ref, "dt_snap"));
    number(f, "substeps",
           reference_number(ref, "etdrk2_substeps_per_snap") / 16);
    number(f, "order", 4);
    fclose(f);
}

static void write_rows(const char *dataset, int dims, const hsize_t *size,
                       const double *value)
{
    hid_t f = H5Fcreate(start, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    hid_t s = H5Screate_simple(dims, size, NULL);
    hid_t d = H5Dcreate2(f, dataset, H5T_IEEE_F64LE, s, H5P_DEFAULT,
                         H5P_DEFAULT, H5P_DEFAULT);
    assert_true(H5Dwrite(d, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT,
                         value) >= 0);
    H5Dclose(d);
    H5Sclose(s);
    H5Fclose(f);
}

/* weir generate CONFIG --OPTION START --double --out OUT */
static struct weir_dataset_reader *generate(const char *option)
{
    const char *program = getenv("WEIR_PROGRAM");
    struct weir_dataset_reader *r;
    assert_non_null(program);
    fflush(stdout);
    unlink(out);
    pid_t child = fork();
    if (child == 0) {
        if (!freopen("/dev/null", "w", stdout))
            _exit(127);
        execl(program, program, "generate", config, option, start, "--double",
              "--quiet", "--out", out, NULL);
        _exit(127);
    }
    assert_int_equal(child_status(child), 0);
    ok(weir_dataset_reader_open(out, &r));
    return r;
}

/* ---- periodic systems -------------------------------------------------------- */

/* Largest relative L2 error over the snapshots that are kept. */
static double worst_error(struct weir_dataset_reader *r, const double *u,
                          const double *snapshot, size_t n)
{
    size_t floats = weir_shape_floats(&weir_dataset_reader_info(r)->shape);
    double *got = malloc(floats * sizeof(*got)), worst = 0;
    assert_non_null(got);
    for (size_t s = 0; s < n; s++) {
        ok(weir_dataset_reader_frames(r, 0, (uint32_t)snapshot[s], 1, WEIR_F64,
                                      got));
        double error = relative_l2(got, u + s * floats, floats);
        worst = error > worst || isnan(error) ? error : worst;
    }
    free(got);
    return worst;
}

static void check(const struct case_of *c)
{
    struct reference ref = reference_of(c);
    size_t n;
    double *u = reference_read(&ref, "u", NULL);
    double *snapshot = reference_read(&ref, "snapshot", &n);
    hsize_t points = (hsize_t)reference_number(&ref, "N");
    hsize_t channels = (hsize_t)reference_number(&ref, "channels");
    hsize_t size[4] = {1, channels, points, points};
    write_config(c, &ref, (int)snapshot[n - 1]);
    write_rows("initial", 2 + (int)reference_number(&ref, "D"), size, u);
    struct weir_dataset_reader *r = generate("--initial");
    char what[64];
    snprintf(what, sizeof(what), "%s set_%d, %zu snapshots", c->solver, c->set,
             n - 1);
    double error = worst_error(r, u, snapshot, n);
    weir_dataset_reader_close(r);
    free(u);
    free(snapshot);
    double bound = reference_number(&ref, "suggested_rtol_float64");
    reference_close(&ref);
    within(what, error, bound);
}

static void every_periodic_set_is_matched(void **state)
{
    (void)state;
    for (size_t i = 0; i < CASES; i++)
        check(&cases_of[i]);
}

/* ---- steady diffusion -------------------------------------------------------- */

enum { SAMPLES = 6, SIDE = 100, SIZE = SIDE * SIDE };

static void compare_sources(const char *option, const double *solution)
{
    struct weir_dataset_reader *r = generate(option);
    double *got = malloc(2 * SIZE * sizeof(*got)), worst = 0;
    assert_non_null(got);
    assert_int_equal(weir_dataset_reader_info(r)->trajectories, SAMPLES);
    assert_int_equal(weir_dataset_reader_info(r)->frames, 1);
    for (uint64_t i = 0; i < SAMPLES; i++) {
        ok(weir_dataset_reader_frames(r, i, 0, 1, WEIR_F64, got));
        double error = relative_l2(got + SIZE, solution + i * SIZE, SIZE);
        worst = error > worst || isnan(error) ? error : worst;
    }
    free(got);
    weir_dataset_reader_close(r);
    char what[64];
    snprintf(what, sizeof(what), "sources %s, %d samples", option, SAMPLES);
    within(what, worst, 1e-10);
}

static void write_sources_config(void)
{
    FILE *f = fopen(config, "w");
    assert_non_null(f);
    fprintf(f, "solver:\n  name: sources\n");
    fclose(f);
}

static void steady_diffusion_is_matched_from_its_sources(void **state)
{
    (void)state;
    struct reference ref = reference_open("sources.h5", 0);
    double *input = reference_read(&ref, "input", NULL);
    double *solution = reference_read(&ref, "solution", NULL);
    double *field = calloc(SAMPLES * 2 * SIZE, sizeof(*field));
    assert_non_null(field);
    for (int i = 0; i < SAMPLES; i++)
        memcpy(field + i * 2 * SIZE, input + i * SIZE, SIZE * sizeof(*field));
    write_sources_config();
    write_rows("initial", 4, (hsize_t[4]){SAMPLES, 2, SIDE, SIDE}, field);
    compare_sources("--initial", solution);
    free(field);
    free(input);
    free(solution);
    reference_close(&ref);
}

/* Its columns: row and column of both centres, distance, intensity. */
static void steady_diffusion_is_matched_from_its_parameters(void **state)
{
    (void)state;
    struct reference ref = reference_open("sources.h5", 0);
    double *given = reference_read(&ref, "params", NULL);
    double *solution = reference_read(&ref, "solution", NULL);
    double row[SAMPLES][5];
    for (int i = 0; i < SAMPLES; i++) {
        memcpy(row[i], given + 6 * i, 4 * sizeof(double));
        row[i][4] = given[6 * i + 5];
    }
    write_sources_config();
    write_rows("parameters", 2, (hsize_t[2]){SAMPLES, 5}, row[0]);
    compare_sources("--params", solution);
    free(given);
    free(solution);
    reference_close(&ref);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(every_periodic_set_is_matched),
        cmocka_unit_test(steady_diffusion_is_matched_from_its_sources),
        cmocka_unit_test(steady_diffusion_is_matched_from_its_parameters),
    };
    scratch_make(dir);
    snprintf(config, sizeof(config), "%.4000s/case.yaml", dir);
    snprintf(start, sizeof(start), "%.4000s/start.h5", dir);
    snprintf(out, sizeof(out), "%.4000s/out.h5", dir);
    int failed = RUN(cases);
    scratch_remove(dir);
    return failed;
}
