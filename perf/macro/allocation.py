#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Adaptive allocation next to every fixed split of three seats.

    allocation.py WEIR CONFIG [ROUNDS [LOAD...]]

LOAD is solver-bound, trainer-bound or shifting (default: all): the last uses up
its budget after half of the steps, so it begins bound by solvers and ends as
training alone. Each round runs, in turns, the splits of three threads (two
groups and a solver thread, one and two) fixed, and adaptive from either; the
row gives gradient steps per second of each, medians of ROUNDS (default 3), and
adaptive over the best fixed. On two cores nobody is pinned and these two splits
are all there are. Needs h5py.
"""
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile

import h5py

SPLITS = [(2, 1), (1, 2)]
# substeps of a state, new samples a gradient step, steps, simulations
LOADS = {
    "solver-bound": (600, 5, 500, 70),
    "trainer-bound": (4, 1, 1600, 60),
    "shifting": (600, 5, 700, 42),
}


def play(weir, config, load, split, allocation):
    substeps, new, steps, budget = LOADS[load]
    with tempfile.TemporaryDirectory(dir=".") as tmp:
        out = os.path.join(tmp, "run")
        subprocess.run(
            [weir, "run", config, "--out", out, "--quiet"] +
            sum((["--set", s] for s in (
                f"training.steps={steps}", "training.warmup_steps=10",
                f"simulations.budget={budget}", f"solver.substeps={substeps}",
                f"reservoir.samples_per_batch={new}", "reservoir.watermark=200",
                "test.trajectories=0", "validation.trajectories=0",
                "checkpoint.every=0", "acquisition.strategy=uniform",
                f"placement.groups={split[0]}",
                f"placement.solver_threads={split[1]}",
                f"placement.allocation={allocation}")), []),
            check=True, capture_output=True)
        with h5py.File(os.path.join(out, "run.h5"), "r") as f:
            t = f["train/time"][:]
            moves = f["allocation/step"].shape[0]
    return (len(t) - 1) / (t[-1] - t[0]), moves


def name(split, allocation):
    return f"{allocation} {split[0]}+{split[1]}"


def main():
    weir, config = sys.argv[1:3]
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 3
    loads = sys.argv[4:] or list(LOADS)
    print(f"# allocation: {rounds} rounds in turns, {os.cpu_count()} cores, "
          f"{platform.processor() or platform.machine()}, load "
          f"{os.getloadavg()[0]:.1f}", flush=True)
    for load in loads:
        rate, moves = {}, {}
        for _ in range(rounds):
            for allocation in ("fixed", "adaptive"):
                for split in SPLITS:
                    key = name(split, allocation)
                    r, m = play(weir, config, load, split, allocation)
                    rate.setdefault(key, []).append(r)
                    moves.setdefault(key, []).append(m)
        median = {k: statistics.median(v) for k, v in rate.items()}
        best = max(v for k, v in median.items() if k.startswith("fixed"))
        worst = min(v for k, v in median.items() if k.startswith("fixed"))
        own = [v for k, v in median.items() if k.startswith("adaptive")]
        print(json.dumps({
            "name": "allocation", "load": load, "unit": "gradient steps/s",
            "n": rounds, "rates": {k: round(v, 1) for k, v in median.items()},
            "median": statistics.median(own), "min": min(own), "max": max(own),
            "ratio": min(own) / best, "fixed_worst": worst / best,
            "moves": {k: v for k, v in moves.items() if "adaptive" in k}}),
            flush=True)


main()
