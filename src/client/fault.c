/* SPDX-License-Identifier: BSD-3-Clause */
#include "client/fault.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const label[] = {
    [WEIR_FAULT_ATTACH] = "attach",   [WEIR_FAULT_CLAIM] = "claim",
    [WEIR_FAULT_RESERVE] = "reserve", [WEIR_FAULT_MID_WRITE] = "mid-write",
    [WEIR_FAULT_COMMIT] = "commit",   [WEIR_FAULT_WAKE] = "wake",
    [WEIR_FAULT_FINISH] = "finish",
};

struct order {
    char at[16], action[16];
    unsigned nth;
};

static struct order read_order(void)
{
    struct order o = {.action = "die", .nth = 1};
    const char *text = getenv("WEIR_FAULT"), *start = getenv("WEIR_START");
    if (text && start && !strcmp(start, "1"))
        sscanf(text, "%15[^:]:%15[^:]:%u", o.at, o.action, &o.nth);
    return o;
}

int weir_fault_pass(enum weir_fault at)
{
    static unsigned passed[WEIR_FAULT_FINISH + 1];
    struct order o = read_order();
    if (strcmp(o.at, label[at]) || ++passed[at] != o.nth)
        return 0;
    if (!strcmp(o.action, "die"))
        raise(SIGKILL);
    if (!strcmp(o.action, "stall"))
        raise(SIGSTOP);
    return !strcmp(o.action, "corrupt");
}

/* One write of one line: whole also when several processes write. */
void weir_fault_note_finish(const struct weir_wire *w, const double *parameter)
{
    char line[128];
    const char *path = getenv("WEIR_FAULT_LOG");
    int fd =
        path ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
    int n = snprintf(line, sizeof(line), "%u %u %.17g\n", w->simulation,
                     w->attempt, w->parameters ? parameter[0] : 0.0);
    if (fd >= 0 && write(fd, line, (size_t)n) == n)
        fsync(fd);
    if (fd >= 0)
        close(fd);
}
