#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Write tests/golden/data/models_torch.{txt,f32}: what PyTorch makes of small nets
of every architecture, for models_torch.c to compare with.

    make_models.py [FOLDER]

The numbers in the repository came from PyTorch 1.13.1 (Debian 12). In the .txt, a
line "case NUMBER MODEL POINTS[xPOINTS] CHANNELS BATCH OPTION=VALUE,..." starts a
case; the others are a name "NUMBER/...", an offset and a count in float32s of the
.f32.
"""
import os
import sys

import torch

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "perf", "peers"))
from torch_models import make  # noqa: E402

from arrays import Writer  # noqa: E402

CASES = [  # model, grid, channels, batch, options
    ("convnet", (9, 7), 2, 3, dict(width=9, depth=2)),
    ("convnet", (6, 6), 1, 2, dict(width=5, depth=2, activation="tanh",
                                   padding="zero")),
    ("resnet", (15,), 1, 3, dict(width=9, blocks=2)),
    ("resnet", (7, 6), 2, 2, dict(width=6, blocks=1, activation="silu")),
    ("dilresnet", (21,), 1, 2, dict(width=6, blocks=1)),
    ("dilresnet", (9, 8), 1, 2, dict(depth=1, width=4, blocks=1,
                                     activation="gelu")),
    ("unet", (16,), 1, 3, dict(width=4, levels=2)),
    ("unet", (6, 8), 2, 1, dict(width=4, levels=1, activation="gelu")),
    ("fno", (17,), 1, 3, dict(modes=5, width=6, layers=2)),
    ("fno", (12,), 2, 2, dict(modes=7, width=8, layers=2, style="li")),
    ("fno", (8, 7), 1, 2, dict(modes=3, width=4, layers=2)),
    ("fno", (6, 6), 2, 1, dict(modes=3, width=4, layers=1, style="li")),
    ("mlp", (9,), 2, 3, dict(width=7, depth=2)),
    ("mlp", (3, 4), 1, 2, dict(width=5, activation="silu")),
    ("modern_unet", (24,), 1, 2, dict(width=8)),
    ("modern_unet", (24, 24), 2, 1, dict(width=8, activation="silu")),
    ("smart_unet", (33, 33), 1, 2, dict(width=1)),
    ("smart_cnn", (34, 34), 1, 2, dict(width=2)),
    ("scot", (16, 32), 2, 2, dict(width=6, heads=2, window=4, patch=2,
                                  skips=1)),
    ("scot", (12, 12), 1, 3, dict(width=4, depth=3, heads=1, window=3, patch=2,
                                  skips=2, lead_time=0.5)),
]


# Nets with more parameters than this start from a formula, and only their
# results and the input's gradient are recorded, step by step.
MOST = 6000


def by_formula(key, p):
    """sin(0.7 j + letters of the name) times a size that keeps signals alive."""
    j = torch.arange(p.numel(), dtype=torch.float64)
    size = (2.0 / (p.numel() / p.shape[0])) ** 0.5 if p.dim() > 1 else 0.1
    return (size * torch.sin(0.7 * j + sum(map(ord, key)))).float().reshape(p.shape)


def write_case(out, name, case):
    model, grid, channels, batch, options = case
    net = make(model, channels, grid, **options)
    large = sum(p.numel() for p in net.parameters()) > MOST
    for key, p in net.named_parameters():
        if large:
            p.data = by_formula(key, p)
        else:  # norms start where mistakes hide
            p.data += 0.1 * torch.randn_like(p)
    adam = torch.optim.Adam(net.parameters(), lr=1e-3)
    x = torch.randn(batch, channels, *grid, requires_grad=True)
    wanted = torch.randn(batch, channels, *grid)
    out.index.write(" ".join([
        "case", str(name), model, "x".join(map(str, grid)), str(channels),
        str(batch), ",".join(f"{k}={v}" for k, v in options.items())]) + "\n")
    out.put(f"{name}/x", x)
    out.put(f"{name}/wanted", wanted)
    for key, value in net.named_parameters():
        if not large:
            out.put(f"{name}/start/{key}", value)
    for step in range(3):
        adam.zero_grad()
        x.grad = None
        y = net(x)
        (y - wanted).square().mean().backward()
        out.put(f"{name}/y{step}", y)
        if step == 0:
            out.put(f"{name}/dx", x.grad)
            for key, value in net.named_parameters():
                if not large:
                    out.put(f"{name}/gradient/{key}", value.grad)
        adam.step()
    for key, value in net.named_parameters():
        if not large:
            out.put(f"{name}/after/{key}", value)


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.join(HERE, "data")
    torch.manual_seed(7)
    out = Writer(folder, "models_torch")
    for name, case in enumerate(CASES):
        write_case(out, name, case)


if __name__ == "__main__":
    main()
