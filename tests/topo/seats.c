/* SPDX-License-Identifier: BSD-3-Clause */
/* Wherever the border between groups and solver threads lies, each core has one
 * seat and each node its share of both. */
#include "tests/test.h"

#include "topo/seats.h"
#include "topo/topology.h"

#include <hwloc.h>

#define NODES 8

static void make(const char *machine, int groups,
                 struct weir_topology *topology, struct weir_plan *plan)
{
    struct weir_plan_request r = WEIR_PLAN_REQUEST;
    r.groups = groups;
    r.lanes = 4096;
    r.micro_batches = 4096;
    ok(weir_topology_from_synthetic(machine, topology));
    ok(weir_plan_make(topology, &r, plan));
}

static void every_core_has_one_seat(const struct weir_plan *plan,
                                    const struct weir_seats *s)
{
    hwloc_bitmap_t all = hwloc_bitmap_alloc();
    assert_int_equal(s->n, plan->groups + plan->solvers);
    for (int i = 0; i < s->n; i++) {
        assert_false(hwloc_bitmap_intersects(all, s->seat[i].cpus));
        hwloc_bitmap_or(all, all, s->seat[i].cpus);
    }
    assert_int_equal(hwloc_bitmap_weight(all), s->n);
    hwloc_bitmap_free(all);
}

/* Seats [from, to) of each node. */
static void count(const struct weir_seats *s, int from, int to, int node[NODES])
{
    memset(node, 0, NODES * sizeof(*node));
    for (int i = from; i < to; i++)
        node[s->seat[i].node]++;
}

static void nodes_keep_their_share(const struct weir_plan *plan,
                                   const struct weir_seats *s, int border)
{
    int groups[NODES], solvers[NODES];
    count(s, 0, border, groups);
    count(s, border, s->n, solvers);
    for (int i = 0; i < plan->inventory.nodes; i++) {
        int cores = groups[i] + solvers[i];
        double share = (double)border * cores / s->n;
        /* A node that keeps the services has a core less. */
        assert_true(groups[i] >= share - 2.01 && groups[i] <= share + 2.01);
    }
}

static void any_border_leaves_each_node_its_share(void **state)
{
    (void)state;
    static const char *const machine[] = {
        "package:1 [numa] l3:1 core:16 pu:1",
        "package:2 [numa] l3:2 core:16 pu:2",
        "package:2 [numa] l3:8 core:8 pu:1",
        "package:4 [numa] l3:1 core:24 pu:1",
    };
    for (size_t m = 0; m < sizeof(machine) / sizeof(*machine); m++)
        for (int groups = 4; groups <= 12; groups += 4) {
            struct weir_topology topology;
            struct weir_plan plan;
            struct weir_seats s;
            make(machine[m], groups, &topology, &plan);
            ok(weir_seats_make(&plan, 4096, 4096, &s));
            assert_int_equal(s.most_groups, s.n - 1);
            assert_int_equal(s.most_solvers, s.n - 1);
            every_core_has_one_seat(&plan, &s);
            for (int border = 1; border < s.n; border++) {
                nodes_keep_their_share(&plan, &s, border);
                assert_int_equal(weir_seats_solvers_beside(&s, border),
                                 s.n - border);
            }
            weir_seats_free(&s);
            weir_plan_free(&plan);
            weir_topology_free(&topology);
        }
}

static void a_border_that_stays_leaves_the_plan_as_it_is(void **state)
{
    (void)state;
    struct weir_topology topology;
    struct weir_plan plan;
    struct weir_seats s;
    make("package:2 [numa] l3:2 core:16 pu:2", 9, &topology, &plan);
    ok(weir_seats_make(&plan, 0, 0, &s));
    assert_int_equal(s.most_groups, 9);
    assert_int_equal(s.most_solvers, plan.solvers);
    for (int i = 0; i < plan.groups; i++)
        assert_ptr_equal(weir_seats_group(&s, (uint32_t)i)->cpus,
                         plan.group[i].cpus);
    for (int j = 0; j < plan.solvers; j++)
        assert_ptr_equal(weir_seats_solver(&s, (uint32_t)j)->cpus,
                         plan.solver[j].cpus);
    weir_seats_free(&s);
    weir_plan_free(&plan);
    weir_topology_free(&topology);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(any_border_leaves_each_node_its_share),
        cmocka_unit_test(a_border_that_stays_leaves_the_plan_as_it_is),
    };
    return RUN(cases);
}
