#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""How long a checkpoint holds the trainer, next to how long writing it takes.

usage: checkpoint_stall.py WEIR CONFIG [width]

Runs CONFIG with a wide net and a checkpoint every 25 steps, and reads both
histograms from run.h5. "held" is the leader's time at the step boundary, "write"
the time from the cut to the file being on disk under its name. Prints its
conditions and one JSON line. Needs h5py.
"""
import json
import os
import platform
import subprocess
import sys
import tempfile

import h5py
import numpy as np


def quantile(lower, count, q):
    return float(lower[np.searchsorted(np.cumsum(count), q * count.sum())])


def read(path):
    with h5py.File(path, "r") as f:
        names = np.array([bytes(n).split(b"\0")[0].decode()
                          for n in f["histograms/name"][:]])
        lower, count = f["histograms/lower"][:], f["histograms/count"][:]
    return {n: (lower[names == n], count[names == n]) for n in set(names)}


def main():
    weir, config = sys.argv[1:3]
    width = sys.argv[3] if len(sys.argv) > 3 else "256"
    with tempfile.TemporaryDirectory(dir=".") as tmp:
        out = os.path.join(tmp, "run")
        subprocess.run([weir, "run", config, "--out", out, "--quiet",
                        "--set", "training.steps=200",
                        "--set", "simulations.budget=60",
                        "--set", f"model.width={width}",
                        "--set", "checkpoint.every=25",
                        "--set", "test.trajectories=0",
                        "--set", "validation.trajectories=0"],
                       check=True, stdout=subprocess.DEVNULL)
        hist = read(os.path.join(out, "run.h5"))
        files = os.listdir(os.path.join(out, "checkpoints"))
        size = max(os.path.getsize(os.path.join(out, "checkpoints", f))
                   for f in files)
    held, write = hist["checkpoint_stall_ns"], hist["checkpoint_write_ns"]
    print(f"# {platform.node()} {platform.release()}, {os.cpu_count()} cpus, "
          f"load {os.getloadavg()[0]:.1f}, width {width}")
    print(json.dumps({
        "name": "checkpoint_stall", "unit": "us", "file_bytes": size,
        "checkpoints": int(held[1].sum()),
        "held_median": quantile(*held, 0.5) / 1e3,
        "held_max": float(held[0].max()) / 1e3,
        "write_median": quantile(*write, 0.5) / 1e3,
        "held_over_write": quantile(*held, 0.5) / quantile(*write, 0.5),
        "step_median": quantile(*hist["step_ns"], 0.5) / 1e3,
    }))


main()
