#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""direct.py BEST SET GOT: the frames in GOT are those that the weights in BEST, read
here by another program, make of the parameters and times of SET; they are nearer
to SET than the mean of all its trajectories at the same time is."""
import json
import struct
import sys

import h5py
import numpy as np


def load(path):
    raw = open(path, "rb").read()
    (n,) = struct.unpack("<Q", raw[:8])
    head = json.loads(raw[8:8 + n])
    meta = head.pop("__metadata__")
    return meta, {
        name: np.frombuffer(raw[8 + n + t["data_offsets"][0]:8 + n + t["data_offsets"][1]],
                            "<f4").reshape(t["shape"]).astype("f8")
        for name, t in head.items() if t["dtype"] == "F32"}


def features(lines, numbers):
    columns = []
    for line, x in zip(lines, numbers.T):
        _, low, high, kind = line.split()
        low, high = float(low), float(high)
        s = (np.log(x / low) / np.log(high / low) if kind == "log"
             else (x - low) / (high - low))
        columns += ([np.cos(2 * np.pi * s), np.sin(2 * np.pi * s)]
                    if kind == "wraps" else [2 * s - 1])
    return np.stack(columns, 1)


def main():
    meta, t = load(sys.argv[1])
    truth, got = h5py.File(sys.argv[2]), h5py.File(sys.argv[3])
    name = list(truth["t0_fields"])[0]
    truth_frames, frames = truth["t0_fields"][name][:], got["t0_fields"][name][:]
    n, steps = truth_frames.shape[0], truth_frames.shape[1] - 1
    dt = float(meta["weir.dt"])
    numbers = np.concatenate([
        np.repeat(truth["parameters"][:], steps, 0),
        np.tile(dt * np.arange(1, steps + 1), n)[:, None]], 1)
    x = features(meta["weir.inputs"].splitlines(), numbers)
    layers = sum(k.startswith("model.layer.") and k.endswith(".weight") for k in t)
    for i in range(layers):
        x = x @ t[f"model.layer.{i}.weight"].T + t[f"model.layer.{i}.bias"]
        x = np.maximum(x, 0) if i < layers - 1 else x
    x = t["normaliser.mean"][0] + t["normaliser.deviation"][0] * x
    x = x.reshape(frames[:, 1:].shape)
    apart = np.abs(x - frames[:, 1:]).max() / np.abs(x).max()
    truth_frames = truth_frames[:, 1:].reshape(n, steps, -1)
    error = np.sqrt(((frames[:, 1:].reshape(n, steps, -1) - truth_frames) ** 2).mean())
    mean = np.sqrt(((truth_frames - truth_frames.mean(0)) ** 2).mean())
    print(f"weights give the same to {apart:.1e}; rms error {error:.4g}, of the mean "
          f"frame at each time {mean:.4g}: {mean / error:.2f}x")
    if not apart < 1e-5 or not error < mean / 2:
        raise SystemExit(1)


main()
