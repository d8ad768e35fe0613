/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/test.h"

#include "shm/mapping.h"
#include "shm/ring.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void regions_are_aligned_and_do_not_overlap(void **state)
{
    (void)state;
    struct weir_layout l = weir_layout_start();
    size_t a = weir_layout_add(&l, 100, 64);
    size_t b = weir_layout_add(&l, 1, 4096);
    size_t c = weir_layout_add(&l, 10, 64);
    assert_int_equal(a, sizeof(struct weir_mapping_header));
    assert_int_equal(b, 4096);
    assert_int_equal(c, 4096 + 64);
    assert_int_equal(l.bytes, 4096 + 64 + 10);
}

static void a_mapping_is_zeroed_and_describes_itself(void **state)
{
    (void)state;
    struct weir_mapping m;
    ok(weir_mapping_create("test", 100000, &m));
    const struct weir_mapping_header *h = (void *)m.base;
    assert_true(m.bytes >= 100000 && m.bytes % weir_page_bytes() == 0);
    assert_int_equal(h->bytes, m.bytes);
    assert_int_equal(h->pid, getpid());
    assert_true(h->magic == WEIR_MAPPING_MAGIC);
    for (size_t i = sizeof(*h); i < m.bytes; i++)
        assert_int_equal(m.base[i], 0);
    weir_mapping_close(&m);
    assert_null(m.base);
    weir_mapping_close(&m);
}

static void pages_become_real_when_populated_and_not_before(void **state)
{
    (void)state;
    struct weir_mapping m;
    struct stat st;
    ok(weir_mapping_create("test", 1000000, &m));
    ok(fstat(m.fd, &st));
    assert_true((size_t)st.st_blocks * 512 < m.bytes);
    ok(weir_mapping_populate(&m));
    ok(fstat(m.fd, &st));
    assert_true((size_t)st.st_blocks * 512 >= m.bytes);
    weir_mapping_close(&m);
}

static long faults(void)
{
    struct rusage u;
    ok(getrusage(RUSAGE_THREAD, &u));
    return u.ru_minflt;
}

static void populated_pages_do_not_fault_when_touched(void **state)
{
    (void)state;
    const char *sanitizer = getenv("WEIR_SANITIZER");
    struct weir_mapping m;
    size_t pages = 2000;
    if (sanitizer && *sanitizer)
        skip(); /* its shadow of the pages faults */
    ok(weir_mapping_create("test", pages * 4096, &m));
    if (madvise(m.base, 4096, 23) && errno == EINVAL)
        skip(); /* a kernel before 5.14 */
    ok(weir_mapping_populate(&m));
    long before = faults();
    for (size_t i = 0; i < m.bytes; i += 4096)
        ((volatile unsigned char *)m.base)[i + 64] = 1;
    assert_true(faults() - before < 20);
    weir_mapping_close(&m);
}

static void populating_what_cannot_grow_is_refused(void **state)
{
    (void)state;
    struct weir_mapping m = {.fd = -1, .bytes = 4096};
    fails(weir_mapping_populate(&m), -WEIR_EENV);
    says("memory: cannot reserve 0.0 MiB: Bad file descriptor");
}

static void a_mapping_over_the_limit_is_refused_with_both_sizes(void **state)
{
    (void)state;
    struct weir_mapping m;
    size_t have = weir_memory_available();
    assert_true(have > 0 && have < (size_t)1 << 50);
    fails(weir_mapping_create("the reservoir", (size_t)1 << 55, &m),
          -WEIR_EENV);
    says("memory: the reservoir needs 34359738368.0 MiB, but ");
    says(" MiB are available");
    assert_non_null(strstr(weir_err_hint_text(), "reservoir.capacity"));
    assert_null(m.base);
    weir_mapping_close(&m);
    fails(weir_mapping_create("the reservoir", SIZE_MAX, &m), -WEIR_EENV);
    assert_null(m.base);
}

