#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The step of perf/micro/nn_step.c as a PyTorch user writes it, eager, float32.

    torch_nn_step.py MODEL GRID CHANNELS BATCH STEPS THREADS [OPTION=VALUE]...

PyTorch should be given OpenBLAS, not the reference BLAS: the row says what it
was given, and for which processor it runs. OpenBLAS has threads of its own, as
many as PyTorch's here.
"""
import ctypes
import json
import os
import sys
import time

os.environ["OPENBLAS_NUM_THREADS"] = sys.argv[6]

import torch  # noqa: E402
from torch_models import make  # noqa: E402

WARM = 3


def memory(key):
    """KiB the kernel keeps under `key`."""
    with open("/proc/self/status", encoding="ascii") as f:
        return next(int(line.split()[1]) for line in f if line.startswith(key))


def blas():
    with open("/proc/self/maps", encoding="ascii") as f:
        found = sorted({line.split()[-1] for line in f if "blas" in line})
    for path in found:
        if "openblas" in os.path.basename(path):
            name = ctypes.CDLL(path).openblas_get_corename
            name.restype = ctypes.c_char_p
            return f"{os.path.basename(path)} for {name().decode()}"
    return ", ".join(found) or "its own"


def main():
    model, grid, channels, batch, steps, threads = sys.argv[1:7]
    options = dict(a.split("=") for a in sys.argv[7:])
    options = {k: int(v) if v.isdigit() else v for k, v in options.items()}
    grid, steps = [int(n) for n in grid.split("x")], int(steps)
    torch.set_num_threads(int(threads))
    torch.manual_seed(1)
    before = memory("VmRSS")
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
        "threads": torch.get_num_threads(), "blas": blas(),
        "parameters": sum(p.numel() for p in net.parameters()),
        "peak_kib": memory("VmHWM"), "grown_kib": memory("VmHWM") - before,
        "cpu_per_step": cpu // steps, "unit": "ns", "n": steps,
        "min": times[0], "median": times[steps // 2], "max": times[-1]}))


if __name__ == "__main__":
    main()
