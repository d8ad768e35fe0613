#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
r"""Does steering pay? One configuration under several strategies and seeds.

    python3 configs/studies/steering.py configs/studies/ks1d.yaml --out runs/ks1d
    python3 configs/studies/steering.py configs/studies/ks2d.yaml --out runs/ks2d

makes every run that is missing, goes on with one that was stopped, and prints
the table: the ratio uniform / strategy of errors on the held-out trajectories
(above 1: the strategy is better), each seed and their geometric mean. Every run
has the same number of simulations, gradient steps and members; a seed gives all
strategies the same initial weights and the same first simulations.
"""
import argparse
import math
import os
import subprocess
import sys
import time

import h5py

STRATEGIES = {
    "uniform": ["acquisition.strategy=uniform"],
    "breed": ["acquisition.strategy=breed"],
    "ogas-l": ["acquisition.strategy=ogas"],
    "ogas-u": ["acquisition.strategy=ogas",
               "acquisition.loss_type=disagreement"],
    "sbal": ["acquisition.strategy=sbal", "acquisition.pool=1000"],
}
# What a configuration's cost asks for. In ks2d a candidate's start is a spin-up
# that costs more than its simulation: a pool of two candidates for each
# simulation, drawn once so that each is started once, and short rollouts.
OF_CONFIG = {
    "ks2d": {"sbal": ["acquisition.pool=200", "acquisition.drawn=once",
                      "acquisition.rollout=0.25"]},
}
FIGURES = ["max", "p99", "std", "mean"]


def arguments():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("config")
    p.add_argument("--out", required=True, help="a directory for the runs")
    p.add_argument("--weir", default="weir", help="the program")
    p.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    p.add_argument("--only", nargs="+", choices=STRATEGIES,
                   default=list(STRATEGIES))
    p.add_argument("--set", action="append", default=[],
                   metavar="STRATEGY:KEY=VALUE", help="of one strategy")
    p.add_argument("--limit", type=float, default=math.inf,
                   help="begin no run after so many seconds")
    return p.parse_args()


def read(directory):
    """The errors a finished run measured on its test set; else None."""
    path = os.path.join(directory, "run.h5")
    try:
        with h5py.File(path, "r", swmr=True) as f:
            test = f["test"]
            if not test["step"].size:
                return None
            return {k: float(test["error_" + k][-1]) for k in FIGURES}
    except OSError:
        return None


def make(a, strategy, seed, directory):
    command = [a.weir, "run", a.config, "--out", directory, "--quiet",
               "--set", "run.seed=%d" % seed]
    given = [o.split(":", 1)[1] for o in a.set if o.split(":")[0] == strategy]
    config = os.path.splitext(os.path.basename(a.config))[0]
    own = OF_CONFIG.get(config, {}).get(strategy, [])
    for option in STRATEGIES[strategy] + own + given:
        command += ["--set", option]
    if os.path.isdir(os.path.join(directory, "checkpoints")):
        command += ["--resume"]
    begin = time.monotonic()
    done = subprocess.run(command, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        sys.exit("%s\n%s" % (" ".join(command), done.stdout))
    used = [l for l in done.stdout.splitlines() if l.startswith("strategy")]
    print("# %s, seed %d: %.0f s; %s" % (strategy, seed,
                                         time.monotonic() - begin, used),
          flush=True)


def geometric_mean(values):
    return math.exp(sum(map(math.log, values)) / len(values))


def table(errors, seeds):
    print("| ratio uniform / strategy |", " | ".join(FIGURES), "|")
    print("|---" * (len(FIGURES) + 1) + "|")
    for strategy in STRATEGIES:
        cells = []
        for figure in FIGURES:
            ratios = [errors["uniform", s][figure] / errors[strategy, s][figure]
                      for s in seeds
                      if errors.get(("uniform", s)) and
                      errors.get((strategy, s))]
            cells.append(" ".join("%.2f" % r for r in ratios) +
                         (" **%.2f**" % geometric_mean(ratios)
                          if ratios else ""))
        if strategy != "uniform" and any(cells):
            print("| %s | %s |" % (strategy, " | ".join(cells)))
    for s in seeds:
        if errors.get(("uniform", s)):
            print("# uniform, seed %d:" % s,
                  " ".join("%s %.3g" % i for i in
                           errors["uniform", s].items()))


def main():
    a = arguments()
    begin, errors = time.monotonic(), {}
    for seed in a.seeds:
        for strategy in STRATEGIES:
            directory = os.path.join(a.out, "%s-%d" % (strategy, seed))
            errors[strategy, seed] = read(directory)
            late = time.monotonic() - begin > a.limit
            if errors[strategy, seed] or strategy not in a.only or late:
                continue
            make(a, strategy, seed, directory)
            errors[strategy, seed] = read(directory)
    table(errors, a.seeds)


if __name__ == "__main__":
    main()
