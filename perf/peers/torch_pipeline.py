#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""What a user would write instead of weir: a PyTorch training loop fed by Python
solver processes through a multiprocessing queue.

    torch_pipeline.py SOLVERS SUBSTEPS NEW STEPS [TOGETHER]

SOLVERS processes simulate KdV (160 points, ETDRK4, SUBSTEPS steps of the scheme
per state, NumPy or SciPy FFT) and put pairs of states into a queue, TOGETHER
trajectories advanced in one array. The loop takes NEW pairs a gradient step,
keeps 2,000 in a list, draws batches of 20 from it, and trains the net of
configs/runs/kdv1d.yaml (periodic ConvNet, width 32, depth 10) with Adam for
STEPS steps, as perf/macro/pipeline.py has weir do. Prints one JSON line.
"""
import importlib.util
import json
import multiprocessing
import os
import random
import sys
import time

import numpy as np
import torch

BATCH, RESERVOIR, WATERMARK, STATES, POINTS = 20, 2000, 500, 51, 160
HERE = os.path.dirname(os.path.abspath(__file__))


def scheme():
    """The scheme of numpy_solver.py, without running it."""
    text = open(os.path.join(HERE, "numpy_solver.py"), encoding="ascii").read()
    spec = importlib.util.spec_from_loader("numpy_solver", None)
    module = importlib.util.module_from_spec(spec)
    exec(text[:text.rindex("\nmain()")], module.__dict__)
    return module


def solve(out, substeps, together, seed):
    m, random_ = scheme(), np.random.default_rng(seed)
    _, z, nonlinear = m.case_1d("kdv", POINTS)
    w = m.weights(z, 0.1 / substeps)
    x = 2 * np.pi * np.arange(POINTS) / POINTS
    while True:
        a, phase = random_.uniform(-1, 1, (2, together, 1)), \
            random_.uniform(0, 7, (2, together, 1))
        state = a[0] * np.sin(x + phase[0]) + a[1] * np.sin(2 * x + phase[1])
        u = m.fft.rfft(state)
        for _ in range(STATES - 1):
            for _ in range(substeps):
                u = m.etdrk4(u, w, nonlinear)
            after = m.fft.irfft(u, POINTS)
            for pair in np.stack([state, after], 1).astype(np.float32):
                out.put(pair)
            state = after


class ConvNet(torch.nn.Module):
    def __init__(self, width=32, depth=10):
        super().__init__()
        sizes = [1] + depth * [width] + [1]
        self.conv = torch.nn.ModuleList(
            torch.nn.Conv1d(a, b, 3, padding=1, padding_mode="circular")
            for a, b in zip(sizes, sizes[1:]))

    def forward(self, x):
        for conv in self.conv[:-1]:
            x = torch.relu(conv(x))
        return self.conv[-1](x)


def main():
    solvers, substeps = int(sys.argv[1]), int(sys.argv[2])
    new, steps = float(sys.argv[3]), int(sys.argv[4])
    together = int(sys.argv[5]) if len(sys.argv) > 5 else 1
    queue = multiprocessing.Queue(256)
    workers = [multiprocessing.Process(target=solve, daemon=True,
                                       args=(queue, substeps, together, i))
               for i in range(solvers)]
    for p in workers:
        p.start()
    torch.manual_seed(1)
    net = ConvNet()
    adam = torch.optim.Adam(net.parameters(), lr=1e-3)
    pool = [queue.get() for _ in range(WATERMARK)]
    first = torch.from_numpy(np.stack(pool))
    mean, deviation = first.mean(), first.std()
    residual = (first[:, 1] - first[:, 0]).square().mean().sqrt()
    credit, taken, waited, begin = 0.0, 0, 0.0, time.perf_counter()
    for _ in range(steps):
        credit += new
        before = time.perf_counter()
        while credit >= 1:
            pair = queue.get()
            if len(pool) < RESERVOIR:
                pool.append(pair)
            else:
                pool[random.randrange(RESERVOIR)] = pair
            credit -= 1
            taken += 1
        waited += time.perf_counter() - before
        batch = torch.from_numpy(np.stack(random.sample(pool, BATCH)))[:, :, None]
        x = batch[:, 0] + residual * net((batch[:, 0] - mean) / deviation)
        loss = ((x - batch[:, 1]) / residual).square().mean()
        loss.backward()
        adam.step()
        adam.zero_grad()
    seconds = time.perf_counter() - begin
    for p in workers:
        p.terminate()
    print(json.dumps({
        "name": "torch_pipeline", "solvers": solvers, "substeps": substeps,
        "together": together, "new_per_step": new, "steps": steps,
        "unit": "samples trained per second", "median": steps * BATCH / seconds,
        "solved_per_s": taken / seconds, "waited": waited / seconds,
        "loss": float(loss), "torch": torch.__version__,
        "threads": torch.get_num_threads()}))


main()
