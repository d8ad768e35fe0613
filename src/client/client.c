/* SPDX-License-Identifier: BSD-3-Clause */
#include "weir/client.h"

#include "base/err.h"
#include "client/fault.h"
#include "client/wire.h"
#include "shm/handover.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LOOK_NS      200000000 /* how often a wait looks whether the run lives */
#define ATTACH_TRIES 100       /* 5 s for a place to become free */

struct weir_client {
    struct weir_wire *wire;
    unsigned char *slots;
    double *parameter;
    struct weir_client_shape shape;
    size_t bytes;
    int socket;
    /* copies of what is fixed: the mapping could be scribbled over */
    uint64_t stride, mask, frame_floats;
    uint64_t taken, tail;
    uint32_t simulation, attempt, frame;
    int running, reserved;
};

static _Thread_local int last_error;
static _Thread_local char last_message[384];

__attribute__((format(printf, 2, 3))) static int refuse(int code,
                                                        const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(last_message, sizeof(last_message), fmt, ap);
    va_end(ap);
    last_error = -code;
    return -code;
}

int weir_client_error(void)
{
    return last_error;
}

const char *weir_client_message(void)
{
    return last_message;
}

/* ---- attaching ---- */

/* What the handover said, in this library's words. */
static int refuse_as_said(int rc)
{
    return refuse(rc == -WEIR_ECORRUPT ? EPROTO
                  : rc == -WEIR_EENV   ? EIO
                                       : -rc,
                  "weir: %s", weir_err_message());
}

static int connect_to(const char *dir, int *out)
{
    char path[PATH_MAX];
    snprintf(path, sizeof(path), "%.4000s/%s", dir, WEIR_WIRE_DIR);
    *out = weir_handover_connect(path);
    return *out < 0 ? refuse_as_said(*out) : 0;
}

static int say_hello(int fd, int process, const char *token)
{
    struct weir_handover m = weir_handover_make(WEIR_HANDOVER_PORT);
    struct weir_wire_hello hello = {.version = WEIR_WIRE_VERSION,
                                    .process = process};
    snprintf(hello.token, sizeof(hello.token), "%s", token ? token : "");
    if (weir_fault_pass(WEIR_FAULT_ATTACH))
        hello.version = 0;
    memcpy(m.body, &hello, sizeof(hello));
    m.bytes = sizeof(hello);
    int rc = weir_handover_send(fd, &m, NULL, 0);
    return rc ? refuse_as_said(rc) : 0;
}

/* @return the mapping's descriptor, or a negative code */
static int hear_answer(int fd, struct weir_wire_answer *answer)
{
    struct weir_handover m;
    int memory = -1, rc;
    size_t n = 1;
    do
        rc = weir_handover_receive(fd, &m, &memory, &n);
    while (rc == -EAGAIN);
    if (rc)
        return refuse_as_said(rc);
    m.body[sizeof(m.body) - 1] = '\0';
    if (m.status)
        return refuse(m.status < 0 ? -m.status : EPROTO, "weir: %s", m.body);
    memcpy(answer, m.body, sizeof(*answer));
    return n == 1 ? memory
                  : refuse(EPROTO, "weir: the answer has no descriptor");
}

static int map(struct weir_client *c, int fd, uint64_t bytes)
{
    struct stat st;
    if (fstat(fd, &st) || (uint64_t)st.st_size != bytes ||
        bytes < sizeof(struct weir_wire))
        return refuse(EPROTO, "weir: the mapping has not the size it should");
    void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED)
        return refuse(errno, "weir: mmap: %s", strerror(errno));
    c->wire = at;
    c->bytes = bytes;
    return 0;
}

static int understand(struct weir_client *c)
{
    struct weir_wire *w = c->wire;
    uint32_t version =
        atomic_load_explicit(&w->version, memory_order_acquire); /* W2 */
    if (w->magic != WEIR_WIRE_MAGIC || version != WEIR_WIRE_VERSION)
        return refuse(EPROTO,
                      "weir: the run speaks version %u of the client "
                      "protocol, this library version %d",
                      version, WEIR_WIRE_VERSION);
    c->slots = (unsigned char *)w + w->slot_offset;
    c->parameter = (double *)((unsigned char *)w + w->parameter_offset);
    c->stride = w->slot_stride;
    c->mask = w->slots - 1;
    c->frame_floats = w->frame_floats;
    c->shape = (struct weir_client_shape){
        .channels = (int32_t)w->channels,
        .dims = (int32_t)w->dims,
        .n = {(int32_t)w->n[0], (int32_t)w->n[1]},
        .frames = (int32_t)w->frames,
        .parameters = (int32_t)w->parameters,
        .process = (int32_t)w->process,
    };
    return 0;
}

