# SPDX-License-Identifier: BSD-3-Clause
"""usage: target.py make FILE | same A/run.h5 B/run.h5 CASE

make: a file of 300 samples, A0 high, A1 = -A0.
same: both runs simulated the same parameters; CASE says which are right.
"""
import sys

import h5py
import numpy as np


def make(path):
    rng = np.random.default_rng(1)
    p = rng.uniform(0, 1, (300, 4))
    p[:, 0] = 0.9 + 0.1 * p[:, 0]
    p[:, 1] = -p[:, 0]
    with h5py.File(path, "w") as f:
        f["parameters"] = p
        f["parameters"].attrs["names"] = ["A0", "A1", "phi0", "phi1"]


def parameters(path):
    with h5py.File(path, "r") as f:
        s = f["simulations"]
        order = np.argsort(s["id"][:], kind="stable")
        return s["parameters"][:][order]


def same(one, two, case):
    a, b = parameters(one), parameters(two)
    assert a.shape == b.shape and a.shape[0] >= 40, (a.shape, b.shape)
    assert a.tobytes() == b.tobytes()
    a0, a1 = a[:, 0], a[:, 1]
    if case == "1":
        assert abs(a0.mean()) < 0.35 and a0.std() > 0.4
    if case == "2":
        assert abs(a0.mean() - 0.4) < 0.15 and a0.std() < 0.3
    if case == "3":
        assert np.corrcoef(a0, a1)[0, 1] > 0.75
    if case == "4":
        assert a0.min() >= 0.9 and np.corrcoef(a0, a1)[0, 1] < -0.95
    print("case", case, "A0", a0.mean().round(3), a0.std().round(3),
          "correlation", np.corrcoef(a0, a1)[0, 1].round(3))


if sys.argv[1] == "make":
    make(sys.argv[2])
else:
    same(*sys.argv[2:5])
