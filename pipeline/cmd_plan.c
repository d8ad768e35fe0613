/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/commands.h"

#include "base/err.h"
#include "pipeline/registries.h"
#include "pipeline/run.h"
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

static int print_plan(const struct weir_config *cfg)
{
    struct weir_topology topology = {0};
    struct weir_plan plan = {0};
    char *text = NULL;
    int rc = find_topology(&topology);
    rc = rc ? rc : weir_run_plan(cfg, &topology, &plan);
    rc = rc ? rc : weir_plan_text(&plan, &text);
    if (rc == 0)
        fputs(text, stdout);
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
