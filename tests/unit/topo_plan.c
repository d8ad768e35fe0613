/* SPDX-License-Identifier: BSD-3-Clause */
/* What a topology and a plan refuse, and the details golden texts miss. */
#include "tests/test.h"

#include "topo/list.h"
#include "topo/plan.h"

#include <hwloc.h>
#include <limits.h>
#include <math.h>

static struct weir_topology topo;
static struct weir_plan plan;
static struct weir_plan_request request;

static int begin(void **state)
{
    (void)state;
    request = (struct weir_plan_request)WEIR_PLAN_REQUEST;
    request.lanes = request.micro_batches = 64;
    return weir_topology_from_synthetic("package:1 l3:1 core:16 pu:1", &topo);
}

static int end(void **state)
{
    (void)state;
    weir_plan_free(&plan);
    weir_topology_free(&topo);
    return 0;
}

static void use(const char *description)
{
    weir_plan_free(&plan);
    weir_topology_free(&topo);
    ok(weir_topology_from_synthetic(description, &topo));
}

static void make(void)
{
    weir_plan_free(&plan);
    ok(weir_plan_make(&topo, &request, &plan));
}

static void refuses(const char *text)
{
    struct weir_plan none;
    fails(weir_plan_make(&topo, &request, &none), -WEIR_ECONFIG);
    says(text);
    assert_null(none.group);
    request = (struct weir_plan_request)WEIR_PLAN_REQUEST;
}

static void a_machine_that_is_not_one_is_refused(void **state)
{
    (void)state;
    struct weir_topology none;
    fails(weir_topology_from_synthetic("package:2 banana:3", &none), -EINVAL);
    says("banana");
    fails(weir_topology_from_xml("/nonexistent/node.xml", &none), -ENOENT);
    says("/nonexistent/node.xml");
    fails(weir_topology_from_xml(WEIR_TEST_DATA "/test.h", &none), -EINVAL);
    says("not an hwloc XML file");
    assert_null(none.hwloc);
}

static void a_cpu_list_is_checked_whole(void **state)
{
    (void)state;
    const char *bad[] = {"banana",
                         "0-",
                         "0-3,x",
                         "3 4",
                         "5-3",
                         "0-8:0",
                         "0-8:",
                         "1,",
                         ",1",
                         "1,,2",
                         "-1",
                         "70000",
                         "99999999999999999999",
                         "0x3"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        fails(weir_topology_allow(&topo, bad[i]), -EINVAL);
        says(bad[i]);
        assert_int_equal(hwloc_bitmap_weight(topo.allowed), 16);
    }
    ok(weir_topology_allow(&topo, "0-3,12,40"));
    assert_int_equal(hwloc_bitmap_weight(topo.allowed), 5);
    ok(weir_topology_allow(&topo, "0-15:2"));
    assert_int_equal(hwloc_bitmap_weight(topo.allowed), 3);
    ok(weir_topology_allow(&topo, ""));
    assert_true(hwloc_bitmap_iszero(topo.allowed));
}

static void counts_out_of_range_are_refused(void **state)
{
    (void)state;
    request.cores_per_group = 0;
    refuses("cores_per_group is 0");
    request.micro_batches = 0;
    refuses("micro_batches is 0");
    request.groups = -1;
    refuses("groups is -1");
    request.lanes = -1;
    refuses("lanes is -1");
    request.solver_threads = WEIR_PLAN_THREADS_MAX + 1;
    refuses("solver threads is");
    request.solver_share = 1.5;
    refuses("solver_share is 1.5");
    request.solver_share = NAN;
    refuses("solver_share is nan");
}

static void more_groups_than_micro_batches_is_refused(void **state)
{
    (void)state;
    request.micro_batches = request.groups = 4;
    make();
    request.groups = 5;
    refuses("groups is 5, but a batch has 4 micro-batches");
    assert_non_null(strstr(weir_err_hint_text(), "at most 4 groups"));
    request.lanes = 3;
    request.solver_threads = 4;
    refuses("solver threads is 4, but there are 3 lanes");
}

static void no_core_to_train_on_is_an_environment_error(void **state)
{
    (void)state;
    struct weir_plan none;
    ok(weir_topology_allow(&topo, "100"));
    fails(weir_plan_make(&topo, &request, &none), -WEIR_EENV);
    says("none of 16 cores");
    assert_int_equal(weir_err_exit_status(-WEIR_EENV), 3);
}

static void a_share_moves_cores_between_the_sides(void **state)
{
    (void)state;
    request.solver_share = 0;
    make();
    assert_int_equal(plan.groups, 13); /* 5 rounds of 64 need no 14th */
    assert_int_equal(plan.solvers, 2);
    request.solver_share = 0.8;
    make();
    assert_int_equal(plan.groups, 3);
    assert_int_equal(plan.solvers, 12);
    request.solver_share = 1;
    make();
    assert_int_equal(plan.groups, 1);
}

