/* SPDX-License-Identifier: BSD-3-Clause */
/* The newest checkpoint is cut, flipped, filled with zeros or lengthened:
 * always noticed, and the one before it taken. */
#include "tests/checkpoints.h"

#include "base/rng.h"

#include <fcntl.h>

static char dir[PATH_MAX], newest[PATH_MAX];
static struct content content;
static unsigned char *whole;
static size_t size;

static void one_before_is_used(const char *what, size_t where)
{
    struct weir_safetensors *file;
    uint64_t found = 0;
    logged[0] = '\0';
    ok(weir_checkpoint_open_newest(dir, &file, &found));
    bool good = found == 1 && content_is(&content, file, 1);
    weir_safetensors_close(file);
    if (!good || !strstr(logged, newest))
        fail_msg("%s at %zu: step %d; %s", what, where, (int)found, logged);
}

static void every_truncation_is_noticed(void **state)
{
    (void)state;
    scratch_write(newest, whole, size);
    for (size_t n = (size - 1) / 4096 * 4096;; n -= 4096) {
        assert_int_equal(truncate(newest, (off_t)n), 0);
        one_before_is_used("cut", n);
        if (n == 0)
            break;
    }
    scratch_write(newest, whole, size);
    assert_int_equal(truncate(newest, (off_t)size - 1), 0);
    one_before_is_used("cut", size - 1);
}

static void flip_is_noticed(size_t bit)
{
    int fd = open(newest, O_WRONLY);
    unsigned char byte = whole[bit / 8] ^ (unsigned char)(1u << bit % 8);
    assert_int_equal(pwrite(fd, &byte, 1, (off_t)(bit / 8)), 1);
    one_before_is_used("bit", bit);
    assert_int_equal(pwrite(fd, whole + bit / 8, 1, (off_t)(bit / 8)), 1);
    close(fd);
}

static void random_bit_flips_are_noticed(void **state)
{
    (void)state;
    struct weir_rng rng = weir_rng_stream(2, WEIR_RNG_TEST, 0);
    scratch_write(newest, whole, size);
    for (int i = 0; i < 300; i++)
        flip_is_noticed(weir_rng_below(&rng, 8 * (uint32_t)size));
    /* The header is small, so chance alone would hardly hit its text. */
    for (int i = 0; i < 300; i++)
        flip_is_noticed(weir_rng_below(&rng, 8 * 512));
}

/* What a power failure leaves of writes that never reached the device. */
static void blocks_of_zeros_are_noticed(void **state)
{
    (void)state;
    static const unsigned char zeros[4096];
    scratch_write(newest, whole, size);
    int fd = open(newest, O_WRONLY);
    for (size_t at = 0; at + 4096 <= size; at += 4096) {
        assert_int_equal(pwrite(fd, zeros, 4096, (off_t)at), 4096);
        one_before_is_used("zeros", at);
        assert_int_equal(pwrite(fd, whole + at, 4096, (off_t)at), 4096);
    }
    assert_int_equal(pwrite(fd, zeros, 1, (off_t)size), 1);
    one_before_is_used("lengthened", size);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(every_truncation_is_noticed),
        cmocka_unit_test(random_bit_flips_are_noticed),
        cmocka_unit_test(blocks_of_zeros_are_noticed),
    };
    struct weir_checkpoint_writer *w;
    scratch_make(dir);
    ok(weir_run_dir_prepare(dir));
    struct weir_checkpoint_options o = {.dir = dir, .keep = 2};
    ok(weir_checkpoint_writer_create(&o, &w));
    content_make(&content, 100000);
    for (uint64_t step = 1; step <= 2; step++)
        ok(content_write(w, &content, step, NULL));
    ok(weir_checkpoint_path(dir, 2, newest));
    whole = scratch_read(newest, &size);
    weir_log_sink(keep_log, NULL);
    int failed = RUN(cases);
    weir_checkpoint_writer_destroy(w);
    free(content.weights);
    free(whole);
    scratch_remove(dir);
    return failed;
}
