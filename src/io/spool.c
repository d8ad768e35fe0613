/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/spool.h"

#include "base/err.h"
#include "base/log.h"

#include <fcntl.h>
#include <libdeflate.h>
#include <liburing.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What O_DIRECT asks of addresses, offsets and lengths: a page is enough on
 * every device and file system in use. */
#define BLOCK 4096u

/* One request: a piece of the data, the header, or the sync. */
struct request {
    unsigned char *bytes;
    uint64_t at;
    size_t size;
    bool busy;
    int result;
};

struct weir_spool {
    size_t piece_bytes;
    int pieces;
    unsigned char *staging;
    struct request *piece; /* pieces, then header, then sync */
    struct io_uring ring;
    bool has_ring;   /* set up */
    bool uring;      /* in use */
    bool registered; /* staging buffers known to the ring */
    bool direct;     /* O_DIRECT wanted */
    char method[64];

    char path[PATH_MAX]; /* for messages */
    int fd;
    bool is_direct; /* this file */
    int error;      /* -errno of the first failed write of this file */
    uint64_t head_bytes, size, at;
    struct request *filling;
};

static bool is_fallback(int error)
{
    return error == -ENOSYS || error == -EPERM || error == -EINVAL ||
           error == -ENOMEM || error == -EOPNOTSUPP;
}

static void leave_uring(struct weir_spool *s, int error)
{
    weir_log_info("checkpoint", "io_uring: %s; writing with pwrite",
                  strerror(-error));
    s->uring = false;
}

static void register_buffers(struct weir_spool *s)
{
    struct iovec v[64];
    for (int i = 0; i < s->pieces; i++)
        v[i] = (struct iovec){s->piece[i].bytes, s->piece_bytes};
    int rc = io_uring_register_buffers(&s->ring, v, (unsigned)s->pieces);
    s->registered = rc == 0;
    if (rc < 0)
        weir_log_info("checkpoint",
                      "io_uring: buffers not registered: %s (limit of locked "
                      "memory?)",
                      strerror(-rc));
}

static void set_up_ring(struct weir_spool *s)
{
    int rc = io_uring_queue_init((unsigned)s->pieces + 2, &s->ring, 0);
    s->has_ring = s->uring = rc == 0;
    if (rc < 0)
        leave_uring(s, rc);
    else
        register_buffers(s);
}

static int allocate(struct weir_spool *s)
{
    size_t bytes = s->piece_bytes * (size_t)s->pieces;
    s->piece = calloc((size_t)s->pieces + 2, sizeof(*s->piece));
    if (posix_memalign((void **)&s->staging, BLOCK, bytes))
        s->staging = NULL;
    if (!s->piece || !s->staging)
        return WEIR_FAIL(ENOMEM, "staging buffers of %zu bytes", bytes);
    /* Touched here, so that no page fault waits for a write. */
    memset(s->staging, 0, bytes);
    for (int i = 0; i < s->pieces; i++)
        s->piece[i].bytes = s->staging + (size_t)i * s->piece_bytes;
    return 0;
}

int weir_spool_create(const struct weir_spool_options *options,
                      struct weir_spool **out)
{
    struct weir_spool *s = calloc(1, sizeof(*s));
    if (!s)
        return WEIR_FAIL(ENOMEM, "staging buffers");
    s->fd = -1;
    s->piece_bytes = options->piece_bytes;
    s->pieces = options->pieces;
    s->direct = !options->no_direct;
    int rc = allocate(s);
    if (rc < 0) {
        weir_spool_destroy(s);
        return rc;
    }
    if (!options->no_uring)
        set_up_ring(s);
    *out = s;
    return 0;
}

void weir_spool_destroy(struct weir_spool *s)
{
    if (!s)
        return;
    weir_spool_close(s);
    if (s->has_ring)
        io_uring_queue_exit(&s->ring);
    free(s->staging);
    free(s->piece);
    free(s);
}

/* Keep the first failure: later ones follow from it. */
static int keep_error(struct weir_spool *s, int error)
{
    if (s->error == 0)
        s->error = error;
    return error;
}

static int fault(struct weir_spool *s)
{
    return WEIR_FAIL(-s->error, "checkpoint '%s'", s->path);
}

static void leave_direct(struct weir_spool *s)
{
    int flags = fcntl(s->fd, F_GETFL);
    fcntl(s->fd, F_SETFL, flags & ~O_DIRECT);
    s->is_direct = false;
}

