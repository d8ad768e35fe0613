#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The training step of perf/micro/train_step.c as a PyTorch user writes it.

    torch_train_step.py [threads [batch [width [depth [points [unroll]]]]]]

The same net (periodic Conv1d, ReLU), normalisation, residual prediction, mean
squared error, full backpropagation through the unrolled steps, and Adam, eager,
float32. PyTorch should be given OpenBLAS, not the reference BLAS.
"""
import json
import sys
import time

import torch

WARM, STEPS = 50, 600


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


def main():
    names = ["threads", "batch", "width", "depth", "points", "unroll"]
    values = [1, 20, 32, 10, 160, 1]
    given = [int(a) for a in sys.argv[1:]]
    a = dict(zip(names, given + values[len(given):]))
    torch.set_num_threads(a["threads"])
    torch.manual_seed(1)
    net = ConvNet(1, a["width"], a["depth"])
    adam = torch.optim.Adam(net.parameters(), lr=1e-3)
    data = torch.randn(a["batch"], a["unroll"] + 1, 1, a["points"])
    mean, deviation = data.mean(), data.std()
    residual = (data[:, 1:] - data[:, :-1]).square().mean().sqrt()
    times = []
    for step in range(WARM + STEPS):
        if step == WARM:
            cpu = time.process_time_ns()
        start = time.perf_counter_ns()
        x = data[:, 0]
        loss = 0
        for k in range(a["unroll"]):
            x = x + residual * net((x - mean) / deviation)
            loss = loss + ((x - data[:, k + 1]) / residual).square().mean()
        (loss / a["unroll"]).backward()
        adam.step()
        adam.zero_grad()
        if step >= WARM:
            times.append(time.perf_counter_ns() - start)
    cpu = time.process_time_ns() - cpu
    times.sort()
    print(f"# torch {torch.__version__}, {torch.get_num_threads()} threads, "
          f"{WARM} warm-up steps, {STEPS} measured")
    print(json.dumps({
        "name": "torch_train_step", **a,
        "parameters": sum(p.numel() for p in net.parameters()),
        "cpu_per_step": cpu // STEPS, "unit": "ns", "n": STEPS, "min": times[0],
        "median": times[STEPS // 2], "p99": times[STEPS * 99 // 100],
        "max": times[-1]}))


if __name__ == "__main__":
    main()
