/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/dataset.h"

#include "base/err.h"
#include "base/heap.h"
#include "base/log.h"
#include "io/dataset_layout.h"
#include "io/hdf5.h"
#include "io/hdf5_attribute.h"
#include "io/hdf5_driver.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct weir_dataset {
    struct weir_dataset_plan plan;
    char path[PATH_MAX];        /* of the whole file */
    char part[PATH_MAX + 8];    /* of the partial one */
    char fresh[PATH_MAX + 8];   /* while it is laid out */
    int lock;                   /* descriptor of the file, held locked */
    struct weir_h5_guard guard; /* errno of the first failed write */
    hid_t file;
    hid_t *field; /* [channels] */
    uint32_t *attempts;
    bool marked; /* since the last sync */
};

/* ---- failures -------------------------------------------------------------- */

static int cannot_write(const struct weir_dataset *d)
{
    int error = d->guard.error ? d->guard.error : weir_h5_errno();
    WEIR_FAIL(error, "data set '%s'", d->part);
    if (error == ENOSPC || error == EFBIG || error == EDQUOT)
        return weir_err_hint("what is done is kept: make room, then give the "
                             "same command again");
    return -error;
}

static int no_room(const struct weir_dataset *d, int error, double bytes)
{
    WEIR_FAIL(WEIR_EENV, "data set '%s' needs %.1f MiB: %s", d->path,
              bytes / 0x1p20, strerror(error));
    return weir_err_hint(error == EFBIG
                             ? "raise the limit on file sizes (ulimit -f), or "
                               "write less: --n, --steps"
                             : "make room, or write less: --n, --steps");
}

static int is_another(const struct weir_dataset *d, const char *what)
{
    WEIR_FAIL(WEIR_ECONFIG, "'%s' was begun with another %s", d->part, what);
    return weir_err_hint("take another --out, or delete '%s'", d->part);
}

static int damaged(const struct weir_dataset *d)
{
    char reason[256];
    weir_h5_reason(reason, sizeof(reason));
    WEIR_FAIL(WEIR_ECORRUPT, "'%s' is no partial data set%s%s", d->part,
              reason[0] ? ": " : "", reason);
    return weir_err_hint("take another --out, or delete '%s'", d->part);
}

/* ---- the file as such ------------------------------------------------------ */

static struct weir_dataset *new_dataset(const char *path,
                                        const struct weir_dataset_plan *plan)
{
    struct weir_dataset *d = weir_array(1, sizeof(*d));
    size_t channels = (size_t)plan->info->shape.channels;
    if (!d)
        return NULL;
    d->plan = *plan;
    d->lock = -1;
    d->file = -1;
    d->field = weir_array(channels, sizeof(*d->field));
    d->attempts = weir_array(plan->trajectories, sizeof(*d->attempts));
    for (size_t c = 0; d->field && c < channels; c++)
        d->field[c] = -1;
    snprintf(d->path, sizeof(d->path), "%s", path);
    snprintf(d->part, sizeof(d->part), "%s.part", d->path);
    snprintf(d->fresh, sizeof(d->fresh), "%s.part~", d->path);
    if (d->field && d->attempts)
        return d;
    free(d->field);
    free(d->attempts);
    free(d);
    return NULL;
}

static void close_file(struct weir_dataset *d)
{
    for (int c = 0; c < d->plan.info->shape.channels; c++)
        if (d->field[c] >= 0)
            H5Dclose(d->field[c]);
    if (d->file >= 0)
        H5Fclose(d->file);
    d->file = -1;
}

static void release(struct weir_dataset *d)
{
    if (d->lock >= 0)
        close(d->lock);
    free(d->field);
    free(d->attempts);
    free(d);
}

/*
 * Own @p path. A lock is on the file and not on its name: whoever had it may
 * have renamed it before we got the lock.
 */
static int own(struct weir_dataset *d, const char *path, int how)
{
    struct stat mine, there;
    d->lock = open(path, how | O_RDWR | O_CLOEXEC, 0666);
    if (d->lock < 0)
        return WEIR_FAIL(WEIR_EENV, "data set '%s' cannot be written: %s",
                         d->path, strerror(errno));
    bool locked = flock(d->lock, LOCK_EX | LOCK_NB) == 0;
    if (!locked && errno != EWOULDBLOCK)
        weir_log_warn("generate",
                      "'%s' has no file locks (%s): do not write it twice at "
                      "once",
                      path, strerror(errno));
    else if (!locked || fstat(d->lock, &mine) || stat(path, &there) ||
             mine.st_ino != there.st_ino || mine.st_dev != there.st_dev) {
        close(d->lock);
        d->lock = -1;
        WEIR_FAIL(WEIR_EENV, "'%s' is being written by another process", path);
        return weir_err_hint("wait for it to end, or take another --out");
    }
    return 0;
}