static void a_mapping_is_not_there_until_it_is_published(void **state)
{
    (void)state;
    struct weir_mapping m;
    ok(weir_mapping_create("test", 4096, &m));
    weir_err_clear();
    fails(weir_mapping_check(&m), -EAGAIN);
    assert_int_equal(weir_err_code(), 0);
    weir_mapping_publish(&m);
    ok(weir_mapping_check(&m));
    weir_mapping_close(&m);
}

static void a_foreign_mapping_is_refused(void **state)
{
    (void)state;
    struct weir_mapping m;
    ok(weir_mapping_create("test", 8192, &m));
    weir_mapping_publish(&m);
    struct weir_mapping_header *h = (void *)m.base;

    h->magic++;
    fails(weir_mapping_check(&m), -WEIR_ECORRUPT);
    says("mapping was not made by weir");
    h->magic--;

    atomic_store(&h->version, WEIR_LAYOUT_VERSION + 1);
    fails(weir_mapping_check(&m), -WEIR_ECORRUPT);
    says("mapping has layout 2");
    atomic_store(&h->version, WEIR_LAYOUT_VERSION);

    struct weir_mapping half = m;
    half.bytes /= 2;
    fails(weir_mapping_check(&half), -WEIR_ECORRUPT);
    says("expected layout 1 and 4096 bytes");

    half.bytes = 32;
    fails(weir_mapping_check(&half), -WEIR_ECORRUPT);
    says("mapping has 32 bytes");
    ok(weir_mapping_check(&m));
    weir_mapping_close(&m);
}

#define ITEMS 100000

/* The other process: its own view of the same memory, at another address. */
static int other_process(int fd, const unsigned char *taken, size_t bytes,
                         size_t ring_at)
{
    struct weir_mapping m = {.fd = fd, .bytes = bytes};
    m.base = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (m.base == MAP_FAILED || m.base == taken)
        return 2;
    int rc;
    while ((rc = weir_mapping_check(&m)) == -EAGAIN)
        usleep(100);
    if (rc)
        return 3;
    struct weir_ring *ring = (void *)(m.base + ring_at);
    for (uint64_t want = 0, v; want < ITEMS;) {
        if (weir_ring_pop(ring, &v))
            usleep(1);
        else if (v != want * want)
            return 4;
        else
            want++;
    }
    return 0;
}

static void another_process_waits_for_the_version_and_reads_the_ring(
    void **state)
{
    (void)state;
    struct weir_layout l = weir_layout_start();
    size_t ring_at = weir_layout_add(&l, weir_ring_bytes(64, 8), 64);
    struct weir_mapping m;
    ok(weir_mapping_create("test", l.bytes, &m));
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(other_process(m.fd, m.base, m.bytes, ring_at));
    ok(weir_mapping_populate(&m));
    struct weir_ring *ring = (void *)(m.base + ring_at);
    ok(weir_ring_init(ring, 64, 8));
    weir_mapping_publish(&m);
    int status = -1;
    for (uint64_t i = 0; i < ITEMS;)
        if (weir_ring_push(ring, i * i) == 0)
            i++;
        else if (usleep(1), waitpid(child, &status, WNOHANG) == child)
            fail_msg("the other process ended early: %d", status);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    weir_mapping_close(&m);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(regions_are_aligned_and_do_not_overlap),
        cmocka_unit_test(a_mapping_is_zeroed_and_describes_itself),
        cmocka_unit_test(pages_become_real_when_populated_and_not_before),
        cmocka_unit_test(populated_pages_do_not_fault_when_touched),
        cmocka_unit_test(populating_what_cannot_grow_is_refused),
        cmocka_unit_test(a_mapping_over_the_limit_is_refused_with_both_sizes),
        cmocka_unit_test(a_mapping_is_not_there_until_it_is_published),
        cmocka_unit_test(a_foreign_mapping_is_refused),
        cmocka_unit_test(
            another_process_waits_for_the_version_and_reads_the_ring),
    };
    return RUN(cases);
}
