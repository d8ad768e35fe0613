/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/test.h"

#include "shm/counters.h"

static void a_new_page_has_no_counters(void **state)
{
    (void)state;
    struct weir_counters *p = weir_array(1, weir_counters_bytes(3));
    weir_counters_init(p, 3);
    assert_int_equal(weir_counters_count(p), 0);
    free(p);
}

static void counters_keep_label_kind_and_place(void **state)
{
    (void)state;
    struct weir_counters *p = weir_array(1, weir_counters_bytes(3));
    weir_counters_init(p, 3);
    struct weir_counter *a =
        weir_counter_add(p, WEIR_COUNTER_TOTAL, "samples trained");
    struct weir_counter *b = weir_counter_add(p, WEIR_COUNTER_TIME, "start");
    assert_ptr_equal(a, &p->counter[0]);
    assert_ptr_equal(b, &p->counter[1]);
    assert_string_equal(p->counter[0].label, "samples trained");
    assert_int_equal(p->counter[1].kind, WEIR_COUNTER_TIME);
    assert_int_equal(weir_counter_get(b), 0);
    /* Each on a cache line of its own. */
    assert_int_equal((uintptr_t)a % 64, 0);
    assert_int_equal((uintptr_t)b - (uintptr_t)a, 64);
    free(p);
}

static void a_full_page_refuses_more(void **state)
{
    (void)state;
    struct weir_counters *p = weir_array(1, weir_counters_bytes(1));
    weir_counters_init(p, 1);
    assert_non_null(weir_counter_add(p, WEIR_COUNTER_LEVEL, "one"));
    assert_null(weir_counter_add(p, WEIR_COUNTER_LEVEL, "two"));
    assert_int_equal(weir_counters_count(p), 1);
    assert_string_equal(p->counter[0].label, "one");
    free(p);
}

static void a_long_label_is_cut_and_stays_text(void **state)
{
    (void)state;
    struct weir_counters *p = weir_array(1, weir_counters_bytes(2));
    weir_counters_init(p, 2);
    char label[80];
    memset(label, 'x', sizeof(label));
    label[79] = '\0';
    struct weir_counter *c = weir_counter_add(p, WEIR_COUNTER_TOTAL, label);
    assert_int_equal(strlen(c->label), 51);
    free(p);
}

static void values_go_up_and_down_and_below_zero(void **state)
{
    (void)state;
    struct weir_counters *p = weir_array(1, weir_counters_bytes(1));
    weir_counters_init(p, 1);
    struct weir_counter *c = weir_counter_add(p, WEIR_COUNTER_LEVEL, "level");
    weir_counter_count(c, 5);
    weir_counter_count(c, -7);
    assert_int_equal(weir_counter_get(c), -2);
    weir_counter_set(c, INT64_MAX);
    assert_true(weir_counter_get(c) == INT64_MAX);
    free(p);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(a_new_page_has_no_counters),
        cmocka_unit_test(counters_keep_label_kind_and_place),
        cmocka_unit_test(a_full_page_refuses_more),
        cmocka_unit_test(a_long_label_is_cut_and_stays_text),
        cmocka_unit_test(values_go_up_and_down_and_below_zero),
    };
    return RUN(cases);
}
