/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The search behind the direction numbers in src/acquire/sobol_directions.c.
 * Run with "print" it makes the whole table (a quarter of an hour); without, it finds the
 * first dimensions again and measures what the table comes to.
 *
 * Quality of two axes at 2^m points is t: of the digits of both coordinates,
 * any m - t leading ones (k of one, the others of the other axis) take every
 * value equally often. With rows of the generating matrices as vectors over
 * GF(2), these m - t must be independent (Niederreiter 1987).
 */
#include "tests/test.h"

#include "acquire/sobol.h"
#include "acquire/sobol_directions.h"
#include "base/rng.h"

#include <math.h>

enum { FIXED = 5, CHOICES = 2000, M = 16, FIRST_M = 4 };

struct matrix {
    uint32_t row[M]; /* bit c is column c */
};

static struct matrix matrix_of(const uint32_t v[WEIR_SOBOL_BITS])
{
    struct matrix a = {{0}};
    for (int r = 0; r < M; r++)
        for (int c = 0; c < M; c++)
            a.row[r] |= (v[c] >> (WEIR_SOBOL_BITS - 1 - r) & 1) << c;
    return a;
}

/* Of a matrix with ones on the diagonal and zeros below it. */
static struct matrix inverse(const struct matrix *a)
{
    struct matrix inv;
    for (int r = M - 1; r >= 0; r--) {
        inv.row[r] = 1u << r;
        for (int c = r + 1; c < M; c++)
            if (a->row[r] >> c & 1)
                inv.row[r] ^= inv.row[c];
    }
    return inv;
}

static struct matrix product(const struct matrix *a, const struct matrix *b)
{
    struct matrix p = {{0}};
    for (int r = 0; r < M; r++)
        for (uint32_t rest = a->row[r]; rest; rest &= rest - 1)
            p.row[r] ^= b->row[__builtin_ctz(rest)];
    return p;
}

/* Largest k <= limit so that the first k rows of p, in the columns of @p mask,
 * are independent. */
static int independent(const struct matrix *p, uint32_t mask, int limit)
{
    uint32_t basis[M] = {0};
    for (int k = 0; k < limit; k++) {
        uint32_t x = p->row[k] & mask;
        while (x && basis[__builtin_ctz(x)])
            x ^= basis[__builtin_ctz(x)];
        if (!x)
            return k;
        basis[__builtin_ctz(x)] = x;
    }
    return limit;
}

/* t of the axes a and b at 2^m points, p = a b^-1: in the basis in which the
 * leading digits of b are unit vectors, those of a are the rows of p. */
static int quality(const struct matrix *p, int m)
{
    int best = m;
    for (int k = 0; k < m && k < best; k++) {
        uint32_t mask = (1u << m) - (1u << k);
        int both = k + independent(p, mask, best - k);
        best = both < best ? both : best;
    }
    return m - best;
}

static double badness(const struct matrix *p)
{
    double sum = 0;
    for (int m = FIRST_M; m <= M; m++)
        sum += exp2(2 * quality(p, m) - 0.5 * m);
    return sum;
}

/* A search in progress: inverses of the dimensions chosen so far. */
struct search {
    int dims;
    uint32_t polynomial; /* of the next dimension */
    struct matrix inv[WEIR_SOBOL_DIMS];
};

/* Sum over all dimensions so far; stops counting above @p limit. */
static double total_badness(const struct search *s, const struct matrix *a,
                            double limit)
{
    double sum = 0;
    for (int i = s->dims - 1; i >= 0 && sum < limit; i--) {
        struct matrix p = product(a, &s->inv[i]);
        sum += badness(&p);
    }
    return sum;
}

static void take(struct search *s, uint64_t choice)
{
    uint32_t v[WEIR_SOBOL_BITS];
    weir_sobol_directions(s->polynomial, choice, v);
    struct matrix a = matrix_of(v);
    s->inv[s->dims++] = inverse(&a);
    s->polynomial = weir_next_primitive(s->polynomial);
}

/* Choice number @p i of @p bits random bits; all of them when they are few. */
static uint64_t candidate(struct weir_rng *rng, int bits, uint64_t i)
{
    if (bits < 11)
        return i;
    uint64_t high = weir_rng_u32(rng), low = weir_rng_u32(rng);
    return (high << 32 | low) >> (64 - bits);
}

