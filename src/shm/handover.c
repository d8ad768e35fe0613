/* SPDX-License-Identifier: BSD-3-Clause */
#include "shm/handover.h"

#include "base/err.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG        128
#define ANSWER_SECONDS 5

struct weir_handover weir_handover_make(enum weir_handover_kind kind)
{
    return (struct weir_handover){
        .magic = WEIR_HANDOVER_MAGIC,
        .version = WEIR_HANDOVER_VERSION,
        .kind = kind,
    };
}

struct weir_handover weir_handover_refusal(uint32_t kind, int status,
                                           const char *reason)
{
    struct weir_handover m = weir_handover_make(kind);
    m.status = status;
    snprintf(m.body, sizeof(m.body), "%s", reason);
    m.bytes = (uint32_t)strlen(m.body) + 1;
    return m;
}

/* ---- the address ---- */

/* An address has room for 107 bytes, a directory's name for thousands: a longer
 * one is reached through a descriptor of the directory, which @p held keeps. */
static int address_of(const char *dir, struct sockaddr_un *out, int *held)
{
    *held = -1;
    *out = (struct sockaddr_un){.sun_family = AF_UNIX};
    int n = snprintf(out->sun_path, sizeof(out->sun_path), "%s/%s", dir,
                     WEIR_HANDOVER_NAME);
    if (n > 0 && (size_t)n < sizeof(out->sun_path))
        return 0;
    *held = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (*held < 0)
        return -errno;
    snprintf(out->sun_path, sizeof(out->sun_path), "/proc/self/fd/%d/%s", *held,
             WEIR_HANDOVER_NAME);
    return 0;
}

static void let_go(int held)
{
    if (held >= 0)
        close(held);
}

/* ---- the run's side ---- */

/* The mode of an unbound socket is that of the file it becomes: there is no
 * moment at which others could open it. */
static int bind_in(const char *dir, int fd)
{
    struct sockaddr_un address;
    int held, rc = address_of(dir, &address, &held);
    if (rc)
        return rc;
    unlink(address.sun_path);
    if (fchmod(fd, 0600) ||
        bind(fd, (struct sockaddr *)&address, sizeof(address)) ||
        listen(fd, BACKLOG))
        rc = -errno;
    let_go(held);
    return rc;
}

int weir_handover_listen(const char *dir)
{
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int rc = fd < 0 ? -errno : bind_in(dir, fd);
    if (rc == 0)
        return fd;
    let_go(fd);
    return WEIR_FAIL(WEIR_EENV, "%s/%s: cannot listen: %s", dir,
                     WEIR_HANDOVER_NAME, strerror(-rc));
}

void weir_handover_close(const char *dir, int listener)
{
    char path[PATH_MAX];
    if (listener < 0)
        return;
    snprintf(path, sizeof(path), "%s/%s", dir, WEIR_HANDOVER_NAME);
    unlink(path);
    close(listener);
}

/* Its owner and root may look and send; nobody else. */
static bool may_call(int fd, pid_t *pid)
{
    struct ucred who;
    socklen_t n = sizeof(who);
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n))
        return false;
    *pid = who.pid;
    return who.uid == 0 || who.uid == geteuid();
}

int weir_handover_accept(int listener, pid_t *pid)
{
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return errno == EWOULDBLOCK ? -EAGAIN : -errno;
    if (may_call(fd, pid))
        return fd;
    close(fd);
    return -EPERM;
}

/* ---- the caller's side ---- */

static int refuse(const char *dir, int error)
{
    switch (error) {
    case ENOENT:
    case ENOTDIR:
        return WEIR_FAIL(ENOENT, "%s: no job runs there", dir);
    case ECONNREFUSED:
        return WEIR_FAIL(ECONNREFUSED,
                         "%s: its job is gone, only its socket is left", dir);
    case EACCES:
    case EPERM:
        return WEIR_FAIL(EACCES, "%s: another user's job", dir);
    }
    return WEIR_FAIL(WEIR_EENV, "%s/%s: %s", dir, WEIR_HANDOVER_NAME,
                     strerror(error));
}

