# SPDX-License-Identifier: BSD-3-Clause
"""Stop reading what a run prints, tell it to end, and wait for the word of its end
in its log; then read on, and print what it said.

usage: stuck.py WEIR run CONFIG --out DIR OPTION...
"""
import os
import signal
import subprocess
import sys
import time

log = os.path.join(sys.argv[sys.argv.index("--out") + 1], "log")
steps = os.path.join(os.path.dirname(log), "checkpoints")


def wait_for(what, ready):
    end = time.monotonic() + 60
    while not ready():
        assert run.poll() is None and time.monotonic() < end, "no " + what
        time.sleep(0.01)


def fill(pipe):
    """Up to the last byte; a full pipe stays one, for nobody reads it."""
    again = os.open("/proc/self/fd/%d" % pipe, os.O_WRONLY | os.O_NONBLOCK)
    for size in 4096, 1:
        try:
            while True:
                os.write(again, b"\n" * size)
        except BlockingIOError:
            pass
    os.close(again)


reads, writes = os.pipe()
run = subprocess.Popen(sys.argv[1:], stdout=writes, stderr=writes)
wait_for("checkpoint", lambda: os.path.isdir(steps) and os.listdir(steps))
fill(writes)
time.sleep(0.3)
run.send_signal(signal.SIGTERM)
wait_for("end", lambda: "run: ended: interrupted" in open(log).read())
os.close(writes)
with os.fdopen(reads) as rest:
    print(rest.read().strip())
assert run.wait() == 130, "status %d" % run.returncode
