/* SPDX-License-Identifier: BSD-3-Clause */
/* Quotas read from trees of files as the kernel lays them out. */
#include "tests/test.h"

#include "base/log.h"
#include "topo/cgroup.h"

#include <sys/stat.h>
#include <unistd.h>

static char root[256];
static int warnings;

static void count_warnings(void *ctx, enum weir_log_level level,
                           const char *area, const char *text)
{
    (void)ctx, (void)area, (void)text;
    warnings += level == WEIR_LOG_WARN;
}

static void run(const char *fmt, const char *arg)
{
    char command[512];
    snprintf(command, sizeof(command), fmt, arg);
    assert_int_equal(system(command), 0);
}

static int begin(void **state)
{
    (void)state;
    const char *tmp = getenv("TMPDIR");
    snprintf(root, sizeof(root), "%s/weir_cgroup_XXXXXX", tmp ? tmp : "/tmp");
    warnings = 0;
    weir_log_sink(count_warnings, NULL);
    return mkdtemp(root) ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    run("rm -rf '%s'", root);
    weir_log_sink(NULL, NULL);
    return 0;
}

/* Write root/path, and the folders above it. */
static void put(const char *path, const char *text)
{
    char full[512];
    snprintf(full, sizeof(full), "%s%s", root, path);
    for (char *at = full + strlen(root) + 1; (at = strchr(at, '/')); at++) {
        *at = '\0';
        mkdir(full, 0700);
        *at = '/';
    }
    FILE *f = fopen(full, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void put_v2(const char *group, const char *top)
{
    char text[256];
    snprintf(text, sizeof(text), "0::%s\n", group);
    put("/proc/self/cgroup", text);
    snprintf(text, sizeof(text),
             "25 30 0:23 / /sys rw shared:7 - sysfs sysfs rw\n"
             "31 25 0:27 %s /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 "
             "cgroup2 rw,nsdelegate\n",
             top);
    put("/proc/self/mountinfo", text);
}

static void reads(double cpus)
{
    double got = weir_cgroup_cpus(root);
    if (got != cpus)
        fail_msg("read %g, expected %g", got, cpus);
}

static void cpu_max_has_two_forms(void **state)
{
    (void)state;
    double cpus = -1;
    ok(weir_cgroup_parse_cpu_max("max 100000\n", &cpus));
    assert_true(cpus == 0);
    ok(weir_cgroup_parse_cpu_max("max", &cpus));
    assert_true(cpus == 0);
    ok(weir_cgroup_parse_cpu_max("250000 100000\n", &cpus));
    assert_true(cpus == 2.5);
    ok(weir_cgroup_parse_cpu_max("50000 100000", &cpus));
    assert_true(cpus == 0.5);
    ok(weir_cgroup_parse_cpu_max("300000\n", &cpus));
    assert_true(cpus == 3);
}

static void garbage_is_refused_and_changes_nothing(void **state)
{
    (void)state;
    const char *garbage[] = {"",
                             "\n",
                             "maximum 100000",
                             "max 0",
                             "max -1",
                             "-1 100000",
                             "0 100000",
                             "250000 0",
                             "250000 x",
                             "2.5 1",
                             "250000 100000 7",
                             "banana",
                             "1e5 1000",
                             "250000, 100000"};
    for (size_t i = 0; i < sizeof(garbage) / sizeof(*garbage); i++) {
        double cpus = 7;
        fails(weir_cgroup_parse_cpu_max(garbage[i], &cpus), -EINVAL);
        says("cpu.max");
        assert_true(cpus == 7);
    }
}

static void without_control_groups_nothing_is_limited(void **state)
{
    (void)state;
    reads(0);
    put_v2("/user.slice", "/");
    reads(0);
    assert_int_equal(warnings, 0);
}

static void v2_takes_the_smallest_limit_on_the_way_up(void **state)
{
    (void)state;
    put_v2("/a/b/c", "/");
    put("/sys/fs/cgroup/a/b/c/cpu.max", "max 100000\n");
    reads(0);
    put("/sys/fs/cgroup/a/cpu.max", "400000 100000\n");
    reads(4);
    put("/sys/fs/cgroup/a/b/cpu.max", "150000 100000\n");
    reads(1.5);
    put("/sys/fs/cgroup/a/b/c/cpu.max", "800000 100000\n");
    reads(1.5);
    put("/sys/fs/cgroup/other/cpu.max", "10000 100000\n");
    reads(1.5);
}

static void a_container_sees_its_own_group_as_the_top(void **state)
{
    (void)state;
    put("/sys/fs/cgroup/cpu.max", "250000 100000\n");
    put_v2("/", "/");
    reads(2.5);
    put_v2("/docker/0123", "/docker/0123");
    reads(2.5);
    put_v2("/docker/0123/job", "/docker/0123");
    put("/sys/fs/cgroup/job/cpu.max", "50000 100000\n");
    reads(0.5);
    put_v2("/../elsewhere", "/");
    reads(2.5);
}

static void v1_reads_quota_and_period(void **state)
{
    (void)state;
    put("/proc/self/cgroup", "5:memory:/job\n"
                             "4:cpuset:/\n"
                             "3:cpu,cpuacct:/job\n"
                             "0::/\n");
    put("/proc/self/mountinfo",
        "32 31 0:29 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"
        "33 31 0:30 / /sys/fs/cgroup/cpuacct rw - cgroup cgroup rw,cpuacct\n"
        "34 31 0:31 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup "
        "rw,cpu,cpuacct\n");
    reads(0);
    put("/sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_quota_us", "-1\n");
    put("/sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_period_us", "100000\n");
    reads(0);
    put("/sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_quota_us", "75000\n");
    put("/sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_period_us", "50000\n");
    reads(1.5);
    put("/sys/fs/cgroup/cpuset/job/cpu.cfs_quota_us", "1000\n");
    reads(1.5);
}

static void garbage_in_a_file_is_a_warning(void **state)
{
    (void)state;
    put_v2("/a", "/");
    put("/sys/fs/cgroup/a/cpu.max", "banana\n");
    put("/sys/fs/cgroup/cpu.max", "200000 100000\n");
    reads(2);
    assert_int_equal(warnings, 1);
    assert_int_equal(weir_err_code(), 0);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(cpu_max_has_two_forms),
        cmocka_unit_test(garbage_is_refused_and_changes_nothing),
        CASE(without_control_groups_nothing_is_limited),
        CASE(v2_takes_the_smallest_limit_on_the_way_up),
        CASE(a_container_sees_its_own_group_as_the_top),
        CASE(v1_reads_quota_and_period),
        CASE(garbage_in_a_file_is_a_warning),
    };
    return RUN(cases);
}
