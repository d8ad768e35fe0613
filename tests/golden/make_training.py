#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Write tests/golden/data/training_torch.{txt,f32}: what PyTorch makes of
losses, optimisers, schedules, clipping and averages, for training_torch.c.

    make_training.py [FOLDER]

The numbers in the repository came from PyTorch 1.13.0 (Debian 12). Each line of
the .txt is a name, an offset and a count in float32s of the .f32.
"""
import math
import os
import sys

import torch

from arrays import Writer

N, STEPS = 300, 8
CHANNELS, POINTS = 2, 25
UNIT = [0.4, 1.7]

OPTIMISERS = {
    "adam": lambda p: torch.optim.Adam(p, lr=0.01, weight_decay=0.1),
    "adamw": lambda p: torch.optim.AdamW(p, lr=0.01, weight_decay=0.1,
                                         betas=(0.8, 0.95), eps=1e-6),
}


def optimisers(out):
    start = torch.randn(N)
    grads = torch.randn(STEPS, N) * torch.logspace(-2, 1, N)
    out.put("start", start)
    out.put("grads", grads)
    for name, make in OPTIMISERS.items():
        for clip in (0, 3.0):
            p = torch.nn.Parameter(start.clone())
            module = torch.nn.Module()
            module.p = p
            optimiser = make([p])
            average = torch.optim.swa_utils.AveragedModel(
                module, avg_fn=lambda a, w, n: a + (1 - 0.9) * (w - a))
            for g in grads:
                p.grad = g.clone()
                if clip:
                    torch.nn.utils.clip_grad_norm_([p], clip)
                optimiser.step()
                average.update_parameters(module)
            out.put(f"{name}/{clip:g}/weights", p)
            out.put(f"{name}/{clip:g}/average", average.module.p)


def schedules(out):
    """Warm-up of 5 steps to 0.3, cosine to 0 at step 20, and beyond."""
    def rates(schedule_of):
        p = torch.nn.Parameter(torch.zeros(1))
        optimiser = torch.optim.Adam([p], lr=0.3)
        schedule, seen = schedule_of(optimiser), []
        for _ in range(20):
            seen.append(optimiser.param_groups[0]["lr"])
            optimiser.step()
            schedule.step()
        return torch.tensor(seen)

    s = torch.optim.lr_scheduler
    # Step k of the warm-up has (k + 1) / 5 of the rate: 4 intervals from 1/5.
    out.put("cosine", rates(lambda o: s.SequentialLR(o, [
        s.LinearLR(o, 1 / 5, 1.0, 4), s.CosineAnnealingLR(o, 15)], [5])))
    out.put("constant", rates(lambda o: s.LinearLR(o, 1 / 5, 1.0, 4)))


def loss(name, p, t):
    e = p - t
    scaled = e / torch.tensor(UNIT)[:, None]
    return {
        "mse": lambda: scaled.square().mean(),
        "nrmse": lambda: e.square().mean().sqrt() / t.square().mean().sqrt(),
        "rmse": lambda: scaled.square().mean().sqrt(),
        "mae": lambda: torch.nn.functional.l1_loss(
            p / torch.tensor(UNIT)[:, None], t / torch.tensor(UNIT)[:, None]),
        "wmae_exp": lambda: (torch.exp(-(1 - t)) * e.abs()).mean(),
        "wmae_tanh": lambda: ((1 + 2000 * torch.tanh(t)) * e.abs()).mean(),
    }[name]()


def losses(out):
    target = torch.rand(CHANNELS, POINTS)
    prediction = target + 0.3 * torch.randn(CHANNELS, POINTS)
    out.put("target", target)
    out.put("prediction", prediction)
    for name in "mse nrmse rmse mae wmae_exp wmae_tanh".split():
        p = prediction.clone().requires_grad_()
        value = loss(name, p, target)
        value.backward()
        out.put(f"{name}/value", value.reshape(1))
        out.put(f"{name}/gradient", p.grad)


def evidence(out):
    """Deep evidential regression, equations 8 to 10, weight 0.05."""
    raw = 3 * torch.randn(3, CHANNELS, POINTS)
    target = torch.randn(CHANNELS, POINTS)
    gamma = target + 0.5 * torch.randn(CHANNELS, POINTS)
    out.put("evidence/target", target)
    out.put("evidence/gamma", gamma)
    out.put("evidence/raw", raw)
    gamma.requires_grad_()
    raw.requires_grad_()
    nu, alpha, beta = torch.nn.functional.softplus(raw.double()) + 1e-6
    alpha = alpha + 1
    scale = torch.tensor(UNIT)[:, None]
    e = ((target - gamma) / scale).double()
    omega = 2 * beta * (1 + nu)
    loss = (0.5 * torch.log(math.pi / nu) - alpha * torch.log(omega)
            + (alpha + 0.5) * torch.log(e ** 2 * nu + omega)
            + torch.lgamma(alpha) - torch.lgamma(alpha + 0.5)
            + 0.05 * e.abs() * (2 * nu + alpha)).mean()
    loss.backward()
    out.put("evidence/value", loss.reshape(1))
    out.put("evidence/gradient", gamma.grad)
    out.put("evidence/raw_gradient", raw.grad)
    out.put("evidence/epistemic", scale ** 2 * beta / (nu * (alpha - 1)))
    out.put("evidence/aleatoric", scale ** 2 * beta / (alpha - 1))


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.join(
        os.path.dirname(os.path.abspath(__file__)), "data")
    os.makedirs(folder, exist_ok=True)
    torch.manual_seed(21)
    out = Writer(folder, "training_torch")
    optimisers(out)
    schedules(out)
    losses(out)
    evidence(out)


if __name__ == "__main__":
    main()
