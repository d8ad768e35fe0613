#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Write tests/golden/data/convnet_torch.{txt,f32}: what PyTorch makes of two
small ConvNet surrogates, for convnet_torch.c to compare with.

    make_convnet.py [FOLDER]

The numbers in the repository came from PyTorch 1.13.1 (Debian 12). Each line of
the .txt is a name, an offset and a count in float32s of the .f32.
"""
import os
import sys

import torch

from arrays import Writer

CASES = {  # channels, points, width, depth, batch, unrolled steps, residual
    "one": (1, 24, 8, 3, 4, 1, True),
    "two": (2, 19, 12, 2, 3, 2, False),
}


class ConvNet(torch.nn.Module):
    def __init__(self, channels, width, depth):
        super().__init__()
        sizes = [channels] + depth * [width] + [channels]
        self.conv = torch.nn.ModuleList(
            torch.nn.Conv1d(a, b, 3, padding=1, padding_mode="circular")
            for a, b in zip(sizes, sizes[1:]))

    def forward(self, x):
        for conv in self.conv[:-1]:
            x = torch.relu(conv(x))
        return self.conv[-1](x)


def sample_losses(net, u, mean, deviation, residual, steps, is_residual):
    x, loss = u[:, 0], 0
    for k in range(steps):
        y = net((x - mean) / deviation)
        x = x + residual * y if is_residual else mean + deviation * y
        loss = loss + ((x - u[:, k + 1]) / residual).square().mean((1, 2))
    return loss / steps, x


def write_case(out, name, case):
    channels, points, width, depth, batch, steps, is_residual = case
    net = ConvNet(channels, width, depth)
    adam = torch.optim.Adam(net.parameters(), lr=1e-3)
    u = torch.randn(batch, steps + 1, channels, points) * 2 + 0.5
    mean = torch.linspace(0.2, 0.5, channels)[:, None]
    deviation = torch.linspace(1.5, 2.0, channels)[:, None]
    residual = torch.linspace(2.5, 3.0, channels)[:, None]
    out.put(f"{name}/states", u)
    out.put(f"{name}/mean", mean)
    out.put(f"{name}/deviation", deviation)
    out.put(f"{name}/residual", residual)
    for key, value in net.named_parameters():
        out.put(f"{name}/start/{key}", value)
    for step in range(3):
        losses, last = sample_losses(net, u, mean, deviation, residual, steps,
                                     is_residual)
        adam.zero_grad()
        losses.mean().backward()
        error = (last - u[:, -1]).square().mean((1, 2)).sqrt()
        out.put(f"{name}/{step}/loss", losses)
        out.put(f"{name}/{step}/nrmse",
                error / u[:, -1].square().mean((1, 2)).sqrt())
        for key, value in net.named_parameters():
            out.put(f"{name}/{step}/gradient/{key}", value.grad)
        adam.step()
        for key, value in net.named_parameters():
            out.put(f"{name}/{step}/after/{key}", value)
    out.put(f"{name}/prediction",
            sample_losses(net, u[:, :2], mean, deviation, residual, 1,
                          is_residual)[1])


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.join(
        os.path.dirname(os.path.abspath(__file__)), "data")
    os.makedirs(folder, exist_ok=True)
    torch.manual_seed(20)
    out = Writer(folder, "convnet_torch")
    for name, case in CASES.items():
        write_case(out, name, case)


if __name__ == "__main__":
    main()
