# SPDX-License-Identifier: BSD-3-Clause
"""Run a command and kill or stop its children at random until it ends.

usage: kill_clients.py SEED KILLS COMMAND...

Prints how many were killed and stopped. The command must go on without them and
end with 0, with no more descriptors open, and not much more memory in use, after
the first tenth of the kills than at their end.
"""
import os
import random
import signal
import subprocess
import sys
import time

seed, kills, command = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
random.seed(seed)


def children(pid):
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                stat = open("/proc/%s/stat" % entry).read()
            except OSError:
                continue
            state, parent = stat[stat.rindex(")") + 2:].split()[:2]
            if int(parent) == pid and state != "Z":
                found.append(int(entry))
    return found


def holds(pid):
    """Descriptors, and KiB of memory of its own."""
    status = open("/proc/%d/status" % pid).read()
    memory = int(status.split("RssAnon:")[1].split()[0])
    return len(os.listdir("/proc/%d/fd" % pid)), memory


run = subprocess.Popen(command, stdout=open("out", "w"), stderr=open("err", "w"))
done = {signal.SIGKILL: 0, signal.SIGSTOP: 0}
early = late = None
while run.poll() is None and sum(done.values()) < kills:
    time.sleep(random.uniform(0.001, 0.04))
    victims = children(run.pid)
    if not victims:
        continue
    how = signal.SIGKILL if random.random() < 0.85 else signal.SIGSTOP
    try:
        os.kill(random.choice(victims), how)
        done[how] += 1
        late = holds(run.pid)
        if early is None and sum(done.values()) >= max(kills // 10, 10):
            early = late
    except (OSError, IndexError):
        pass
status = run.wait()
n = sum(done.values())
print("seed %d: %d killed, %d stopped; descriptors and KiB %s, later %s"
      % (seed, done[signal.SIGKILL], done[signal.SIGSTOP], early, late))
assert status == 0, "status %d" % status
assert n >= kills // 2, "only %d of %d: the run was too short" % (n, kills)
assert early and late[0] <= early[0] + 8, "descriptors %s, later %s" % (early, late)
assert late[1] <= early[1] * 1.2 + 4096, "KiB %s, later %s" % (early, late)
