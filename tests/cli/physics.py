# SPDX-License-Identifier: BSD-3-Clause
"""Look into run.h5 of physics-informed runs: physics.py DIR...

Sets of 60 points are trained on for 20 steps each and then replaced; points that
were claimed before a proposal, one a lane, belong to the set after it.
"""
import sys

try:
    import h5py
except ImportError:
    sys.exit(0)

LANES = 3
for directory in sys.argv[1:]:
    with h5py.File(directory + "/run.h5", "r") as f:
        first = f["simulations/first_trained_step"][:]
        bred = f["simulations/bred"][:]
        at = f["simulations/parameters"][:]
    assert ((at[:, 0] >= -1) & (at[:, 0] <= 1)).all()
    assert ((at[:, 1] >= 0) & (at[:, 1] <= 1)).all()
    for step in range(0, 200, 20):
        members = first == step
        assert members.sum() == 60, (directory, step, members.sum())
        if step > 0:
            share = bred[members].mean()
            assert 0 < share < 1, (directory, step, share)
    assert (first[first >= 0] % 20 == 0).all()