static uint64_t best_choice(const struct search *s)
{
    int degree = weir_polynomial_degree(s->polynomial);
    int bits = degree * (degree - 1) / 2;
    uint64_t n = bits < 11 ? 1ull << bits : CHOICES, best = 0;
    double least = HUGE_VAL;
    struct weir_rng rng =
        weir_rng_stream(0, WEIR_RNG_DESIGN, (uint64_t)s->dims);
    for (uint64_t i = 0; i < n; i++) {
        uint32_t v[WEIR_SOBOL_BITS];
        uint64_t choice = candidate(&rng, bits, i);
        weir_sobol_directions(s->polynomial, choice, v);
        struct matrix a = matrix_of(v);
        double bad = total_badness(s, &a, least);
        if (bad < least) {
            least = bad;
            best = choice;
        }
    }
    return best;
}

static int print_table(void)
{
    static struct search s;
    const uint64_t fixed[FIXED] = {0, 0, 1, 1, 0};
    for (int i = 0; i < WEIR_SOBOL_DIMS; i++) {
        uint64_t choice = i < FIXED ? fixed[i] : best_choice(&s);
        take(&s, choice);
        printf("%s0x%llx,", i % 4 ? " " : "\n    ", (unsigned long long)choice);
        fflush(stdout);
    }
    return printf("\n") < 0;
}

/* Fifteen dimensions in seconds; the first five are given. */
static void the_first_dimensions_are_the_search_s(void **state)
{
    (void)state;
    static struct search s;
    for (int i = 0; i < 15; i++) {
        if (i >= FIXED)
            assert_int_equal(weir_sobol_choice(i), best_choice(&s));
        take(&s, weir_sobol_choice(i));
    }
}

static void every_choice_fits_its_degree(void **state)
{
    (void)state;
    uint32_t p = 0;
    for (int i = 0; i < WEIR_SOBOL_DIMS; i++) {
        int s = p ? weir_polynomial_degree(p) : 0;
        assert_true(weir_sobol_choice(i) >> (s * (s - 1) / 2) == 0);
        p = weir_next_primitive(p);
    }
}

struct figures {
    double mean;
    int worst;
};

/* Of all pairs of the first @p dims axes at 2^m points. */
static struct figures measure(int dims, int m)
{
    static struct search s;
    struct figures f = {0};
    memset(&s, 0, sizeof(s));
    for (int i = 0; i < dims; i++) {
        uint32_t v[WEIR_SOBOL_BITS];
        weir_sobol_directions(s.polynomial, weir_sobol_choice(i), v);
        struct matrix a = matrix_of(v);
        for (int j = 0; j < i; j++) {
            struct matrix p = product(&a, &s.inv[j]);
            int t = quality(&p, m);
            f.mean += t / (dims * (dims - 1) / 2.0);
            f.worst = t > f.worst ? t : f.worst;
        }
        take(&s, weir_sobol_choice(i));
    }
    return f;
}

/* The same figures of Joe and Kuo's table of 2008 (new-joe-kuo-6.21201), by
 * this very definition, stand beside. */
static void pairs_are_as_good_as_the_best_known_table(void **state)
{
    (void)state;
    const struct {
        int dims, m;
        struct figures joe_kuo;
    } at[] = {
        {20, 8, {2.05, 5}},   {20, 10, {2.06, 5}},  {20, 12, {2.35, 5}},
        {20, 16, {2.61, 6}},  {80, 8, {2.39, 6}},   {80, 10, {2.70, 7}},
        {80, 12, {2.95, 7}},  {80, 16, {3.20, 8}},  {320, 8, {2.47, 7}},
        {320, 10, {2.88, 8}}, {320, 12, {3.19, 9}},
    };
    for (size_t i = 0; i < sizeof(at) / sizeof(*at); i++) {
        struct figures f = measure(at[i].dims, at[i].m);
        print_message("%d axes, 2^%d points: t %.2f on average, %d at worst "
                      "(Joe and Kuo: %.2f, %d)\n",
                      at[i].dims, at[i].m, f.mean, f.worst, at[i].joe_kuo.mean,
                      at[i].joe_kuo.worst);
        assert_true(f.mean < at[i].joe_kuo.mean + 0.1);
        assert_true(f.worst <= at[i].joe_kuo.worst + 1);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(the_first_dimensions_are_the_search_s),
        cmocka_unit_test(every_choice_fits_its_degree),
        cmocka_unit_test(pairs_are_as_good_as_the_best_known_table),
    };
    if (argc > 1 && strcmp(argv[1], "print") == 0)
        return print_table();
    return RUN(cases);
}
