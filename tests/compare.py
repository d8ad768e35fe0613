# SPDX-License-Identifier: BSD-3-Clause
"""Hold what runs leave against each other, or against what must hold alone.

usage: compare.py same DIR DIR     the newest checkpoints agree bit for bit
       compare.py other DIR DIR    their weights differ
       compare.py ledger DIR N S   N simulations done, S samples each, none twice
       compare.py rows DIR STEPS   run.h5 has the rows 0 .. STEPS-1, once each
"""
import glob
import json
import struct
import sys

import array


def load(directory):
    newest = sorted(glob.glob(directory + "/checkpoints/step-*.safetensors"))[-1]
    raw = open(newest, "rb").read()
    (n,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8 : 8 + n])
    meta = header.pop("__metadata__")
    tensors = {}
    for name, t in header.items():
        first, last = t["data_offsets"]
        tensors[name] = (t["dtype"], t["shape"],
                         raw[8 + n + first : 8 + n + last])
    return newest, meta, tensors


def same(a, b):
    name_a, _, ta = load(a)
    name_b, _, tb = load(b)
    assert name_a.split("/")[-1] == name_b.split("/")[-1], (name_a, name_b)
    assert ta.keys() == tb.keys()
    compared = 0
    for name in ta:
        # The rest holds times and counts of what was done twice.
        if name.startswith(("model.", "adam.", "average.", "best.", "normaliser.",
                            "reservoir.frames", "ledger.unit",
                            "ledger.value")):
            assert ta[name] == tb[name], "tensor %s differs" % name
            compared += 1
    assert compared > 10, compared
    print(compared, "tensors agree")


def other(a, b):
    _, _, ta = load(a)
    _, _, tb = load(b)
    models = [name for name in ta if name.startswith("model.")]
    assert len(models) > 4
    assert any(ta[name] != tb[name] for name in models), "the same weights"


# struct weir_ledger_row: eight u32, one u64, six i64.
ROW = struct.Struct("<IIIIIIIIQqqqqqq")
DONE, FAILED = 3, 4


def ledger(directory, n, samples):
    _, _, t = load(directory)
    dtype, shape, data = t["ledger.rows"]
    assert dtype == "U8" and shape[1] == ROW.size, (dtype, shape)
    rows = [r for r in ROW.iter_unpack(data)]
    done = [r for r in rows if r[0] == DONE]
    failed = [r for r in rows if r[0] == FAILED]
    assert len(done) == n, (len(done), n)
    assert len(done) + len(failed) == len(rows), [r[0] for r in rows]
    assert all(r[2] == samples for r in done), [r[2] for r in rows]
    values = array.array("d", t["ledger.value"][2])
    dims = t["ledger.value"][1][1]
    points = {tuple(values[i : i + dims]) for i in range(0, len(values), dims)}
    assert len(points) == len(rows), "the same simulation twice"


def rows(directory, steps):
    try:
        import h5py
    except ImportError:
        print("no h5py: rows not read")
        return
    with h5py.File(directory + "/run.h5", "r") as f:
        step = list(f["train/step"][:])
        assert step == list(range(steps)), (len(step), steps)
        for column in f["train"].values():
            assert len(column) == steps
        ids = list(f["simulations/id"][:])
        assert ids == list(range(len(ids)))
        assert (f["simulations/state"][:] >= DONE).all()
        validated = list(f["validation/step"][:])
        assert validated == sorted(set(validated))
        generation = list(f["generations/generation"][:])
        assert generation == list(range(1, len(generation) + 1)), generation


mode, arguments = sys.argv[1], sys.argv[2:]
{"same": same,
 "other": other,
 "ledger": lambda d, n, s: ledger(d, int(n), int(s)),
 "rows": lambda d, n: rows(d, int(n))}[mode](*arguments)