static int connect_in(const char *dir, int fd)
{
    struct sockaddr_un address;
    struct timeval patience = {.tv_sec = ANSWER_SECONDS};
    int held, rc = address_of(dir, &address, &held);
    if (rc)
        return rc;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)))
        rc = -errno;
    let_go(held);
    return rc;
}

int weir_handover_connect(const char *dir)
{
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    int rc = fd < 0 ? -errno : connect_in(dir, fd);
    if (rc == 0)
        return fd;
    let_go(fd);
    return refuse(dir, -rc);
}

/* ---- messages ---- */

union control {
    struct cmsghdr header;
    char room[CMSG_SPACE(WEIR_HANDOVER_FDS * sizeof(int))];
};

int weir_handover_send(int socket, const struct weir_handover *message,
                       const int *fd, size_t n)
{
    struct iovec part = {(void *)message, sizeof(*message)};
    struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1};
    union control c;
    if (n > WEIR_HANDOVER_FDS)
        return WEIR_FAIL(EINVAL, "handover: %zu descriptors, at most %d", n,
                         WEIR_HANDOVER_FDS);
    if (n > 0) {
        memset(&c, 0, sizeof(c));
        m.msg_control = c.room;
        m.msg_controllen = CMSG_SPACE(n * sizeof(int));
        c.header = (struct cmsghdr){.cmsg_level = SOL_SOCKET,
                                    .cmsg_type = SCM_RIGHTS,
                                    .cmsg_len = CMSG_LEN(n * sizeof(int))};
        memcpy(CMSG_DATA(&c.header), fd, n * sizeof(int));
    }
    if (sendmsg(socket, &m, MSG_NOSIGNAL) >= 0)
        return 0;
    if (errno == EWOULDBLOCK)
        return -EAGAIN;
    return WEIR_FAIL(errno == ECONNRESET ? EPIPE : errno, "handover");
}

/* Keep what there is room for; the rest would stay open for ever. */
static void take_descriptors(struct msghdr *m, int *fd, size_t *n)
{
    size_t room = *n;
    *n = 0;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        size_t came = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < came; i++) {
            int one;
            memcpy(&one, CMSG_DATA(c) + i * sizeof(int), sizeof(one));
            if (*n < room)
                fd[(*n)++] = one;
            else
                close(one);
        }
    }
}

static int check(const struct weir_handover *m, size_t bytes)
{
    if (bytes < 16 || m->magic != WEIR_HANDOVER_MAGIC)
        return WEIR_FAIL(WEIR_ECORRUPT, "handover: the other side is not weir");
    if (m->version != WEIR_HANDOVER_VERSION)
        return WEIR_FAIL(WEIR_ECORRUPT,
                         "handover: the other side is another version of weir "
                         "(protocol %u, here %d)",
                         m->version, WEIR_HANDOVER_VERSION);
    if (bytes != sizeof(*m) || m->bytes > sizeof(m->body))
        return WEIR_FAIL(WEIR_ECORRUPT, "handover: a message of %zu bytes",
                         bytes);
    return 0;
}

int weir_handover_receive(int socket, struct weir_handover *message, int *fd,
                          size_t *n)
{
    struct iovec part = {message, sizeof(*message)};
    union control c;
    struct msghdr m = {.msg_iov = &part,
                       .msg_iovlen = 1,
                       .msg_control = c.room,
                       .msg_controllen = sizeof(c.room)};
    memset(message, 0, sizeof(*message));
    ssize_t got = recvmsg(socket, &m, MSG_CMSG_CLOEXEC);
    /* Said once when the other side left something unread; its answer, a
     * refusal perhaps, may lie behind it. */
    if (got < 0 && errno == ECONNRESET)
        got = recvmsg(socket, &m, MSG_CMSG_CLOEXEC);
    if (got < 0 && (errno == EWOULDBLOCK || errno == EINTR)) {
        *n = 0;
        return -EAGAIN;
    }
    if (got <= 0) {
        *n = 0;
        return WEIR_FAIL(EPIPE, "handover: the other side is gone");
    }
    take_descriptors(&m, fd, n);
    int rc = m.msg_flags & MSG_TRUNC ? check(message, SIZE_MAX)
                                     : check(message, (size_t)got);
    for (size_t i = 0; rc && i < *n; i++)
        close(fd[i]);
    *n = rc ? 0 : *n;
    return rc;
}
