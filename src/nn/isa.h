/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_NN_ISA_H
#define WEIR_NN_ISA_H

/**
 * @file
 * What the engine computes with.
 */

/**
 * The widest instruction set the engine uses on this processor, in words:
 * "AVX2", "AVX-512". Results of different sets differ by rounding.
 */
const char *weir_isa_name(void);

/** Version of the oneDNN in use: "oneDNN 2.6.3". */
const char *weir_engine_version(void);

#endif
