/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WEIR_TESTS_CHILD_H
#define WEIR_TESTS_CHILD_H

/**
 * @file
 * Tests that need a process of their own: checks that end it with a reason, and
 * system calls that fail there with a chosen errno, as they do in a container
 * without io_uring or on a file system without fallocate.
 */
#include "tests/test.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/** In a child: end it with status 1 and the reason. */
#define REQUIRE(condition)                                                     \
    do {                                                                       \
        if (!(condition)) {                                                    \
            printf("line %d: %s: %s\n", __LINE__, #condition,                  \
                   weir_err_message());                                        \
            fflush(stdout);                                                    \
            _exit(1);                                                          \
        }                                                                      \
    } while (0)

/** Exit status of @p child; a failed test when a signal ended it. */
static inline int child_status(pid_t child)
{
    int status;
    waitpid(child, &status, 0);
    if (!WIFEXITED(status))
        fail_msg("child ended by signal %d", WTERMSIG(status));
    return WEXITSTATUS(status);
}

/**
 * Let system call @p number fail with @p error for the rest of this process.
 * @return whether the kernel took the filter
 */
static inline bool deny_syscall(long number, int error)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)number, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)error),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof(code) / sizeof(*code), code};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

#endif
