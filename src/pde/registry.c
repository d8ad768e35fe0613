/* SPDX-License-Identifier: BSD-3-Clause */
#include "pde/registry.h"

#include "base/err.h"

#include <string.h>

/* clang-format off */
static const struct weir_solver_ops *const solvers[] = {
    &weir_solver_kdv,
    &weir_solver_ks,
    &weir_solver_ks_cons,
    &weir_solver_burgers,
    &weir_solver_advection,
    &weir_solver_diffusion,
    &weir_solver_dispersion,
    &weir_solver_combined,
    &weir_solver_ks2d,
    &weir_solver_ns2d,
    &weir_solver_gs2d,
    &weir_solver_sources,
    &weir_solver_heat2d,
    &weir_solver_allen_cahn,
    &weir_solver_allen_cahn_points,
    &weir_solver_lorenz,
    &weir_solver_ball,
};
/* clang-format on */

#define COUNT (sizeof(solvers) / sizeof(solvers[0]))

const struct weir_solver_ops *const *weir_solver_list(size_t *n)
{
    *n = COUNT;
    return solvers;
}

int weir_solver_find(const char *name, const struct weir_solver_ops **out)
{
    const char *names[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        names[i] = solvers[i]->name;
        if (strcmp(name, names[i]) == 0) {
            *out = solvers[i];
            return 0;
        }
    }
    int rc = WEIR_FAIL(ENOENT, "solver '%s' is not known", name);
    const char *near = weir_nearest_name(name, names, COUNT);
    if (near)
        weir_err_hint("did you mean '%s'?", near);
    return rc;
}
