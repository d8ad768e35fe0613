# SPDX-License-Identifier: BSD-3-Clause
"""What a surrogate reads and makes, from the files of tests/onnx_cases.sh.

usage: onnx_cases.py caseN...    each with in.h5 and out.h5, of the run runN
"""
import json
import struct
import sys

import h5py
import numpy as np


def about(run):
    with open(run + "/checkpoints/best.safetensors", "rb") as f:
        (n,) = struct.unpack("<Q", f.read(8))
        return json.loads(f.read(n))["__metadata__"]


def fields(path, last=""):
    """(trajectories, frames, channels, points...), or None"""
    group = h5py.File(path)["t0_fields"]
    names = [n.decode() if isinstance(n, bytes) else n
             for n in group.attrs["field_names"]]
    names = [n for n in names if n.endswith("_spread") == bool(last)]
    return np.stack([group[n][:] for n in names], 2) if names else None


def flat(frames):
    return frames.reshape((-1,) + frames.shape[2:])


def tensors(folder, meta):
    before, after = fields(folder + "/in.h5"), fields(folder + "/out.h5")
    spread = fields(folder + "/out.h5", "_spread")
    given = int(meta["weir.given"])
    if meta.get("weir.inputs"):
        dt, n = float(meta["weir.dt"]), len(after)
        times = after.shape[1] - (dt > 0)  # the first frame is what began it
        numbers = h5py.File(folder + "/in.h5")["parameters"][:]
        yield "in", "parameters", np.repeat(numbers, times, 0)
        if dt > 0:
            time = np.tile(dt * np.arange(1, times + 1), n)
            yield "in", "time", time[:, None]
        yield "out", "frame", flat(after[:, -times:])
        made = slice(-times, None), slice(None)
    elif given:
        yield "in", "given", before[:, 0, :given]
        yield "out", "made", after[:, 0, given:]
        made = slice(None), slice(given, None)
    else:
        yield "in", "state", before[:, 0]
        yield "out", "next", after[:, 1]
        made = slice(1, 2), slice(None)
    if spread is not None:
        yield "out", "spread", flat(spread[:, made[0], made[1]])


for folder in sys.argv[1:]:
    with open(folder + "/tensors.txt", "w") as listed:
        for way, name, x in tensors(folder, about(folder.replace("case", "run"))):
            x.astype("<f4").tofile("%s/%s.f32" % (folder, name))
            print(way, name, *x.shape, file=listed)
