/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/bench.h"

#include "pipeline/session/socket.h"

struct stand {
    struct bench b;
    char dir[PATH_MAX];
    struct weir_socket *socket;
    int kept; /* what a handler took over */
    _Atomic int ticks;
};

/* Answers with the caller's body, backwards. */
static enum weir_socket_fate turn_round(void *ctx,
                                        const struct weir_socket_call *call)
{
    (void)ctx;
    struct weir_handover m = weir_handover_make(call->request->kind);
    m.bytes = call->request->bytes;
    for (uint32_t i = 0; i < m.bytes; i++)
        m.body[i] = call->request->body[m.bytes - 1 - i];
    assert_int_equal(call->pid, getpid());
    weir_handover_send(call->socket, &m, call->fd, call->n);
    return WEIR_SOCKET_STAY;
}

static enum weir_socket_fate keep(void *ctx,
                                  const struct weir_socket_call *call)
{
    struct stand *s = ctx;
    struct weir_handover m = weir_handover_make(call->request->kind);
    s->kept = call->socket;
    weir_handover_send(call->socket, &m, NULL, 0);
    return WEIR_SOCKET_TAKEN;
}

static void tick(void *ctx)
{
    struct stand *s = ctx;
    s->ticks++;
}

static void set_up(struct stand *s)
{
    *s = (struct stand){.kept = -1};
    bench_open(&s->b, NULL);
    scratch_make(s->dir);
    s->b.run->dir = s->dir;
    ok(weir_socket_create(s->b.run, &s->socket));
    weir_socket_serve(s->socket, WEIR_HANDOVER_VIEW, turn_round, s);
    weir_socket_tick(s->socket, tick, s);
    ok(weir_socket_start(s->socket));
}

static void tear_down(struct stand *s)
{
    weir_socket_destroy(s->socket);
    s->b.run->dir = NULL;
    bench_close(&s->b);
    scratch_remove(s->dir);
}

/* Send a request of @p kind; @return the connection. */
static int ask(struct stand *s, enum weir_handover_kind kind, const char *text,
               struct weir_handover *answer)
{
    struct weir_handover m = weir_handover_make(kind);
    size_t n = 0;
    int fd = weir_handover_connect(s->dir);
    ok(fd);
    m.bytes = (uint32_t)strlen(text);
    memcpy(m.body, text, m.bytes);
    ok(weir_handover_send(fd, &m, NULL, 0));
    ok(weir_handover_receive(fd, answer, NULL, &n));
    return fd;
}

static bool is_hung_up(int fd)
{
    struct weir_handover m;
    size_t n = 0;
    return weir_handover_receive(fd, &m, NULL, &n) == -EPIPE;
}

static void a_request_is_answered_by_its_handler(void **state)
{
    (void)state;
    struct stand s;
    struct weir_handover m;
    set_up(&s);
    int fd = ask(&s, WEIR_HANDOVER_VIEW, "stressed", &m);
    assert_int_equal(m.status, 0);
    assert_memory_equal(m.body, "desserts", 8);
    /* It stays, may ask again, and while it does the socket ticks. */
    struct weir_handover again = weir_handover_make(WEIR_HANDOVER_VIEW);
    size_t n = 0;
    again.bytes = 3;
    memcpy(again.body, "tar", 3);
    ok(weir_handover_send(fd, &again, NULL, 0));
    ok(weir_handover_receive(fd, &m, NULL, &n));
    assert_memory_equal(m.body, "rat", 3);
    while (s.ticks < 3)
        usleep(1000);
    close(fd);
    tear_down(&s);
}

static void what_nobody_serves_is_refused_in_words(void **state)
{
    (void)state;
    struct stand s;
    struct weir_handover m;
    set_up(&s);
    for (int kind = WEIR_HANDOVER_PORT; kind < 1000; kind += 499) {
        int fd = ask(&s, (enum weir_handover_kind)kind, "", &m);
        assert_int_equal(m.status, -EPROTO);
        assert_non_null(strstr(m.body, "does not hand out"));
        assert_true(is_hung_up(fd));
        close(fd);
    }
    tear_down(&s);
}

