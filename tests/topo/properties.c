/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What holds for every plan, on machines and requests drawn at random. The
 * checks ask hwloc about cores, caches and nodes, not the planner's own lists.
 */
#include "tests/test.h"

#include "base/rng.h"
#include "topo/plan.h"
#include "topo/plan_text.h"

#include <hwloc.h>
#include <hwloc/cpukinds.h>
#include <limits.h>
#include <math.h>

#define TRIALS 4000

/* The trial at hand, for the message when a check in it fails. */
static int trial_at;
static char trial_text[2048];

/* One drawn case. */
struct trial {
    struct weir_rng rng;
    char description[256];
    struct weir_topology topo;
    struct weir_plan_request request;
    bool is_whole; /* every cpu allowed, one kind, no quota */
    int nodes;
};

static int name_the_failed_trial(void **state)
{
    (void)state;
    if (trial_at < TRIALS)
        print_message("trial %d: %s\n", trial_at, trial_text);
    return 0;
}

static int draw(struct trial *t, int low, int high)
{
    return low + (int)weir_rng_below(&t->rng, (uint32_t)(high - low + 1));
}

static bool chance(struct trial *t, int percent)
{
    return draw(t, 1, 100) <= percent;
}

static void draw_machine(struct trial *t)
{
    const char *const memory[] = {"", "[numa] ", "[numa] [numa] "};
    char l3[32] = "", below[32] = "";
    if (chance(t, 70))
        snprintf(l3, sizeof(l3), "l3:%d ", draw(t, 1, 4));
    if (chance(t, 20))
        snprintf(below, sizeof(below), "numa:%d ", draw(t, 1, 3));
    snprintf(t->description, sizeof(t->description),
             "package:%d %s%s%score:%d pu:%d", draw(t, 1, 3),
             *below ? "" : memory[draw(t, 0, 2)], l3, below, draw(t, 1, 10),
             draw(t, 1, 2));
    ok(weir_topology_from_synthetic(t->description, &t->topo));
}

/* Keep each cpu with some probability; possibly none. */
static void draw_cpuset(struct trial *t)
{
    int percent = draw(t, 0, 100), cpu;
    hwloc_bitmap_foreach_begin(cpu, t->topo.allowed) if (!chance(t, percent))
        hwloc_bitmap_clr(t->topo.allowed, (unsigned)cpu);
    hwloc_bitmap_foreach_end();
    t->is_whole = false;
}

/* Declare some cores slow and the rest fast. */
static void draw_kinds(struct trial *t)
{
    hwloc_topology_t hw = t->topo.hwloc;
    hwloc_bitmap_t set[2] = {hwloc_bitmap_alloc(), hwloc_bitmap_alloc()};
    hwloc_obj_t core = NULL;
    while ((core = hwloc_get_next_obj_by_type(hw, HWLOC_OBJ_CORE, core))) {
        int kind = chance(t, 50);
        hwloc_bitmap_or(set[kind], set[kind], core->cpuset);
    }
    for (int k = 0; k < 2; k++) {
        if (!hwloc_bitmap_iszero(set[k]))
            ok(hwloc_cpukinds_register(hw, set[k], k, 0, NULL, 0));
        hwloc_bitmap_free(set[k]);
    }
    t->is_whole = false;
}

static void draw_request(struct trial *t)
{
    struct weir_plan_request *r = &t->request;
    *r = (struct weir_plan_request)WEIR_PLAN_REQUEST;
    r->micro_batches = chance(t, 50) ? 1024 : draw(t, 1, 24);
    r->lanes = chance(t, 50) ? INT_MAX : draw(t, 0, 24);
    r->solver_share = chance(t, 50) ? 0.5 : weir_rng_uniform(&t->rng);
    r->cores_per_group = chance(t, 60) ? 1 : draw(t, 1, 6);
    if (chance(t, 20))
        r->groups = draw(t, 1, r->micro_batches < 40 ? r->micro_batches : 40);
    if (chance(t, 20) && r->lanes > 0)
        r->solver_threads = draw(t, 1, r->lanes < 40 ? r->lanes : 40);
    r->bind = chance(t, 90);
    r->slots = (size_t)draw(t, 0, 1000);
    r->slot_bytes = 1 << 10;
    r->port_bytes = r->group_bytes = 1 << 12;
}

