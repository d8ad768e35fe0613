#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The scoring of perf/micro/candidate_scores.c as a PyTorch user writes it.

    torch_candidate_scores.py [MODEL GRID MEMBERS STEPS POOL [CHUNK]]

One thread, no gradients, the same networks and sizes; CHUNK candidates a call
(default 16 as ours, but a larger one may suit PyTorch better).
"""
import json
import sys
import time

import torch
from torch_models import make

WARM = 3


def score(members, first, steps):
    states, total = [first for _ in members], 0
    for _ in range(steps):
        states = [u + 0.1 * net(u) for net, u in zip(members, states)]
        total = total + torch.stack(states).var(0, unbiased=False).flatten(1).mean(1)
    return total / steps


def main():
    given = sys.argv[1:] or ["convnet", "160", "2", "10", "2000"]
    model, grid, members, steps, pool = given[:5]
    chunk = int(given[5]) if len(given) > 5 else 16
    torch.set_num_threads(1)
    torch.manual_seed(1)
    nets = [make(model, 1, [int(n) for n in grid.split("x")]).eval()
            for _ in range(int(members))]
    first, times = torch.randn(chunk, 1, *[int(n) for n in grid.split("x")]), []
    with torch.no_grad():
        for i in range(WARM + int(pool) // chunk):
            start = time.thread_time_ns()
            score(nets, first, int(steps))
            if i >= WARM:
                times.append(time.thread_time_ns() - start)
    times.sort()
    median = times[len(times) // 2]
    print(json.dumps({
        "name": "torch_candidate_scores", "model": model, "grid": grid,
        "members": int(members), "steps": int(steps), "chunk": chunk,
        "unit": "ns", "n": len(times), "min": times[0], "median": median,
        "candidates_per_second": round(chunk * 1e9 / median)}))


if __name__ == "__main__":
    main()
