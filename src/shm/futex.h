/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_SHM_FUTEX_H
#define WEIR_SHM_FUTEX_H

/**
 * @file
 * The two futex calls, for words in memory that processes may share, and the
 * pause of a spinning loop. Only doorbell.c, barrier.c and crew.c use them.
 */
#include <stdatomic.h>
#include <stdint.h>

/**
 * Sleep while *word == expected, for at most @p timeout_ns. Returns for any
 * reason at all: the caller looks again.
 */
void weir_futex_wait(_Atomic uint32_t *word, uint32_t expected,
                     int64_t timeout_ns);
/** Wake up to @p n sleepers. */
void weir_futex_wake(_Atomic uint32_t *word, int n);

/** Tell the core that this is a spinning loop. */
static inline void weir_pause(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

#endif
