#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Adaptive allocation next to every fixed split of three seats.

    allocation.py WEIR CONFIG [ROUNDS [LOAD...]]

LOAD is solver-bound, trainer-bound or shifting (default: all): the last uses up
its budget after half of the steps, so it begins bound by solvers and ends as
training alone. Each round runs, in turns, the splits of three threads (two
groups and a solver thread, one and two) fixed, and adaptive from either; on two
cores nobody is pinned and these two splits are all there are. The table gives
gradient steps per second, medians of ROUNDS (default 1: about two minutes on
two idle cores), of the whole run and of its second half, when what adaptive
finds out has been found out; and adaptive, from the worse start, over the best
fixed split in hindsight. Rows of JSON follow. Needs h5py.
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
    "solver-bound": (600, 5, 1000, 110),
    "trainer-bound": (4, 1, 3000, 70),
    "shifting": (600, 5, 1600, 84),
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
            # The first row is the split it started with.
            moves = max(0, f["allocation/step"].shape[0] - 1)
    half = len(t) // 2
    return {"whole": (len(t) - 1) / (t[-1] - t[0]),
            "half": (len(t) - 1 - half) / (t[-1] - t[half]), "moves": moves}


def name(split, allocation):
    return f"{allocation} {split[0]}+{split[1]}"


def medians(runs, what):
    return {k: statistics.median(r[what] for r in v) for k, v in runs.items()}


def compare(median):
    """Adaptive from the worse start, and the worse split, over the best one."""
    fixed = [v for k, v in median.items() if k.startswith("fixed")]
    own = [v for k, v in median.items() if k.startswith("adaptive")]
    return min(own) / max(fixed), min(fixed) / max(fixed)


def report(load, runs, rounds):
    whole, half = medians(runs, "whole"), medians(runs, "half")
    for k in whole:
        moves = [r["moves"] for r in runs[k]] if "adaptive" in k else ""
        print(f"{load:14} {k:13} {whole[k]:8.1f} {half[k]:8.1f}  {moves}")
    ratio, worst = compare(whole)
    late, _ = compare(half)
    print(f"{load:14} adaptive / best {ratio:6.2f} {late:8.2f}   worst / best "
          f"{worst:.2f}")
    own = [v for k, v in whole.items() if k.startswith("adaptive")]
    print(json.dumps({
        "name": "allocation", "load": load, "unit": "gradient steps/s",
        "n": rounds, "rates": {k: round(v, 1) for k, v in whole.items()},
        "median": statistics.median(own), "min": min(own), "max": max(own),
        "ratio": round(ratio, 3), "late_ratio": round(late, 3),
        "fixed_worst": round(worst, 3)}), flush=True)


def main():
    weir, config = sys.argv[1:3]
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    loads = sys.argv[4:] or list(LOADS)
    print(f"# allocation: {rounds} rounds in turns, {os.cpu_count()} cores, "
          f"{platform.processor() or platform.machine()}, load "
          f"{os.getloadavg()[0]:.1f}", flush=True)
    print(f"{'load':14} {'split':13} {'steps/s':>8} {'late':>8}  changes")
    for load in loads:
        runs = {}
        for _ in range(rounds):
            for allocation in ("fixed", "adaptive"):
                for split in SPLITS:
                    runs.setdefault(name(split, allocation), []).append(
                        play(weir, config, load, split, allocation))
        report(load, runs, rounds)


main()