/* Write the part of @p r from @p done on, here and now. */
static int write_here(struct weir_spool *s, const struct request *r,
                      size_t done)
{
    while (done < r->size) {
        /* A short write may end anywhere; O_DIRECT cannot go on from there. */
        if (s->is_direct && done % BLOCK)
            leave_direct(s);
        ssize_t n = pwrite(s->fd, r->bytes + done, r->size - done,
                           (off_t)(r->at + done));
        if (n > 0)
            done += (size_t)n;
        else if (n < 0 && errno == EINVAL && s->is_direct)
            leave_direct(s);
        else if (n == 0 || errno != EINTR)
            return n == 0 ? -EIO : -errno;
    }
    return 0;
}

/* The kernel no longer tells what it has done with the buffers. */
static int lose_ring(struct weir_spool *s, int error)
{
    io_uring_queue_exit(&s->ring);
    s->has_ring = s->uring = false;
    for (int i = 0; i < s->pieces + 2; i++)
        s->piece[i].busy = false;
    return keep_error(s, error);
}

/* Take one completion. A piece that was not written whole is finished here. */
static int reap(struct weir_spool *s)
{
    struct io_uring_cqe *cqe;
    int rc;
    do
        rc = io_uring_wait_cqe(&s->ring, &cqe);
    while (rc == -EINTR);
    if (rc < 0)
        return lose_ring(s, rc);
    struct request *r = io_uring_cqe_get_data(cqe);
    r->result = cqe->res;
    r->busy = false;
    io_uring_cqe_seen(&s->ring, cqe);
    if (is_fallback(r->result))
        leave_uring(s, r->result);
    else if (r->result < 0 && r->result != -EAGAIN && r->result != -EINTR)
        return keep_error(s, r->result);
    rc = write_here(s, r, r->result > 0 ? (size_t)r->result : 0);
    return rc < 0 ? keep_error(s, rc) : 0;
}

static bool is_in_flight(const struct weir_spool *s)
{
    for (int i = 0; i < s->pieces + 2; i++)
        if (s->piece[i].busy)
            return true;
    return false;
}

static void reap_all(struct weir_spool *s)
{
    while (is_in_flight(s))
        reap(s);
}

static struct request *take_piece(struct weir_spool *s)
{
    for (;;) {
        for (int i = 0; i < s->pieces; i++)
            if (!s->piece[i].busy)
                return s->piece + i;
        reap(s);
    }
}

/* Queue the write of @p r. @return 0 or -errno: then nothing was queued */
static int queue_write(struct weir_spool *s, struct request *r)
{
    struct io_uring_sqe *sqe = io_uring_get_sqe(&s->ring);
    ptrdiff_t i = r - s->piece;
    if (!sqe)
        return -ENOMEM;
    if (s->registered && i < s->pieces)
        io_uring_prep_write_fixed(sqe, s->fd, r->bytes, (unsigned)r->size,
                                  r->at, (int)i);
    else
        io_uring_prep_write(sqe, s->fd, r->bytes, (unsigned)r->size, r->at);
    io_uring_sqe_set_data(sqe, r);
    r->busy = true;
    return 0;
}

static int submit(struct weir_spool *s)
{
    while (io_uring_sq_ready(&s->ring) > 0) {
        int rc = io_uring_submit(&s->ring);
        if (rc < 0 && rc != -EINTR)
            return rc;
    }
    return 0;
}

static int submit_piece(struct weir_spool *s, struct request *r)
{
    if (s->is_direct) {
        size_t padded = (r->size + BLOCK - 1) / BLOCK * BLOCK;
        memset(r->bytes + r->size, 0, padded - r->size);
        r->size = padded;
    }
    if (s->uring) {
        int rc = queue_write(s, r);
        if (rc == 0)
            rc = submit(s);
        if (rc == 0)
            return 0;
        r->busy = false;
        leave_uring(s, rc);
    }
    int rc = write_here(s, r, 0);
    return rc < 0 ? keep_error(s, rc) : 0;
}

static int open_file(struct weir_spool *s)
{
    int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC;
    s->is_direct = s->direct;
    s->fd = open(s->path, flags | (s->direct ? O_DIRECT : 0), 0666);
    if (s->fd < 0 && s->direct && errno == EINVAL) {
        weir_log_info("checkpoint", "no O_DIRECT on this file system; writing "
                                    "through the page cache");
        s->direct = s->is_direct = false;
        s->fd = open(s->path, flags, 0666);
    }
    return s->fd < 0 ? -errno : 0;
}

