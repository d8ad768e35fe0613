/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_IO_CHECKPOINT_WRITER_H
#define WEIR_IO_CHECKPOINT_WRITER_H

/**
 * @file
 * Writes checkpoints: a list of arrays and texts to one safetensors file.
 *
 * Order of a write, so that a crash at any point leaves the older checkpoints
 * and never half a new one: space reserved -> data -> cut to size -> header
 * with its checksums -> fsync (IOSQE_IO_DRAIN, so after the header) -> rename
 * from the temporary name -> fsync of the directory -> old ones deleted.
 *
 * Data go through a few staging buffers, which are registered with io_uring
 * once: copy a piece, checksum the copy (so what is checked is what is
 * written), submit, take the next free buffer. The arrays must not change until
 * the last piece has been copied; `release` says when. The device may still be
 * writing then.
 *
 * Fallbacks, each told once through weir_log_info("checkpoint", ...):
 * - no io_uring (ENOSYS, EPERM, EINVAL, ENOMEM at setup or on a request):
 *   pwrite in the calling thread;
 * - buffers cannot be registered (memlock limit): ordinary requests;
 * - O_DIRECT refused by the file system: through the page cache.
 *
 * Threads: one thread at a time uses a writer. A full disk may raise SIGXFSZ
 * when the limit is RLIMIT_FSIZE; a program that wants the error ignores it.
 */
#include "io/safetensors.h"

struct weir_checkpoint_writer;

struct weir_checkpoint_options {
    const char *dir;    /* of the run, prepared by weir_run_dir_prepare() */
    int keep;           /* newest checkpoints kept, >= 1 */
    size_t piece_bytes; /* of a staging buffer; 0: 1 MiB; multiple of 4096 */
    int pieces;         /* staging buffers; 0: 4; at most 64 */
    bool no_uring;      /* pwrite only */
    bool no_direct;     /* through the page cache */
};

/** What is written. Nothing here is kept after the call. */
struct weir_checkpoint {
    uint64_t step;
    const char *name; /* NULL: step-%08llu, one of the K kept; else NAME, which
                         replaces the file of that name and is never deleted */
    const struct weir_tensor *tensor;
    size_t n;
    const struct weir_text *meta; /* "weir.format" is added */
    size_t n_meta;
    void (*release)(void *ctx); /* NULL, or called once per write, on success
                                   and on failure: the arrays may change */
    void *ctx;
};

/** How a write went. */
struct weir_checkpoint_report {
    uint64_t bytes;     /* size of the file */
    int64_t copied_ns;  /* from the call to `release` */
    int64_t total_ns;   /* from the call until it was on disk under its name;
                           deleting old ones comes after it */
    const char *method; /* "io_uring, O_DIRECT, registered buffers" ... */
};

/**
 * Set up buffers and ring, and delete what interrupted writers left in DIR.
 * @return 0
 * @return -EINVAL  an option out of its range
 * @return -ENOMEM  no memory for the staging buffers
 */
int weir_checkpoint_writer_create(const struct weir_checkpoint_options *options,
                                  struct weir_checkpoint_writer **out);
void weir_checkpoint_writer_destroy(struct weir_checkpoint_writer *w);

/**
 * Write one checkpoint and return when it is on disk under its name.
 *
 * On failure the temporary file is gone, older checkpoints are as they were,
 * and the writer can be used again.
 *
 * @param[out] report  may be NULL; filled on success
 * @return 0
 * @return -ENOSPC, -EFBIG, -EDQUOT  no room; -EIO and other errnos: the device
 * @return -EINVAL, -ENOMEM          as weir_safetensors_head_build()
 */
int weir_checkpoint_write(struct weir_checkpoint_writer *w,
                          const struct weir_checkpoint *c,
                          struct weir_checkpoint_report *report);

#endif
