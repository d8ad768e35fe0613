/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/golden/reference.h"

#include "pde/wisdom.h"

static const char *const solvers[] = {"kdv", "ks2d", "sources"};

/* A measured solver's frame after two steps, from the middle of its space. */
static double *frame_of(const char *solver, size_t *n)
{
    struct rig r = rig_named(solver);
    ok(weir_options_set(&r.opts, "fftw", "measure"));
    rig_build(&r);
    double *p = calloc(r.info.space.n, sizeof(*p));
    assert_non_null(p);
    for (size_t i = 0; i < r.info.space.n; i++)
        p[i] = 0.3 + 0.4 * fabs(sin(12.9898 * (double)(i + 1)));
    weir_space_to_box(&r.info.space, p, p);
    ok(r.ops->start(r.lane, p));
    double *u = rig_advance(&r, 2);
    *n = r.floats;
    free(p);
    rig_free(&r);
    return u;
}

static void kept_wisdom_gives_the_same_bits(void **state)
{
    (void)state;
    for (int s = 0; s < 3; s++) {
        size_t n;
        char *text, *again;
        weir_wisdom_forget();
        double *first = frame_of(solvers[s], &n);
        ok(weir_wisdom_export(&text));
        weir_wisdom_forget();
        ok(weir_wisdom_import(text));
        double *second = frame_of(solvers[s], &n);
        assert_memory_equal(first, second, n * sizeof(*first));
        /* Nothing was measured anew: there is nothing new to know. */
        ok(weir_wisdom_export(&again));
        assert_int_equal(strlen(again), strlen(text));
        free(first);
        free(second);
        free(text);
        free(again);
    }
}

static void what_is_no_wisdom_is_refused(void **state)
{
    (void)state;
    fails(weir_wisdom_import("(fftw-2 nonsense"), -WEIR_ECORRUPT);
    says("FFTW wisdom: not of this build of FFTW (fftw-3");
    fails(weir_wisdom_import(""), -WEIR_ECORRUPT);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(kept_wisdom_gives_the_same_bits),
        cmocka_unit_test(what_is_no_wisdom_is_refused),
    };
    return RUN(cases);
}
