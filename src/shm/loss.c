/* SPDX-License-Identifier: BSD-3-Clause */
#include "shm/loss.h"

#include "base/err.h"

#include <string.h>

_Static_assert(sizeof(struct weir_loss_record) == 4 * sizeof(uint64_t),
               "a record is exactly the payload");

size_t weir_loss_bytes(size_t capacity)
{
    return sizeof(struct weir_loss_ring) +
           capacity * sizeof(struct weir_loss_cell);
}

void weir_loss_init(struct weir_loss_ring *ring, size_t capacity)
{
    atomic_init(&ring->through, 0);
    ring->position = 0;
    ring->mask = capacity - 1;
}

void weir_loss_publish(struct weir_loss_ring *ring,
                       const struct weir_loss_record *record)
{
    uint64_t p = ring->position++;
    struct weir_loss_cell *c = &ring->cell[p & ring->mask];
    uint64_t word[4];
    memcpy(word, record, sizeof(word));
    atomic_store_explicit(&c->sequence, 2 * p + 1,
                          memory_order_relaxed); /* L3 */
    for (int i = 0; i < 4; i++)
        atomic_store_explicit(&c->payload[i], word[i],
                              memory_order_release); /* L1 */
    atomic_store_explicit(&c->sequence, 2 * p + 2,
                          memory_order_release); /* L4 */
}

void weir_loss_publish_batch(struct weir_loss_ring *ring, uint64_t batches)
{
    atomic_store_explicit(&ring->through, batches,
                          memory_order_release); /* L7 */
}

uint64_t weir_loss_through(const struct weir_loss_ring *ring)
{
    return atomic_load_explicit(&ring->through, memory_order_acquire); /* L8 */
}

/* The cell holds a later lap: jump to the middle of what is still there, so
 * that the writer does not lap us again at once. */
static void jump_ahead(const struct weir_loss_ring *ring, uint64_t sequence,
                       uint64_t *position, uint64_t *lost)
{
    uint64_t newest = (sequence - 1) / 2;
    uint64_t target = newest - ring->mask / 2;
    *lost += target - *position;
    *position = target;
}

int weir_loss_read(const struct weir_loss_ring *ring, uint64_t *position,
                   uint64_t *lost, struct weir_loss_record *out)
{
    for (;;) {
        const struct weir_loss_cell *c = &ring->cell[*position & ring->mask];
        uint64_t want = 2 * *position + 2, word[4];
        uint64_t seq =
            atomic_load_explicit(&c->sequence, memory_order_acquire); /* L5 */
        if (seq < want)
            return -EAGAIN;
        if (seq > want) {
            jump_ahead(ring, seq, position, lost);
            continue;
        }
        for (int i = 0; i < 4; i++)
            word[i] = atomic_load_explicit(&c->payload[i],
                                           memory_order_acquire); /* L2 */
        uint64_t again =
            atomic_load_explicit(&c->sequence, memory_order_relaxed); /* L6 */
        if (again != seq) {
            jump_ahead(ring, again, position, lost);
            continue;
        }
        memcpy(out, word, sizeof(word));
        ++*position;
        return 0;
    }
}
