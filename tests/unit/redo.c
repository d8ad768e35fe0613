/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/scratch.h"

#include "io/redo.h"

#include <fcntl.h>

static char dir[PATH_MAX], file[PATH_MAX], note[PATH_MAX];
static unsigned char old[16384], fresh[16384];

/* A file of old bytes and notes for it. */
static int begin(struct weir_redo *redo)
{
    scratch_write(file, old, sizeof(old));
    int fd = open(file, O_RDWR);
    assert_int_equal(weir_redo_begin(redo, note, fd), 0);
    return fd;
}

/* As a killed writer: a note, then only the first @p part bytes. */
static void tear(struct weir_redo *redo, int fd, size_t at, size_t size,
                 size_t part)
{
    assert_int_equal(weir_redo_note(redo, at, fresh + at, size), 0);
    assert_int_equal(pwrite(fd, fresh + at, part, (off_t)at), (ssize_t)part);
}

/* The file is old but for @p size new bytes at @p at. */
static bool is_new_only_at(size_t at, size_t size)
{
    size_t n;
    unsigned char *bytes = scratch_read(file, &n);
    bool good = n == sizeof(old) && memcmp(bytes, old, at) == 0 &&
                memcmp(bytes + at, fresh + at, size) == 0 &&
                memcmp(bytes + at + size, old + at + size,
                       sizeof(old) - at - size) == 0;
    free(bytes);
    return good;
}

static void a_torn_write_is_made_again(void **state)
{
    (void)state;
    struct weir_redo redo;
    int fd = begin(&redo);
    tear(&redo, fd, 3000, 9000, 1096);
    weir_redo_end(&redo, false);
    assert_int_equal(weir_redo_apply(note, file), 1);
    assert_true(is_new_only_at(3000, 9000));
    /* Once: the note is gone. */
    assert_int_equal(access(note, F_OK), -1);
    assert_int_equal(weir_redo_apply(note, file), 0);
    close(fd);
}

static void a_write_within_a_page_needs_no_note(void **state)
{
    (void)state;
    struct weir_redo redo;
    int fd = begin(&redo);
    tear(&redo, fd, 4096, 4096, 0);
    tear(&redo, fd, 100, 0, 0);
    weir_redo_end(&redo, false);
    assert_int_equal(weir_redo_apply(note, file), 0);
    close(fd);
}

static void a_torn_note_is_of_a_write_not_begun(void **state)
{
    (void)state;
    for (size_t cut = 1; cut < 9064; cut += 97) {
        struct weir_redo redo;
        size_t n;
        int fd = begin(&redo);
        tear(&redo, fd, 3000, 9000, 0);
        weir_redo_end(&redo, false);
        unsigned char *bytes = scratch_read(note, &n);
        assert_true(n > 9000);
        if (cut % 2)
            assert_int_equal(truncate(note, (off_t)(n - cut)), 0);
        else {
            bytes[n - cut] ^= 1;
            scratch_write(note, bytes, n);
        }
        assert_int_equal(weir_redo_apply(note, file), 0);
        assert_true(is_new_only_at(0, 0));
        free(bytes);
        close(fd);
    }
}

static void a_later_write_takes_the_note_back(void **state)
{
    (void)state;
    struct weir_redo redo;
    int fd = begin(&redo);
    tear(&redo, fd, 3000, 2000, 2000);
    assert_int_equal(weir_redo_pass(&redo, 5000, 10), 0); /* beside it */
    weir_redo_end(&redo, false);
    assert_int_equal(weir_redo_apply(note, file), 1);
    close(fd);
    fd = begin(&redo);
    tear(&redo, fd, 3000, 2000, 2000);
    /* Within a page, over its last byte. */
    assert_int_equal(weir_redo_note(&redo, 4999, old, 8), 0);
    assert_int_equal(pwrite(fd, old + 4999, 8, 4999), 8);
    weir_redo_end(&redo, false);
    assert_int_equal(weir_redo_apply(note, file), 0);
    assert_true(is_new_only_at(3000, 1999));
    close(fd);
}

static void a_note_is_for_one_file(void **state)
{
    (void)state;
    struct weir_redo redo;
    char other[PATH_MAX];
    int fd = begin(&redo);
    tear(&redo, fd, 3000, 9000, 0);
    weir_redo_end(&redo, false);
    snprintf(other, sizeof(other), "%.4000s/other", dir);
    scratch_write(other, old, sizeof(old));
    assert_int_equal(rename(other, file), 0);
    assert_int_equal(weir_redo_apply(note, file), 0);
    assert_true(is_new_only_at(0, 0));
    close(fd);
}

static void a_whole_file_leaves_no_note(void **state)
{
    (void)state;
    struct weir_redo redo;
    int fd = begin(&redo);
    tear(&redo, fd, 3000, 9000, 9000);
    weir_redo_end(&redo, true);
    assert_int_equal(access(note, F_OK), -1);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(a_torn_write_is_made_again),
        cmocka_unit_test(a_write_within_a_page_needs_no_note),
        cmocka_unit_test(a_torn_note_is_of_a_write_not_begun),
        cmocka_unit_test(a_later_write_takes_the_note_back),
        cmocka_unit_test(a_note_is_for_one_file),
        cmocka_unit_test(a_whole_file_leaves_no_note),
    };
    for (size_t i = 0; i < sizeof(old); i++) {
        old[i] = (unsigned char)(i % 251);
        fresh[i] = (unsigned char)(i % 251 + 1);
    }
    scratch_make(dir);
    snprintf(file, sizeof(file), "%.4000s/file", dir);
    snprintf(note, sizeof(note), "%.4000s/file.redo", dir);
    int failed = RUN(cases);
    scratch_remove(dir);
    return failed;
}
