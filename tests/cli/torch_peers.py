# SPDX-License-Identifier: BSD-3-Clause
"""Load runN/checkpoints/best.safetensors into the PyTorch definition of the same
model and compare one step with caseN/next.f32.

usage: torch_peers.py PEERS CASE...    cases as tests/onnx_cases.sh makes them
"""
import json
import struct
import sys

import numpy as np
import torch

sys.path.insert(0, sys.argv[1])
import torch_models  # noqa: E402


def load(path):
    raw = open(path, "rb").read()
    (n,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8 : 8 + n])
    meta = header.pop("__metadata__")
    return meta, {
        name: torch.tensor(np.frombuffer(
            raw[8 + n + t["data_offsets"][0] : 8 + n + t["data_offsets"][1]],
            "<f4").reshape(t["shape"]).copy()) for name, t in header.items()}


def options(text):
    pairs = (line.split("=", 1) for line in text.splitlines())
    return {k: int(v) if v.lstrip("-").isdigit() else v for k, v in pairs}


def step(meta, tensors, prefix, x):
    net = torch_models.make(meta["weir.model"], x.shape[1], x.shape[2:],
                            **options(meta["weir.options"]))
    net.load_state_dict({name[len(prefix):]: t for name, t in tensors.items()
                         if name.startswith(prefix)}, strict=True)
    net.eval()
    mean, deviation, residual = (
        tensors["normaliser." + k].reshape([-1] + [1] * (x.dim() - 2))
        for k in ("mean", "deviation", "residual"))
    with torch.no_grad():
        y = net((x - mean) / deviation)
    if meta["weir.prediction"] == "residual":
        return x + residual * y
    return mean + deviation * y


compared = 0
for case in sys.argv[2:]:
    meta, tensors = load(case.replace("case", "run") +
                         "/checkpoints/best.safetensors")
    padding = options(meta["weir.options"]).get("padding")
    if padding == "mirror" or (padding == "zero" and
                               meta["weir.model"] == "unet"):
        continue  # the peers have no such border, or only in the way down
    with open(case + "/tensors.txt") as listed:
        shape = list(map(int, listed.readline().split()[2:]))
    x = torch.tensor(np.fromfile(case + "/state.f32", "<f4").reshape(shape))
    wanted = np.fromfile(case + "/next.f32", "<f4").reshape(shape)
    members = int(meta["weir.members"])
    prefixes = ["model."] if members == 1 else [
        "model.%d." % m for m in range(members)]
    got = sum(step(meta, tensors, p, x) for p in prefixes) / members
    error = np.abs(got.numpy() - wanted).max() / np.abs(wanted).max()
    print("%s %s %.1e" % (case, meta["weir.model"], error))
    assert error < 1e-5, case
    compared += 1
assert compared > 8, compared
