/* SPDX-License-Identifier: BSD-3-Clause */
#include "shm/port.h"

#include "base/err.h"

static size_t round_to_line(size_t bytes)
{
    return (bytes + WEIR_ALIGN - 1) / WEIR_ALIGN * WEIR_ALIGN;
}

static size_t power_of_two(size_t n)
{
    size_t p = 1;
    while (p < n)
        p *= 2;
    return p;
}

/* A lane never holds more than `slots`, so `free` cannot overflow. `ready` also
 * carries one DONE or FAILED per simulation: as long as each brings a sample,
 * twice as many fit. */
static size_t free_bytes(uint32_t slots)
{
    return round_to_line(
        weir_ring_bytes(power_of_two(slots), sizeof(uint64_t)));
}

static size_t ready_bytes(uint32_t slots)
{
    return round_to_line(
        weir_ring_bytes(power_of_two(2 * (size_t)slots + 2), sizeof(uint64_t)));
}

size_t weir_port_bytes(uint32_t slots)
{
    return sizeof(struct weir_port) + free_bytes(slots) + ready_bytes(slots);
}

int weir_port_init(struct weir_port *port, uint32_t slots)
{
    int rc;
    if (slots < 2)
        return WEIR_FAIL(EINVAL, "port: %u slots, expected 2 or more", slots);
    port->ready_offset =
        (uint32_t)(offsetof(struct weir_port, rings) + free_bytes(slots));
    rc = weir_ring_init(weir_port_free(port), power_of_two(slots),
                        sizeof(uint64_t));
    if (rc)
        return rc;
    return weir_ring_init(weir_port_ready(port),
                          power_of_two(2 * (size_t)slots + 2),
                          sizeof(uint64_t));
}

struct weir_ring *weir_port_free(struct weir_port *port)
{
    return (struct weir_ring *)port->rings;
}

struct weir_ring *weir_port_ready(struct weir_port *port)
{
    return (struct weir_ring *)((unsigned char *)port + port->ready_offset);
}
