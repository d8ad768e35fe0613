/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ten 1D cases (configs/cases): the error of ETDRK4 with 4 sub-steps after 200
 * frames, against a solution on twice the points, next to what an independent
 * NumPy implementation measured for them. Starts differ, so medians agree
 * within a factor, not in digits.
 */
#include "tests/golden/reference.h"

#include "base/rng.h"

#define STARTS 32

struct ten {
    const char *name, *solver;
    const char *pair[9]; /* coefficients as the config gives them */
    double error;        /* median, measured elsewhere */
};

static const struct ten cases_of[] = {
    {"KdV-1", "kdv", {"gamma3", "-14", "gamma4", "-9", "delta1", "-2"}, 5.5e-5},
    {"KdV-2",
     "kdv",
     {"gamma3", "-7", "gamma4", "-4.5", "delta1", "-1"},
     2.7e-5},
    {"KdV-3", "kdv", {"gamma3", "-14", "gamma4", "-9", "delta1", "-4"}, 3.7e-4},
    {"KdV-4", "kdv", {"gamma3", "-14", "gamma4", "-3", "delta1", "-2"}, 2.4e-3},
    {"KS-1", "ks", {"gamma2", "-1.2", "gamma4", "-15", "delta2", "-6"}, 1.1e-5},
    {"KS-2", "ks", {"a2", "1", "a4", "1", "b", "1"}, 5.9e-10},
    {"KS-3",
     "ks",
     {"gamma2", "-2.4", "gamma4", "-30", "delta2", "-12"},
     1.5e-3},
    {"KSc-1",
     "ks_cons",
     {"gamma2", "-2", "gamma4", "-18", "delta1", "-1"},
     2.7e-2},
    {"KSc-2",
     "ks_cons",
     {"gamma2", "-1", "gamma4", "-9", "delta1", "-0.5"},
     7.4e-4},
    {"KSc-3",
     "ks_cons",
     {"gamma2", "-2", "gamma4", "-56.9", "delta1", "-1"},
     2.4e-6},
};

/*
 * On @p points a difficulty written for 160 is another one: gamma_j grows with
 * N^j, delta_i with N^i.
 */
static struct rig rig_of(const struct ten *c, int points, int substeps)
{
    struct rig r = rig_named(c->solver);
    bool physical = c->pair[0][0] == 'a';
    if (!physical)
        ok(weir_options_set(&r.opts, "form", "difficulty"));
    for (int i = 0; c->pair[i]; i += 2) {
        double power = physical ? 0 : c->pair[i][5] - '0';
        rig_set(&r, c->pair[i],
                atof(c->pair[i + 1]) * pow(points / 160., power));
    }
    rig_set(&r, "points", points);
    rig_set(&r, "substeps", substeps);
    rig_build(&r);
    return r;
}

static double error_from(struct rig *a, struct rig *b, uint64_t start)
{
    struct weir_rng rng = weir_rng_stream(1, WEIR_RNG_TEST, start);
    double p[4], want[160];
    for (int i = 0; i < 4; i++)
        p[i] = weir_rng_uniform(&rng);
    weir_space_to_box(&a->info.space, p, p);
    ok(a->ops->start(a->lane, p));
    ok(b->ops->start(b->lane, p));
    double *u = rig_advance(a, 200), *v = rig_advance(b, 200);
    for (int i = 0; i < 160; i++)
        want[i] = v[2 * i];
    double e = relative_l2(u, want, 160);
    free(u);
    free(v);
    return e;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void errors_are_those_measured_elsewhere(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof(cases_of) / sizeof(cases_of[0]); k++) {
        const struct ten *c = &cases_of[k];
        struct rig a = rig_of(c, 160, 4), b = rig_of(c, 320, 10);
        double e[STARTS];
        for (int i = 0; i < STARTS; i++)
            e[i] = error_from(&a, &b, (uint64_t)i);
        qsort(e, STARTS, sizeof(e[0]), ascending);
        double median = 0.5 * (e[STARTS / 2 - 1] + e[STARTS / 2]);
        printf("    %-6s %.1e, elsewhere %.1e\n", c->name, median, c->error);
        assert_true(median < 4 * c->error);
        assert_true(median > c->error / 10);
        rig_free(&a);
        rig_free(&b);
    }
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(errors_are_those_measured_elsewhere),
    };
    return RUN(cases);
}
