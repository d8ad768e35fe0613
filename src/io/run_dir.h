/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_IO_RUN_DIR_H
#define WEIR_IO_RUN_DIR_H

/**
 * @file
 * The directory of a run: created, writable, and owned by one process.
 *
 *     DIR/lock                   held with flock(2); text: the owner's pid
 *     DIR/run.h5                 io/runfile.h
 *     DIR/checkpoints/           io/checkpoint_dir.h
 */

#include <stdbool.h>

/**
 * Create DIR (with its parents) and DIR/checkpoints where they are missing and
 * see that files can be created there.
 * @return 0
 * @return -WEIR_EENV  cannot be created or written; the message says which part
 */
int weir_run_dir_prepare(const char *dir);

/**
 * A hint for who took the directory of a pool run for that of a run.
 * @return whether @p dir is one
 */
bool weir_run_dir_hint_rounds(const char *dir);

/** What is at DIR's place before a run. */
enum weir_run_dir_before {
    WEIR_RUN_DIR_USED,
    WEIR_RUN_DIR_EMPTY,
    WEIR_RUN_DIR_ABSENT
};
/** To be asked before weir_run_dir_prepare. What cannot be read counts as used. */
enum weir_run_dir_before weir_run_dir_look(const char *dir);
/**
 * Take away what a run has put there that never began: its first files, and DIR
 * where it was not there. A directory that was used before is left alone.
 */
void weir_run_dir_discard(const char *dir, enum weir_run_dir_before before);

/**
 * Take DIR for this process until weir_run_dir_unlock() or its end, however it
 * ends. The descriptor is close-on-exec: a program started by the run does not
 * keep the directory locked, a forked copy of it does: of an owner that is gone
 * one is waited for, up to 5 s.
 *
 * On a file system without flock(2) the run goes on unlocked, with a warning.
 *
 * @return >= 0        a descriptor for weir_run_dir_unlock()
 * @return -WEIR_EENV  another process has it; the message gives its pid
 */
int weir_run_dir_lock(const char *dir);
/** Give DIR back. The file stays: removing it would race with a new owner. */
void weir_run_dir_unlock(int lock);

/**
 * Write @p text as DIR/@p name, under another name first: whoever reads it later
 * finds it whole, or the one before.
 * @return 0, -WEIR_EENV
 */
int weir_run_dir_write(const char *dir, const char *name, const char *text);

#endif
