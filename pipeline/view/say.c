/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline/view/say.h"

#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The same pipe or terminal once more: not to wait is a flag of an open file, and
 * that of a stream is shared with other programs. @return -1: it cannot be had */
static int open_again(int fd)
{
    char path[32];
    struct stat st;
    if (fstat(fd, &st) || !(S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode)))
        return -1;
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    return open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

static bool takes_some(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    return poll(&p, 1, 0) > 0;
}

void weir_say(FILE *to, const char *text)
{
    int fd = fileno(to), again = open_again(fd);
    ssize_t written = 0;
    if (again >= 0 || takes_some(fd))
        written = write(again >= 0 ? again : fd, text, strlen(text));
    (void)written;
    if (again >= 0)
        close(again);
}

void weir_say_log(enum weir_log_level level, const char *area, const char *text)
{
    static const char *const word[] = {"error: ", "warning: ", "", ""};
    char line[1200];
    snprintf(line, sizeof(line), "%s: %s%s\n", area, word[level], text);
    weir_say(level <= WEIR_LOG_WARN ? stderr : stdout, line);
}
