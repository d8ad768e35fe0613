/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_TESTS_TEST_H
#define WEIR_TESTS_TEST_H

/**
 * @file
 * What every test includes: cmocka in the order it wants, and a few words of
 * our own. A case is a static function named as a sentence.
 */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

#include "base/err.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** Exit status of a test that cannot run here; ctest reports it as skipped. */
#define TEST_SKIPPED 77

/** The call must succeed; on failure print the library's message. */
#define ok(call)                                                               \
    do {                                                                       \
        int ok_rc = (call);                                                    \
        if (ok_rc < 0)                                                         \
            fail_msg("%s: %d: %s", #call, ok_rc, weir_err_message());          \
    } while (0)

/** The call must fail with this negative code. */
#define fails(call, code) assert_int_equal((call), (code))

/** The record's message must contain @p text. */
#define says(text)                                                             \
    do {                                                                       \
        if (!strstr(weir_err_message(), (text)))                               \
            fail_msg("message is: %s", weir_err_message());                    \
    } while (0)

#define RUN(cases) cmocka_run_group_tests((cases), NULL, NULL)

#endif
