# SPDX-License-Identifier: BSD-3-Clause
"""What predict.sh's files and eval.txt should hold, worked out in NumPy.

usage: predict.py              compare
       predict.py spoil BEST   make files of it that must be refused
"""
import json
import struct
import sys
import zlib

import numpy as np


def load(path):
    raw = open(path, "rb").read()
    (n,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8 : 8 + n])
    meta = header.pop("__metadata__")
    return meta, header, raw[8 + n :]


def tensors(path):
    _, header, data = load(path)
    return {name: np.frombuffer(data[t["data_offsets"][0] : t["data_offsets"][1]],
                                "<f4").reshape(t["shape"])
            for name, t in header.items() if t["dtype"] == "F32"}


def step(t, prefix, u):
    """One step of one member: (n, points), residual prediction."""
    mean, deviation, residual = (t["normaliser." + k][0]
                                 for k in ("mean", "deviation", "residual"))
    x = ((u - mean) / deviation)[:, None].astype("f8")
    layers = sum(k.startswith(prefix) and k.endswith(".weight") for k in t)
    for i in range(layers):
        w = t["%sconv.%d.weight" % (prefix, i)].astype("f8")
        taps = np.stack([np.roll(x, 1 - k, -1) for k in range(3)], -1)
        x = np.einsum("bink,oik->bon", taps, w)
        x = x + t["%sconv.%d.bias" % (prefix, i)][:, None]
        x = np.maximum(x, 0) if i + 1 < layers else x
    return (u + residual * x[:, 0]).astype("f4")


def rollouts(t, prefixes, u, steps):
    """(members, steps, n, points)"""
    out = []
    for prefix in prefixes:
        state, states = u, []
        for _ in range(steps):
            state = step(t, prefix, state)
            states.append(state)
        out.append(states)
    return np.array(out)


def near(what, got, wanted, tolerance):
    worst = np.abs(np.asarray(got) - wanted).max()
    print("%s: %.1e away at most" % (what, worst))
    assert worst <= tolerance, what


def figures(path):
    """Numbers after the names of eval.txt's two tables."""
    tables, table = [], None
    for line in open(path):
        words = line.split()
        if line.startswith(("one step", "rollout")):
            table = {}
            tables.append(table)
        elif table is not None and len(words) > 1:
            table[words[0]] = [w.rstrip("x") for w in words[1:]]
    return tables


def nrmse(a, b):
    return np.sqrt(((a - b) ** 2).mean(-1) / (b**2).mean(-1))


def compare():
    import h5py

    members = ["model.%d." % m for m in range(3)]
    best = tensors("three/checkpoints/best.safetensors")
    truth = h5py.File("f.h5")["t0_fields/u"][:]
    start = truth[:, 0]

    one = h5py.File("one.h5")
    alone = rollouts(tensors("one/checkpoints/best.safetensors"), ["model."],
                     start, 20)[0].swapaxes(0, 1)
    assert "u_spread" not in one["t0_fields"]
    near("first frames", one["t0_fields/u"][:, 0], start, 0)
    near("one", one["t0_fields/u"][:, 1:], alone, 2e-5)
    assert one["dimensions/x"].shape == (64,) and one.attrs["n_trajectories"] == 7

    three = h5py.File("three.h5")
    each = rollouts(best, members, start, 20).swapaxes(1, 2)
    near("mean", three["t0_fields/u"][:, 1:], each.mean(0)[:, :4], 2e-5)
    near("spread", three["t0_fields/u_spread"][:, 1:], each.std(0)[:, :4], 2e-5)
    assert (three["t0_fields/u_spread"][:, 0] == 0).all()
    assert each.std(0).max() > 1e-3

    # --weights newest: the average, in the last checkpoint.
    last = tensors("three/checkpoints/step-00000060.safetensors")
    newest = rollouts(last, [m.replace("model", "average") for m in members],
                      start, 20).swapaxes(1, 2)
    near("newest", h5py.File("newest.h5")["t0_fields/u"][:, 1:],
         newest.mean(0), 2e-5)
    raw = rollouts(last, members, start, 1).swapaxes(1, 2)
    assert np.abs(raw.mean(0) - newest.mean(0)[:, :1]).max() > 1e-5

    # eval three --data f.h5 --against one
    one_step = np.stack([rollouts(best, members, truth[:, k], 1)[:, 0].mean(0)
                         for k in range(20)], 1)
    error = nrmse(one_step, truth[:, 1:])
    persistence = nrmse(truth[:, :-1], truth[:, 1:])
    first, rollout = figures("eval.txt")
    tail = np.sort(error, None)[-1:]
    for name, values in (
            ("mean", error.mean()), ("std", error.std()),
            ("p50", np.quantile(error, 0.5)), ("p90", np.quantile(error, 0.9)),
            ("p95", np.quantile(error, 0.95)),
            ("p99", np.quantile(error, 0.99)), ("max", error.max()),
            ("worst", error.mean(1).max()), ("CVaR", tail.mean())):
        at = 1 if name in ("worst", "CVaR") else 0
        near(name, float(first[name][at]), values, 1e-3 * values)
    near("persistence", float(first["mean"][1]), persistence.mean(), 1e-4)
    ends = nrmse(each.mean(0)[:, 9], truth[:, 10])
    near("rollout", float(rollout["mean"][0]), ends.mean(), 1e-3)
    near("rollout p95", float(rollout["p95"][0]), np.quantile(ends, 0.95), 1e-3)
    other = nrmse(alone[:, 9], truth[:, 10])
    near("against", float(rollout["max"][1]), other.max(), 1e-3)
    near("ratio", float(rollout["mean"][2]), other.mean() / ends.mean(), 6e-3)


def write(path, meta, header, data):
    meta = {k: v for k, v in meta.items() if k != "weir.crc32"}
    order = sorted(header, key=lambda k: header[k]["data_offsets"][0])

    def text(crc):
        h = {"__metadata__": {"weir.crc32": crc, **meta}}
        h.update((k, header[k]) for k in order)
        raw = json.dumps(h, separators=(",", ":")).encode()
        return raw + b" " * (-(len(raw) + 8) % 4096)

    sums = "".join(" %08x" % zlib.crc32(data[slice(*header[k]["data_offsets"])])
                   for k in order)
    blank = text("0" * 8 + sums)
    size = struct.pack("<Q", len(blank))
    head = text("%08x" % zlib.crc32(size + blank) + sums)
    with open(path, "wb") as f:
        f.write(size + head + data)


def spoil(best):
    meta, header, data = load(best)
    write("wider.safetensors", {**meta, "weir.options": "width=16\ndepth=2\n"},
          header, data)
    write("unknown.safetensors", {**meta, "weir.model": "convent"}, header, data)
    write("silent.safetensors",
          {k: v for k, v in meta.items() if k != "weir.members"}, header, data)
    raw = bytearray(open(best, "rb").read())
    raw[-5] ^= 1
    open("broken.safetensors", "wb").write(raw)


if len(sys.argv) > 1:
    spoil(sys.argv[2])
else:
    compare()
