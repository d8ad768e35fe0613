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


def draw(columns, begins, *arguments):
    """Run until three lines that begin so were drawn, then end as a person
    would; its status and what it drew."""
    pid, fd = pty.fork()
    if pid == 0:
        os.execv(weir, [weir, *arguments])
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
        if seen.count(b"\r\x1b[K" + begins) == 3 and not stopped:
            os.write(fd, b"\x03")
            stopped = True
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), seen.decode()


def check(what, holds, text):
    if not holds:
        print("FAILED:", what)
        print(repr(text[-3000:]))
        sys.exit(1)


status, text = draw(COLUMNS, b"step", "run", config, "--out", "run",
                    "--set", "training.steps=100000",
                    "--set", "simulations.budget=30000")
lines = re.findall(r"\r\x1b\[K(step [^\r\n\x1b^]*)", text)
check("the line is redrawn", len(lines) >= 3, text)
for line in lines:
    check("a line fits: %d" % len(line), len(line) < COLUMNS, line)
    check("step and loss in " + line,
          re.match(r"step \d+/100000 \| loss \d\.\de[-+]\d\d \| val ", line), text)
check("no progress lines on a terminal", "progress time=" not in text, text)
check("Ctrl-C ends with 130: %d" % status, status == 130, text)
check("Ctrl-C says so", "Interrupt: writing a checkpoint" in text, text)
tail = text[text.rindex("\x1b[K"):]
check("the line is cleared before the summary", "ended     interrupted" in tail,
      text)
check("how to go on", "go on with: weir run --resume --out run" in tail, text)

# The bar of weir generate, in a narrow window; then the rest of the work.
NARROW = 60
slow = ("generate", config, "--out", "g.h5", "--n", "200",
        "--set", "placement.solver_threads=1", "--set", "solver.substeps=2000")
status, text = draw(NARROW, b"[", *slow)
bars = re.findall(r"\r\x1b\[K(\[[^\r\n\x1b^]*)", text)
check("the bar is redrawn", len(bars) >= 3, text)
for bar in bars:
    check("a bar fits: %d" % len(bar), len(bar) < NARROW, bar)
    check("what is in " + bar,
          re.match(r"\[#* *\] \d+/200 \| [\d.]+/s \| eta \d+:\d\d", bar), text)
filled = [bar.count("#") / 30 - int(re.search(r"(\d+)/200", bar)[1]) / 200
          for bar in bars]
check("it shows what is done", max(map(abs, filled)) <= 1 / 30, text)
check("Ctrl-C ends with 130: %d" % status, status == 130, text)
check("the bar is cleared at the end",
      "g.h5: " in text[text.rindex("\x1b[K"):], text)
check("how to go on", "g.h5.part, the same command goes on" in text, text)
