#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What strategies cost a run: wall time they add over uniform sampling.

    acquisition_overhead.py WEIR [--rounds N] [--steps N] [--case CASE]... [STRATEGY...]

Runs every case live with uniform sampling and with each strategy in turns, N
rounds (default 3), at equal seed, gradient steps (default 1500) and new samples a
step, with two members each, and without validation, test and checkpoints. Wall time
is that from the first gradient step to the last, as run.h5 has it; CPU time that of
the process. Ratios are taken pair by pair. Latency is from the publication of the
losses that make a strategy propose to the cell that a solver may claim, of all
generations of all rounds. Prints its conditions, a line and a JSON object for each
strategy. Needs h5py.
"""
import argparse
import json
import os
import platform
import re
import resource
import statistics
import subprocess
import tempfile

import h5py
import numpy as np

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "configs")
# name: configuration, simulations for each thousand gradient steps
CASES = {
    "kdv1d": ("runs/kdv1d.yaml", 100),
    "ks1d": ("studies/ks1d.yaml", 100),
}
POOL = ["acquisition.pool=200", "acquisition.rollout=0.2"]
STRATEGIES = {
    "breed": ["acquisition.strategy=breed"],
    "ogas": ["acquisition.strategy=ogas"],
    "ogas_u": ["acquisition.strategy=ogas", "acquisition.loss_type=disagreement"],
    "sbal": ["acquisition.strategy=sbal", *POOL],
    "topk": ["acquisition.strategy=topk", *POOL],
}


def settings(case, steps):
    simulations = max(40, CASES[case][1] * steps // 1000)
    return ["run.clock=live", f"training.steps={steps}",
            f"simulations.budget={simulations}", "training.members=2",
            "reservoir.capacity=1000", "reservoir.watermark=200",
            "test.trajectories=0", "validation.trajectories=0", "checkpoint.every=0"]


def run(weir, config, sets):
    with tempfile.TemporaryDirectory(dir=".") as tmp:
        out = os.path.join(tmp, "run")
        arguments = [weir, "run", config, "--out", out, "--quiet"]
        for s in sets:
            arguments += ["--set", s]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(arguments, capture_output=True, text=True, check=False)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode:
            raise SystemExit(f"acquisition_overhead: {' '.join(arguments)}: status "
                             f"{done.returncode}\n{done.stderr.strip()}")
        with h5py.File(os.path.join(out, "run.h5")) as f:
            time = f["train/time"][:]
            latency = f["generations/latency"][:]
    told = re.search(r"^strategy .* ([0-9.]+) s of CPU \(([0-9.]+) %", done.stdout, re.M)
    return {"wall": time[-1] - time[0],
            "cpu": (after.ru_utime + after.ru_stime - before.ru_utime -
                    before.ru_stime),
            "own": float(told[1]), "share": float(told[2]), "latency": latency}


def added(pairs, key):
    return [100 * (b[key] / a[key] - 1) for a, b in pairs]


def report(case, strategy, pairs):
    runs = [b for _, b in pairs]
    latency = np.concatenate([b["latency"] for b in runs])
    latency = latency[latency >= 0] * 1e6
    own, share = (statistics.median(b[k] for b in runs) for k in ("own", "share"))
    wall, cpu = added(pairs, "wall"), added(pairs, "cpu")
    p50, p99 = (float(np.percentile(latency, q)) if len(latency) else 0
                for q in (50, 99))
    print(f"{case:6} {strategy:7} wall {statistics.median(wall):+6.1f} % "
          f"({min(wall):+.1f} to {max(wall):+.1f})  CPU {statistics.median(cpu):+6.1f} % "
          f"({min(cpu):+.1f} to {max(cpu):+.1f})  its own {own:.3f} s, {share:.2f} % of "
          f"the run's  latency p50 {p50:.0f} us, p99 {p99:.0f} us, "
          f"{len(latency)} generations", flush=True)
    print(json.dumps({
        "name": "acquisition_overhead", "case": case, "strategy": strategy,
        "rounds": len(pairs), "added_median": statistics.median(wall),
        "added_min": min(wall), "added_max": max(wall),
        "added_cpu": statistics.median(cpu), "strategy_s": own, "share": share,
        "uniform_s": statistics.median(float(a["wall"]) for a, _ in pairs),
        "latency_p50_us": p50, "latency_p99_us": p99}), flush=True)


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("\n\n")[1].strip())
    parser.add_argument("weir")
    parser.add_argument("strategy", nargs="*")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--case", action="append", choices=CASES)
    a = parser.parse_intermixed_args()
    strategies = a.strategy or list(STRATEGIES)
    for s in strategies:
        if s not in STRATEGIES:
            parser.error(f"no strategy '{s}'; there are: {', '.join(STRATEGIES)}")
    print(f"# {platform.node()} {platform.release()}, {os.cpu_count()} cpus, load "
          f"{os.getloadavg()[0]:.1f}; {a.rounds} rounds of {a.steps} gradient steps, "
          f"pools: {' '.join(POOL)}", flush=True)
    for case in a.case or CASES:
        config = os.path.join(ROOT, CASES[case][0])
        base = settings(case, a.steps)
        pairs = {s: [] for s in strategies}
        for _ in range(a.rounds):
            for s in strategies:
                uniform = run(a.weir, config, [*base, "acquisition.strategy=uniform"])
                pairs[s].append((uniform, run(a.weir, config, base + STRATEGIES[s])))
        for s in strategies:
            report(case, s, pairs[s])


main()
