/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_TOPO_CGROUP_H
#define WEIR_TOPO_CGROUP_H

/**
 * @file
 * How much CPU time the control groups of this process allow. A container may
 * see every core of a node and yet be stopped for the rest of each period once
 * it has used, say, 2.5 CPUs' worth of it.
 *
 * Files read, all below one root so that a test can bring its own tree:
 *   /proc/self/cgroup, /proc/self/mountinfo     which group, mounted where
 *   cpu.max                                     cgroup v2: "QUOTA PERIOD"
 *   cpu.cfs_quota_us, cpu.cfs_period_us         cgroup v1
 * The limit of a group binds all groups below it, so the smallest limit on the
 * way up to the mount counts.
 */

/**
 * CPUs' worth of time this process may use.
 *
 * @param root  prefix of every path; "" is this system
 * @return CPUs (2.5 for "250000 100000"), or 0 when nothing limits it. What
 *         cannot be read limits nothing; what cannot be understood is also
 *         logged as a warning.
 */
double weir_cgroup_cpus(const char *root);

/**
 * Read the text of a cpu.max file: "max 100000", "250000 100000", or the quota
 * alone, whose period is then 100000.
 * @param[out] cpus  quota / period; 0 for "max"; unchanged on failure
 * @return 0
 * @return -EINVAL  not of this form, or a quota or period below 1
 */
int weir_cgroup_parse_cpu_max(const char *text, double *cpus);

#endif