int weir_spool_open(struct weir_spool *s, const char *path, uint64_t head_bytes,
                    uint64_t size)
{
    snprintf(s->path, sizeof(s->path), "%s", path);
    s->error = 0;
    s->head_bytes = s->at = head_bytes;
    s->size = size;
    s->filling = NULL;
    int rc = open_file(s);
    /* With the room reserved, a full disk shows before anything is written and
     * O_DIRECT writes need not extend the file, which would serialise them. */
    if (rc == 0 && fallocate(s->fd, 0, 0, (off_t)size) < 0 &&
        errno != EOPNOTSUPP && errno != ENOSYS)
        rc = -errno;
    if (rc < 0) {
        keep_error(s, rc);
        return fault(s);
    }
    return 0;
}

static void start_piece(struct weir_spool *s)
{
    s->filling = take_piece(s);
    s->filling->at = s->at;
    s->filling->size = 0;
}

int weir_spool_put(struct weir_spool *s, const void *bytes, size_t n,
                   uint32_t *crc)
{
    const unsigned char *from = bytes;
    while (n > 0 && s->error == 0) {
        if (!s->filling)
            start_piece(s);
        struct request *r = s->filling;
        size_t part = s->piece_bytes - r->size;
        if (part > n)
            part = n;
        /* The copy is checksummed, not the source: what is checked is what is
         * written. */
        memcpy(r->bytes + r->size, from, part);
        *crc = libdeflate_crc32(*crc, r->bytes + r->size, part);
        r->size += part;
        s->at += part;
        from += part;
        n -= part;
        if (r->size == s->piece_bytes)
            weir_spool_end(s);
    }
    return s->error < 0 ? fault(s) : 0;
}

int weir_spool_end(struct weir_spool *s)
{
    struct request *r = s->filling;
    s->filling = NULL;
    if (r && s->error == 0)
        submit_piece(s, r);
    return s->error < 0 ? fault(s) : 0;
}

/* The drain holds the sync back until the header is in the file. */
static int queue_finish(struct weir_spool *s)
{
    struct request *head = s->piece + s->pieces, *sync = head + 1;
    int rc = queue_write(s, head);
    struct io_uring_sqe *sqe = rc == 0 ? io_uring_get_sqe(&s->ring) : NULL;
    if (sqe) {
        io_uring_prep_fsync(sqe, s->fd, IORING_FSYNC_DATASYNC);
        io_uring_sqe_set_flags(sqe, IOSQE_IO_DRAIN);
        io_uring_sqe_set_data(sqe, sync);
        sync->busy = true;
    }
    return sqe ? submit(s) : -ENOMEM;
}

static int finish_by_uring(struct weir_spool *s)
{
    struct request *head = s->piece + s->pieces, *sync = head + 1;
    int rc = queue_finish(s);
    if (rc < 0) {
        head->busy = sync->busy = false;
        leave_uring(s, rc);
        return -EAGAIN;
    }
    reap_all(s);
    if (s->error < 0)
        return s->error;
    /* A header that had to be written again came after the sync. */
    return head->result == (int)head->size && sync->result == 0 ? 0 : -EAGAIN;
}

static void finish_here(struct weir_spool *s)
{
    int rc = write_here(s, s->piece + s->pieces, 0);
    if (rc == 0 && fdatasync(s->fd) < 0)
        rc = -errno;
    if (rc < 0)
        keep_error(s, rc);
}

static void name_method(struct weir_spool *s)
{
    snprintf(s->method, sizeof(s->method), "%s, %s%s",
             s->uring ? "io_uring" : "pwrite",
             s->is_direct ? "O_DIRECT" : "page cache",
             s->uring && s->registered ? ", registered buffers" : "");
}

int weir_spool_finish(struct weir_spool *s, const void *head)
{
    struct request *r = s->piece + s->pieces;
    reap_all(s);
    /* The last piece was padded for O_DIRECT: the format allows nothing after
     * the data, and the sync has to cover the final size. */
    if (s->error == 0 && ftruncate(s->fd, (off_t)s->size) < 0)
        keep_error(s, -errno);
    r->bytes = (unsigned char *)head;
    r->size = s->head_bytes;
    r->at = 0;
    if (s->error == 0 && (!s->uring || finish_by_uring(s) == -EAGAIN))
        finish_here(s);
    name_method(s);
    return s->error < 0 ? fault(s) : 0;
}

void weir_spool_close(struct weir_spool *s)
{
    reap_all(s);
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
    s->filling = NULL;
}

const char *weir_spool_method(const struct weir_spool *s)
{
    return s->method;
}