static void another_version_is_told_which_this_is(void **state)
{
    (void)state;
    struct stand s;
    struct weir_handover m = weir_handover_make(WEIR_HANDOVER_VIEW);
    size_t n = 0;
    set_up(&s);
    int fd = weir_handover_connect(s.dir);
    ok(fd);
    m.version = 9;
    ok(weir_handover_send(fd, &m, NULL, 0));
    ok(weir_handover_receive(fd, &m, NULL, &n));
    assert_int_equal(m.status, -EPROTO);
    assert_non_null(strstr(m.body, "protocol 9, here 1"));
    assert_true(is_hung_up(fd));
    close(fd);
    tear_down(&s);
}

static void a_silent_caller_is_dropped_and_holds_up_nobody(void **state)
{
    (void)state;
    struct stand s;
    struct weir_handover m;
    set_up(&s);
    int silent = weir_handover_connect(s.dir);
    ok(silent);
    int fd = ask(&s, WEIR_HANDOVER_VIEW, "ab", &m);
    assert_memory_equal(m.body, "ba", 2);
    assert_true(is_hung_up(silent));
    close(silent);
    close(fd);
    tear_down(&s);
}

static void a_handler_may_keep_the_connection(void **state)
{
    (void)state;
    struct stand s;
    struct weir_handover m;
    char byte;
    set_up(&s);
    weir_socket_destroy(s.socket);
    ok(weir_socket_create(s.b.run, &s.socket));
    weir_socket_serve(s.socket, WEIR_HANDOVER_PORT, keep, &s);
    ok(weir_socket_start(s.socket));
    int fd = ask(&s, WEIR_HANDOVER_PORT, "", &m);
    weir_socket_destroy(s.socket);
    s.socket = NULL;
    /* The socket is gone, the connection is not. */
    assert_int_equal(write(s.kept, "x", 1), 1);
    assert_int_equal(read(fd, &byte, 1), 1);
    assert_int_equal(byte, 'x');
    close(fd);
    close(s.kept);
    tear_down(&s);
}

static void more_callers_than_fit_are_turned_away_in_words(void **state)
{
    (void)state;
    struct stand s;
    struct weir_handover m;
    int fd[80], stayed = 0;
    size_t n = 0;
    set_up(&s);
    for (int i = 0; i < 80; i++) {
        fd[i] = weir_handover_connect(s.dir);
        ok(fd[i]);
        m = weir_handover_make(WEIR_HANDOVER_VIEW);
        /* Who is turned away may be so before it has asked. */
        weir_handover_send(fd[i], &m, NULL, 0);
        ok(weir_handover_receive(fd[i], &m, NULL, &n));
        if (m.status == 0)
            stayed++;
        else
            assert_non_null(strstr(m.body, "too many"));
    }
    assert_int_equal(stayed, 64);
    for (int i = 0; i < 80; i++)
        close(fd[i]);
    tear_down(&s);
}

static void the_end_of_the_run_hangs_up_and_removes_the_socket(void **state)
{
    (void)state;
    struct stand s;
    struct weir_handover m;
    set_up(&s);
    int fd = ask(&s, WEIR_HANDOVER_VIEW, "x", &m);
    weir_socket_stop(s.socket);
    assert_true(is_hung_up(fd));
    fails(weir_handover_connect(s.dir), -ENOENT);
    close(fd);
    tear_down(&s);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(a_request_is_answered_by_its_handler),
        cmocka_unit_test(what_nobody_serves_is_refused_in_words),
        cmocka_unit_test(another_version_is_told_which_this_is),
        cmocka_unit_test(a_silent_caller_is_dropped_and_holds_up_nobody),
        cmocka_unit_test(a_handler_may_keep_the_connection),
        cmocka_unit_test(more_callers_than_fit_are_turned_away_in_words),
        cmocka_unit_test(the_end_of_the_run_hangs_up_and_removes_the_socket),
    };
    return RUN(cases);
}
