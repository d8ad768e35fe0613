/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/test.h"

#include "shm/stats.h"

static const struct weir_stats_size size = {
    .counters = 3, .threads = 2, .lanes = 5, .hists = 4};

static struct weir_stats *make(void)
{
    struct weir_stats *s = weir_array(1, weir_stats_bytes(&size));
    assert_non_null(s);
    weir_stats_init(s, &size);
    return s;
}

static void parts_lie_apart_and_inside(void **state)
{
    (void)state;
    struct weir_stats *s = make();
    unsigned char *base = (unsigned char *)s, *end = base + s->bytes;
    assert_int_equal(s->bytes, weir_stats_bytes(&size));
    ok(weir_stats_check(s, s->bytes));
    unsigned char *part[] = {
        (void *)weir_stats_counters(s),  (void *)weir_stats_thread(s, 0),
        (void *)weir_stats_thread(s, 1), (void *)weir_stats_lane(s, 0),
        (void *)weir_stats_lane(s, 4),   (void *)weir_stats_hist(s, 0),
        (void *)(weir_stats_hist(s, 3)), end};
    for (size_t i = 0; i + 1 < sizeof(part) / sizeof(*part); i++) {
        assert_true(part[i] < part[i + 1]);
        assert_int_equal((uintptr_t)part[i] % 64, 0);
    }
    assert_true((unsigned char *)(weir_stats_hist(s, 3) + 1) <= end);
    free(s);
}

/* Words of different owners never share a line. */
static void owners_have_lines_of_their_own(void **state)
{
    (void)state;
    assert_int_equal(sizeof(struct weir_stats_lane), 64);
    assert_int_equal(offsetof(struct weir_stats_thread, tid) % 64, 0);
    assert_int_equal(sizeof(struct weir_stats_thread) % 64, 0);
    assert_int_equal(offsetof(struct weir_stats_hist, hist) % 64, 0);
    assert_int_equal(sizeof(struct weir_stats_hist) % 64, 0);
    assert_int_equal(offsetof(struct weir_stats, ending) % 64, 0);
    assert_int_equal(offsetof(struct weir_stats, beat_ns) % 64, 0);
}

static void a_layout_that_does_not_fit_is_refused(void **state)
{
    (void)state;
    struct weir_stats *s = make();
    fails(weir_stats_check(s, s->bytes - 1), -WEIR_ECORRUPT);
    fails(weir_stats_check(s, 10), -WEIR_ECORRUPT);
    uint64_t *const word[] = {&s->bytes, &s->counters_at, &s->thread_at,
                              &s->lane_at, &s->hist_at};
    for (size_t i = 0; i < sizeof(word) / sizeof(*word); i++) {
        *word[i] += 64;
        fails(weir_stats_check(s, s->bytes + 4096), -WEIR_ECORRUPT);
        *word[i] -= 64;
    }
    s->size.hists = 1u << 31;
    fails(weir_stats_check(s, s->bytes), -WEIR_ECORRUPT);
    s->size.hists = size.hists;
    weir_stats_counters(s)->capacity = 400;
    fails(weir_stats_check(s, s->bytes), -WEIR_ECORRUPT);
    weir_stats_counters(s)->capacity = 3;
    weir_stats_counters(s)->count = 4;
    fails(weir_stats_check(s, s->bytes), -WEIR_ECORRUPT);
    free(s);
}

static void a_counter_is_found_by_its_label(void **state)
{
    (void)state;
    struct weir_stats *s = make();
    struct weir_counters *page = weir_stats_counters(s);
    weir_counter_add(page, WEIR_COUNTER_TOTAL, "train.step");
    struct weir_counter *c =
        weir_counter_add(page, WEIR_COUNTER_LEVEL, "train.steps");
    assert_ptr_equal(weir_stats_counter(s, "train.steps"), c);
    assert_null(weir_stats_counter(s, "train"));
    assert_null(weir_stats_counter(s, "train.stepsX"));
    free(s);
}

static void the_ending_is_seen_with_its_time(void **state)
{
    (void)state;
    struct weir_stats *s = make();
    assert_int_equal(weir_stats_ending(s), 0);
    weir_stats_end(s, 3, 12345);
    assert_int_equal(weir_stats_ending(s), 3);
    assert_int_equal(s->ended_ns, 12345);
    free(s);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(parts_lie_apart_and_inside),
        cmocka_unit_test(owners_have_lines_of_their_own),
        cmocka_unit_test(a_layout_that_does_not_fit_is_refused),
        cmocka_unit_test(a_counter_is_found_by_its_label),
        cmocka_unit_test(the_ending_is_seen_with_its_time),
    };
    return RUN(cases);
}
