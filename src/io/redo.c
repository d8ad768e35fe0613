/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/redo.h"

#include <errno.h>
#include <fcntl.h>
#include <libdeflate.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define PAGE 4096u

/* Followed by the bytes. The checksum covers all but itself. */
struct note {
    uint64_t crc;
    uint64_t inode, at, size;
    char boot[40];
};

static void read_boot(char boot[40])
{
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    memset(boot, 0, 40);
    if (fd < 0)
        return;
    ssize_t n = read(fd, boot, 39);
    if (n < 0)
        boot[0] = '\0';
    close(fd);
}

static uint32_t checksum(const struct note *note, const void *bytes)
{
    uint32_t crc = libdeflate_crc32(0, (const char *)note + sizeof(note->crc),
                                    sizeof(*note) - sizeof(note->crc));
    return libdeflate_crc32(crc, bytes, note->size);
}

int weir_redo_begin(struct weir_redo *redo, const char *path, int file)
{
    struct stat st;
    if (fstat(file, &st) < 0)
        return -errno;
    snprintf(redo->path, sizeof(redo->path), "%s", path);
    redo->inode = st.st_ino;
    read_boot(redo->boot);
    redo->size = 0;
    redo->fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    return redo->fd < 0 ? -errno : 0;
}

int weir_redo_pass(struct weir_redo *redo, uint64_t at, size_t size)
{
    static const uint64_t none;
    if (at >= redo->at + redo->size || redo->at >= at + size)
        return 0;
    redo->size = 0;
    return pwrite(redo->fd, &none, sizeof(none), 0) == sizeof(none) ? 0 : -EIO;
}

int weir_redo_note(struct weir_redo *redo, uint64_t at, const void *bytes,
                   size_t size)
{
    if (size == 0 || at / PAGE == (at + size - 1) / PAGE)
        return weir_redo_pass(redo, at, size);
    struct note note = {.inode = redo->inode, .at = at, .size = size};
    memcpy(note.boot, redo->boot, sizeof(note.boot));
    note.crc = checksum(&note, bytes);
    struct iovec v[] = {{&note, sizeof(note)},
                        {(void *)(uintptr_t)bytes, size}};
    ssize_t n = pwritev(redo->fd, v, 2, 0);
    if (n < 0)
        return -errno;
    redo->at = at;
    redo->size = size;
    return (size_t)n == sizeof(note) + size ? 0 : -ENOSPC;
}

void weir_redo_end(struct weir_redo *redo, bool whole)
{
    if (redo->fd < 0)
        return;
    close(redo->fd);
    if (whole)
        unlink(redo->path);
    redo->fd = -1;
}

static unsigned char *read_note(const char *path, struct note *note)
{
    char boot[40];
    unsigned char *bytes = NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    if (fd < 0)
        return NULL;
    read_boot(boot);
    if (fstat(fd, &st) == 0 &&
        pread(fd, note, sizeof(*note), 0) == sizeof(*note) && note->size &&
        note->size <= (uint64_t)st.st_size &&
        memcmp(boot, note->boot, sizeof(boot)) == 0)
        bytes = malloc(note->size);
    if (bytes &&
        (pread(fd, bytes, note->size, sizeof(*note)) != (ssize_t)note->size ||
         checksum(note, bytes) != note->crc)) {
        free(bytes);
        bytes = NULL;
    }
    close(fd);
    return bytes;
}

int weir_redo_apply(const char *path, const char *file)
{
    struct note note;
    struct stat st;
    int rc = 0;
    unsigned char *bytes = read_note(path, &note);
    int fd = bytes ? open(file, O_WRONLY | O_CLOEXEC) : -1;
    if (fd >= 0 && fstat(fd, &st) == 0 && st.st_ino == note.inode) {
        ssize_t n = pwrite(fd, bytes, note.size, (off_t)note.at);
        rc = n == (ssize_t)note.size ? 1 : n < 0 ? -errno : -ENOSPC;
    }
    if (fd >= 0)
        close(fd);
    if (rc >= 0)
        unlink(path);
    free(bytes);
    return rc;
}
