/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_IO_CHECKPOINT_DIR_H
#define WEIR_IO_CHECKPOINT_DIR_H

/**
 * @file
 * The checkpoints of a run: DIR/checkpoints/step-00001234.safetensors.
 *
 * A file with such a name was complete and on disk before it got the name
 * (io/checkpoint_writer.h); what is damaged later is found by its checksums.
 * Any process may list and open; the calls that rename and delete
 * are for the owner of DIR (io/run_dir.h).
 */
#include "io/safetensors.h"

#include <limits.h>

/** Path of the checkpoint of @p step. @return 0 or -ENAMETOOLONG */
int weir_checkpoint_path(const char *dir, uint64_t step, char out[PATH_MAX]);
/** Path of DIR/checkpoints/NAME.safetensors ("best"). Same outcomes. */
int weir_checkpoint_named_path(const char *dir, const char *name,
                               char out[PATH_MAX]);

/**
 * Steps of all checkpoints, newest first, in a malloc'ed array (NULL if none).
 * @return their number (0 also when there is no such directory), or -errno
 */
int weir_checkpoint_list(const char *dir, uint64_t **steps);

/**
 * Open one checkpoint: as weir_safetensors_open(), and a file without checksums
 * or with metadata "weir.format" newer than WEIR_CHECKPOINT_FORMAT is refused.
 * @return 0, -WEIR_ECORRUPT, -ENOTSUP, or the outcomes of open and read
 */
int weir_checkpoint_open(const char *path, struct weir_safetensors **out);

/**
 * Open the newest checkpoint that is whole. A damaged one is passed over with a
 * warning that names it and the one taken instead.
 *
 * @param[out] step  of the one opened
 * @return 0
 * @return -ENOENT         there is none at all: a run starts anew
 * @return -WEIR_ECORRUPT  there are some and none is whole
 * @return -ENOTSUP        the newest whole one was written by a newer Weir
 */
int weir_checkpoint_open_newest(const char *dir, struct weir_safetensors **out,
                                uint64_t *step);

/**
 * Rename every checkpoint newer than @p step to NAME.damaged, so that a run
 * that continues at @p step neither finds nor counts it among the K kept.
 * @return how many, or -errno
 */
int weir_checkpoint_set_aside(const char *dir, uint64_t step);

/**
 * Delete all but the @p keep newest checkpoints. Named checkpoints stay.
 * @return 0 or -errno of the first that could not be deleted
 */
int weir_checkpoint_delete_old(const char *dir, int keep);
/**
 * Delete what interrupted writers left under temporary names.
 * @return 0 (also when there is no such directory), or -errno of the first that
 *         could not be deleted
 */
int weir_checkpoint_delete_temporary(const char *dir);

#endif
