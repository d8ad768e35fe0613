/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_ACQUIRE_STARTS_H
#define WEIR_ACQUIRE_STARTS_H

/**
 * @file
 * First frames of numbered candidates, each made once and kept as far as memory
 * goes: one may cost a spin-up of the equation, and it follows from parameters
 * alone, not from weights. Memory is taken when the first one comes.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct weir_starts {
    size_t frame;  /* floats */
    uint32_t room; /* numbers below it are kept */
    uint32_t made; /* of those */
    bool *has;     /* [room] */
    float *first;  /* [room][frame] */
};

/** Bytes of one frame that is kept. */
size_t weir_starts_each(size_t frame);

/** Of numbers below @p n, those that @p bytes are enough for; none of frames
 * of no floats. */
void weir_starts_init(struct weir_starts *s, size_t frame, uint32_t n,
                      size_t bytes);
void weir_starts_free(struct weir_starts *s);
/** They are those of other candidates now. */
void weir_starts_forget(struct weir_starts *s);

bool weir_starts_has(const struct weir_starts *s, uint32_t number);
/** Copy frame @p number, which is there. */
void weir_starts_take(const struct weir_starts *s, uint32_t number, float *to);
/** Keep a copy of it, if there is room. @return 0, -ENOMEM */
int weir_starts_put(struct weir_starts *s, uint32_t number, const float *from);
/** The first number that is not there; room: all are. */
uint32_t weir_starts_missing(const struct weir_starts *s);

#endif
