/* SPDX-License-Identifier: BSD-3-Clause */
/* What moving payloads in place can reach when handing over costs nothing: the
 * same slots, written in order and handed over half the region at a time by one
 * flag per half. No transport that hands over one payload at a time can beat
 * it but by luck with the caches. A half is handed over by its flag: set (P1,
 * seen by C1) with what was written, cleared (P2, seen by C2) when it was read. */
#include "perf/peers/transport.h"

#include "base/heap.h"
#include "shm/futex.h"
#include "shm/mapping.h"

#include <stdint.h>

struct flag {
    _Alignas(64) _Atomic uint64_t full; /* halves written and not read back */
};

struct transport {
    struct weir_mapping mapping;
    struct way {
        struct flag *half; /* [2] */
        unsigned char *slots;
        uint64_t sent, received;
        unsigned char pad[64];
    } to[2];
    size_t bytes, slots;
};

static struct transport *open_halves(size_t bytes)
{
    struct transport *t = weir_array(1, sizeof(*t));
    struct weir_layout l = weir_layout_start();
    size_t flags_at[2], slots_at[2];
    t->bytes = bytes;
    t->slots = transport_slots(bytes);
    for (int i = 0; i < 2; i++) {
        flags_at[i] = weir_layout_add(&l, 2 * sizeof(struct flag), 64);
        slots_at[i] = weir_layout_add(&l, t->slots * bytes, 4096);
    }
    transport_must(!weir_mapping_create("perf", l.bytes, &t->mapping) &&
                       !weir_mapping_populate(&t->mapping),
                   "mapping");
    for (int i = 0; i < 2; i++) {
        t->to[i].half = (void *)(t->mapping.base + flags_at[i]);
        t->to[i].slots = t->mapping.base + slots_at[i];
    }
    return t;
}

/* The half that payload @p n lies in. */
static struct flag *half_of(struct transport *t, struct way *w, uint64_t n)
{
    return &w->half[n % t->slots >= t->slots / 2];
}

static bool starts_half(struct transport *t, uint64_t n)
{
    return n % (t->slots / 2) == 0;
}

static void *begin(struct transport *t, int to)
{
    struct way *w = &t->to[to];
    if (starts_half(t, w->sent))
        while (atomic_load_explicit(&half_of(t, w, w->sent)->full,
                                    memory_order_acquire)) /* C2 */
            weir_pause();
    return w->slots + w->sent % t->slots * t->bytes;
}

static void send_slot(struct transport *t, int to)
{
    struct way *w = &t->to[to];
    if (starts_half(t, ++w->sent))
        atomic_store_explicit(&half_of(t, w, w->sent - 1)->full, 1,
                              memory_order_release); /* P1 */
}

static const void *receive(struct transport *t, int me)
{
    struct way *w = &t->to[me];
    if (starts_half(t, w->received))
        while (!atomic_load_explicit(&half_of(t, w, w->received)->full,
                                     memory_order_acquire)) /* C1 */
            weir_pause();
    return w->slots + w->received % t->slots * t->bytes;
}

static void done(struct transport *t, int me)
{
    struct way *w = &t->to[me];
    if (starts_half(t, ++w->received))
        atomic_store_explicit(&half_of(t, w, w->received - 1)->full, 0,
                              memory_order_release); /* P2 */
}

static void close_halves(struct transport *t)
{
    weir_mapping_close(&t->mapping);
    free(t);
}

const struct transport_ops transport_in_place = {
    .name = "in_place",
    .open = open_halves,
    .begin = begin,
    .send = send_slot,
    .receive = receive,
    .done = done,
    .close = close_halves,
};
