/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_TESTS_REFERENCE_CASES_H
#define WEIR_TESTS_REFERENCE_CASES_H

/**
 * @file
 * The spectral systems of the reference solutions, two sets of each.
 */
#include "tests/golden/reference.h"

static const struct case_of cases_of[] = {
    {"burgers", {"nu", "b"}, NULL, NULL, 0, false},
    {"burgers", {"nu", "b"}, NULL, NULL, 1, false},
    {"kdv", {"a3", "a4", "b"}, NULL, NULL, 0, false},
    {"kdv", {"a3", "a4", "b"}, NULL, NULL, 1, false},
    {"ks", {"a2", "a4", "b"}, "mean_mode", "removed", 0, false},
    {"ks", {"a2", "a4", "b"}, "mean_mode", "removed", 1, true},
    {"ks_cons", {"a2", "a4", "b"}, NULL, NULL, 0, false},
    {"ks_cons", {"a2", "a4", "b"}, NULL, NULL, 1, true},
    {"ks2d", {"a2", "a4", "b"}, "hyper", "separable", 0, false},
    {"ks2d", {"a2", "a4", "b"}, "hyper", "biharmonic", 1, true},
    {"ns2d", {"nu", "drag", "force_amp", "force_k"}, NULL, NULL, 0, false},
    {"ns2d", {"nu", "drag", "force_amp", "force_k"}, NULL, NULL, 1, false},
    {"gs2d", {"d1", "d2", "F", "kill"}, NULL, NULL, 0, true},
    {"gs2d", {"d1", "d2", "F", "kill"}, NULL, NULL, 1, true},
};

#define CASES (sizeof(cases_of) / sizeof(cases_of[0]))

#endif
