# SPDX-License-Identifier: BSD-3-Clause
"""The tables of `weir eval --over`, bin by bin from the weights and the data.

usage: over.py BEST SET OVER_A0_PHI1 OVER_PHI1
"""
import sys

import h5py
import numpy as np

from surrogate import load, net, nrmse, predict

BINS = 8
RANGE = {"A0": (-1, 1), "phi1": (0, 2 * np.pi)}


def errors(best, u):
    """u: (trajectories, frames, N): one step, mean over each trajectory."""
    tensors = load(best)
    after = predict(tensors, u[:, :-1].reshape(-1, 1, u.shape[-1]), net)
    return nrmse(after.reshape(u[:, 1:].shape), u[:, 1:]).mean(1)


def bins(f, name):
    low, high = RANGE[name]
    x = f["scalars"][name][:]
    return np.floor((x - low) / (high - low) * BINS).astype(int)


def check(what, error, mean, count):
    if int(count.replace("-", "0")) != len(error):
        sys.exit(f"{what}: {count} trajectories, not {len(error)}")
    if len(error) and not abs(float(mean) / error.mean() - 1) < 0.006:
        sys.exit(f"{what}: mean {mean}, not {error.mean()}")


def table(name):
    lines = open(name).read().splitlines()
    first = next(i for i, line in enumerate(lines) if "nRMSE of a trajectory" in line)
    return lines[first + 1 :]


best, data, square, line = sys.argv[1:]
with h5py.File(data) as f:
    error = errors(best, f["t0_fields/u"][:])
    across, down = bins(f, "A0"), bins(f, "phi1")
rows = [row.split() for row in table(square)[2:]]
assert len(rows) == 2 * BINS
for j in range(BINS):
    for i in range(BINS):
        here = error[(across == i) & (down == j)]
        check(f"bin {i}, {j}", here, rows[2 * j][1 + i], rows[2 * j + 1][i])
rows = [row.split() for row in table(line)[1:]]
assert len(rows) == BINS
for j in range(BINS):
    check(f"bin {j}", error[down == j], *rows[j][2:])
print(f"{len(error)} trajectories in their bins")
