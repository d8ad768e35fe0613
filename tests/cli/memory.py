# SPDX-License-Identifier: BSD-3-Clause
"""memory.py WEIR SMALL.yaml BASE... -- SET...: a run takes no more resident memory
above a small one than `weir plan` says, and most of that.

BASE and SET are KEY=VALUE: of both runs, and of the large one on top. The heap may
keep a little (ROOM) beside what is planned.
"""
import os
import re
import subprocess
import sys

UNIT = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
PLANNED = ("weights", "gradients", "nets", "held-out", "slots", "ports", "solvers",
           "checkpoint's", "predictions")
ROOM = 12 << 20


def planned(command):
    """Bytes of all that the plan lists; per thread where it says so."""
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    total = 0
    for line in text.splitlines():
        found = re.search(r"  ([\d.]+) (B|KiB|MiB|GiB)( a thread)?", line)
        if found and any(w in line for w in PLANNED):
            total += float(found[1]) * UNIT[found[2]]
    return total


def taken(command):
    """Peak resident bytes of the process."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE) as process:
        message = process.stderr.read().decode()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = status
    if status:
        raise SystemExit(f"{' '.join(command)}: status {status}\n{message}")
    return usage.ru_maxrss * 1024


def both(weir, config, sets, out):
    sets = [x for s in sets for x in ("--set", s)]
    return (planned([weir, "plan", config] + sets),
            taken([weir, "run", config, "--quiet", "--out", out] + sets))


def main():
    weir, config, *sets = sys.argv[1:]
    cut = sets.index("--")
    base, more = sets[:cut], sets[cut + 1:]
    plan, rss = both(weir, config, base, "base")
    plan_more, rss_more = both(weir, config, base + more, "more")
    plan, rss = plan_more - plan, rss_more - rss
    said = (f"planned {plan / 2**20:.1f} MiB more, took {rss / 2**20:.1f} more: "
            f"{' '.join(base + more)}")
    print(said)
    if rss > 1.02 * plan + ROOM:
        raise SystemExit("above the plan")
    if rss < 0.6 * plan:
        raise SystemExit("the plan is far above what is taken")


main()
