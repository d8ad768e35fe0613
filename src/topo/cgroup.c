/* SPDX-License-Identifier: BSD-3-Clause */
#include "topo/cgroup.h"

#include "base/err.h"
#include "base/log.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The group of this process in one hierarchy, and where that is mounted. */
struct group {
    char path[PATH_MAX];  /* as /proc/self/cgroup names it */
    char top[PATH_MAX];   /* the group that the mount point shows */
    char mount[PATH_MAX]; /* the mount point */
};

/* Read a small file whole. False when it cannot be opened. */
static bool slurp(const char *path, char *text, size_t size)
{
    FILE *f = fopen(path, "r");
    if (!f)
        return false;
    text[fread(text, 1, size - 1, f)] = '\0';
    fclose(f);
    return true;
}

/* Whether the comma-separated @p list has the word "cpu". */
static bool has_cpu(const char *list)
{
    for (const char *at = list; at; at = strchr(at, ',')) {
        at += *at == ',';
        if (!strncmp(at, "cpu", 3) && (at[3] == ',' || !at[3] || at[3] == '\n'))
            return true;
    }
    return false;
}

/* One line of /proc/self/cgroup: "0::/path" (v2) or "4:cpu,cpuacct:/path". */
static bool take_path(char *line, bool v2, char *path)
{
    char *controllers = strchr(line, ':');
    char *name = controllers ? strchr(controllers + 1, ':') : NULL;
    if (!name)
        return false;
    *name++ = '\0';
    controllers++;
    if (v2 ? *controllers != '\0' : !has_cpu(controllers))
        return false;
    name[strcspn(name, "\n")] = '\0';
    snprintf(path, PATH_MAX, "%s", name);
    return true;
}

/*
 * One line of /proc/self/mountinfo. Fields: id, parent, device, root of the
 * mount within its file system, mount point, options, optional fields, "-",
 * type, source, options of the file system.
 */
static bool take_mount(char *line, bool v2, struct group *g)
{
    char type[32], options[256];
    char *dash = strstr(line, " - ");
    if (!dash || sscanf(dash, " - %31s %*s %255s", type, options) != 2)
        return false;
    if (v2 ? strcmp(type, "cgroup2") != 0
           : strcmp(type, "cgroup") != 0 || !has_cpu(options))
        return false;
    _Static_assert(PATH_MAX == 4096, "widths of the two fields below");
    return sscanf(line, "%*s %*s %*s %4095s %4095s", g->top, g->mount) == 2;
}

static bool find_group(const char *root, bool v2, struct group *g)
{
    char file[PATH_MAX], line[2 * PATH_MAX];
    bool path = false, mount = false;
    snprintf(file, sizeof(file), "%s/proc/self/cgroup", root);
    FILE *f = fopen(file, "r");
    while (f && !path && fgets(line, sizeof(line), f))
        path = take_path(line, v2, g->path);
    if (f)
        fclose(f);
    snprintf(file, sizeof(file), "%s/proc/self/mountinfo", root);
    f = path ? fopen(file, "r") : NULL;
    while (f && !mount && fgets(line, sizeof(line), f))
        mount = take_mount(line, v2, g);
    if (f)
        fclose(f);
    return path && mount;
}

/* A whole positive number followed by space, line end or nothing. */
static bool take_count(const char **text, double *out)
{
    char *end;
    if (**text < '0' || **text > '9')
        return false;
    unsigned long long n = strtoull(*text, &end, 10);
    if (n == 0 || (*end && !strchr(" \n", *end)))
        return false;
    *out = (double)n;
    *text = end + strspn(end, " ");
    return true;
}

int weir_cgroup_parse_cpu_max(const char *text, double *cpus)
{
    double quota = 0, period = 100000;
    const char *at = text;
    bool is_max = !strncmp(at, "max", 3) && strchr(" \n", at[3]);
    if (is_max)
        at += 3 + strspn(at + 3, " ");
    else if (!take_count(&at, &quota))
        goto bad;
    if (*at && *at != '\n' && !take_count(&at, &period))
        goto bad;
    if (at[strspn(at, "\n")])
        goto bad;
    *cpus = quota / period;
    return 0;
bad:
    return WEIR_FAIL(EINVAL,
                     "cpu.max: '%.*s', expected \"max\" or a quota, "
                     "then a period",
                     (int)strcspn(text, "\n"), text);
}

/* The two v1 files as one line of the v2 form; "max" when there is no limit. */
static bool slurp_v1(const char *folder, char *text, size_t size)
{
    char file[3 * PATH_MAX + 32], quota[64], period[64];
    snprintf(file, sizeof(file), "%s/cpu.cfs_quota_us", folder);
    if (!slurp(file, quota, sizeof(quota)))
        return false;
    snprintf(file, sizeof(file), "%s/cpu.cfs_period_us", folder);
    if (!slurp(file, period, sizeof(period)))
        return false;
    bool is_limited = quota[0] != '-'; /* -1 */
    snprintf(text, size, "%.*s %s", is_limited ? (int)strcspn(quota, "\n") : 3,
             is_limited ? quota : "max", period);
    return true;
}

/* The limit written in one group's folder; 0 when there is none. */
static double limit_of(const char *folder, bool v2)
{
    char file[3 * PATH_MAX + 32], text[160];
    double cpus = 0;
    snprintf(file, sizeof(file), "%s/cpu.max", folder);
    if (!(v2 ? slurp(file, text, sizeof(text))
             : slurp_v1(folder, text, sizeof(text))))
        return 0;
    if (weir_cgroup_parse_cpu_max(text, &cpus) < 0) {
        weir_log_warn("topo", "control group %s ignored: %s", folder,
                      weir_err_message());
        weir_err_clear();
    }
    return cpus;
}

/*
 * The group's path below the mount point. A mount may show a subtree only (a
 * container that sees its own group as the top); a path outside of that
 * subtree ("/..", another container) leaves the mount point itself.
 */
static const char *below_mount(const struct group *g)
{
    size_t n = strcmp(g->top, "/") ? strlen(g->top) : 0;
    if (strstr(g->path, "..") || strncmp(g->path, g->top, n) != 0)
        return "";
    const char *rest = g->path + n;
    return *rest == '/' && rest[1] ? rest : "";
}

/* The smallest limit from the process's group up to the mount point. */
static double limit_upwards(const char *root, bool v2)
{
    struct group g;
    char folder[3 * PATH_MAX];
    double least = 0;
    if (!find_group(root, v2, &g))
        return 0;
    int top = snprintf(folder, sizeof(folder), "%s%s", root, g.mount);
    snprintf(folder + top, sizeof(folder) - (size_t)top, "%s", below_mount(&g));
    for (;;) {
        double here = limit_of(folder, v2);
        if (here > 0 && (least == 0 || here < least))
            least = here;
        if (strlen(folder) <= (size_t)top)
            return least;
        *strrchr(folder, '/') = '\0';
    }
}

double weir_cgroup_cpus(const char *root)
{
    double v2 = limit_upwards(root, true), v1 = limit_upwards(root, false);
    return v1 > 0 && (v2 == 0 || v1 < v2) ? v1 : v2;
}
