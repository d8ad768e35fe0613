#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The whole pipeline next to a PyTorch loop fed by Python solvers.

    pipeline.py WEIR CONFIG [ROUNDS [LOAD...]]

LOAD is solver-bound, trainer-bound or balanced (default: all), a number of
steps of the scheme per state with which, for weir on this machine, one side or
neither waits. Each round runs weir and then the peer at the same work per
sample; samples trained per second, medians of ROUNDS (default 3). The peer has as many
solver processes as there are cores. Needs h5py, and PyTorch for the peer.
"""
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile

import h5py

HERE = os.path.dirname(os.path.abspath(__file__))
PEER = os.path.join(HERE, "..", "peers", "torch_pipeline.py")
# substeps of a state, new samples a gradient step, steps of ours and of the peer
LOADS = {
    "trainer-bound": (4, 1, 400, 60),
    "balanced": (300, 5, 400, 30),
    "solver-bound": (1500, 5, 80, 6),
}


def ours(weir, config, load):
    substeps, new, steps, _ = LOADS[load]
    budget = max(40, int((500 + steps * new) / 50) + 10)
    with tempfile.TemporaryDirectory(dir=".") as tmp:
        out = os.path.join(tmp, "run")
        text = subprocess.run(
            [weir, "run", config, "--out", out, "--quiet"] +
            sum((["--set", s] for s in (
                f"training.steps={steps}", "training.warmup_steps=10",
                f"simulations.budget={budget}", f"solver.substeps={substeps}",
                f"reservoir.samples_per_batch={new}", "test.trajectories=0",
                "validation.trajectories=0", "checkpoint.every=0",
                "acquisition.nn_updates=100")), []),
            check=True, capture_output=True, text=True).stdout
        with h5py.File(os.path.join(out, "run.h5"), "r") as f:
            t, n = f["train/time"][:], f["train/samples"][:]
            waited = f["train/waited"][:]
    seconds = t[-1] - t[0]
    limit = [x for x in text.splitlines() if x.startswith("limited by")]
    return {"rate": float(n[1:].sum() / seconds),
            "waited": float(waited[1:].sum() / seconds),
            "limit": limit[0] if limit else ""}


def peer(load):
    substeps, new, _, steps = LOADS[load]
    done = subprocess.run(
        ["/usr/bin/python3", PEER, str(os.cpu_count()), str(substeps), str(new),
         str(steps)], capture_output=True, text=True)
    if done.returncode:
        return None
    return json.loads(done.stdout.splitlines()[-1])


def main():
    weir, config = sys.argv[1:3]
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 3
    loads = sys.argv[4:] or list(LOADS)
    print(f"# pipeline: {rounds} rounds, ours then the peer, {os.cpu_count()} "
          f"cores, {platform.processor() or platform.machine()}, load "
          f"{os.getloadavg()[0]:.1f}", flush=True)
    for load in loads:
        mine, theirs = [], []
        for _ in range(rounds):
            mine.append(ours(weir, config, load))
            theirs.append(peer(load))
        rates = [m["rate"] for m in mine]
        row = {"name": "pipeline", "load": load, "substeps": LOADS[load][0],
               "new_per_step": LOADS[load][1],
               "unit": "samples trained per second", "n": rounds,
               "min": min(rates), "median": statistics.median(rates),
               "max": max(rates),
               "waited": statistics.median(m["waited"] for m in mine),
               "limit": mine[-1]["limit"]}
        if all(theirs):
            row["peer"] = statistics.median(p["median"] for p in theirs)
            row["peer_waited"] = statistics.median(p["waited"] for p in theirs)
            row["ratio"] = statistics.median(
                m["rate"] / p["median"] for m, p in zip(mine, theirs))
        print(json.dumps(row), flush=True)


main()
