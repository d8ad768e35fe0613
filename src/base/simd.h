/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_BASE_SIMD_H
#define WEIR_BASE_SIMD_H

/**
 * @file
 * Loops over numbers in a portable build: the same C is compiled for several
 * vector widths and the loader picks one. No target fuses multiply and add
 * (ISO C mode does not contract), so all widths give the same bits, as long as
 * no loop adds its own elements up.
 */

/** Put before a function whose loops should use what the processor has. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) &&         \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define WEIR_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
/* The loader's choice runs before a sanitizer is ready; clang 14 does not know
 * the attribute on every function it is put on here. */
#define WEIR_CLONES
#endif

/** For what must become part of each clone. */
#define WEIR_INLINE static inline __attribute__((always_inline))

#endif