static void draw_trial(struct trial *t, int i)
{
    *t = (struct trial){.is_whole = true};
    t->rng = weir_rng_stream(1, WEIR_RNG_TEST, (uint64_t)i);
    draw_machine(t);
    if (chance(t, 40))
        draw_cpuset(t);
    if (chance(t, 25))
        draw_kinds(t);
    if (chance(t, 20)) {
        t->topo.quota = 0.1 + 20 * weir_rng_uniform(&t->rng);
        t->is_whole = false;
    }
    draw_request(t);
    snprintf(trial_text, sizeof(trial_text), "%s\n", t->description);
}

/* Objects of @p type that @p cpus touch; 0 where the machine has none. */
static int touched(const struct trial *t, hwloc_obj_type_t type,
                   hwloc_const_bitmap_t cpus)
{
    int n = 0;
    hwloc_obj_t o = NULL;
    while ((o = hwloc_get_next_obj_by_type(t->topo.hwloc, type, o)))
        n += hwloc_bitmap_intersects(o->cpuset, cpus);
    return n;
}

static hwloc_obj_t node_numbered(const struct trial *t, int number)
{
    return hwloc_get_numanode_obj_by_os_index(t->topo.hwloc, (unsigned)number);
}

static bool has_warning(const struct weir_plan *p)
{
    for (int i = 0; i < p->notes; i++)
        if (p->note[i].is_warning)
            return true;
    return false;
}

static void check_place(const struct trial *t, const struct weir_plan *p,
                        const struct weir_place *place)
{
    assert_false(hwloc_bitmap_iszero(place->cpus));
    assert_true(hwloc_bitmap_isincluded(place->cpus, t->topo.allowed));
    if (place->node >= 0)
        assert_true(hwloc_bitmap_isincluded(
            place->cpus, node_numbered(t, place->node)->cpuset));
    if (!t->request.bind || p->sharing == WEIR_SHARING_FLOATING) {
        assert_false(place->pinned);
        assert_true(hwloc_bitmap_isequal(place->cpus, t->topo.allowed));
    }
}

static void check_places(const struct trial *t, const struct weir_plan *p)
{
    for (int i = 0; i < p->groups; i++)
        check_place(t, p, &p->group[i]);
    for (int i = 0; i < p->solvers; i++)
        check_place(t, p, &p->solver[i]);
    for (int i = 0; i < WEIR_SERVICES; i++)
        check_place(t, p, &p->service[i]);
}

/* Allowed cores, and those after the quota, counted by hwloc. */
static int allowed_cores(const struct trial *t)
{
    return touched(t, HWLOC_OBJ_CORE, t->topo.allowed);
}

static void check_counts(const struct trial *t, const struct weir_plan *p)
{
    const struct weir_plan_request *r = &t->request;
    int cores = allowed_cores(t);
    if (t->topo.quota > 0 && ceil(t->topo.quota) < cores)
        cores = (int)ceil(t->topo.quota);
    assert_int_equal(p->usable_cores, cores);
    assert_true(p->groups >= 1 && p->groups <= r->micro_batches);
    assert_true(p->cores_per_group >= 1 &&
                p->cores_per_group <= r->cores_per_group);
    assert_true(p->solvers <= r->lanes && (p->solvers > 0) == (r->lanes > 0));
    if (r->groups)
        assert_int_equal(p->groups, r->groups);
    else
        assert_true(p->groups * p->cores_per_group <= cores);
    if (r->solver_threads)
        assert_int_equal(p->solvers, r->solver_threads);
    else
        assert_true(p->solvers <= cores);
    if (!r->groups && !r->solver_threads)
        assert_true(p->sharing == WEIR_SHARING_OWN ||
                    p->sharing == WEIR_SHARING_FLOATING);
    if (p->sharing == WEIR_SHARING_CROWDED)
        assert_true(has_warning(p));
    if ((r->groups ? p->groups : 1) * p->cores_per_group + r->solver_threads >
            cores &&
        (r->groups || r->solver_threads))
        assert_true(has_warning(p));
}