static int attach(struct weir_client *c, const char *dir, int process,
                  const char *token)
{
    struct weir_wire_answer answer;
    int rc = connect_to(dir, &c->socket);
    rc = rc ? rc : say_hello(c->socket, process, token);
    if (rc)
        return rc;
    int fd = hear_answer(c->socket, &answer);
    if (fd < 0)
        return fd;
    rc = map(c, fd, answer.bytes);
    close(fd);
    return rc ? rc : understand(c);
}

static int create(const char *dir, int process, const char *token,
                  struct weir_client **out)
{
    struct weir_client *c = calloc(1, sizeof(*c));
    if (!c)
        return refuse(ENOMEM, "weir: out of memory");
    c->socket = -1;
    int rc = attach(c, dir, process, token), tries = ATTACH_TRIES;
    /* A run that is just starting has its places a moment later. */
    while (rc == -EBUSY && process < 0 && tries-- > 0) {
        const struct timespec moment = {0, 50000000};
        close(c->socket);
        c->socket = -1;
        nanosleep(&moment, NULL);
        rc = attach(c, dir, process, token);
    }
    if (rc)
        weir_client_detach(c);
    else
        *out = c;
    return rc;
}

int weir_client_attach(struct weir_client **out)
{
    const char *dir = getenv("WEIR_RUN"), *process = getenv("WEIR_PROCESS");
    if (!dir)
        return refuse(ENOENT, "weir: WEIR_RUN is not set: let 'weir run' start "
                              "this program, or attach to a run's directory");
    return create(dir, process ? atoi(process) : -1, getenv("WEIR_TOKEN"), out);
}

int weir_client_attach_dir(const char *dir, struct weir_client **out)
{
    return create(dir, -1, NULL, out);
}

void weir_client_detach(struct weir_client *c)
{
    if (!c)
        return;
    if (c->wire)
        munmap(c->wire, c->bytes);
    if (c->socket >= 0)
        close(c->socket);
    free(c);
}

const struct weir_client_shape *weir_client_expects(const struct weir_client *c)
{
    return &c->shape;
}

/* ---- waiting ---- */

static uint64_t offered(const struct weir_client *c)
{
    return atomic_load_explicit(&c->wire->offered,
                                memory_order_acquire); /* W4 */
}

static bool has_offer(void *ctx)
{
    const struct weir_client *c = ctx;
    return offered(c) != c->taken;
}

static uint64_t committed(const struct weir_client *c)
{
    return c->tail -
           atomic_load_explicit(&c->wire->head, memory_order_acquire); /* W8 */
}

static bool is_over(const struct weir_client *c)
{
    return offered(c) == WEIR_WIRE_OVER;
}

static bool may_write(void *ctx)
{
    const struct weir_client *c = ctx;
    return committed(c) <= c->mask || is_over(c);
}

/* Half the ring at a time: a wait for each frame costs more than its copy. */
static bool may_write_on(void *ctx)
{
    const struct weir_client *c = ctx;
    return committed(c) <= (c->mask + 1) / 2 || is_over(c);
}