/* Properties of the oldest format: every reader has it, and it keeps no mark
 * of an unfinished writer that would have to be cleared after a crash. */
static hid_t access_with(struct weir_dataset *d)
{
    hid_t p = H5Pcreate(H5P_FILE_ACCESS);
    if (p >= 0 &&
        (H5Pset_libver_bounds(p, H5F_LIBVER_EARLIEST, H5F_LIBVER_V18) < 0 ||
         H5Pset_sieve_buf_size(p, 0) < 0 ||
         weir_h5_driver_use(p, &d->guard) < 0)) {
        H5Pclose(p);
        return -1;
    }
    return p;
}

static int open_fields(struct weir_dataset *d)
{
    char name[300];
    for (int c = 0; c < d->plan.info->shape.channels; c++) {
        snprintf(name, sizeof(name), "t0_fields/%s", d->plan.info->field[c]);
        d->field[c] = H5Dopen2(d->file, name, H5P_DEFAULT);
        if (d->field[c] < 0)
            return -1;
    }
    return 0;
}

/* ---- begin ----------------------------------------------------------------- */

/* Everything but the fields' numbers, down to the device. */
static int lay_out(struct weir_dataset *d)
{
    hid_t access = access_with(d);
    d->file = H5Fcreate(d->fresh, H5F_ACC_TRUNC, H5P_DEFAULT, access);
    if (access >= 0)
        H5Pclose(access);
    if (d->file < 0 || weir_dataset_lay_out(d->file, &d->plan) < 0 ||
        open_fields(d) < 0 || H5Fflush(d->file, H5F_SCOPE_LOCAL) < 0)
        return cannot_write(d);
    return 0;
}

/* As many bytes as the fields will have; without it a sparse file would fill
 * the disk in the middle of the work. */
static int reserve(struct weir_dataset *d)
{
    struct stat st;
    int error = d->guard.error;
    if (error == 0 && fstat(d->lock, &st))
        error = errno;
    if (error == 0 && fallocate(d->lock, 0, 0, st.st_size))
        error = errno;
    if (error == 0 || error == EOPNOTSUPP || error == ENOSYS)
        return fsync(d->lock) ? WEIR_FAIL(errno, "data set '%s'", d->fresh) : 0;
    hsize_t size[WEIR_DATASET_RANK];
    int dims = weir_dataset_sizes(&d->plan, size);
    double bytes =
        d->plan.info->shape.channels * (d->plan.keep_double ? 8. : 4);
    for (int i = 0; i < dims; i++)
        bytes *= (double)size[i];
    return no_room(d, error, bytes);
}

static int begin(struct weir_dataset *d)
{
    int rc = own(d, d->fresh, O_CREAT);
    if (rc)
        return rc;
    rc = lay_out(d);
    if (rc == 0 || d->guard.error)
        rc = reserve(d);
    if (rc == 0 && rename(d->fresh, d->part))
        rc = WEIR_FAIL(errno, "data set '%s'", d->part);
    if (rc)
        unlink(d->fresh);
    return rc;
}

int weir_dataset_create(const char *path, const struct weir_dataset_plan *plan,
                        struct weir_dataset **out)
{
    if (strlen(path) >= PATH_MAX)
        return WEIR_FAIL(ENAMETOOLONG, "data set '%.64s...'", path);
    struct weir_dataset *d = new_dataset(path, plan);
    if (!d)
        return WEIR_FAIL(ENOMEM, "data set '%s'", path);
    if (access(d->part, F_OK) == 0) {
        int rc = WEIR_FAIL(EEXIST, "data set '%s'", d->part);
        release(d);
        return rc;
    }
    weir_h5_lock();
    int rc;
    WEIR_H5_QUIET_BEGIN
    rc = begin(d);
    if (rc)
        close_file(d);
    WEIR_H5_QUIET_END
    weir_h5_unlock();
    if (rc)
        release(d);
    else
        *out = d;
    return rc;
}

/* ---- continue -------------------------------------------------------------- */

static bool has_sizes(hid_t dataset, int dims, const hsize_t *size)
{
    hsize_t have[H5S_MAX_RANK];
    hid_t space = H5Dget_space(dataset);
    bool same = H5Sget_simple_extent_dims(space, have, NULL) == dims &&
                memcmp(have, size, (size_t)dims * sizeof(*have)) == 0;
    H5Sclose(space);
    return same;
}

static bool has_type(hid_t dataset, hid_t wanted)
{
    hid_t type = H5Dget_type(dataset);
    bool same = H5Tequal(type, wanted) > 0;
    H5Tclose(type);
    return same;
}

