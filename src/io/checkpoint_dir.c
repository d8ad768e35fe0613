/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/checkpoint_dir.h"

#include "base/err.h"
#include "base/log.h"
#include "weir/version.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SUFFIX ".safetensors"

static int join(char out[PATH_MAX], const char *dir, const char *name)
{
    int n = snprintf(out, PATH_MAX, "%s/checkpoints/%s", dir, name);
    if (n >= PATH_MAX)
        return WEIR_FAIL(ENAMETOOLONG, "checkpoint in '%s'", dir);
    return 0;
}

int weir_checkpoint_named_path(const char *dir, const char *name,
                               char out[PATH_MAX])
{
    char file[NAME_MAX + 1];
    int n = snprintf(file, sizeof(file), "%s" SUFFIX, name);
    if (n > NAME_MAX)
        return WEIR_FAIL(ENAMETOOLONG, "checkpoint '%s'", name);
    return join(out, dir, file);
}

int weir_checkpoint_path(const char *dir, uint64_t step, char out[PATH_MAX])
{
    char name[64];
    snprintf(name, sizeof(name), "step-%08" PRIu64, step);
    return weir_checkpoint_named_path(dir, name, out);
}

/* Whether @p name is what weir_checkpoint_path() makes of some step. */
static bool is_checkpoint(const char *name, uint64_t *step)
{
    char back[64], *end;
    if (strncmp(name, "step-", 5) != 0 || name[5] < '0' || name[5] > '9')
        return false;
    errno = 0;
    *step = strtoull(name + 5, &end, 10);
    snprintf(back, sizeof(back), "step-%08" PRIu64 SUFFIX, *step);
    return errno == 0 && strcmp(back, name) == 0;
}

static bool is_temporary(const char *name)
{
    size_t n = strlen(name), suffix = strlen(SUFFIX ".tmp");
    return name[0] == '.' && n > suffix &&
           strcmp(name + n - suffix, SUFFIX ".tmp") == 0;
}

static int newest_first(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x < y) - (x > y);
}

static int collect(DIR *d, uint64_t **steps)
{
    const struct dirent *entry;
    size_t n = 0, room = 0;
    uint64_t step;
    while ((entry = readdir(d))) {
        if (!is_checkpoint(entry->d_name, &step))
            continue;
        if (n == room) {
            room = 2 * room + 16;
            uint64_t *more = realloc(*steps, room * sizeof(*more));
            if (!more)
                return -ENOMEM;
            *steps = more;
        }
        (*steps)[n++] = step;
    }
    if (n)
        qsort(*steps, n, sizeof(**steps), newest_first);
    return (int)n;
}

int weir_checkpoint_list(const char *dir, uint64_t **steps)
{
    char path[PATH_MAX];
    *steps = NULL;
    int rc = join(path, dir, "");
    if (rc < 0)
        return rc;
    DIR *d = opendir(path);
    if (!d)
        return errno == ENOENT || errno == ENOTDIR
                   ? 0
                   : WEIR_FAIL(errno, "directory '%s'", path);
    rc = collect(d, steps);
    closedir(d);
    if (rc < 0) {
        free(*steps);
        *steps = NULL;
        return WEIR_FAIL(-rc, "directory '%s'", path);
    }
    return rc;
}

static int check_format(const struct weir_safetensors *file, const char *path)
{
    const char *format = weir_safetensors_meta(file, "weir.format");
    char *end;
    if (!weir_safetensors_is_sealed(file) || !format)
        return WEIR_FAIL(WEIR_ECORRUPT,
                         "file '%s' is damaged: no checksums or no format",
                         path);
    long number = strtol(format, &end, 10);
    if (*end || number > WEIR_CHECKPOINT_FORMAT) {
        WEIR_FAIL(ENOTSUP, "file '%s' has checkpoint format %s, this is %d",
                  path, format, WEIR_CHECKPOINT_FORMAT);
        return weir_err_hint("use the Weir that wrote it, or a newer one");
    }
    return 0;
}

