/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/hdf5_driver.h"

#include <hdf5.h>
#if H5_VERSION_GE(1, 13, 0)
#include <H5FDdevelop.h>
#endif

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A write that did not reach the file. */
struct held {
    struct held *next; /* newer */
    haddr_t at;
    size_t size;
    unsigned char bytes[];
};

struct driver_file {
    H5FD_t base; /* first: HDF5 sees only this */
    int fd;
    haddr_t end_of_allocation, end_of_file;
    dev_t device;
    ino_t inode;
    struct weir_h5_guard *guard;
    struct held *oldest, **end;
};

/* What H5Pset_driver() copies into a property list. */
struct driver_info {
    struct weir_h5_guard *guard;
};

static struct driver_file *mine(const H5FD_t *file)
{
    return (struct driver_file *)(uintptr_t)file;
}

static H5FD_t *open_file(const char *name, unsigned flags, hid_t access,
                         haddr_t limit)
{
    const struct driver_info *info = H5Pget_driver_info(access);
    struct driver_file *f = info ? calloc(1, sizeof(*f)) : NULL;
    struct stat st;
    int how = flags & H5F_ACC_RDWR ? O_RDWR : O_RDONLY;
    (void)limit;
    if (!f)
        return NULL;
    how |= flags & H5F_ACC_TRUNC ? O_TRUNC : 0;
    how |= flags & H5F_ACC_CREAT ? O_CREAT : 0;
    how |= flags & H5F_ACC_EXCL ? O_EXCL : 0;
    f->guard = info->guard;
    f->end = &f->oldest;
    f->fd = open(name, how | O_CLOEXEC, 0666);
    if (f->fd < 0 || fstat(f->fd, &st) < 0) {
        f->guard->error = errno;
        if (f->fd >= 0)
            close(f->fd);
        free(f);
        return NULL;
    }
    f->guard->error = 0; /* H5Fcreate() first tries whether the file is there */
    f->end_of_file = (haddr_t)st.st_size;
    f->device = st.st_dev;
    f->inode = st.st_ino;
    return &f->base;
}

static herr_t close_file(H5FD_t *file)
{
    struct driver_file *f = mine(file);
    while (f->oldest) {
        struct held *next = f->oldest->next;
        free(f->oldest);
        f->oldest = next;
    }
    close(f->fd);
    free(f);
    return 0;
}

static int compare(const H5FD_t *a, const H5FD_t *b)
{
    const struct driver_file *x = mine(a), *y = mine(b);
    if (x->device != y->device)
        return x->device < y->device ? -1 : 1;
    return (x->inode > y->inode) - (x->inode < y->inode);
}

static herr_t query(const H5FD_t *file, unsigned long *flags)
{
    (void)file;
    *flags = H5FD_FEAT_AGGREGATE_METADATA | H5FD_FEAT_ACCUMULATE_METADATA |
             H5FD_FEAT_DATA_SIEVE | H5FD_FEAT_AGGREGATE_SMALLDATA |
             H5FD_FEAT_POSIX_COMPAT_HANDLE | H5FD_FEAT_SUPPORTS_SWMR_IO |
             H5FD_FEAT_DEFAULT_VFD_COMPATIBLE;
    return 0;
}

static haddr_t get_eoa(const H5FD_t *file, H5FD_mem_t type)
{
    (void)type;
    return mine(file)->end_of_allocation;
}

static herr_t set_eoa(H5FD_t *file, H5FD_mem_t type, haddr_t at)
{
    (void)type;
    mine(file)->end_of_allocation = at;
    return 0;
}

static haddr_t get_eof(const H5FD_t *file, H5FD_mem_t type)
{
    (void)type;
    return mine(file)->end_of_file;
}

static herr_t get_handle(H5FD_t *file, hid_t access, void **handle)
{
    (void)access;
    *handle = &mine(file)->fd;
    return 0;
}

/* Lay what is held over [at, at + size): the newest wins. */
static void overlay(const struct held *h, haddr_t at, size_t size,
                    unsigned char *to)
{
    for (; h; h = h->next) {
        haddr_t end = h->at + h->size;
        haddr_t first = h->at > at ? h->at : at;
        haddr_t last = end < at + size ? end : at + size;
        if (first < last)
            memcpy(to + (first - at), h->bytes + (first - h->at),
                   (size_t)(last - first));
    }
}

