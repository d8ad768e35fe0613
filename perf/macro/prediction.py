#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""What `weir plan --predict` says next to what runs do.

    prediction.py WEIR CONFIG [ROUNDS [LOAD...]]

For each load of pipeline.py and each split of this machine's cores, in turns:
predict, then run, and compare gradient steps per second over the second half of
the run. One row a load and split: medians of ROUNDS (default 3) and their
ratio; a last row has the median and largest error over all. Needs h5py.
"""
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile

import h5py

# substeps of a state, new samples a gradient step, steps
LOADS = {
    "trainer-bound": (4, 1, 800),
    "balanced": (300, 5, 400),
    "solver-bound": (1500, 5, 100),
}
SPLITS = [(1, 1), (2, 1), (1, 2), (2, 2)]


def settings(load, split):
    substeps, new, steps = LOADS[load]
    return sum((["--set", s] for s in (
        f"training.steps={steps}", "training.warmup_steps=10",
        f"simulations.budget={max(40, int((500 + steps * new) / 50) + 10)}",
        f"solver.substeps={substeps}", f"reservoir.samples_per_batch={new}",
        "test.trajectories=0", "validation.trajectories=0",
        "checkpoint.every=0", "acquisition.nn_updates=100",
        f"placement.groups={split[0]}",
        f"placement.solver_threads={split[1]}")), [])


def predict(weir, config, load, split):
    text = subprocess.run([weir, "plan", config, "--predict"] +
                          settings(load, split), check=True,
                          capture_output=True, text=True).stdout
    return float(re.search(r"^  ([0-9.]+) steps/s, .*limited", text, re.M)[1])


def measure(weir, config, load, split):
    with tempfile.TemporaryDirectory(dir=".") as tmp:
        out = os.path.join(tmp, "run")
        subprocess.run([weir, "run", config, "--out", out, "--quiet"] +
                       settings(load, split), check=True, capture_output=True)
        with h5py.File(os.path.join(out, "run.h5"), "r") as f:
            t = f["train/time"][:]
    half = len(t) // 2
    return (len(t) - 1 - half) / (t[-1] - t[half])


def main():
    weir, config = sys.argv[1:3]
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 3
    loads = sys.argv[4:] or list(LOADS)
    print(f"# prediction: {rounds} rounds, predicted then measured, "
          f"{os.cpu_count()} cores, {platform.processor() or platform.machine()}"
          f", load {os.getloadavg()[0]:.1f}", flush=True)
    errors = []
    for load in loads:
        for split in SPLITS:
            said, was = [], []
            for _ in range(rounds):
                said.append(predict(weir, config, load, split))
                was.append(measure(weir, config, load, split))
            ratio = statistics.median(a / b for a, b in zip(said, was))
            errors.append(abs(ratio - 1))
            print(json.dumps({
                "name": "prediction", "load": load,
                "split": f"{split[0]}+{split[1]}", "unit": "gradient steps/s",
                "n": rounds, "min": min(was), "median": statistics.median(was),
                "max": max(was), "predicted": statistics.median(said),
                "ratio": round(ratio, 3)}), flush=True)
    print(json.dumps({"name": "prediction_error", "unit": "share",
                      "n": len(errors), "min": round(min(errors), 3),
                      "median": round(statistics.median(errors), 3),
                      "max": round(max(errors), 3)}), flush=True)


main()
