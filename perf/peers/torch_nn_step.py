#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The step of perf/micro/nn_step.c as a PyTorch user writes it, one thread.

    torch_nn_step.py MODEL GRID CHANNELS BATCH STEPS [OPTION=VALUE]...

PyTorch should be given OpenBLAS, not the reference BLAS.
"""
import json
import resource
import sys
import time

import torch
from torch_models import make

WARM = 3


def main():
    model, grid, channels, batch, steps = sys.argv[1:6]
    options = dict(a.split("=") for a in sys.argv[6:])
    options = {k: int(v) if v.isdigit() else v for k, v in options.items()}
    grid, steps = [int(n) for n in grid.split("x")], int(steps)
    torch.set_num_threads(1)
    torch.manual_seed(1)
    net = make(model, int(channels), grid, **options)
    adam = torch.optim.Adam(net.parameters(), lr=1e-3)
    x = torch.randn(int(batch), int(channels), *grid)
    wanted = torch.randn_like(x)
    times, cpu = [], 0
    for step in range(WARM + steps):
        start, used = time.perf_counter_ns(), time.process_time_ns()
        (net(x) - wanted).square().mean().backward()
        adam.step()
        adam.zero_grad()
        if step >= WARM:
            times.append(time.perf_counter_ns() - start)
            cpu += time.process_time_ns() - used
    times.sort()
    print(json.dumps({
        "name": "torch_nn_step", "model": model, "batch": int(batch),
        "parameters": sum(p.numel() for p in net.parameters()),
        "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "cpu_per_step": cpu // steps, "unit": "ns", "n": steps,
        "min": times[0], "median": times[steps // 2], "max": times[-1]}))


if __name__ == "__main__":
    main()