/* With nothing prescribed, cores have owners and none is left over. */
static void check_use(const struct trial *t, const struct weir_plan *p)
{
    const struct weir_plan_request *r = &t->request;
    int idle = 0;
    if (r->groups || r->solver_threads || r->cores_per_group > 1 || !r->bind ||
        p->usable_cores < 3 || p->usable_cores < allowed_cores(t))
        return;
    assert_int_equal(p->sharing, WEIR_SHARING_OWN);
    assert_int_equal(p->has_service_core, p->usable_cores >= 8);
    for (int i = 0; i < p->inventory.cores; i++)
        idle += p->role[i] == WEIR_ROLE_IDLE;
    if (r->lanes == INT_MAX)
        assert_int_equal(idle, 0);
}

/* Cores of pinned threads belong to them; a team stays near its cache. */
static void check_ownership(const struct trial *t, const struct weir_plan *p)
{
    hwloc_bitmap_t taken = hwloc_bitmap_alloc();
    int cores = 0;
    for (int i = 0; i < p->groups; i++) {
        const struct weir_place *g = &p->group[i];
        assert_true(g->pinned);
        assert_int_equal(hwloc_bitmap_weight(g->cpus), p->cores_per_group);
        assert_int_equal(touched(t, HWLOC_OBJ_CORE, g->cpus),
                         p->cores_per_group);
        assert_in_range(touched(t, HWLOC_OBJ_L3CACHE, g->cpus), 0, 1);
        assert_int_equal(touched(t, HWLOC_OBJ_PACKAGE, g->cpus), 1);
        hwloc_bitmap_or(taken, taken, g->cpus);
        cores += p->cores_per_group;
    }
    for (int i = 0; i < p->solvers; i++) {
        assert_false(hwloc_bitmap_intersects(taken, p->solver[i].cpus));
        assert_int_equal(p->solver[i].pinned, p->sharing == WEIR_SHARING_OWN);
        assert_true(p->solver[i].node >= 0);
        if (p->sharing != WEIR_SHARING_OWN)
            continue;
        assert_int_equal(hwloc_bitmap_weight(p->solver[i].cpus), 1);
        hwloc_bitmap_or(taken, taken, p->solver[i].cpus);
        cores++;
    }
    for (int i = 0; i < WEIR_SERVICES && p->solvers; i++)
        for (int g = 0; g < p->groups; g++)
            assert_false(
                hwloc_bitmap_intersects(p->service[i].cpus, p->group[g].cpus));
    if (p->has_service_core) {
        assert_true(p->service[0].pinned);
        assert_false(hwloc_bitmap_intersects(taken, p->service[0].cpus));
        hwloc_bitmap_or(taken, taken, p->service[0].cpus);
        cores++;
    }
    assert_int_equal(touched(t, HWLOC_OBJ_CORE, taken), cores);
    hwloc_bitmap_free(taken);
}

static int kind_of(const struct trial *t, hwloc_obj_t core)
{
    int kind = hwloc_cpukinds_get_by_cpuset(t->topo.hwloc, core->cpuset, 0);
    return kind < 0 ? 0 : kind;
}

/* On one node no core is faster than a group's and not a group's itself. */
static void check_kinds(const struct trial *t, const struct weir_plan *p)
{
    hwloc_topology_t hw = t->topo.hwloc;
    hwloc_bitmap_t used = hwloc_bitmap_alloc();
    int slowest = INT_MAX, fastest_left = -1;
    for (int i = 0; i < p->groups; i++)
        hwloc_bitmap_or(used, used, p->group[i].cpus);
    hwloc_obj_t core = NULL;
    while ((core = hwloc_get_next_obj_by_type(hw, HWLOC_OBJ_CORE, core))) {
        int kind = kind_of(t, core);
        if (!hwloc_bitmap_intersects(core->cpuset, t->topo.allowed))
            continue;
        if (hwloc_bitmap_intersects(core->cpuset, used))
            slowest = kind < slowest ? kind : slowest;
        else if (!p->has_service_core ||
                 !hwloc_bitmap_intersects(core->cpuset, p->service[0].cpus))
            fastest_left = kind > fastest_left ? kind : fastest_left;
    }
    assert_true(fastest_left <= slowest);
    hwloc_bitmap_free(used);
}

static int on_node(const struct weir_place *place, int n, int node)
{
    int count = 0;
    for (int i = 0; i < n; i++)
        count += place[i].node == node;
    return count;
}

