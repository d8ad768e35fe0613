#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The steps of perf/micro/sampler_step.c as a PyTorch user writes them.

    torch_sampler_step.py PARAMETERS WIDTH [STEPS]

The same networks (src/acquire/ddpm.h, ratio.h), examples, losses, Adam, average of
the weights and guided sampling, eager, float32, one thread; CPU time.
"""
import json
import math
import sys
import time

import torch

BATCH, HIDDEN, TIMESTEPS, WARM, WAVES = 128, 64, 100, 5, 4


class Dense(torch.nn.Module):
    def __init__(self, inputs, width, blocks, outputs):
        super().__init__()
        self.first = torch.nn.Linear(inputs, width)
        self.block = torch.nn.ModuleList(torch.nn.Linear(width, width)
                                         for _ in range(blocks))
        self.last = torch.nn.Linear(width, outputs)

    def forward(self, x):
        h = torch.nn.functional.silu(self.first(x))
        for block in self.block:
            h = h + torch.nn.functional.silu(block(h))
        return self.last(h)


def waves(t):
    angle = 0.5 * math.pi * t[:, None] * 2.0 ** torch.arange(WAVES)
    return torch.cat([angle.sin(), angle.cos()], 1)


def axes(x):
    if x.shape[1] > 16:
        return x[:, :0]
    angle = math.pi * x
    return torch.cat([angle.sin(), angle.cos(), (2 * angle).sin(),
                      (2 * angle).cos()], 1)


class Diffusion:
    def __init__(self, dims, width):
        self.net = Dense(dims + 2 * WAVES + 2 + 2 * WAVES +
                         (4 * dims if dims <= 16 else 0), width, 2, dims)
        self.average = [p.detach().clone() for p in self.net.parameters()]
        self.adam = torch.optim.Adam(self.net.parameters(), lr=2e-4 * 1024 / width)
        t = torch.arange(TIMESTEPS + 1) / TIMESTEPS
        self.abar = torch.cos((t + 0.008) / 1.008 * math.pi / 2).square()
        self.abar = (self.abar / self.abar[0]).clamp(min=1e-6)

    def describe(self, x, t, c, shown):
        of_c = torch.cat([torch.ones_like(c)[:, None], c[:, None], waves(c)], 1)
        return torch.cat([x, waves(t / TIMESTEPS), of_c * shown[:, None], axes(x)], 1)

    def train(self, x, c, weight):
        t = torch.randint(1, TIMESTEPS + 1, (len(x),))
        e = torch.randn_like(x)
        signal, noise = (self.abar[t].sqrt()[:, None],
                         (1 - self.abar[t]).sqrt()[:, None])
        shown = (torch.rand(len(x)) >= 0.1).float()
        v = self.net(self.describe(signal * x + noise * e, t, c, shown))
        apart = (v - (signal * e - noise * x)).square().mean(1)
        self.adam.zero_grad()
        (weight * apart).mean().backward()
        self.adam.step()
        with torch.no_grad():
            torch._foreach_mul_(self.average, 0.995)
            torch._foreach_add_(self.average, list(self.net.parameters()), alpha=0.005)

    @torch.no_grad()
    def sample(self, c, dims):
        x = torch.randn(len(c), dims)
        shown = torch.cat([torch.ones(len(c)), torch.zeros(len(c))])
        for k in range(TIMESTEPS, 0, -1):
            t = torch.full((2 * len(c),), float(k))
            both = self.net(self.describe(torch.cat([x, x]), t, torch.cat([c, c]), shown))
            v, hidden = both[:len(c)], both[len(c):]
            v = hidden + 5 * (v - hidden)
            now, before = self.abar[k], self.abar[k - 1]
            beta = (1 - now / before).clamp(max=0.999)
            estimate = (now.sqrt() * x - (1 - now).sqrt() * v).clamp(-1.25, 1.25)
            x = (beta * before.sqrt() * estimate +
                 (1 - before) * (1 - beta).sqrt() * x) / (1 - now)
            if k > 1:
                x = x + (beta * (1 - before) / (1 - now)).sqrt() * torch.randn_like(x)
        return x


class Ratio:
    def __init__(self, dims):
        self.net = Dense(dims, HIDDEN, 1, 1)
        self.adam = torch.optim.AdamW(self.net.parameters(), lr=1e-3, weight_decay=0.01)
        self.label = torch.cat([torch.zeros(BATCH), torch.ones(BATCH)])

    def train(self, x):
        both = torch.cat([x, 2 * torch.rand_like(x) - 1])
        loss = torch.nn.functional.binary_cross_entropy_with_logits(
            self.net(both)[:, 0], self.label)
        self.adam.zero_grad()
        loss.backward()
        self.adam.step()


def measure(name, steps, work, conditions):
    times = []
    for _ in range(WARM + steps):
        start = time.process_time_ns()
        work()
        times.append(time.process_time_ns() - start)
    times = sorted(times[WARM:])
    print(json.dumps({"name": name, **conditions, "unit": "ns", "n": steps,
                      "min": times[0], "median": times[steps // 2],
                      "max": times[-1]}), flush=True)


def main():
    dims, width = int(sys.argv[1]), int(sys.argv[2])
    steps = int(sys.argv[3]) if len(sys.argv) > 3 else 200
    torch.set_num_threads(1)
    torch.manual_seed(1)
    print(f"# torch {torch.__version__}, one thread, CPU time, {WARM} warm-up steps")
    x, c = 2 * torch.rand(BATCH, dims) - 1, 2 * torch.rand(BATCH) - 1
    ratio, diffusion = Ratio(dims), Diffusion(dims, width)
    conditions = {"parameters": dims, "width": width}
    measure("torch_ratio_step", steps, lambda: ratio.train(x), conditions)
    measure("torch_ddpm_step", steps,
            lambda: diffusion.train(x, c, torch.ones(BATCH)), conditions)
    measure("torch_ddpm_sample", 1 + steps // 50, lambda: diffusion.sample(c, dims),
            conditions)


main()
