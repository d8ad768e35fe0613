/* SPDX-License-Identifier: BSD-3-Clause */
#include "shm/mapping.h"

#include "base/clock.h"
#include "base/err.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* of Linux 5.14, younger than some headers */
#endif

#define HUGE_BYTES ((size_t)2 << 20)

struct weir_layout weir_layout_start(void)
{
    return (struct weir_layout){sizeof(struct weir_mapping_header)};
}

size_t weir_layout_add(struct weir_layout *layout, size_t bytes, size_t align)
{
    size_t at = (layout->bytes + align - 1) & ~(align - 1);
    layout->bytes = at + bytes;
    return at;
}

size_t weir_page_bytes(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

/* One number from a file; "max" and an absent file mean no limit. */
static size_t read_limit(const char *path)
{
    unsigned long long v;
    FILE *f = fopen(path, "re");
    int n = f ? fscanf(f, "%llu", &v) : 0;
    if (f)
        fclose(f);
    return n == 1 ? (size_t)v : (size_t)-1;
}

/* Bytes of cached files charged to a cgroup. */
static size_t cached_in(const char *path)
{
    char line[128];
    unsigned long long bytes, sum = 0;
    FILE *f = fopen(path, "re");
    while (f && fgets(line, sizeof(line), f))
        if (sscanf(line, "inactive_file %llu", &bytes) == 1 ||
            sscanf(line, "active_file %llu", &bytes) == 1)
            sum += bytes;
    if (f)
        fclose(f);
    return (size_t)sum;
}

/* Free memory of the cgroup at @p group (v2), walking up to the root. */
static size_t cgroup_available(char *group)
{
    size_t least = (size_t)-1;
    for (;;) {
        char path[600];
        snprintf(path, sizeof(path), "/sys/fs/cgroup%s/memory.max", group);
        size_t max = read_limit(path);
        snprintf(path, sizeof(path), "/sys/fs/cgroup%s/memory.current", group);
        size_t used = read_limit(path);
        if (max != (size_t)-1 && used != (size_t)-1) {
            snprintf(path, sizeof(path), "/sys/fs/cgroup%s/memory.stat", group);
            size_t cached = cached_in(path);
            used = used > cached ? used - cached : 0;
            size_t left = max > used ? max - used : 0;
            least = left < least ? left : least;
        }
        char *slash = strrchr(group, '/');
        if (!slash)
            return least;
        *slash = '\0';
    }
}

static size_t own_cgroup_available(void)
{
    char line[512], group[512] = "";
    FILE *f = fopen("/proc/self/cgroup", "re");
    while (f && fgets(line, sizeof(line), f))
        if (!strncmp(line, "0::", 3))
            snprintf(group, sizeof(group), "%.*s", (int)strcspn(line + 3, "\n"),
                     line + 3);
    if (f)
        fclose(f);
    return cgroup_available(group);
}

static size_t machine_available(void)
{
    char line[256];
    unsigned long long kib;
    size_t bytes = (size_t)-1;
    FILE *f = fopen("/proc/meminfo", "re");
    while (f && fgets(line, sizeof(line), f))
        if (sscanf(line, "MemAvailable: %llu kB", &kib) == 1)
            bytes = (size_t)kib * 1024;
    if (f)
        fclose(f);
    return bytes;
}

size_t weir_memory_available(void)
{
    size_t group = own_cgroup_available(), machine = machine_available();
    return group < machine ? group : machine;
}

/* Huge pages fail at mmap when too few are reserved: then small ones serve. */
static int map_with(const char *name, size_t bytes, unsigned flags,
                    struct weir_mapping *out)
{
    size_t page = flags & MFD_HUGETLB ? HUGE_BYTES : weir_page_bytes();
    if (bytes > (size_t)INT64_MAX - page)
        return -ENOMEM;
    struct weir_mapping m = {.bytes = (bytes + page - 1) / page * page};
    m.fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | flags);
    if (m.fd < 0)
        return -errno;
    if (!ftruncate(m.fd, (off_t)m.bytes))
        m.base =
            mmap(NULL, m.bytes, PROT_READ | PROT_WRITE, MAP_SHARED, m.fd, 0);
    if (!m.base || m.base == MAP_FAILED) {
        int rc = -errno;
        close(m.fd);
        return rc;
    }
    *out = m;
    return (int)page;
}

