/* SPDX-License-Identifier: BSD-3-Clause */
#include "client/host.h"

#include "base/err.h"
#include "base/simd.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PIECE 2048 /* floats copied before they are checked: half of an L1 */

static size_t round_to(size_t bytes, size_t unit)
{
    return (bytes + unit - 1) / unit * unit;
}

static void lay_out(struct weir_host *h)
{
    const struct weir_host_terms *t = &h->terms;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t parameters = round_to(t->parameters * sizeof(double), WEIR_ALIGN);
    h->frame_floats = weir_shape_floats(&t->shape);
    h->stride = round_to(sizeof(struct weir_wire_slot) +
                             h->frame_floats * sizeof(float),
                         WEIR_ALIGN);
    h->bytes = round_to(
        sizeof(struct weir_wire) + parameters + t->slots * h->stride, page);
}

static int refuse(const struct weir_host *h, const char *what)
{
    return WEIR_FAIL(WEIR_EENV, "process %u: %s %zu bytes for its frames: %s",
                     h->terms.process, what, h->bytes, strerror(errno));
}

/* Pages are made real before the seals, and before anyone can touch them. */
static int make_memory(struct weir_host *h)
{
    int rc;
    h->fd = memfd_create("weir-client", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (h->fd < 0 || ftruncate(h->fd, (off_t)h->bytes))
        return refuse(h, "cannot make");
    do
        rc = fallocate(h->fd, 0, 0, (off_t)h->bytes);
    while (rc && errno == EINTR);
    if (rc)
        return refuse(h, "cannot reserve");
    if (fcntl(h->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
        return refuse(h, "cannot seal");
    void *at =
        mmap(NULL, h->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, h->fd, 0);
    if (at == MAP_FAILED)
        return refuse(h, "cannot map");
    h->wire = at;
    return 0;
}

static void describe(struct weir_host *h)
{
    const struct weir_host_terms *t = &h->terms;
    struct weir_wire *w = h->wire;
    w->magic = WEIR_WIRE_MAGIC;
    w->bytes = h->bytes;
    w->frame_floats = h->frame_floats;
    w->parameter_offset = sizeof(*w);
    w->slot_offset =
        sizeof(*w) + round_to(t->parameters * sizeof(double), WEIR_ALIGN);
    w->slot_stride = h->stride;
    w->slots = t->slots;
    w->channels = (uint32_t)t->shape.channels;
    w->dims = (uint32_t)t->shape.dims;
    w->n[0] = (uint32_t)t->shape.n[0];
    w->n[1] = (uint32_t)t->shape.n[1];
    w->frames = t->frames;
    w->parameters = t->parameters;
    w->process = t->process;
    h->parameter = (double *)((unsigned char *)w + w->parameter_offset);
    h->slots = (unsigned char *)w + w->slot_offset;
    atomic_store_explicit(&w->version, WEIR_WIRE_VERSION,
                          memory_order_release); /* W1 */
}

int weir_host_create(const struct weir_host_terms *terms, struct weir_host *out)
{
    *out = (struct weir_host){.terms = *terms, .fd = -1};
    lay_out(out);
    int rc = make_memory(out);
    if (rc)
        weir_host_close(out);
    else
        describe(out);
    return rc;
}

void weir_host_close(struct weir_host *h)
{
    if (h->wire)
        munmap(h->wire, h->bytes);
    if (h->fd >= 0)
        close(h->fd);
    *h = (struct weir_host){.fd = -1};
}

void weir_host_offer(struct weir_host *h, uint32_t simulation, uint32_t attempt,
                     const double *parameters)
{
    h->simulation = h->wire->simulation = simulation;
    h->attempt = h->wire->attempt = attempt;
    h->frame = 0;
    if (h->terms.parameters)
        memcpy(h->parameter, parameters,
               h->terms.parameters * sizeof(*parameters));
    h->offered++;
    atomic_store_explicit(&h->wire->offered, h->offered,
                          memory_order_release); /* W3 */
    weir_doorbell_ring(&h->wire->client_bell);
}

void weir_host_end(struct weir_host *h)
{
    atomic_store_explicit(&h->wire->offered, WEIR_WIRE_OVER,
                          memory_order_release); /* W3 */
    weir_doorbell_ring(&h->wire->client_bell);
}

bool weir_host_is_taken(const struct weir_host *h)
{
    return atomic_load_explicit(&h->wire->taken, memory_order_acquire) ==
           h->offered; /* W10 */
}

bool weir_host_has_slot(void *host)
{
    const struct weir_host *h = host;
    return atomic_load_explicit(&h->wire->tail, memory_order_acquire) !=
           h->head; /* W6 */
}

int weir_host_wait(struct weir_host *h, int64_t timeout_ns)
{
    return weir_doorbell_wait(&h->wire->run_bell, weir_host_has_slot, h,
                              timeout_ns);
}

/* ---- taking ---- */

/* Neither infinite nor NaN: the exponent is not all ones. */
WEIR_CLONES static bool is_finite(const float *value, size_t n)
{
    const uint32_t ones = 0x7f800000u;
    uint32_t wrong = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, value + i, sizeof(bits));
        wrong |= (bits & ones) == ones;
    }
    return !wrong;
}

static bool copy_checked(float *to, const float *from, size_t n)
{
    bool finite = true;
    for (size_t at = 0; at < n; at += PIECE) {
        size_t k = n - at < PIECE ? n - at : PIECE;
        memcpy(to + at, from + at, k * sizeof(*to));
        finite &= is_finite(to + at, k);
    }
    return finite;
}

static const char *name_of(uint32_t kind)
{
    return kind == WEIR_WIRE_FRAME  ? "a frame"
           : kind == WEIR_WIRE_DONE ? "its end"
                                    : "its failure";
}

/* The rules, on a copy of the slot's header. */
static int check(const struct weir_host *h, const struct weir_wire_slot *s)
{
    if (s->kind < WEIR_WIRE_FRAME || s->kind > WEIR_WIRE_FAILED)
        return WEIR_FAIL(WEIR_ECORRUPT, "a slot of kind %u, which there is not",
                         s->kind);
    if (s->simulation != h->simulation || s->attempt != h->attempt)
        return WEIR_FAIL(WEIR_ECORRUPT,
                         "%s of simulation %u, attempt %u, while it runs "
                         "simulation %u, attempt %u",
                         name_of(s->kind), s->simulation, s->attempt,
                         h->simulation, h->attempt);
    if (s->kind == WEIR_WIRE_FRAME && h->frame >= h->terms.frames)
        return WEIR_FAIL(WEIR_ECORRUPT, "more frames than the %u declared",
                         h->terms.frames);
    if (s->frame != h->frame)
        return WEIR_FAIL(WEIR_ECORRUPT, "%s with number %u, expected %u",
                         name_of(s->kind), s->frame, h->frame);
    if (s->kind == WEIR_WIRE_DONE && h->frame < h->terms.frames)
        return WEIR_FAIL(WEIR_ECORRUPT, "it ended after %u of %u frames",
                         h->frame, h->terms.frames);
    return 0;
}

/* The client's words, for a message. */
static int repeat_reason(const struct weir_host *h)
{
    char text[WEIR_WIRE_TEXT];
    memcpy(text, h->wire->reason, sizeof(text));
    text[sizeof(text) - 1] = '\0';
    for (char *c = text; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 127)
            *c = '?';
    WEIR_FAIL(WEIR_EDIVERGED, "%s", text[0] ? text : "no reason given");
    return WEIR_HOST_FAILED;
}

/* A client that waits does so until half the ring is free: of any run of as many
 * positions one is rung for, so it is woken once the rest is taken at the latest. */
static void release(struct weir_host *h)
{
    h->head++;
    atomic_store_explicit(&h->wire->head, h->head,
                          memory_order_release); /* W7 */
    if (h->head % (h->terms.slots / 2) == 0)
        weir_doorbell_ring(&h->wire->client_bell);
}

static int take_frame(struct weir_host *h, const struct weir_wire_slot *slot,
                      float *out)
{
    bool finite = copy_checked(out, slot->value, h->frame_floats);
    release(h);
    h->frame++;
    if (!finite)
        return WEIR_FAIL(WEIR_EDIVERGED,
                         "frame %u has a value that is not finite",
                         h->frame - 1);
    return WEIR_HOST_FRAME;
}

int weir_host_take(struct weir_host *h, float *out)
{
    uint64_t tail =
        atomic_load_explicit(&h->wire->tail, memory_order_acquire); /* W6 */
    if (tail == h->head)
        return -EAGAIN;
    if (tail - h->head > h->terms.slots)
        return WEIR_FAIL(WEIR_ECORRUPT,
                         "a position of %llu in a ring of %u at %llu",
                         (unsigned long long)tail, h->terms.slots,
                         (unsigned long long)h->head);
    const struct weir_wire_slot *slot =
        weir_wire_slot_at(h->slots, h->stride, h->head & (h->terms.slots - 1));
    struct weir_wire_slot copy;
    memcpy(&copy, slot, sizeof(copy));
    int rc = check(h, &copy);
    if (rc)
        return rc;
    if (copy.kind == WEIR_WIRE_FRAME)
        return take_frame(h, slot, out);
    release(h);
    return copy.kind == WEIR_WIRE_DONE ? WEIR_HOST_DONE : repeat_reason(h);
}