static void groups_shrink_to_the_rounds_they_need(void **state)
{
    (void)state;
    const int micro_batches[] = {1, 2, 5, 8, 9, 10, 20};
    const int groups[] = {1, 2, 5, 8, 5, 5, 7};
    for (int i = 0; i < 7; i++) {
        request.micro_batches = micro_batches[i];
        make();
        assert_int_equal(plan.groups, groups[i]);
    }
}

/* High-bandwidth memory comes second, a node without memory not at all. */
static void a_core_is_near_the_node_with_memory(void **state)
{
    (void)state;
    use("package:2 [numa(memory=64GB)] [numa(memory=8GB)] core:8 pu:1");
    make();
    assert_int_equal(plan.inventory.nodes, 2);
    assert_int_equal(plan.inventory.node[0].number, 0);
    assert_int_equal(plan.inventory.node[1].number, 2);
    use("package:2 [numa(memory=0)] [numa(memory=8GB)] core:8 pu:1");
    make();
    assert_int_equal(plan.inventory.node[0].number, 1);
    assert_int_equal(plan.inventory.node[1].number, 3);
}

/* Cores one to a domain, and no core objects at all. */
static void machines_without_the_usual_levels_get_plans(void **state)
{
    (void)state;
    use("pu:6");
    make();
    assert_int_equal(plan.usable_cores, 6);
    assert_int_equal(plan.inventory.domain[0].l3, -1);
    use("package:1 l3:6 core:1 pu:1");
    request.cores_per_group = 2;
    make();
    assert_int_equal(plan.cores_per_group, 1);
    assert_true(plan.note[0].is_warning);
}

static void an_only_second_hardware_thread_is_a_core(void **state)
{
    (void)state;
    use("package:1 l3:1 core:4 pu:2(indexes=core)");
    ok(weir_topology_allow(&topo, "4-7"));
    make();
    assert_int_equal(plan.usable_cores, 4);
    for (int g = 0; g < plan.groups; g++)
        assert_true(hwloc_bitmap_first(plan.group[g].cpus) >= 4);
}

static void slots_follow_the_groups(void **state)
{
    (void)state;
    use("numa:2 l3:1 core:3 pu:1");
    request.slots = SIZE_MAX;
    request.micro_batches = 3;
    request.solver_threads = 1;
    make();
    assert_int_equal(plan.groups, 3);
    assert_int_equal(plan.memories, 2);
    assert_int_equal(plan.memory[0].groups, 2);
    assert_true(plan.memory[0].slots == SIZE_MAX / 3 * 2);
    assert_int_equal(weir_plan_slot_node(&plan, 0), 0);
    assert_int_equal(weir_plan_slot_node(&plan, SIZE_MAX / 3 * 2), 1);
    assert_int_equal(weir_plan_slot_node(&plan, SIZE_MAX - 1), 1);
    assert_int_equal(weir_plan_slot_node(&plan, SIZE_MAX), -1);
}

static void list_is(const char *cpus, const char *text)
{
    char got[64];
    hwloc_bitmap_t set = hwloc_bitmap_alloc();
    ok(weir_list_parse(cpus, set));
    weir_list_cpus(set, got, sizeof(got));
    assert_string_equal(got, text);
    hwloc_bitmap_free(set);
}

static void lists_are_as_people_write_them(void **state)
{
    (void)state;
    list_is("", "");
    list_is("5", "5");
    list_is("0,1", "0-1");
    list_is("0,2", "0,2");
    list_is("0,2,4,6", "0-6:2");
    list_is("0-3,8,16,24,25", "0-3,8-24:8,25");
    list_is("1,5,6,7", "1,5-7");
    list_is("0,1,3,6,10,15,21,28,36,45,55,66,78,91,105,120,136,153,171,190",
            "0-1,3,6,10,15,21,28,36,45,55,66,78,91,105,120,136,153,171,...");
}

static void sizes_have_units(void **state)
{
    (void)state;
    char text[32];
    weir_list_bytes(640, text, sizeof(text));
    assert_string_equal(text, "640 B");
    weir_list_bytes(40960, text, sizeof(text));
    assert_string_equal(text, "40.0 KiB");
    weir_list_bytes(1.5 * (1 << 30), text, sizeof(text));
    assert_string_equal(text, "1.5 GiB");
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(a_machine_that_is_not_one_is_refused),
        CASE(a_cpu_list_is_checked_whole),
        CASE(counts_out_of_range_are_refused),
        CASE(more_groups_than_micro_batches_is_refused),
        CASE(no_core_to_train_on_is_an_environment_error),
        CASE(a_share_moves_cores_between_the_sides),
        CASE(groups_shrink_to_the_rounds_they_need),
        CASE(a_core_is_near_the_node_with_memory),
        CASE(machines_without_the_usual_levels_get_plans),
        CASE(an_only_second_hardware_thread_is_a_core),
        CASE(slots_follow_the_groups),
        CASE(lists_are_as_people_write_them),
        CASE(sizes_have_units),
    };
    return RUN(cases);
}