static int run_is_gone(const struct weir_client *c)
{
    char byte;
    ssize_t n = recv(c->socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
}

static int wait_until(struct weir_client *c, weir_ready_fn *ready)
{
    while (weir_doorbell_wait(&c->wire->client_bell, ready, c, LOOK_NS))
        if (run_is_gone(c))
            return refuse(EPIPE, "weir: the run is gone");
    return 0;
}

/* ---- simulations ---- */

int weir_client_next(struct weir_client *c, double *parameters, int n)
{
    if (n != c->shape.parameters)
        return refuse(EINVAL, "weir: %d parameters asked for, the run has %d",
                      n, c->shape.parameters);
    if (c->running)
        weir_client_fail(c, "the client went on without finishing it");
    int rc = has_offer(c) ? 0 : wait_until(c, has_offer);
    if (rc || is_over(c))
        return rc;
    c->taken = offered(c);
    c->simulation = c->wire->simulation;
    c->attempt = c->wire->attempt;
    c->frame = 0;
    c->running = 1;
    c->reserved = 0;
    memcpy(parameters, c->parameter, (size_t)n * sizeof(double));
    uint64_t said = c->taken + (weir_fault_pass(WEIR_FAULT_CLAIM) ? 7 : 0);
    atomic_store_explicit(&c->wire->taken, said, memory_order_release); /* W9 */
    return 1;
}

int64_t weir_client_simulation(const struct weir_client *c)
{
    return c->simulation;
}

int weir_client_attempt(const struct weir_client *c)
{
    return (int)c->attempt;
}

static struct weir_wire_slot *slot_at_tail(const struct weir_client *c)
{
    return weir_wire_slot_at(c->slots, c->stride, c->tail & c->mask);
}

static int wait_for_room(struct weir_client *c)
{
    if (!c->running)
        return refuse(EINVAL, "weir: no simulation runs: ask for the next one");
    int rc = may_write(c) ? 0 : wait_until(c, may_write_on);
    if (rc == 0 && is_over(c))
        rc = refuse(EPIPE, "weir: the run is over");
    return rc;
}

float *weir_client_reserve(struct weir_client *c)
{
    if (c->running && c->frame >= (uint32_t)c->shape.frames) {
        refuse(ERANGE, "weir: simulation %u has all its %d frames",
               c->simulation, c->shape.frames);
        return NULL;
    }
    if (wait_for_room(c))
        return NULL;
    struct weir_wire_slot *slot = slot_at_tail(c);
    if (weir_fault_pass(WEIR_FAULT_RESERVE))
        memset(c->slots, 0xff, (c->mask + 1) * c->stride);
    c->reserved = 1;
    return slot->value;
}

static void publish(struct weir_client *c, enum weir_wire_kind kind)
{
    struct weir_wire_slot *slot = slot_at_tail(c);
    slot->kind = kind;
    slot->simulation = c->simulation;
    slot->attempt = c->attempt;
    slot->frame = c->frame;
    if (kind == WEIR_WIRE_DONE && weir_fault_pass(WEIR_FAULT_FINISH))
        slot->simulation += 1000;
    c->tail++;
    uint64_t tail = c->tail;
    if (weir_fault_pass(WEIR_FAULT_COMMIT))
        tail += c->mask + 5;
    atomic_store_explicit(&c->wire->tail, tail, memory_order_release); /* W5 */
    if (weir_fault_pass(WEIR_FAULT_WAKE))
        memset(&c->wire->run_bell, 0xa5, sizeof(c->wire->run_bell));
    weir_doorbell_ring(&c->wire->run_bell);
}

int weir_client_commit(struct weir_client *c)
{
    if (!c->reserved)
        return refuse(EINVAL, "weir: no frame is reserved");
    if (weir_fault_pass(WEIR_FAULT_MID_WRITE))
        memset(slot_at_tail(c)->value, 0xff, c->frame_floats * sizeof(float));
    if (c->frame + 1 == (uint32_t)c->shape.frames)
        weir_fault_note_finish(c->wire, c->parameter);
    publish(c, WEIR_WIRE_FRAME);
    c->reserved = 0;
    c->frame++;
    return 0;
}

/* Where @p n values go; NULL when they are not a frame, or as reserve. */
static float *reserve_for(struct weir_client *c, size_t n)
{
    char why[128];
    if (n == c->frame_floats)
        return weir_client_reserve(c);
    snprintf(why, sizeof(why),
             "a frame of %zu values, the run expects %llu: %d x %d x %d", n,
             (unsigned long long)c->frame_floats, c->shape.channels,
             c->shape.n[0], c->shape.n[1]);
    if (c->running)
        weir_client_fail(c, why);
    refuse(EINVAL, "weir: %s", why);
    return NULL;
}

int weir_client_send(struct weir_client *c, const float *frame, size_t n)
{
    float *to = reserve_for(c, n);
    if (!to)
        return last_error;
    memcpy(to, frame, c->frame_floats * sizeof(float));
    return weir_client_commit(c);
}

int weir_client_send_double(struct weir_client *c, const double *frame,
                            size_t n)
{
    float *to = reserve_for(c, n);
    if (!to)
        return last_error;
    for (uint64_t i = 0; i < c->frame_floats; i++)
        to[i] = (float)frame[i];
    return weir_client_commit(c);
}

static int end(struct weir_client *c, enum weir_wire_kind kind)
{
    int rc = wait_for_room(c);
    if (rc == 0)
        publish(c, kind);
    /* A run that is over has what it wanted. */
    if (rc == -EPIPE && is_over(c))
        rc = 0;
    c->running = c->reserved = 0;
    return rc;
}

int weir_client_finish(struct weir_client *c)
{
    char why[96];
    if (!c->running || c->frame == (uint32_t)c->shape.frames)
        return end(c, WEIR_WIRE_DONE);
    uint32_t sent = c->frame;
    snprintf(why, sizeof(why), "it ended after %u of %d frames", sent,
             c->shape.frames);
    int rc = weir_client_fail(c, why);
    return rc ? rc
              : refuse(EINVAL, "weir: simulation %u: %s", c->simulation, why);
}

int weir_client_fail(struct weir_client *c, const char *reason)
{
    if (c->running)
        snprintf(c->wire->reason, sizeof(c->wire->reason), "%s",
                 reason ? reason : "");
    return end(c, WEIR_WIRE_FAILED);
}
