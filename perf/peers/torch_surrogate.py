# SPDX-License-Identifier: BSD-3-Clause
"""A finished surrogate in PyTorch: the weights of a checkpoint in the definitions
of torch_models.py, the scales of its data around them.

    members = torch_surrogate.load("DIR/checkpoints/best.safetensors")
    u = sum(member(u) for member in members) / len(members)

is one step of states (n, channels, points[, points]) in the solver's units, and
can be trained on. For models that lead from state to state.
"""
import json
import struct

import numpy as np
import torch
import torch_models
from torch import nn


class Surrogate(nn.Module):
    """One member: net, and mean, deviation and residual of each channel."""

    def __init__(self, net, scales, residual):
        super().__init__()
        self.net, self.residual = net, residual
        for name, values in scales.items():
            self.register_buffer(name, values)

    def forward(self, x):
        mean, deviation, residual = (
            s.reshape([-1] + [1] * (x.dim() - 2))
            for s in (self.mean, self.deviation, self.scale))
        y = self.net((x - mean) / deviation)
        return x + residual * y if self.residual else mean + deviation * y


def read(path):
    """Metadata and tensors of a safetensors file."""
    with open(path, "rb") as file:
        raw = file.read()
    (n,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8:8 + n])
    meta = header.pop("__metadata__")
    return meta, {
        name: torch.from_numpy(np.frombuffer(
            raw, "<f4", (t["data_offsets"][1] - t["data_offsets"][0]) // 4,
            8 + n + t["data_offsets"][0]).reshape(t["shape"]).copy())
        for name, t in header.items() if t["dtype"] == "F32"}


def options(meta):
    pairs = (line.split("=", 1) for line in meta["weir.options"].splitlines())
    return {k: int(v) if v.lstrip("-").isdigit() else v for k, v in pairs}


def load(path):
    """The members of a surrogate, a module each, ready to predict."""
    meta, tensors = read(path)
    if (meta["weir.model"] not in torch_models.MODELS or meta["weir.given"] != "0"
            or meta["weir.evidential"] != "0"):
        raise ValueError(f"{path}: {meta['weir.model']} as trained there does not "
                         "lead from state to state alone")
    channels, *grid = map(int, meta["weir.shape"].split("x"))
    scales = {"mean": tensors["normaliser.mean"],
              "deviation": tensors["normaliser.deviation"],
              "scale": tensors["normaliser.residual"]}
    count = int(meta["weir.members"])
    members = []
    for m in range(count):
        prefix = "model." if count == 1 else f"model.{m}."
        net = torch_models.make(meta["weir.model"], channels, grid, **options(meta))
        net.load_state_dict({name[len(prefix):]: t for name, t in tensors.items()
                             if name.startswith(prefix)}, strict=True)
        members.append(Surrogate(net, scales,
                                 meta["weir.prediction"] == "residual").eval())
    return members
