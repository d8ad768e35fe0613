/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Binding on the machine the test runs on. Skipped where the system forbids a
 * thread to be bound at all.
 */
#include "tests/test.h"

#include "base/log.h"
#include "topo/apply.h"
#include "topo/list.h"

#include <dlfcn.h>
#include <hwloc.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static struct weir_topology here;
/* Relaxed: counts, read after the threads that log have been joined. */
static _Atomic int warnings, lines;

static void count_lines(void *ctx, enum weir_log_level level, const char *area,
                        const char *text)
{
    (void)ctx, (void)area, (void)text;
    if (level == WEIR_LOG_WARN)
        atomic_fetch_add_explicit(&warnings, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&lines, 1, memory_order_relaxed);
}

static int begin(void **state)
{
    (void)state;
    warnings = lines = 0;
    weir_log_sink(count_lines, NULL);
    return weir_topology_discover(&here);
}

/* Each case leaves the thread where it found it. */
static int end(void **state)
{
    (void)state;
    hwloc_set_cpubind(here.hwloc, here.allowed, HWLOC_CPUBIND_THREAD);
    weir_topology_free(&here);
    weir_log_sink(NULL, NULL);
    return 0;
}

static void is_bound_to(hwloc_const_bitmap_t cpus)
{
    hwloc_bitmap_t now = hwloc_bitmap_alloc();
    ok(hwloc_get_cpubind(here.hwloc, now, HWLOC_CPUBIND_THREAD));
    assert_true(hwloc_bitmap_isequal(now, cpus));
    hwloc_bitmap_free(now);
}

static struct weir_place place_on(int cpu)
{
    struct weir_place p = {.cpus = hwloc_bitmap_alloc(), .pinned = true};
    hwloc_bitmap_only(p.cpus, (unsigned)cpu);
    return p;
}

static void a_thread_runs_where_its_place_is(void **state)
{
    (void)state;
    int cpu;
    hwloc_bitmap_foreach_begin(cpu, here.allowed)
    {
        struct weir_place p = place_on(cpu);
        assert_int_equal(weir_apply_thread(&here, &p, "g0"), 1);
        is_bound_to(p.cpus);
        assert_int_equal(sched_getcpu(), cpu);
        hwloc_bitmap_free(p.cpus);
    }
    hwloc_bitmap_foreach_end();
    assert_int_equal(warnings, 0);
}

static void a_plan_for_this_machine_can_be_applied(void **state)
{
    (void)state;
    struct weir_plan_request request = WEIR_PLAN_REQUEST;
    struct weir_plan plan;
    request.lanes = request.micro_batches = 64;
    ok(weir_plan_make(&here, &request, &plan));
    for (int g = 0; g < plan.groups; g++) {
        assert_int_equal(weir_apply_thread(&here, &plan.group[g], "g"), 1);
        is_bound_to(plan.group[g].cpus);
    }
    for (int i = 0; i < WEIR_SERVICES; i++) {
        assert_int_equal(weir_apply_thread(&here, &plan.service[i], "s"), 1);
        is_bound_to(plan.service[i].cpus);
    }
    weir_plan_free(&plan);
}

static void members_of_a_team_take_turns_on_its_cpus(void **state)
{
    (void)state;
    struct weir_place p = {.cpus = hwloc_bitmap_dup(here.allowed),
                           .pinned = true};
    int n = hwloc_bitmap_weight(p.cpus);
    for (int i = 0; i < 2 * n; i++) {
        int cpu = hwloc_bitmap_first(p.cpus);
        for (int k = 0; k < i % n; k++)
            cpu = hwloc_bitmap_next(p.cpus, cpu);
        struct weir_place one = place_on(cpu);
        assert_int_equal(weir_apply_member(&here, &p, i, "g0"), 1);
        is_bound_to(one.cpus);
        hwloc_bitmap_free(one.cpus);
    }
    p.pinned = false;
    assert_int_equal(weir_apply_member(&here, &p, 1, "g0"), 1);
    is_bound_to(p.cpus);
    hwloc_bitmap_free(p.cpus);
}

/* A cpu this machine does not have: the thread gets all it may use. */
static void a_refused_place_leaves_the_full_mask(void **state)
{
    (void)state;
    struct weir_place first = place_on(hwloc_bitmap_first(here.allowed));
    struct weir_place none = place_on(
        hwloc_bitmap_last(hwloc_topology_get_complete_cpuset(here.hwloc)) + 64);
    assert_int_equal(weir_apply_thread(&here, &first, "g0"), 1);
    assert_int_equal(weir_apply_thread(&here, &none, "g1"), 0);
    is_bound_to(here.allowed);
    assert_int_equal(warnings, 1);
    assert_int_equal(weir_apply_thread(&here, &none, "g2"), 0);
    assert_int_equal(warnings, 1);
    hwloc_bitmap_free(first.cpus);
    hwloc_bitmap_free(none.cpus);
}

static void *apply_nowhere(void *place)
{
    weir_apply_thread(&here, place, "g");
    return NULL;
}

static void many_refused_threads_give_one_warning(void **state)
{
    (void)state;
    pthread_t thread[8];
    struct weir_place none = place_on(
        hwloc_bitmap_last(hwloc_topology_get_complete_cpuset(here.hwloc)) + 64);
    for (int i = 0; i < 8; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, apply_nowhere, &none),
                         0);
    for (int i = 0; i < 8; i++)
        pthread_join(thread[i], NULL);
    assert_int_equal(warnings, 1);
    assert_int_equal(lines, 8);
    hwloc_bitmap_free(none.cpus);
}

