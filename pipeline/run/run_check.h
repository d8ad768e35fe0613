/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_PIPELINE_RUN_CHECK_H
#define WEIR_PIPELINE_RUN_CHECK_H

/**
 * @file
 * Whether a run can be made of a configuration, before anything of it is: no
 * directory, no shared memory, no thread. What keys say of each other is
 * io/config.h's; here solver, model and strategy are created, asked about each
 * other, and released.
 */
#include "io/config.h"

/**
 * @return 0
 * @return -WEIR_ECONFIG somebody refuses: who, what was expected, one hint; a
 *         strategy's refusal names the line that chose it
 * @return -ENOMEM, -WEIR_EENV
 */
int weir_run_check(const struct weir_config *cfg);

/**
 * Whether the configured model can be asked about candidates of which only the
 * first frame is known.
 * @param who  asks
 * @return 0, -WEIR_ECONFIG
 */
int weir_run_check_forecast(const struct weir_config *cfg, const char *who);

#endif
