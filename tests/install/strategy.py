# SPDX-License-Identifier: BSD-3-Clause
"""usage: strategy.py A/run.h5 B/run.h5

Both runs proposed the same, and steered simulations lie together.
"""
import sys

import h5py
import numpy as np


def read(path):
    with h5py.File(path, "r") as f:
        s = f["simulations"]
        return (s["id"][:], s["parameters"][:], s["bred"][:].astype(bool),
                s["generation"][:])


a, b = read(sys.argv[1]), read(sys.argv[2])
for x, y in zip(a, b):
    assert x.tobytes() == y.tobytes()
number, p, bred, generation = a
assert bred.sum() >= 4 and (number[bred] % 2 == 0).all(), bred
for g in np.unique(generation[bred]):
    group = p[bred & (generation == g)]
    width = np.ptp(group, axis=0) / np.array([2, 2, 7, 7])
    assert (width <= 0.0401).all(), (g, width)
print(bred.sum(), "of", len(p), "steered")
