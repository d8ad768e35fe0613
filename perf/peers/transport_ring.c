/* SPDX-License-Identifier: BSD-3-Clause */
/* Weir's own way: payloads stay in the slot they were written to; a free ring
 * and a ready ring carry slot indices. */
#include "perf/peers/transport.h"

#include "base/heap.h"
#include "shm/futex.h"
#include "shm/mapping.h"
#include "shm/ring.h"

struct transport {
    struct weir_mapping mapping;
    struct way {
        struct weir_ring *free, *ready;
        unsigned char *slots;
        uint64_t sending, receiving; /* slot in hand at each end */
        unsigned char pad[64];
    } to[2];
    size_t bytes, slots;
};

static struct transport *open_rings(size_t bytes)
{
    struct transport *t = weir_array(1, sizeof(*t));
    struct weir_layout l = weir_layout_start();
    size_t ring_at[2][2], slots_at[2];
    t->bytes = bytes;
    t->slots = transport_slots(bytes);
    for (int i = 0; i < 2; i++) {
        for (int k = 0; k < 2; k++)
            ring_at[i][k] = weir_layout_add(
                &l, weir_ring_bytes(t->slots, sizeof(uint64_t)), 64);
        slots_at[i] = weir_layout_add(&l, t->slots * bytes, 4096);
    }
    transport_must(!weir_mapping_create("perf", l.bytes, &t->mapping) &&
                       !weir_mapping_populate(&t->mapping),
                   "mapping");
    for (int i = 0; i < 2; i++) {
        struct way *w = &t->to[i];
        w->free = (void *)(t->mapping.base + ring_at[i][0]);
        w->ready = (void *)(t->mapping.base + ring_at[i][1]);
        w->slots = t->mapping.base + slots_at[i];
        weir_ring_init(w->free, t->slots, sizeof(uint64_t));
        weir_ring_init(w->ready, t->slots, sizeof(uint64_t));
        for (uint64_t s = 0; s < t->slots; s++)
            weir_ring_push(w->free, s);
    }
    return t;
}

static void *begin(struct transport *t, int to)
{
    struct way *w = &t->to[to];
    while (weir_ring_pop(w->free, &w->sending))
        weir_pause();
    return w->slots + w->sending * t->bytes;
}

static void send_slot(struct transport *t, int to)
{
    struct way *w = &t->to[to];
    while (weir_ring_push(w->ready, w->sending))
        weir_pause();
}

static const void *receive(struct transport *t, int me)
{
    struct way *w = &t->to[me];
    while (weir_ring_pop(w->ready, &w->receiving))
        weir_pause();
    return w->slots + w->receiving * t->bytes;
}

static void done(struct transport *t, int me)
{
    struct way *w = &t->to[me];
    while (weir_ring_push(w->free, w->receiving))
        weir_pause();
}

static void close_rings(struct transport *t)
{
    weir_mapping_close(&t->mapping);
    free(t);
}

const struct transport_ops transport_ring = {
    .name = "ring",
    .one_by_one = true,
    .open = open_rings,
    .begin = begin,
    .send = send_slot,
    .receive = receive,
    .done = done,
    .close = close_rings,
};