static int read_attempts(struct weir_dataset *d)
{
    hsize_t n = d->plan.trajectories;
    hid_t set = H5Dopen2(d->file, WEIR_DATASET_ATTEMPTS, H5P_DEFAULT);
    if (set < 0)
        return damaged(d);
    int rc = has_sizes(set, 1, &n) ? 0
                                   : is_another(d, "number of "
                                                   "trajectories");
    if (rc == 0 && H5Dread(set, H5T_NATIVE_UINT32, H5S_ALL, H5S_ALL,
                           H5P_DEFAULT, d->attempts) < 0)
        rc = damaged(d);
    H5Dclose(set);
    return rc;
}

static int check_parameters(struct weir_dataset *d)
{
    hsize_t size[2] = {d->plan.trajectories, d->plan.space->n};
    bool wanted = size[1] > 0, same = false;
    if (H5Lexists(d->file, WEIR_DATASET_PARAMETERS, H5P_DEFAULT) > 0) {
        hid_t set = H5Dopen2(d->file, WEIR_DATASET_PARAMETERS, H5P_DEFAULT);
        same = wanted && set >= 0 && has_sizes(set, 2, size);
        if (set >= 0)
            H5Dclose(set);
    } else {
        same = !wanted;
    }
    return same ? 0 : is_another(d, "set of parameters");
}

static int check_fields(struct weir_dataset *d)
{
    hsize_t size[WEIR_DATASET_RANK];
    int dims = weir_dataset_sizes(&d->plan, size);
    if (open_fields(d) < 0)
        return is_another(d, "solver");
    for (int c = 0; c < d->plan.info->shape.channels; c++) {
        if (!has_sizes(d->field[c], dims, size))
            return is_another(d, "shape of frames, or number of them");
        if (!has_type(d->field[c], weir_dataset_type(&d->plan)))
            return is_another(d, "type: --double");
    }
    return 0;
}

static int take_up(struct weir_dataset *d)
{
    int rc = own(d, d->part, 0);
    hid_t access = rc ? -1 : access_with(d);
    if (rc)
        return rc;
    d->file = H5Fopen(d->part, H5F_ACC_RDWR, access);
    if (access >= 0)
        H5Pclose(access);
    if (d->file < 0)
        return damaged(d);
    rc = read_attempts(d);
    rc = rc ? rc : check_parameters(d);
    return rc ? rc : check_fields(d);
}

int weir_dataset_resume(const char *path, const struct weir_dataset_plan *plan,
                        struct weir_dataset **out)
{
    if (strlen(path) >= PATH_MAX)
        return WEIR_FAIL(ENAMETOOLONG, "data set '%.64s...'", path);
    struct weir_dataset *d = new_dataset(path, plan);
    if (!d)
        return WEIR_FAIL(ENOMEM, "data set '%s'", path);
    weir_h5_lock();
    int rc;
    WEIR_H5_QUIET_BEGIN
    rc = take_up(d);
    if (rc)
        close_file(d);
    WEIR_H5_QUIET_END
    weir_h5_unlock();
    if (rc)
        release(d);
    else
        *out = d;
    return rc;
}

/* ---- trajectories ---------------------------------------------------------- */

char *weir_dataset_text(struct weir_dataset *d, const char *key)
{
    char *text;
    weir_h5_lock();
    WEIR_H5_QUIET_BEGIN
    text = weir_h5_get_texts(d->file, key, ' ');
    WEIR_H5_QUIET_END
    weir_h5_unlock();
    return text;
}

static herr_t write_frames(struct weir_dataset *d, int channel,
                           uint64_t trajectory, uint32_t first, uint32_t n,
                           const void *values)
{
    hsize_t count[WEIR_DATASET_RANK];
    hsize_t start[WEIR_DATASET_RANK] = {trajectory, first};
    int dims = weir_dataset_sizes(&d->plan, count);
    count[0] = 1;
    count[1] = n;
    hid_t in_file = H5Dget_space(d->field[channel]);
    hid_t in_memory = H5Screate_simple(dims, count, NULL);
    herr_t rc =
        H5Sselect_hyperslab(in_file, H5S_SELECT_SET, start, NULL, count, NULL);
    if (rc >= 0)
        rc = H5Dwrite(d->field[channel], weir_dataset_type(&d->plan), in_memory,
                      in_file, H5P_DEFAULT, values);
    H5Sclose(in_memory);
    H5Sclose(in_file);
    return rc;
}

int weir_dataset_write(struct weir_dataset *d, int channel, uint64_t trajectory,
                       uint32_t first, uint32_t n, const void *values)
{
    int rc = 0;
    weir_h5_lock();
    WEIR_H5_QUIET_BEGIN
    if (d->guard.error ||
        write_frames(d, channel, trajectory, first, n, values) < 0 ||
        d->guard.error)
        rc = cannot_write(d);
    WEIR_H5_QUIET_END
    weir_h5_unlock();
    return rc;
}

