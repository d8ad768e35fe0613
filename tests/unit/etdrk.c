/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/test.h"

#include "pde/etdrk.h"

#include <math.h>

typedef long double complex lc;

/*
 * The weights as power series: coefficient of z^k. With f_k = 1/k!,
 *   HALF    (1/2)^(k+1) f_(k+1)      PHI1  f_(k+1)      PHI2  f_(k+2)
 *   FIRST   4 f_(k+3) - 3 f_(k+2) + f_(k+1)
 *   MIDDLE  f_(k+2) - 2 f_(k+3)      LAST  4 f_(k+3) - f_(k+2)
 */
static long double series_term(int which, int k)
{
    long double f1 = 1 / tgammal(k + 2), f2 = f1 / (k + 2), f3 = f2 / (k + 3);
    switch (which) {
    case WEIR_ETD_HALF:
        return f1 / powl(2, k + 1);
    case WEIR_ETD_PHI1:
        return f1;
    case WEIR_ETD_PHI2:
        return f2;
    case WEIR_ETD_FIRST:
        return 4 * f3 - 3 * f2 + f1;
    case WEIR_ETD_MIDDLE:
        return f2 - 2 * f3;
    default:
        return 4 * f3 - f2;
    }
}

static lc by_series(int which, lc z)
{
    lc sum = 0, power = 1;
    for (int k = 0; k < 60; k++, power *= z)
        sum += series_term(which, k) * power;
    return sum;
}

static lc by_formula(int which, lc z)
{
    lc e = cexpl(z), z2 = z * z, z3 = z2 * z;
    switch (which) {
    case WEIR_ETD_HALF:
        return (cexpl(z / 2) - 1) / z;
    case WEIR_ETD_PHI1:
        return (e - 1) / z;
    case WEIR_ETD_PHI2:
        return (e - 1 - z) / z2;
    case WEIR_ETD_FIRST:
        return (-4 - z + e * (4 - 3 * z + z2)) / z3;
    case WEIR_ETD_MIDDLE:
        return (2 + z + e * (z - 2)) / z3;
    default:
        return (-4 - 3 * z - z2 + e * (4 - z)) / z3;
    }
}

static void compare(double complex z)
{
    for (int w = WEIR_ETD_HALF; w < WEIR_ETD_WEIGHTS; w++) {
        lc want = cabs(z) < 3 ? by_series(w, z) : by_formula(w, z);
        double complex got = weir_etd_weight(w, z);
        /* Weights are at most 1 at z = 0: absolute there, else relative. */
        long double error = cabsl(got - want) / fmaxl(cabsl(want), 1e-2L);
        if (!(error < 3e-13L))
            fail_msg("weight %d at %g%+gi: error %Lg", w, creal(z), cimag(z),
                     error);
    }
}

static void weights_match_series_and_long_double(void **state)
{
    (void)state;
    for (double r = 1e-9; r < 1e5; r *= 1.7) {
        for (int turn = 0; turn <= 8; turn++) {
            double angle = M_PI / 2 + M_PI * turn / 8;
            compare(CMPLX(r * cos(angle), r * sin(angle)));
        }
        compare(-r);
    }
    compare(0);
    compare(2);
}

/* u' = z u + 1 is integrated exactly by every order (N is constant). */
static void constant(void *ctx, const double *u, double *out)
{
    (void)u;
    for (size_t i = 0; i < *(size_t *)ctx; i++) {
        out[2 * i] = 1;
        out[2 * i + 1] = 0;
    }
}

static void a_constant_source_is_integrated_exactly(void **state)
{
    (void)state;
    double complex z[3] = {-2, CMPLX(-0.5, 3), CMPLX(0, -40)};
    size_t n = 3;
    for (int order = 1; order <= 4; order++) {
        struct weir_etd etd;
        ok(weir_etd_create(order, n, false, &etd));
        weir_etd_fill(&etd, z, 0.3, false);
        double u[6] = {1, 0, 0, 1, 2, -1};
        double *scratch = calloc(weir_etd_scratch(&etd), sizeof(*scratch));
        assert_non_null(scratch);
        weir_etd_step(&etd, u, scratch, constant, &n);
        double complex start[3] = {1, I, CMPLX(2, -1)};
        for (size_t i = 0; i < n; i++) {
            double complex e = cexp(0.3 * z[i]);
            double complex want = e * start[i] + (e - 1) / z[i];
            assert_true(cabs(CMPLX(u[2 * i], u[2 * i + 1]) - want) < 1e-13);
        }
        free(scratch);
        weir_etd_free(&etd);
    }
}

static void real_and_complex_weights_agree_on_real_symbols(void **state)
{
    (void)state;
    double complex z[2] = {-1, -30};
    size_t n = 2;
    for (int order = 1; order <= 4; order++) {
        double u[2][4] = {{1, 2, 3, 4}, {1, 2, 3, 4}};
        for (int real = 0; real < 2; real++) {
            struct weir_etd etd;
            ok(weir_etd_create(order, n, real, &etd));
            weir_etd_fill(&etd, z, 0.1, false);
            double *scratch = calloc(weir_etd_scratch(&etd), sizeof(double));
            assert_non_null(scratch);
            weir_etd_step(&etd, u[real], scratch, constant, &n);
            free(scratch);
            weir_etd_free(&etd);
        }
        for (int i = 0; i < 4; i++)
            assert_true(fabs(u[0][i] - u[1][i]) < 1e-15);
    }
}

static void an_unknown_order_is_refused(void **state)
{
    (void)state;
    struct weir_etd etd;
    fails(weir_etd_create(5, 3, false, &etd), -EINVAL);
    says("order is 5");
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(weights_match_series_and_long_double),
        cmocka_unit_test(a_constant_source_is_integrated_exactly),
        cmocka_unit_test(real_and_complex_weights_agree_on_real_symbols),
        cmocka_unit_test(an_unknown_order_is_refused),
    };
    return RUN(cases);
}
