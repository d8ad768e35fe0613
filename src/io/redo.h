/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_IO_REDO_H
#define WEIR_IO_REDO_H

/**
 * @file
 * A note beside a file of the write that is being made in it. Private to
 * src/io.
 *
 * SIGKILL can end pwrite(2) between two pages and leave a block of HDF5's
 * metadata half old and half new, for ever (seen in about 1 of 1500 kills of a
 * writer that does nothing but flush). So a write that crosses a page is noted
 * first, with its bytes and a checksum, and the writer's successor makes it
 * again. A note that is torn itself belongs to a write that was not begun.
 *
 * A note counts for one file (its inode) and until the machine restarts: what a
 * power failure leaves of a file is in no known order, and one old block would
 * only add to it.
 */
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct weir_redo {
    char path[PATH_MAX]; /* of the note */
    int fd;              /* -1: not begun */
    ino_t inode;         /* of the file it is for */
    char boot[40];       /* identifies this start of the machine */
    uint64_t at, size;   /* of the write in the note; size 0: none */
};

/** Begin notes for the open file @p file. @return 0 or -errno (no record) */
int weir_redo_begin(struct weir_redo *redo, const char *path, int file);
/**
 * Before each write that must be whole: note it if it can be torn.
 * @return 0 or -errno (no record): do not write
 */
int weir_redo_note(struct weir_redo *redo, uint64_t at, const void *bytes,
                   size_t size);
/**
 * Before each other write: take back an older note that it would contradict.
 * Same outcomes.
 */
int weir_redo_pass(struct weir_redo *redo, uint64_t at, size_t size);
/** Stop. @param[in] whole  the file is whole: delete the note */
void weir_redo_end(struct weir_redo *redo, bool whole);

/**
 * Make the noted write again in @p file, if there is a note for it, and delete
 * the note.
 * @return 1 made, 0 nothing to do, or -errno (no record)
 */
int weir_redo_apply(const char *path, const char *file);

#endif
