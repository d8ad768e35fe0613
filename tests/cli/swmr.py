# SPDX-License-Identifier: BSD-3-Clause
"""Read run.h5 as a user would.

usage: swmr.py FILE [grows|done]
"grows": a run is writing it; follow until new rows have come three times.
"done": the file of tests/small.yaml, run to its end.
"""
import sys
import time

import h5py
import numpy as np


def check_train(f):
    step = f["train/step"][:]
    n = len(step)
    assert (step == np.arange(n)).all(), step
    loss = f["train/loss"][:n]
    assert np.isfinite(loss).all() and (loss > 0).all()
    assert (np.diff(f["train/time"][:n]) >= 0).all()
    return n


def follow(path):
    with h5py.File(path, "r", swmr=True) as f:
        seen, rows, last = 0, -1, time.time()
        while seen < 3:
            for d in f["train"].values():
                d.refresh()
            n = min(len(d) for d in f["train"].values())
            assert (f["train/step"][:n] == np.arange(n)).all()
            if n > rows:
                seen, rows, last = seen + 1, n, time.time()
            assert time.time() - last < 60, "it does not grow"
            time.sleep(0.1)
        print("followed to", rows)


def check_end(f):
    assert f["status"][()] == 1
    assert check_train(f) == 120
    assert list(f["validation/step"][:]) == [40, 80, 120]
    s = f["simulations"]
    assert (s["id"][:] == np.arange(40)).all()
    assert (s["state"][:] == 3).all() and (s["samples"][:] == 20).all()
    bred = s["bred"][:].astype(bool)
    assert bred.any() and not bred.all()
    assert (s["generation"][:][bred] > 0).all()
    proposed, started, finished, trained = (
        s[k][:] for k in ("proposed", "started", "finished", "first_trained"))
    assert (proposed <= started).all() and (started <= finished).all()
    used = trained >= 0
    assert used.mean() > 0.9 and (trained[used] >= started[used]).all()
    low, high = np.array([-1, -1, 0, 0]), np.array([1, 1, 7, 7])
    p = s["parameters"][:]
    assert p.shape == (40, 4) and (p >= low).all() and (p <= high).all()
    assert len(np.unique(p, axis=0)) == 40
    g = f["generations"]
    assert (g["generation"][:] == np.arange(1, len(g["generation"]) + 1)).all()
    assert g["bred"][:].sum() >= bred.sum()
    assert len(f["test/step"]) == 1 and f["test/error_mean"][0] > 0
    assert f["test/trajectories"][0] == 6
    names = {n.decode() for n in f["histograms/name"][:]}
    for wanted in ("views_per_sample", "step_ns", "solver_slot_wait_ns",
                   "loss_to_claimable_ns", "loss_to_first_use_ns",
                   "checkpoint_write_ns", "forward_ns", "backward_ns",
                   "reduce_ns", "batch_assembly_ns", "recorder_lag_ns"):
        assert wanted in names, (wanted, names)
    steps = f["histograms/count"][:][f["histograms/name"][:] == b"step_ns"]
    assert steps.sum() == 120


def text(value):
    return value.decode() if isinstance(value, bytes) else str(value)


path = sys.argv[1]
mode = sys.argv[2] if len(sys.argv) > 2 else ""
if mode == "grows":
    follow(path)
    sys.exit()
with h5py.File(path, "r") as f:
    check_train(f)
    for key in ("config", "parameters", "equation", "weir.version",
                "weir.build", "weir.isa", "weir.engine", "host"):
        assert text(f.attrs[key]), key
    assert text(f.attrs["parameters"]) == "A0 A1 phi0 phi1"
    assert "budget" in text(f.attrs["config"])
    if mode == "done":
        check_end(f)
    else:
        assert f["status"][()] == 3, f["status"][()]
