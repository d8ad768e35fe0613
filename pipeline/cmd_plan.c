/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/commands.h"

#include "base/err.h"
#include "pipeline/registries.h"
#include "pipeline/run.h"
#include "pipeline/trainer_memory.h"
#include "topo/list.h"
#include "topo/plan_text.h"

#include <stdio.h>
#include <stdlib.h>

/* hwloc reads these variables too, but goes on with this machine when it
 * cannot make sense of them. */
static int find_topology(struct weir_topology *out)
{
    const char *xml = getenv("HWLOC_XMLFILE");
    const char *synthetic = getenv("HWLOC_SYNTHETIC");
    int rc = xml         ? weir_topology_from_xml(xml, out)
             : synthetic ? weir_topology_from_synthetic(synthetic, out)
                         : weir_topology_discover(out);
    return rc < 0 && -rc < WEIR_ECONFIG ? -WEIR_EENV : rc;
}

static void print_part(const char *what, size_t number, const char *of,
                       size_t bytes)
{
    char all[32], one[32];
    weir_list_bytes((double)number * (double)bytes, all, sizeof(all));
    weir_list_bytes((double)bytes, one, sizeof(one));
    printf("  %-28s %s", what, all);
    if (of)
        printf(": %zu %s of %s", number, of, one);
    printf("\n");
}

/* A model that does not fit its solver has a placement all the same. */
static int print_memory(const struct weir_config *cfg,
                        const struct weir_plan *plan)
{
    struct weir_run run = {.cfg = cfg};
    struct weir_trainer_memory m;
    int rc = weir_run_configure(&run);
    if (rc)
        return rc;
    rc = weir_trainer_memory_plan(&run, &m);
    run.solver->release(run.solver_config);
    printf("\ntraining\n");
    if (rc) {
        printf("  not with this: %s\n", weir_err_message());
        weir_err_clear();
        return rc == -WEIR_ECONFIG ? 0 : rc;
    }
    print_part("weights, moments, best", 1, NULL, m.weights);
    print_part("gradients", m.gradients, "buffers", m.gradient);
    print_part("nets", (size_t)plan->groups, "groups", m.group);
    print_part("held-out trajectories", 1, NULL, m.evaluated);
    return 0;
}

static int print_plan(const struct weir_config *cfg)
{
    struct weir_topology topology = {0};
    struct weir_plan plan = {0};
    char *text = NULL;
    int rc = find_topology(&topology);
    rc = rc ? rc : weir_run_plan(cfg, &topology, &plan);
    rc = rc ? rc : weir_plan_text(&plan, &text);
    if (rc == 0) {
        fputs(text, stdout);
        rc = print_memory(cfg, &plan);
    }
    free(text);
    weir_plan_free(&plan);
    weir_topology_free(&topology);
    return rc;
}

static int plan(int argc, char **argv)
{
    struct weir_arguments args;
    struct weir_config *cfg;
    int rc = weir_arguments_parse(&weir_command_plan, "CONFIG set", argc, argv,
                                  &args);
    if (rc < 0)
        return rc;
    if (!args.config)
        return weir_usage(&weir_command_plan, "which configuration?");
    rc = weir_config_load(args.config, &weir_registries, args.set, args.n_set,
                          &cfg);
    if (rc)
        return rc;
    rc = weir_config_check(cfg);
    rc = rc ? rc : print_plan(cfg);
    weir_config_free(cfg);
    return rc;
}

const struct weir_command weir_command_plan = {
    .name = "plan",
    .arguments = "CONFIG [--set KEY=VALUE]...",
    .summary = "show which core does what and which memory is where",
    .help = "  --set KEY=VALUE   override a key of the configuration\n\n"
            "HWLOC_XMLFILE=node.xml (from lstopo) or HWLOC_SYNTHETIC plans for "
            "another machine.\n",
    .run = plan,
};