/* A whole machine of equal nodes: groups within one of each other. */
static void check_balance(const struct weir_plan *p)
{
    int nodes = p->inventory.nodes, least = INT_MAX, most = 0;
    for (int n = 0; n < nodes; n++) {
        int number = p->inventory.node[n].number;
        int groups = on_node(p->group, p->groups, number);
        int solvers = on_node(p->solver, p->solvers, number);
        least = groups < least ? groups : least;
        most = groups > most ? groups : most;
        if (p->request.groups || p->request.solver_threads)
            continue;
        /* The services' core may be all that a node has beside a group. */
        if (p->groups >= nodes && p->solvers >= nodes &&
            p->inventory.node[n].cores > 2 && p->request.solver_share == 0.5)
            assert_true(groups > 0 && solvers > 0);
    }
    assert_true(most - least <= 1);
}

static void check_memory(const struct weir_plan *p)
{
    int group = 0, solver = 0;
    size_t slot = 0;
    for (int i = 0; i < p->memories; i++) {
        const struct weir_plan_memory *m = &p->memory[i];
        assert_int_equal(m->first_group, group);
        assert_int_equal(m->first_solver, solver);
        assert_int_equal(m->first_slot, slot);
        for (int g = group; g < group + m->groups; g++)
            assert_int_equal(p->group[g].node, m->node);
        for (int s = solver; s < solver + m->solvers; s++)
            assert_int_equal(p->solver[s].node, m->node);
        if (m->slots) {
            assert_int_equal(weir_plan_slot_node(p, slot), m->node);
            assert_int_equal(weir_plan_slot_node(p, slot + m->slots - 1),
                             m->node);
            assert_true(m->groups > 0);
        }
        group += m->groups;
        solver += m->solvers;
        slot += m->slots;
    }
    assert_int_equal(group, p->groups);
    assert_int_equal(solver, p->solvers);
    assert_int_equal(slot, p->request.slots);
}

/* Every allowed cpu's core appears, and so do the last group and thread. */
static void check_text(const struct weir_plan *p)
{
    char *text, last[16];
    ok(weir_plan_text(p, &text));
    strncat(trial_text, text, sizeof(trial_text) - strlen(trial_text) - 1);
    snprintf(last, sizeof(last), "g%d", p->groups - 1);
    assert_non_null(strstr(text, last));
    snprintf(last, sizeof(last), "s%d", p->solvers - 1);
    assert_true(p->solvers == 0 || strstr(text, last));
    assert_non_null(
        strstr(text, p->has_service_core ? "supervisor" : "services"));
    for (int i = 0; i < p->notes; i++)
        assert_non_null(strstr(text, p->note[i].text));
    free(text);
}

static void check_plan(const struct trial *t, const struct weir_plan *p)
{
    check_counts(t, p);
    check_use(t, p);
    check_places(t, p);
    check_memory(p);
    check_text(p);
    if (p->sharing == WEIR_SHARING_FLOATING)
        return;
    check_ownership(t, p);
    if (p->cores_per_group == 1 && p->inventory.nodes == 1)
        check_kinds(t, p);
    if (p->cores_per_group == 1 && t->is_whole)
        check_balance(p);
}

static void invariants_hold_on_random_machines(void **state)
{
    (void)state;
    int made[WEIR_SHARING_FLOATING + 1] = {0}, refused = 0;
    for (trial_at = 0; trial_at < TRIALS; trial_at++) {
        struct trial t;
        struct weir_plan plan;
        draw_trial(&t, trial_at);
        int rc = weir_plan_make(&t.topo, &t.request, &plan);
        if (hwloc_bitmap_iszero(t.topo.allowed)) {
            fails(rc, -WEIR_EENV);
            refused++;
        } else {
            ok(rc);
            check_plan(&t, &plan);
            made[plan.sharing]++;
        }
        weir_plan_free(&plan);
        weir_topology_free(&t.topo);
    }
    print_message("own %d, crowded %d, floating %d, refused %d\n",
                  made[WEIR_SHARING_OWN], made[WEIR_SHARING_CROWDED],
                  made[WEIR_SHARING_FLOATING], refused);
    assert_true(made[WEIR_SHARING_OWN] > TRIALS / 4);
    assert_true(made[WEIR_SHARING_CROWDED] > TRIALS / 100);
    assert_true(made[WEIR_SHARING_FLOATING] > TRIALS / 10);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test_teardown(invariants_hold_on_random_machines,
                                  name_the_failed_trial),
    };
    return RUN(cases);
}
