/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/scratch.h"

#include "shm/handover.h"
#include "shm/mapping.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>

struct line {
    char dir[PATH_MAX];
    int listener, run, caller;
};

static void call(struct line *l)
{
    pid_t pid = 0;
    l->caller = weir_handover_connect(l->dir);
    ok(l->caller);
    l->run = weir_handover_accept(l->listener, &pid);
    ok(l->run);
    assert_int_equal(pid, getpid());
}

static void open_line(struct line *l)
{
    scratch_make(l->dir);
    ok(l->listener = weir_handover_listen(l->dir));
    call(l);
}

static void close_line(struct line *l)
{
    close(l->run);
    close(l->caller);
    weir_handover_close(l->dir, l->listener);
    scratch_remove(l->dir);
}

/* Receive at @p fd, expecting no descriptors. */
static int receive(int fd, struct weir_handover *m)
{
    size_t n = 0;
    return weir_handover_receive(fd, m, NULL, &n);
}

static void a_message_arrives_whole_and_names_its_kind(void **state)
{
    (void)state;
    struct line l;
    struct weir_handover m = weir_handover_make(WEIR_HANDOVER_PORT), got;
    open_line(&l);
    for (size_t i = 0; i < sizeof(m.body); i++)
        m.body[i] = (char)(i * 7);
    m.bytes = sizeof(m.body);
    ok(weir_handover_send(l.caller, &m, NULL, 0));
    ok(receive(l.run, &got));
    assert_memory_equal(&got, &m, sizeof(m));
    assert_int_equal(receive(l.run, &got), -EAGAIN);
    close_line(&l);
}

static void a_refusal_brings_its_reason(void **state)
{
    (void)state;
    struct line l;
    struct weir_handover got;
    open_line(&l);
    struct weir_handover m =
        weir_handover_refusal(WEIR_HANDOVER_VIEW, -EBUSY, "not now");
    ok(weir_handover_send(l.run, &m, NULL, 0));
    ok(receive(l.caller, &got));
    assert_int_equal(got.status, -EBUSY);
    assert_string_equal(got.body, "not now");
    close_line(&l);
}

