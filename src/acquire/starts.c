/* SPDX-License-Identifier: BSD-3-Clause */
#include "acquire/starts.h"

#include "base/err.h"

#include <stdlib.h>
#include <string.h>

size_t weir_starts_each(size_t frame)
{
    return frame * sizeof(float) + sizeof(bool);
}

void weir_starts_init(struct weir_starts *s, size_t frame, uint32_t n,
                      size_t bytes)
{
    size_t most = frame ? bytes / weir_starts_each(frame) : 0;
    *s = (struct weir_starts){.frame = frame,
                              .room = most < n ? (uint32_t)most : n};
}

void weir_starts_free(struct weir_starts *s)
{
    free(s->has);
    free(s->first);
}

void weir_starts_forget(struct weir_starts *s)
{
    if (s->made)
        memset(s->has, 0, s->room * sizeof(*s->has));
    s->made = 0;
}

bool weir_starts_has(const struct weir_starts *s, uint32_t number)
{
    return s->made && number < s->room && s->has[number];
}

void weir_starts_take(const struct weir_starts *s, uint32_t number, float *to)
{
    memcpy(to, s->first + number * s->frame, s->frame * sizeof(*to));
}

static int allocate(struct weir_starts *s)
{
    s->has = calloc(s->room, sizeof(*s->has));
    s->first = malloc(s->room * s->frame * sizeof(*s->first));
    if (s->has && s->first)
        return 0;
    weir_starts_free(s);
    s->has = NULL;
    s->first = NULL;
    return WEIR_FAIL(ENOMEM, "first frames of %u candidates", s->room);
}

int weir_starts_put(struct weir_starts *s, uint32_t number, const float *from)
{
    if (number >= s->room)
        return 0;
    int rc = s->has ? 0 : allocate(s);
    if (rc)
        return rc;
    memcpy(s->first + number * s->frame, from, s->frame * sizeof(*from));
    s->made += !s->has[number];
    s->has[number] = true;
    return 0;
}

uint32_t weir_starts_missing(const struct weir_starts *s)
{
    uint32_t i = 0;
    while (i < s->room && weir_starts_has(s, i))
        i++;
    return i;
}
