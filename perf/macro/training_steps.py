#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""One training step of Weir next to PyTorch's: same net, batch and threads.

    training_steps.py BUILD [--rounds N] [--threads 1,2] [CASE...]

BUILD is a release build with its target `perf` built. Weir and PyTorch
(/usr/bin/python3) run in turns, N rounds (default 3) of every case and number of
threads. Prints the median over rounds of the median step, that of the ratio of
the two with its band, the ratio of the least wall times of any step, and how
much memory each process added to what it had when it had started. With one thread the
time is CPU time, with more wall time: it wants a machine with nothing else to do.

PyTorch chooses its kernels by itself: what the environment says of OpenBLAS is
left out.
"""
import argparse
import json
import os
import statistics
import subprocess

PEER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "peers",
                    "torch_nn_step.py")
# name: model grid channels batch, steps of ours and of the peer, options
CASES = {
    "convnet": ("convnet 160 1 20", 200, 60, "width=32 depth=10"),
    "convnet2d": ("convnet 64x64 1 8", 12, 5, "width=32 depth=10"),
    "fno": ("fno 160 1 20", 300, 60, "width=32 modes=12 layers=4"),
    "fno2d": ("fno 64x64 1 8", 20, 5, "width=32 modes=12 layers=4"),
    "unet2d": ("unet 64x64 1 8", 20, 8, "width=16 levels=2"),
    "scot": ("scot 64x64 1 8", 6, 3, "size=T"),
    "smart_unet": ("smart_unet 100x100 1 16", 4, 3, "width=16"),
}


def environment():
    return {k: v for k, v in os.environ.items() if not k.startswith("OPENBLAS")}


def row(command, env):
    done = subprocess.run(command, capture_output=True, text=True, env=env,
                          check=False)
    if done.returncode:
        raise SystemExit(f"training_steps: {' '.join(command)}: status "
                         f"{done.returncode}\n{done.stderr.strip()}")
    return json.loads(done.stdout.splitlines()[-1])


def pair(build, case, threads, env):
    what, ours, theirs, options = CASES[case]
    end = [str(threads)] + options.split()
    return (row([os.path.join(build, "perf", "nn_step")] + what.split() +
                [str(ours)] + end, env),
            row(["/usr/bin/python3", PEER] + what.split() + [str(theirs)] + end,
                env))


def report(case, threads, pairs):
    key = "cpu_per_step" if threads == 1 else "median"
    ours, theirs = ([p[i][key] / 1e6 for p in pairs] for i in (0, 1))
    ratios = sorted(t / o for o, t in zip(ours, theirs))
    least = [min(p[i]["min"] for p in pairs) for i in (0, 1)]
    grown = [max(p[i]["grown_kib"] for p in pairs) / 1024 for i in (0, 1)]
    peak = [max(p[i]["peak_kib"] for p in pairs) / 1024 for i in (0, 1)]
    print(f"{case:12} {threads} {'CPU ' if threads == 1 else 'wall'} "
          f"{statistics.median(ours):9.2f} {statistics.median(theirs):9.2f} ms "
          f"{statistics.median(ratios):6.2f}x ({ratios[0]:.2f} to "
          f"{ratios[-1]:.2f}; least {least[1] / least[0]:.2f})   added "
          f"{grown[0]:6.1f} {grown[1]:6.1f} MiB, peak {peak[0]:6.1f} "
          f"{peak[1]:6.1f}; {pairs[0][1]['blas']}", flush=True)


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("\n\n")[1].strip())
    parser.add_argument("build")
    parser.add_argument("case", nargs="*")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", default="1,2")
    a = parser.parse_intermixed_args()
    wrong = [c for c in a.case if c not in CASES]
    if wrong:
        parser.error(f"no case '{wrong[0]}'; there are: {', '.join(CASES)}")
    env = environment()
    print(f"# {a.rounds} rounds, load {os.getloadavg()[0]:.1f}\n"
          "# case, threads, time, ours, PyTorch's, ratio", flush=True)
    for case in a.case or CASES:
        for threads in [int(t) for t in a.threads.split(",")]:
            report(case, threads, [pair(a.build, case, threads, env)
                                   for _ in range(a.rounds)])


main()