static int refuse(const char *name, size_t bytes, size_t have)
{
    WEIR_FAIL(WEIR_EENV,
              "memory: %s needs %.1f MiB, but %.1f MiB are available", name,
              (double)bytes / 0x1p20, (double)have / 0x1p20);
    return weir_err_hint("lower reservoir.capacity, or raise the limit "
                         "(cgroup memory.max)");
}

/* A limit on files holds for memory that has a descriptor. */
static int refuse_map(const char *name, size_t bytes, int error)
{
    WEIR_FAIL(WEIR_EENV, "memory: cannot map %zu bytes for %s: %s", bytes, name,
              strerror(error));
    return error == EFBIG ? weir_err_hint("raise the limit on file sizes: "
                                          "ulimit -f unlimited")
                          : -WEIR_EENV;
}

int weir_mapping_create(const char *name, size_t bytes,
                        struct weir_mapping *out)
{
    *out = (struct weir_mapping){.fd = -1};
    int page =
        bytes >= HUGE_BYTES ? map_with(name, bytes, MFD_HUGETLB, out) : -EINVAL;
    size_t have = page < 0 ? weir_memory_available() : 0;
    if (page < 0 && bytes > have)
        return refuse(name, bytes, have);
    if (page < 0)
        page = map_with(name, bytes, 0, out);
    if (page < 0)
        return refuse_map(name, bytes, -page);
    *(struct weir_mapping_header *)out->base = (struct weir_mapping_header){
        .magic = WEIR_MAPPING_MAGIC,
        .bytes = out->bytes,
        .start_ns = weir_now_ns(),
        .pid = (int32_t)getpid(),
        .page_bytes = (uint32_t)page,
    };
    return 0;
}

/* Pages that are real still fault when first touched, unless they are in this
 * process's tables too. A kernel that cannot do that leaves it to the touch. */
static void enter_tables(const struct weir_mapping *m)
{
    while (madvise(m->base, m->bytes, MADV_POPULATE_WRITE) && errno == EINTR)
        ;
}

int weir_mapping_populate(const struct weir_mapping *m)
{
    int rc;
    /* A signal makes it give everything back and ask to be called again. */
    do
        rc = fallocate(m->fd, 0, 0, (off_t)m->bytes);
    while (rc && errno == EINTR);
    if (rc)
        return WEIR_FAIL(WEIR_EENV, "memory: cannot reserve %.1f MiB: %s",
                         (double)m->bytes / 0x1p20, strerror(errno));
    enter_tables(m);
    return 0;
}

int weir_mapping_seal(const struct weir_mapping *m, bool read_only)
{
    int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
    if (read_only)
        seals |= F_SEAL_FUTURE_WRITE;
    if (fcntl(m->fd, F_ADD_SEALS, seals))
        return WEIR_FAIL(WEIR_EENV, "memory: cannot be sealed: %s",
                         strerror(errno));
    return 0;
}

void weir_mapping_publish(const struct weir_mapping *m)
{
    struct weir_mapping_header *h = (void *)m->base;
    atomic_store_explicit(&h->version, WEIR_LAYOUT_VERSION,
                          memory_order_release); /* M1 */
}

int weir_mapping_check(const struct weir_mapping *m)
{
    struct weir_mapping_header *h = (void *)m->base;
    if (m->bytes < sizeof(*h))
        return WEIR_FAIL(WEIR_ECORRUPT,
                         "mapping has %zu bytes, its header alone %zu",
                         m->bytes, sizeof(*h));
    uint32_t version =
        atomic_load_explicit(&h->version, memory_order_acquire); /* M2 */
    if (version == 0)
        return -EAGAIN;
    if (h->magic != WEIR_MAPPING_MAGIC)
        return WEIR_FAIL(WEIR_ECORRUPT, "mapping was not made by weir");
    if (version != WEIR_LAYOUT_VERSION || h->bytes != m->bytes)
        return WEIR_FAIL(WEIR_ECORRUPT,
                         "mapping has layout %u and %llu bytes, expected "
                         "layout %d and %zu bytes",
                         version, (unsigned long long)h->bytes,
                         WEIR_LAYOUT_VERSION, m->bytes);
    return 0;
}

void weir_mapping_close(struct weir_mapping *m)
{
    if (m->base) {
        munmap(m->base, m->bytes);
        close(m->fd);
    }
    *m = (struct weir_mapping){.fd = -1};
}