static void memory_handed_over_is_the_same_memory(void **state)
{
    (void)state;
    struct line l;
    struct weir_mapping m;
    struct weir_handover message = weir_handover_make(WEIR_HANDOVER_VIEW), got;
    int fd[2];
    size_t n = 2;
    open_line(&l);
    ok(weir_mapping_create("test", 4096, &m));
    ok(weir_handover_send(l.run, &message, &m.fd, 1));
    ok(weir_handover_receive(l.caller, &got, fd, &n));
    assert_int_equal(n, 1);
    assert_int_equal(fcntl(fd[0], F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    unsigned char *other = mmap(NULL, m.bytes, PROT_READ, MAP_SHARED, fd[0], 0);
    assert_ptr_not_equal(other, MAP_FAILED);
    m.base[100] = 42;
    assert_int_equal(other[100], 42);
    munmap(other, m.bytes);
    close(fd[0]);
    weir_mapping_close(&m);
    close_line(&l);
}

/* Whoever holds it can neither write nor take the pages away. */
static void memory_sealed_read_only_stays_as_it_is(void **state)
{
    (void)state;
    struct weir_mapping m;
    ok(weir_mapping_create("test", 4096, &m));
    ok(weir_mapping_seal(&m, true));
    assert_int_equal(ftruncate(m.fd, 0), -1);
    assert_int_equal(ftruncate(m.fd, 1 << 20), -1);
    assert_ptr_equal(
        mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, m.fd, 0),
        MAP_FAILED);
    assert_int_equal(pwrite(m.fd, "x", 1, 0), -1);
    m.base[1] = 7; /* the owner's mapping goes on */
    void *view = mmap(NULL, 4096, PROT_READ, MAP_SHARED, m.fd, 0);
    assert_ptr_not_equal(view, MAP_FAILED);
    assert_int_equal(mprotect(view, 4096, PROT_READ | PROT_WRITE), -1);
    assert_int_equal(((unsigned char *)view)[1], 7);
    munmap(view, 4096);
    weir_mapping_close(&m);
}

static size_t open_descriptors(void)
{
    size_t n = 0;
    for (int fd = 0; fd < 256; fd++)
        n += fcntl(fd, F_GETFD) != -1;
    return n;
}

static void descriptors_without_room_are_closed(void **state)
{
    (void)state;
    struct line l;
    struct weir_handover m = weir_handover_make(WEIR_HANDOVER_VIEW), got;
    open_line(&l);
    int fd[3] = {l.caller, l.caller, l.caller}, one;
    size_t before = open_descriptors(), n = 1;
    ok(weir_handover_send(l.caller, &m, fd, 3));
    ok(weir_handover_receive(l.run, &got, &one, &n));
    assert_int_equal(n, 1);
    close(one);
    assert_int_equal(open_descriptors(), before);
    close_line(&l);
}

static void another_version_is_named(void **state)
{
    (void)state;
    struct line l;
    struct weir_handover m = weir_handover_make(WEIR_HANDOVER_VIEW), got;
    open_line(&l);
    int fd = l.caller;
    size_t before = open_descriptors();
    m.version = 7;
    ok(weir_handover_send(l.caller, &m, &fd, 1));
    fails(receive(l.run, &got), -WEIR_ECORRUPT);
    says("another version of weir (protocol 7, here 1)");
    assert_int_equal(open_descriptors(), before);
    close_line(&l);
}

static void what_is_no_message_is_refused(void **state)
{
    (void)state;
    struct line l;
    struct weir_handover m = weir_handover_make(WEIR_HANDOVER_VIEW), got;
    open_line(&l);
    assert_int_equal(send(l.caller, "GET / HTTP/1.1\r\n\r\n", 18, 0), 18);
    fails(receive(l.run, &got), -WEIR_ECORRUPT);
    says("not weir");
    assert_int_equal(send(l.caller, &m, 20, 0), 20);
    fails(receive(l.run, &got), -WEIR_ECORRUPT);
    says("a message of 20 bytes");
    m.bytes = WEIR_HANDOVER_BODY + 1;
    assert_int_equal(send(l.caller, &m, sizeof(m), 0), sizeof(m));
    fails(receive(l.run, &got), -WEIR_ECORRUPT);
    close_line(&l);
}

static void the_end_of_either_side_is_seen(void **state)
{
    (void)state;
    struct line l;
    struct weir_handover m = weir_handover_make(WEIR_HANDOVER_VIEW);
    open_line(&l);
    close(l.run);
    fails(receive(l.caller, &m), -EPIPE);
    fails(weir_handover_send(l.caller, &m, NULL, 0), -EPIPE);
    close(l.caller);
    call(&l);
    close(l.caller);
    l.caller = dup(l.listener);
    fails(receive(l.run, &m), -EPIPE);
    close_line(&l);
}

static void the_socket_is_its_owners_alone(void **state)
{
    (void)state;
    struct line l;
    struct stat st;
    char path[PATH_MAX + 16];
    mode_t before = umask(0);
    open_line(&l);
    umask(before);
    snprintf(path, sizeof(path), "%s/socket", l.dir);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    close_line(&l);
}

/* An address has 108 bytes; a path may have 4096. */
static void a_long_directory_has_a_socket_too(void **state)
{
    (void)state;
    struct line l;
    char base[PATH_MAX];
    scratch_make(base);
    snprintf(l.dir, sizeof(l.dir), "%s", base);
    for (int i = 0; i < 5; i++) {
        size_t n = strlen(l.dir);
        l.dir[n] = '/';
        memset(l.dir + n + 1, 'a' + i, 80);
        l.dir[n + 81] = '\0';
        assert_int_equal(mkdir(l.dir, 0700), 0);
    }
    ok(l.listener = weir_handover_listen(l.dir));
    call(&l);
    struct weir_handover m = weir_handover_make(WEIR_HANDOVER_VIEW), got;
    ok(weir_handover_send(l.caller, &m, NULL, 0));
    ok(receive(l.run, &got));
    close_line(&l);
    fails(weir_handover_connect(l.dir), -ENOENT);
    scratch_remove(base);
}

static void who_is_not_there_is_told_apart(void **state)
{
    (void)state;
    struct line l;
    char absent[PATH_MAX + 16];
    open_line(&l);
    snprintf(absent, sizeof(absent), "%s/absent", l.dir);
    fails(weir_handover_connect(absent), -ENOENT);
    says("no job runs there");
    close(l.run);
    close(l.caller);
    close(l.listener); /* as a kill does: the file stays */
    fails(weir_handover_connect(l.dir), -ECONNREFUSED);
    says("its job is gone");
    /* The next owner of the directory takes its place. */
    ok(l.listener = weir_handover_listen(l.dir));
    call(&l);
    close_line(&l);
}

static void another_users_socket_is_refused(void **state)
{
    (void)state;
    struct line l;
    if (geteuid() != 0)
        skip();
    scratch_make(l.dir);
    assert_int_equal(chmod(l.dir, 0755), 0);
    ok(l.listener = weir_handover_listen(l.dir));
    assert_int_equal(seteuid(12345), 0);
    int rc = weir_handover_connect(l.dir);
    assert_int_equal(seteuid(0), 0);
    assert_int_equal(rc, -EACCES);
    says("another user's job");
    weir_handover_close(l.dir, l.listener);
    scratch_remove(l.dir);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(a_message_arrives_whole_and_names_its_kind),
        cmocka_unit_test(a_refusal_brings_its_reason),
        cmocka_unit_test(memory_handed_over_is_the_same_memory),
        cmocka_unit_test(memory_sealed_read_only_stays_as_it_is),
        cmocka_unit_test(descriptors_without_room_are_closed),
        cmocka_unit_test(another_version_is_named),
        cmocka_unit_test(what_is_no_message_is_refused),
        cmocka_unit_test(the_end_of_either_side_is_seen),
        cmocka_unit_test(the_socket_is_its_owners_alone),
        cmocka_unit_test(a_long_directory_has_a_socket_too),
        cmocka_unit_test(who_is_not_there_is_told_apart),
        cmocka_unit_test(another_users_socket_is_refused),
    };
    return RUN(cases);
}
