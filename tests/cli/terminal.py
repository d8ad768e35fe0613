# SPDX-License-Identifier: BSD-3-Clause
"""Run the program on a pseudo terminal of 100 columns and read what it draws."""
import fcntl
import os
import pty
import re
import struct
import sys
import termios

COLUMNS = 100
weir, config = sys.argv[1:3]


def run(columns):
    pid, fd = pty.fork()
    if pid == 0:
        os.execv(weir, [weir, "run", config, "--out", "run%d" % columns,
                        "--set", "training.steps=6000",
                        "--set", "simulations.budget=2000"])
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    seen = b""
    stopped = False
    while True:
        try:
            data = os.read(fd, 65536)
        except OSError:
            break
        if not data:
            break
        seen += data
        # Three lines are enough to see: then end as a person would.
        if seen.count(b"\r\x1b[Kstep") == 3 and not stopped:
            os.write(fd, b"\x03")
            stopped = True
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), seen.decode()


def check(what, holds, text):
    if not holds:
        print("FAILED:", what)
        print(repr(text[-3000:]))
        sys.exit(1)


status, text = run(COLUMNS)
lines = re.findall(r"\r\x1b\[K(step [^\r\n\x1b^]*)", text)
check("the line is redrawn", len(lines) >= 3, text)
for line in lines:
    check("a line fits: %d" % len(line), len(line) < COLUMNS, line)
    check("step and loss in " + line,
          re.match(r"step \d+/6000 \| loss \d\.\de[-+]\d\d \| val ", line), text)
check("no progress lines on a terminal", "progress time=" not in text, text)
check("Ctrl-C ends with 130: %d" % status, status == 130, text)
check("Ctrl-C says so", "Interrupt: writing a checkpoint" in text, text)
tail = text[text.rindex("\x1b[K"):]
check("the line is cleared before the summary", "ended     interrupted" in tail,
      text)
check("how to go on", "go on with: weir run --resume --out run" in tail, text)
