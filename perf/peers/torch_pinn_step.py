#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The step of perf/micro/pinn_step.c as a PyTorch user writes it: derivatives by
the inputs by autograd, and backward through them.

    torch_pinn_step.py POINTS STEPS [THREADS]

PyTorch should be given OpenBLAS, not the reference BLAS.
"""
import json
import resource
import sys
import time

import torch

WARM, HARMONICS = 3, 10
D, RATE = 1e-4, 5.0


def network():
    sizes = [2 + 2 * HARMONICS, 128, 128, 128, 128, 1]
    layers = []
    for a, b in zip(sizes, sizes[1:]):
        layers += [torch.nn.Linear(a, b), torch.nn.Tanh()]
    return torch.nn.Sequential(*layers[:-1])


def residual(net, waves, x, t):
    def by(u, at):
        return torch.autograd.grad(u, at, torch.ones_like(u),
                                   create_graph=True)[0]
    features = torch.cat([t, torch.ones_like(t), torch.cos(x * waves),
                          torch.sin(x * waves)], 1)
    u = x ** 2 * torch.cos(torch.pi * x) + t * net(features)
    u_x = by(u, x)
    return by(u, t) - D * by(u_x, x) + RATE * (u ** 3 - u)


def main():
    points, steps = int(sys.argv[1]), int(sys.argv[2])
    threads = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    net = network()
    waves = torch.arange(1, HARMONICS + 1) * torch.pi
    x = (2 * torch.rand(points, 1) - 1).requires_grad_()
    t = torch.rand(points, 1).requires_grad_()
    adam = torch.optim.Adam(net.parameters(), lr=1e-3)
    times, cpu = [], 0
    for step in range(WARM + steps):
        start, used = time.perf_counter_ns(), time.process_time_ns()
        adam.zero_grad()
        residual(net, waves, x, t).square().mean().backward()
        adam.step()
        if step >= WARM:
            times.append(time.perf_counter_ns() - start)
            cpu += time.process_time_ns() - used
    times.sort()
    print(json.dumps({
        "name": "torch_pinn_step", "points": points, "threads": threads,
        "parameters": sum(p.numel() for p in net.parameters()),
        "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "cpu_per_step": cpu // steps, "unit": "ns", "n": steps,
        "min": times[0], "median": times[steps // 2], "max": times[-1]}))


if __name__ == "__main__":
    main()