static void another_machine_is_left_alone(void **state)
{
    (void)state;
    struct weir_topology other;
    struct weir_place first = place_on(hwloc_bitmap_first(here.allowed));
    char page[64];
    ok(weir_topology_from_synthetic("numa:2 core:64 pu:2", &other));
    assert_int_equal(weir_apply_thread(&here, &first, "g0"), 1);
    lines = 0;
    struct weir_place p = place_on(127);
    assert_int_equal(weir_apply_thread(&other, &p, "g0"), 0);
    assert_int_equal(weir_apply_member(&other, &p, 0, "g0"), 0);
    assert_int_equal(weir_apply_memory(&other, page, 64, 1, "slots"), 0);
    is_bound_to(first.cpus);
    assert_int_equal(lines, 3);
    assert_int_equal(warnings, 0);
    weir_topology_free(&other);
    hwloc_bitmap_free(first.cpus);
    hwloc_bitmap_free(p.cpus);
}

static void memory_lands_on_its_node(void **state)
{
    (void)state;
    size_t bytes = 1 << 20;
    struct weir_plan_request request = WEIR_PLAN_REQUEST;
    struct weir_plan plan;
    ok(weir_plan_make(&here, &request, &plan));
    int node = plan.inventory.node[0].number;
    weir_plan_free(&plan);
    char *area = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(area != MAP_FAILED);
    if (!weir_apply_memory(&here, area, bytes, node, "slots")) {
        print_message("mbind is not permitted here: not checked\n");
        munmap(area, bytes);
        return;
    }
    memset(area, 1, bytes);
    hwloc_nodeset_t found = hwloc_bitmap_alloc();
    ok(hwloc_get_area_memlocation(here.hwloc, area, bytes, found,
                                  HWLOC_MEMBIND_BYNODESET));
    assert_true(hwloc_bitmap_isset(found, (unsigned)node));
    assert_int_equal(hwloc_bitmap_weight(found), 1);
    assert_int_equal(weir_apply_memory(&here, area, bytes, -1, "slots"), 1);
    assert_int_equal(warnings, 0);
    assert_int_equal(weir_apply_memory(&here, area, bytes, 1000, "slots"), 0);
    assert_int_equal(warnings, 1);
    hwloc_bitmap_free(found);
    munmap(area, bytes);
}

/* The allowed cpus as a process with this OpenMP setting sees them. */
static void allowed_in_child(const char *bind, char *list, size_t size)
{
    char command[512], self[256] = "";
    assert_true(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
    snprintf(command, sizeof(command), "OMP_PROC_BIND=%s '%s' allowed", bind,
             self);
    FILE *f = popen(command, "r");
    assert_non_null(f);
    list[fread(list, 1, size - 1, f)] = '\0';
    assert_int_equal(pclose(f), 0);
}

static void openmp_does_not_hide_cores(void **state)
{
    (void)state;
    char mine[256], bound[256];
    weir_list_cpus(here.allowed, mine, sizeof(mine));
    allowed_in_child("true", bound, sizeof(bound));
    assert_string_equal(mine, bound);
    allowed_in_child("close", bound, sizeof(bound));
    assert_string_equal(mine, bound);
}

static void a_narrow_affinity_is_obeyed(void **state)
{
    (void)state;
    struct weir_place first = place_on(hwloc_bitmap_first(here.allowed));
    char mine[16], seen[256];
    assert_int_equal(weir_apply_thread(&here, &first, "main"), 1);
    weir_list_cpus(first.cpus, mine, sizeof(mine));
    allowed_in_child("false", seen, sizeof(seen));
    assert_string_equal(mine, seen);
    allowed_in_child("true", seen, sizeof(seen));
    assert_string_equal(mine, seen);
    hwloc_bitmap_free(first.cpus);
}

/* The linker may have dropped libgomp, which pins as it is loaded. */
static int print_allowed(void)
{
    char list[256];
    dlopen("libgomp.so.1", RTLD_NOW);
    if (weir_topology_discover(&here) < 0)
        return 1;
    weir_list_cpus(here.allowed, list, sizeof(list));
    printf("%s", list);
    weir_topology_free(&here);
    return 0;
}

static bool may_bind(void)
{
    hwloc_bitmap_t now = hwloc_bitmap_alloc();
    bool may = false;
    if (weir_topology_discover(&here) == 0)
        may = hwloc_get_cpubind(here.hwloc, now, HWLOC_CPUBIND_THREAD) == 0 &&
              hwloc_set_cpubind(here.hwloc, now, HWLOC_CPUBIND_THREAD) == 0;
    hwloc_bitmap_free(now);
    weir_topology_free(&here);
    return may;
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(int argc, char **argv)
{
    const struct CMUnitTest cases[] = {
        CASE(a_thread_runs_where_its_place_is),
        CASE(a_plan_for_this_machine_can_be_applied),
        CASE(members_of_a_team_take_turns_on_its_cpus),
        CASE(a_refused_place_leaves_the_full_mask),
        CASE(many_refused_threads_give_one_warning),
        CASE(another_machine_is_left_alone),
        CASE(memory_lands_on_its_node),
        CASE(openmp_does_not_hide_cores),
        CASE(a_narrow_affinity_is_obeyed),
    };
    if (argc > 1 && strcmp(argv[1], "allowed") == 0)
        return print_allowed();
    if (!may_bind()) {
        printf("threads may not be bound here\n");
        return TEST_SKIPPED;
    }
    return RUN(cases);
}
