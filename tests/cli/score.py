# SPDX-License-Identifier: BSD-3-Clause
"""The correlation that `weir eval --score` tells, from what `weir predict` wrote.

usage: score.py SET PREDICTED STEPS OUTPUT
Disagreement is the square of members' spread, an evidential variance that of a
single member; their rollouts are those of the score.
"""
import sys

import h5py
import numpy as np

truth, got = (h5py.File(name)["t0_fields"] for name in sys.argv[1:3])
steps = int(sys.argv[3])
name = list(truth)[0]
score = (got[name + "_spread"][:, 1 : steps + 1] ** 2).mean((1, 2))
true, made = truth[name][:, steps], got[name][:, steps]
error = np.sqrt(((made - true) ** 2).mean(1) / (true**2).mean(1))
# No two are equal: places in the order are ranks.
ranks = [np.argsort(np.argsort(x)) for x in (score, error)]
expected = np.corrcoef(*ranks)[0, 1]
line = next(l for l in open(sys.argv[4]) if "the rollout's end" in l)
print(f"{expected:.4f} here, told:{line.rstrip()}")
assert abs(float(line.split()[-1]) - expected) < 0.00051
