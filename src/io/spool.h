/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_IO_SPOOL_H
#define WEIR_IO_SPOOL_H

/**
 * @file
 * Writes one file after another, each front to back, through staging buffers:
 * by io_uring with O_DIRECT where the machine allows it, else by what is left
 * (the fallbacks are listed in io/checkpoint_writer.h). The room behind the
 * header is filled first and the header last, because it holds checksums.
 *
 * A buffer belongs to the kernel from its submission until its completion has
 * been reaped; only then is it filled again.
 *
 * Calls for one file, in this order: open, put..., end, finish, close. After
 * a failure only close is left to do. One thread at a time.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct weir_spool;

struct weir_spool_options {
    size_t piece_bytes; /* > 0, multiple of 4096 */
    int pieces;         /* 1 .. 64 */
    bool no_uring;
    bool no_direct;
};

/** @return 0 or -ENOMEM */
int weir_spool_create(const struct weir_spool_options *options,
                      struct weir_spool **out);
void weir_spool_destroy(struct weir_spool *s);

/**
 * Create @p path, reserve its final @p size on the device where the file system
 * can, and start behind a header of @p head_bytes (a multiple of 4096).
 * @return 0 or -errno of open or of the reservation (-ENOSPC)
 */
int weir_spool_open(struct weir_spool *s, const char *path, uint64_t head_bytes,
                    uint64_t size);
/**
 * Append @p n bytes. They have been copied when the call returns.
 * @param[in,out] crc  CRC-32, continued over the copied bytes
 * @return 0 or -errno of this or an earlier write
 */
int weir_spool_put(struct weir_spool *s, const void *bytes, size_t n,
                   uint32_t *crc);
/** Submit what is left in the buffer: everything has been copied after it. */
int weir_spool_end(struct weir_spool *s);
/**
 * Write @p head (aligned to 4096) at the start, then fdatasync: the header only
 * when all data are in the file, and the file cut to its size.
 */
int weir_spool_finish(struct weir_spool *s, const void *head);
/** Wait for what is in flight and close. The file stays under its name. */
void weir_spool_close(struct weir_spool *s);

/** "io_uring, O_DIRECT, registered buffers": how the last file was written. */
const char *weir_spool_method(const struct weir_spool *s);

#endif
