#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What a strategy costs a run: wall time it adds over uniform sampling.

usage: acquisition_overhead.py WEIR CONFIG ROUNDS STRATEGY [KEY=VALUE]...

Runs CONFIG live with uniform sampling and with STRATEGY in turns, ROUNDS times, at
equal seed and gradient steps, without validation and test. Time is that from the
first gradient step to the last, as run.h5 has it; KEY=VALUE texts are given to
both runs, those of acquisition.* to the second alone. Ratios are taken pair by pair. Prints its
conditions, each pair, and one JSON line. Needs h5py.
"""
import json
import os
import platform
import re
import subprocess
import sys
import tempfile

import h5py
import numpy as np


def run(weir, config, sets):
    with tempfile.TemporaryDirectory(dir=".") as tmp:
        out = os.path.join(tmp, "run")
        arguments = [weir, "run", config, "--out", out, "--quiet"]
        for s in ["run.clock=live", "test.trajectories=0", "validation.trajectories=0",
                  "checkpoint.every=0", *sets]:
            arguments += ["--set", s]
        done = subprocess.run(arguments, check=True, capture_output=True, text=True)
        with h5py.File(os.path.join(out, "run.h5")) as f:
            time = f["train/time"][:]
            cpu = f["generations/cpu"][:] if "generations/cpu" in f else []
            effective = f["generations/effective"][:] if len(cpu) else []
    told = re.search(r"^strategy .* ([0-9.]+) s of CPU", done.stdout, re.M)
    return {"wall": time[-1] - time[0],
            "cpu": float(told[1]) if told else float(cpu[-1]) if len(cpu) else 0.0,
            "effective": float(effective[-1]) if len(effective) else 0.0}


def main():
    weir, config, rounds, strategy, *sets = sys.argv[1:]
    its = [s for s in sets if s.startswith("acquisition.")]
    both = [s for s in sets if s not in its]
    print(f"# {platform.node()} {platform.release()}, {os.cpu_count()} cpus, load "
          f"{os.getloadavg()[0]:.1f}, {config} {' '.join(sets)}")
    pairs = []
    for _ in range(int(rounds)):
        a = run(weir, config, both + ["acquisition.strategy=uniform"])
        b = run(weir, config, both + its + [f"acquisition.strategy={strategy}"])
        pairs.append((a, b))
        print(f"  uniform {a['wall']:.2f} s, {strategy} {b['wall']:.2f} s "
              f"({100 * (b['wall'] / a['wall'] - 1):+.1f} %), {b['cpu']:.2f} s of CPU, "
              f"effective sample size {b['effective']:.1f}", flush=True)
    added = [b["wall"] / a["wall"] - 1 for a, b in pairs]
    print(json.dumps({
        "name": "acquisition_overhead", "strategy": strategy, "rounds": len(pairs),
        "added_median": float(np.median(added)), "added_min": min(added),
        "added_max": max(added),
        "uniform_s": float(np.median([a["wall"] for a, _ in pairs])),
        "cpu_s": float(np.median([b["cpu"] for _, b in pairs]))}))


main()
