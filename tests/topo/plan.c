/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Plans for machines nobody here has to own, against the texts in expected/.
 * WEIR_GOLDEN_UPDATE=1 rewrites those; read the difference before keeping it.
 */
#include "tests/test.h"

#include "topo/plan.h"
#include "topo/plan_text.h"

#include <limits.h>

#define XML WEIR_TEST_DATA "/topo/"

struct machine {
    const char *name;   /* of the expected text */
    const char *source; /* synthetic description, or path of an XML file */
    const char *allow;  /* cpus; NULL: all */
    double quota;       /* 0: none */
    /* 0: a run large enough that the machine, not the request, decides */
    int groups, solver_threads, cores_per_group, lanes, micro_batches;
    bool has_no_solvers, is_unbound;
};

#define NUMA "[numa(memory=68719476736)]"

static const struct machine machines[] = {
    {.name = "one_core", .source = "package:1 l3:1 core:1 pu:1"},
    {.name = "two_cores", .source = "package:1 l3:1 core:2 pu:1"},
    {.name = "four_cores", .source = "package:1 l3:1 core:4 pu:1"},
    {.name = "laptop", .source = XML "laptop_6p8e.xml"},
    {.name = "laptop_low_power_island", .source = XML "laptop_4p4e.xml"},
    {.name = "two_sockets_smt",
     .source = "package:2 " NUMA " l3:1 core:16 pu:2(indexes=core)"},
    {.name = "four_nodes", .source = "package:2 numa:2 l3:1 core:6 pu:1"},
    {.name = "eight_nodes",
     .source = "package:2 group:4 " NUMA " l3:2 core:4 pu:2(indexes=core)"},
    {.name = "l3_per_eight", .source = "package:2 " NUMA " l3:8 core:8 pu:1"},
    {.name = "l3_per_eight_small_job",
     .source = "package:2 " NUMA " l3:8 core:8 pu:1",
     .micro_batches = 10,
     .lanes = 24},
    {.name = "interleaved_numbers",
     .source = "package:2 " NUMA " l3:1 core:8 pu:1(indexes=package)"},
    {.name = "restricted_cpuset",
     .source = "package:2 " NUMA " l3:2 core:8 pu:2(indexes=core)",
     .allow = "4-11,18,50"},
    {.name = "quota", .source = "package:1 l3:1 core:16 pu:1", .quota = 2.5},
    {.name = "quota_two_nodes",
     .source = "package:2 numa:1 l3:1 core:8 pu:1",
     .quota = 6},
    {.name = "quota_without_effect",
     .source = "package:1 l3:1 core:4 pu:1",
     .quota = 3.5},
    {.name = "groups_of_four",
     .source = "package:2 " NUMA " l3:4 core:4 pu:1",
     .cores_per_group = 4},
    {.name = "groups_of_three",
     .source = "package:1 " NUMA " l3:4 core:8 pu:1",
     .cores_per_group = 3,
     .groups = 5},
    {.name = "group_wider_than_l3",
     .source = "package:1 " NUMA " l3:4 core:2 pu:1",
     .cores_per_group = 4},
    {.name = "many_solver_threads",
     .source = "package:2 " NUMA " l3:1 core:8 pu:2(indexes=core)",
     .solver_threads = 40},
    {.name = "many_groups",
     .source = "package:2 " NUMA " l3:1 core:4 pu:1",
     .groups = 12,
     .solver_threads = 4},
    {.name = "all_cores_but_one",
     .source = "package:1 l3:1 core:16 pu:1",
     .groups = 15},
    {.name = "unbound",
     .source = "package:2 " NUMA " l3:1 core:8 pu:1",
     .is_unbound = true},
    {.name = "no_solvers",
     .source = "package:1 l3:1 core:8 pu:1",
     .has_no_solvers = true,
     .micro_batches = 4},
    {.name = "no_l3", .source = "package:1 core:8 pu:1"},
    {.name = "little_memory",
     .source = "package:1 [numa(memory=134217728)] l3:1 core:8 pu:1"},
};

static int or_wide(int asked, int wide)
{
    return asked ? asked : wide;
}

static struct weir_plan_request request_of(const struct machine *m)
{
    return (struct weir_plan_request){
        .groups = m->groups,
        .cores_per_group = or_wide(m->cores_per_group, 1),
        .solver_threads = m->solver_threads,
        .lanes = m->has_no_solvers ? 0 : or_wide(m->lanes, INT_MAX),
        .micro_batches = or_wide(m->micro_batches, 1024),
        .solver_share = 0.5,
        .bind = !m->is_unbound,
        .slots = 4096,
        .slot_bytes = 40960,
        .port_bytes = 8192,
        .group_bytes = 12 << 20,
    };
}

static void load(const struct machine *m, struct weir_topology *topo)
{
    if (strchr(m->source, ':'))
        ok(weir_topology_from_synthetic(m->source, topo));
    else
        ok(weir_topology_from_xml(m->source, topo));
    if (m->allow)
        ok(weir_topology_allow(topo, m->allow));
    topo->quota = m->quota;
}

static char *plan_of(const struct machine *m)
{
    struct weir_topology topo;
    struct weir_plan plan;
    struct weir_plan_request request = request_of(m);
    char *text;
    load(m, &topo);
    ok(weir_plan_make(&topo, &request, &plan));
    ok(weir_plan_text(&plan, &text));
    weir_plan_free(&plan);
    weir_topology_free(&topo);
    return text;
}

static char *read_expected(const char *path)
{
    char *text = calloc(1, 65536);
    FILE *f = fopen(path, "r");
    if (!f)
        fail_msg("%s is missing", path);
    text[fread(text, 1, 65535, f)] = '\0';
    fclose(f);
    return text;
}

static void write_expected(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
}

static void every_machine_gets_the_expected_plan(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(machines) / sizeof(*machines); i++) {
        char path[512];
        snprintf(path, sizeof(path), "%s/topo/expected/%s.txt", WEIR_TEST_DATA,
                 machines[i].name);
        char *text = plan_of(&machines[i]);
        if (getenv("WEIR_GOLDEN_UPDATE"))
            write_expected(path, text);
        char *expected = read_expected(path);
        if (strcmp(text, expected) != 0)
            fail_msg("%s is now\n%s", machines[i].name, text);
        free(expected);
        free(text);
    }
}

static void a_plan_is_the_same_each_time(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(machines) / sizeof(*machines); i++) {
        char *first = plan_of(&machines[i]), *second = plan_of(&machines[i]);
        assert_string_equal(first, second);
        free(first);
        free(second);
    }
}

static void lines_fit_a_terminal(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(machines) / sizeof(*machines); i++) {
        char *text = plan_of(&machines[i]);
        for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
            if (strncmp(line, "note", 4) && strncmp(line, "warning", 7))
                assert_true(strlen(line) <= 80);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(every_machine_gets_the_expected_plan),
        cmocka_unit_test(a_plan_is_the_same_each_time),
        cmocka_unit_test(lines_fit_a_terminal),
    };
    return RUN(cases);
}