int weir_dataset_parameters(struct weir_dataset *d, uint64_t trajectory,
                            const double *value)
{
    int rc = 0;
    weir_h5_lock();
    WEIR_H5_QUIET_BEGIN
    if (d->guard.error ||
        weir_dataset_put_parameters(d->file, &d->plan, trajectory, value) < 0 ||
        d->guard.error)
        rc = cannot_write(d);
    WEIR_H5_QUIET_END
    weir_h5_unlock();
    return rc;
}

void weir_dataset_mark(struct weir_dataset *d, uint64_t trajectory,
                       uint32_t attempt)
{
    weir_h5_lock();
    d->attempts[trajectory] = attempt;
    d->marked = true;
    weir_h5_unlock();
}

uint32_t weir_dataset_attempts(struct weir_dataset *d, uint64_t trajectory)
{
    weir_h5_lock();
    uint32_t attempts = d->attempts[trajectory];
    weir_h5_unlock();
    return attempts;
}

/* ---- the end of a piece of work -------------------------------------------- */

/* What is marked now; NULL with a record on failure. */
static uint32_t *flush_frames(struct weir_dataset *d)
{
    size_t bytes = d->plan.trajectories * sizeof(uint32_t);
    uint32_t *now = malloc(bytes);
    weir_h5_lock();
    if (now)
        memcpy(now, d->attempts, bytes);
    d->marked = false;
    WEIR_H5_QUIET_BEGIN
    if (d->guard.error || H5Fflush(d->file, H5F_SCOPE_LOCAL) < 0 ||
        d->guard.error) {
        cannot_write(d);
        free(now);
        now = NULL;
    } else if (!now) {
        WEIR_FAIL(ENOMEM, "data set '%s'", d->part);
    }
    WEIR_H5_QUIET_END
    weir_h5_unlock();
    return now;
}

static int write_marks(struct weir_dataset *d, const uint32_t *now)
{
    int rc = 0;
    weir_h5_lock();
    WEIR_H5_QUIET_BEGIN
    hid_t set = H5Dopen2(d->file, WEIR_DATASET_ATTEMPTS, H5P_DEFAULT);
    if (set < 0 ||
        H5Dwrite(set, H5T_NATIVE_UINT32, H5S_ALL, H5S_ALL, H5P_DEFAULT, now) <
            0 ||
        H5Fflush(d->file, H5F_SCOPE_LOCAL) < 0 || d->guard.error)
        rc = cannot_write(d);
    if (set >= 0)
        H5Dclose(set);
    WEIR_H5_QUIET_END
    weir_h5_unlock();
    return rc;
}

int weir_dataset_sync(struct weir_dataset *d)
{
    weir_h5_lock();
    bool marked = d->marked;
    weir_h5_unlock();
    if (!marked)
        return 0;
    uint32_t *now = flush_frames(d);
    if (!now)
        return -weir_err_code();
    /* Writers go on meanwhile: the descriptor is ours, no lock is needed. */
    int rc = fdatasync(d->lock) ? WEIR_FAIL(errno, "data set '%s'", d->part)
                                : write_marks(d, now);
    free(now);
    return rc;
}

uint64_t weir_dataset_bytes(const struct weir_dataset *d)
{
    struct stat st;
    return fstat(d->lock, &st) ? 0 : (uint64_t)st.st_size;
}

static bool is_whole(const struct weir_dataset *d)
{
    for (uint64_t i = 0; i < d->plan.trajectories; i++)
        if (!d->attempts[i])
            return false;
    return true;
}

static void sync_directory(const char *path)
{
    char dir[PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t n = slash ? (size_t)(slash - path) : 0;
    snprintf(dir, sizeof(dir), "%.*s", n ? (int)n : 1,
             n       ? path
             : slash ? "/"
                     : ".");
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
}

static void close_dataset(struct weir_dataset *d)
{
    weir_h5_lock();
    WEIR_H5_QUIET_BEGIN
    close_file(d);
    WEIR_H5_QUIET_END
    weir_h5_unlock();
}

int weir_dataset_finish(struct weir_dataset *d)
{
    if (!d)
        return 0;
    int rc = weir_dataset_sync(d);
    close_dataset(d);
    if (rc == 0 && d->guard.error)
        rc = cannot_write(d);
    if (rc == 0 && fsync(d->lock))
        rc = WEIR_FAIL(errno, "data set '%s'", d->part);
    if (rc == 0 && is_whole(d)) {
        rc = rename(d->part, d->path)
                 ? WEIR_FAIL(errno, "data set '%s'", d->path)
                 : 1;
        sync_directory(d->path);
    }
    release(d);
    return rc;
}

void weir_dataset_close(struct weir_dataset *d)
{
    if (!d)
        return;
    close_dataset(d);
    release(d);
}

void weir_dataset_discard(struct weir_dataset *d)
{
    if (!d)
        return;
    unlink(d->part);
    weir_dataset_close(d);
}