int weir_checkpoint_open(const char *path, struct weir_safetensors **out)
{
    struct weir_safetensors *file;
    int rc = weir_safetensors_open(path, &file);
    if (rc < 0)
        return rc;
    rc = check_format(file, path);
    if (rc < 0) {
        weir_safetensors_close(file);
        return rc;
    }
    *out = file;
    return 0;
}

/* Open the first of @p steps that is whole; @p why keeps the newest's fault. */
static int open_first_whole(const char *dir, const uint64_t *steps, int n,
                            struct weir_safetensors **out, char why[1024])
{
    char path[PATH_MAX];
    for (int i = 0; i < n; i++) {
        int rc = weir_checkpoint_path(dir, steps[i], path);
        if (rc == 0)
            rc = weir_checkpoint_open(path, out);
        if (rc == 0)
            return i;
        /* -ENOENT: the run deleted it between the listing and now. */
        if (rc != -WEIR_ECORRUPT && rc != -ENOENT && rc != -EIO)
            return rc;
        if (i == 0)
            snprintf(why, 1024, "%s", weir_err_message());
    }
    return -WEIR_ECORRUPT;
}

int weir_checkpoint_open_newest(const char *dir, struct weir_safetensors **out,
                                uint64_t *step)
{
    uint64_t *steps;
    char why[1024] = "";
    int n = weir_checkpoint_list(dir, &steps);
    if (n < 0)
        return n;
    int at = n ? open_first_whole(dir, steps, n, out, why) : -ENOENT;
    if (at >= 0)
        *step = steps[at];
    if (at > 0)
        weir_log_warn("checkpoint", "%s; using step %" PRIu64 " instead", why,
                      *step);
    if (n == 0)
        WEIR_FAIL(ENOENT, "run directory '%s': checkpoint", dir);
    if (at == -WEIR_ECORRUPT)
        WEIR_FAIL(WEIR_ECORRUPT,
                  "run directory '%s': none of %d checkpoints is whole: %s",
                  dir, n, why);
    free(steps);
    return at < 0 ? at : 0;
}

int weir_checkpoint_set_aside(const char *dir, uint64_t step)
{
    char from[PATH_MAX], to[PATH_MAX];
    uint64_t *steps;
    int n = weir_checkpoint_list(dir, &steps), moved = 0;
    int rc = n < 0 ? n : 0;
    for (int i = 0; i < n && rc == 0 && steps[i] > step; i++, moved++) {
        rc = weir_checkpoint_path(dir, steps[i], from);
        if (rc == 0 && snprintf(to, sizeof(to), "%s.damaged", from) >= PATH_MAX)
            rc = WEIR_FAIL(ENAMETOOLONG, "file '%s'", from);
        if (rc == 0 && rename(from, to) < 0)
            rc = WEIR_FAIL(errno, "file '%s'", from);
    }
    free(steps);
    return rc < 0 ? rc : moved;
}

int weir_checkpoint_delete_old(const char *dir, int keep)
{
    char path[PATH_MAX];
    uint64_t *steps;
    int n = weir_checkpoint_list(dir, &steps);
    int rc = n < 0 ? n : 0;
    for (int i = keep; i < n; i++) {
        int one = weir_checkpoint_path(dir, steps[i], path);
        if (one == 0 && unlink(path) < 0)
            one = WEIR_FAIL(errno, "file '%s' cannot be deleted", path);
        if (rc == 0)
            rc = one;
    }
    free(steps);
    return rc;
}

int weir_checkpoint_delete_temporary(const char *dir)
{
    char path[PATH_MAX];
    const struct dirent *entry;
    int rc = join(path, dir, "");
    DIR *d = rc == 0 ? opendir(path) : NULL;
    if (!d)
        return rc;
    while ((entry = readdir(d)))
        if (is_temporary(entry->d_name) &&
            unlinkat(dirfd(d), entry->d_name, 0) < 0 && rc == 0)
            rc = WEIR_FAIL(errno, "file '%s%s' cannot be deleted", path,
                           entry->d_name);
    closedir(d);
    return rc;
}
