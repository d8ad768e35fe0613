/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/run_dir.h"

#include "base/err.h"
#include "base/log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Create @p path and its parents. -errno, without a record, on failure; @p path
 * then ends at the part that could not be made. */
static int make_path(char *path)
{
    for (char *slash = path + 1;; slash++) {
        if (*slash != '/' && *slash != '\0')
            continue;
        char kept = *slash;
        *slash = '\0';
        if (mkdir(path, 0777) < 0 && errno != EEXIST)
            return -errno;
        *slash = kept;
        if (kept == '\0')
            return 0;
    }
}

static int make_dir(const char *dir, const char *below)
{
    char path[PATH_MAX];
    struct stat st;
    if ((size_t)snprintf(path, sizeof(path), "%s%s", dir, below) >=
        sizeof(path))
        return WEIR_FAIL(WEIR_EENV, "run directory '%s': name too long", dir);
    int rc = path[0] ? make_path(path) : -ENOENT;
    if (rc == 0 && stat(path, &st) < 0)
        rc = -errno;
    if (rc == 0 && !S_ISDIR(st.st_mode))
        rc = -ENOTDIR;
    if (rc < 0)
        return WEIR_FAIL(WEIR_EENV,
                         "run directory '%s': '%s' cannot be created: %s", dir,
                         path, strerror(-rc));
    return 0;
}

/* access(2) asks about the real user and not about read-only file systems, so
 * create something. */
static int try_writing(const char *dir, const char *below)
{
    char path[PATH_MAX];
    if ((size_t)snprintf(path, sizeof(path), "%s%s/.write-XXXXXX", dir,
                         below) >= sizeof(path))
        return WEIR_FAIL(WEIR_EENV, "run directory '%s': name too long", dir);
    int fd = mkostemp(path, O_CLOEXEC);
    if (fd < 0) {
        WEIR_FAIL(WEIR_EENV, "run directory '%s%s' cannot be written: %s", dir,
                  below, strerror(errno));
        return weir_err_hint("choose another one with --out");
    }
    close(fd);
    unlink(path);
    return 0;
}

int weir_run_dir_prepare(const char *dir)
{
    int rc = make_dir(dir, "");
    if (rc == 0)
        rc = try_writing(dir, "");
    if (rc == 0)
        rc = make_dir(dir, "/checkpoints");
    if (rc == 0)
        rc = try_writing(dir, "/checkpoints");
    return rc;
}

bool weir_run_dir_hint_rounds(const char *dir)
{
    char path[PATH_MAX + 16];
    snprintf(path, sizeof(path), "%s/round-00", dir);
    if (access(path, F_OK))
        return false;
    weir_err_hint("a pool's rounds are runs: %s/round-??", dir);
    return true;
}

enum weir_run_dir_before weir_run_dir_look(const char *dir)
{
    const struct dirent *e;
    bool used = false;
    DIR *d = opendir(dir);
    if (!d)
        return errno == ENOENT ? WEIR_RUN_DIR_ABSENT : WEIR_RUN_DIR_USED;
    while (!used && (e = readdir(d)))
        used = strcmp(e->d_name, ".") && strcmp(e->d_name, "..");
    closedir(d);
    return used ? WEIR_RUN_DIR_USED : WEIR_RUN_DIR_EMPTY;
}

void weir_run_dir_discard(const char *dir, enum weir_run_dir_before before)
{
    static const char *const file[] = {"log", "resolved.yaml", "fftw.wisdom",
                                       "run.h5", "lock"};
    char path[PATH_MAX + 16];
    if (before == WEIR_RUN_DIR_USED)
        return;
    snprintf(path, sizeof(path), "%s/checkpoints", dir);
    rmdir(path);
    for (size_t i = 0; i < sizeof(file) / sizeof(*file); i++) {
        snprintf(path, sizeof(path), "%s/%s", dir, file[i]);
        unlink(path);
    }
    if (before == WEIR_RUN_DIR_ABSENT)
        rmdir(dir);
}

#define PATIENCE  250
#define MOMENT_NS 20000000

static void read_pid(int fd, char pid[32])
{
    ssize_t n = pread(fd, pid, 31, 0);
    pid[n > 0 ? n : 0] = '\0';
    pid[strcspn(pid, "\n")] = '\0';
}

static bool owner_is_gone(int fd)
{
    char pid[32];
    read_pid(fd, pid);
    return pid[0] && kill((pid_t)atol(pid), 0) && errno == ESRCH;
}

/* An owner that was killed while it started a program leaves a copy of itself,
 * which ends as soon as it gets a core. @return 0 or -errno */
static int take_lock(int fd)
{
    const struct timespec moment = {0, MOMENT_NS};
    for (int i = 0; flock(fd, LOCK_EX | LOCK_NB); i++) {
        int error = errno;
        if (error != EWOULDBLOCK || i == PATIENCE || !owner_is_gone(fd))
            return -error;
        nanosleep(&moment, NULL);
    }
    return 0;
}

static int refuse(const char *dir, int fd)
{
    char pid[32];
    read_pid(fd, pid);
    close(fd);
    WEIR_FAIL(WEIR_EENV, "run directory '%s' is in use by process %s", dir,
              pid[0] ? pid : "(unknown)");
    return weir_err_hint("wait for it to end, or choose another --out");
}

static int write_pid(const char *dir, int fd)
{
    char pid[32];
    int n = snprintf(pid, sizeof(pid), "%ld\n", (long)getpid());
    if (ftruncate(fd, 0) < 0 || pwrite(fd, pid, (size_t)n, 0) != n) {
        int error = errno;
        close(fd);
        return WEIR_FAIL(WEIR_EENV, "run directory '%s': lock file: %s", dir,
                         strerror(error));
    }
    return fd;
}

int weir_run_dir_lock(const char *dir)
{
    char path[PATH_MAX];
    if ((size_t)snprintf(path, sizeof(path), "%s/lock", dir) >= sizeof(path))
        return WEIR_FAIL(WEIR_EENV, "run directory '%s': name too long", dir);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0)
        return WEIR_FAIL(WEIR_EENV, "run directory '%s': lock file: %s", dir,
                         strerror(errno));
    int rc = take_lock(fd);
    if (rc == -EWOULDBLOCK)
        return refuse(dir, fd);
    if (rc)
        weir_log_warn("run",
                      "'%s' has no file locks (%s): do not start a "
                      "second run there",
                      dir, strerror(-rc));
    return write_pid(dir, fd);
}

void weir_run_dir_unlock(int lock)
{
    if (lock >= 0)
        close(lock);
}

int weir_run_dir_write(const char *dir, const char *name, const char *text)
{
    char path[PATH_MAX + 16], fresh[PATH_MAX + 24];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    snprintf(fresh, sizeof(fresh), "%s.tmp", path);
    FILE *f = fopen(fresh, "we");
    bool written = f && fputs(text, f) >= 0;
    written = f && fclose(f) == 0 && written;
    if (written && rename(fresh, path) == 0)
        return 0;
    int rc = WEIR_FAIL(WEIR_EENV, "%s: %s", path, strerror(errno));
    unlink(fresh);
    return rc;
}