static herr_t read_file(H5FD_t *file, H5FD_mem_t type, hid_t transfer,
                        haddr_t at, size_t size, void *buffer)
{
    const struct driver_file *f = mine(file);
    size_t done = 0;
    (void)type, (void)transfer;
    while (done < size) {
        ssize_t n = pread(f->fd, (char *)buffer + done, size - done,
                          (off_t)(at + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0) /* beyond the end the library expects zeros */
            break;
        done += (size_t)n;
    }
    memset((char *)buffer + done, 0, size - done);
    overlay(f->oldest, at, size, buffer);
    return 0;
}

static herr_t hold(struct driver_file *f, haddr_t at, size_t size,
                   const void *bytes)
{
    struct held *h = malloc(sizeof(*h) + size);
    if (!h)
        return -1;
    h->next = NULL;
    h->at = at;
    h->size = size;
    memcpy(h->bytes, bytes, size);
    *f->end = h;
    f->end = &h->next;
    return 0;
}

/* Values may be torn: those that count are copied from a checkpoint's counts on,
 * and a torn block of rows keeps its older rows. */
static int note_write(struct weir_redo *redo, H5FD_mem_t type, haddr_t at,
                      size_t size, const void *bytes)
{
    if (redo->fd < 0)
        return 0;
    if (type == H5FD_MEM_DRAW)
        return weir_redo_pass(redo, at, size);
    return weir_redo_note(redo, at, bytes, size);
}

static herr_t write_file(H5FD_t *file, H5FD_mem_t type, hid_t transfer,
                         haddr_t at, size_t size, const void *buffer)
{
    struct driver_file *f = mine(file);
    size_t done = 0;
    (void)transfer;
    if (f->guard->error == 0)
        f->guard->error = -note_write(&f->guard->redo, type, at, size, buffer);
    while (done < size && f->guard->error == 0) {
        ssize_t n = pwrite(f->fd, (const char *)buffer + done, size - done,
                           (off_t)(at + done));
        if (n > 0)
            done += (size_t)n;
        else if (n == 0 || errno != EINTR)
            f->guard->error = n == 0 ? EIO : errno;
    }
    if (at + size > f->end_of_file)
        f->end_of_file = at + size;
    return f->guard->error ? hold(f, at, size, buffer) : 0;
}

static herr_t truncate_file(H5FD_t *file, hid_t transfer, hbool_t closing)
{
    struct driver_file *f = mine(file);
    (void)transfer, (void)closing;
    if (f->end_of_allocation == f->end_of_file)
        return 0;
    if (f->guard->error == 0 &&
        ftruncate(f->fd, (off_t)f->end_of_allocation) < 0)
        f->guard->error = errno;
    f->end_of_file = f->end_of_allocation;
    return 0;
}

/* The library marks a file as being written only for drivers that can lock. */
static herr_t lock_file(H5FD_t *file, hbool_t for_writing)
{
    (void)file, (void)for_writing;
    return 0;
}

static herr_t unlock_file(H5FD_t *file)
{
    (void)file;
    return 0;
}

static const H5FD_class_t driver = {
#if H5_VERSION_GE(1, 13, 0)
    .version = H5FD_CLASS_VERSION,
    .value = 0x5745, /* of a private driver: 512 and more */
#endif
    .name = "weir",
    .maxaddr = INT64_MAX,
    .fc_degree = H5F_CLOSE_WEAK,
    .fapl_size = sizeof(struct driver_info),
    .open = open_file,
    .close = close_file,
    .cmp = compare,
    .query = query,
    .get_eoa = get_eoa,
    .set_eoa = set_eoa,
    .get_eof = get_eof,
    .get_handle = get_handle,
    .read = read_file,
    .write = write_file,
    .truncate = truncate_file,
    .lock = lock_file,
    .unlock = unlock_file,
    .fl_map = H5FD_FLMAP_DICHOTOMY,
};

int weir_h5_driver_use(hid_t access, struct weir_h5_guard *guard)
{
    static hid_t registered = -1;
    struct driver_info info = {guard};
    *guard = (struct weir_h5_guard){.redo = {.fd = -1}};
    /* H5close() forgets drivers; the library may then start again. */
    if (H5Iget_type(registered) != H5I_VFL)
        registered = H5FDregister(&driver);
    if (registered < 0)
        return -1;
    return H5Pset_driver(access, registered, &info) < 0 ? -1 : 0;
}

int weir_h5_driver_guard(hid_t file, struct weir_h5_guard *guard,
                         const char *path)
{
    void *fd;
    if (H5Fget_vfd_handle(file, H5P_DEFAULT, &fd) < 0)
        return -EIO;
    return weir_redo_begin(&guard->redo, path, *(int *)fd);
}
