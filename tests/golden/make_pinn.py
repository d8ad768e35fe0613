#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Write tests/golden/data/pinn_torch.{txt,f32}: a physics-informed network for
Allen-Cahn as PyTorch's autograd has it, in double, for pinn_torch.c.

    make_pinn.py [FOLDER]

Function, residual, gradient of the mean squared residual, and the weights after
three steps of Adam; and the equation itself solved by other means than the
reference is: finite differences of fourth order, and Runge-Kutta, in NumPy. The
numbers in the repository came from PyTorch 1.13.0 (Debian 12). Each line of the .txt is a name, an offset and
a count in float32s of the .f32.
"""
import os
import sys

import numpy as np
import torch

from arrays import Writer

WIDTH, DEPTH, HARMONICS, POINTS = 8, 3, 3, 12
D, RATE = 1e-4, 5.0


def network():
    sizes = [2 + 2 * HARMONICS] + [WIDTH] * DEPTH + [1]
    return torch.nn.ModuleList(
        torch.nn.Linear(a, b) for a, b in zip(sizes, sizes[1:])).double()


def function(net, x, t):
    waves = torch.arange(1, HARMONICS + 1) * torch.pi
    h = torch.cat([t, torch.ones_like(t), torch.cos(x * waves),
                   torch.sin(x * waves)], 1)
    for layer in net[:-1]:
        h = torch.tanh(layer(h))
    return x ** 2 * torch.cos(torch.pi * x) + t * net[-1](h)


def residual(net, x, t):
    def by(u, at):
        return torch.autograd.grad(u.sum(), at, create_graph=True)[0]
    u = function(net, x, t)
    return u, by(u, t) - D * by(by(u, x), x) + RATE * (u ** 3 - u)


def network_case(out):
    net = network()
    at = torch.rand(POINTS, 2).float().double() * torch.tensor([2.0, 1.0])
    at = (at - torch.tensor([1.0, 0.0])).float().double()
    for p in net.parameters():
        p.data = p.data.float().double()
    out.put("points", at)
    x, t = (at[:, i:i + 1].clone().requires_grad_() for i in (0, 1))
    for name, p in net.named_parameters():
        out.put(f"start/{name}", p)
    optimiser = torch.optim.Adam(net.parameters(), lr=0.01)
    for step in range(3):
        optimiser.zero_grad()
        u, r = residual(net, x, t)
        r.square().mean().backward()
        if step == 0:
            out.put("function", u)
            out.put("residual", r)
            for name, p in net.named_parameters():
                out.put(f"gradient/{name}", p.grad)
        optimiser.step()
    for name, p in net.named_parameters():
        out.put(f"end/{name}", p)


def equation_case(out):
    """u at every 64th of 4096 points at t = 0.25, 0.5, 0.75, 1."""
    n = 4096
    x = -1 + 2 * np.arange(n) / n
    h = 2 / n

    def change(u):
        near = np.roll(u, 1) + np.roll(u, -1)
        far = np.roll(u, 2) + np.roll(u, -2)
        u_xx = (16 * near - far - 30 * u) / (12 * h * h)
        return D * u_xx + RATE * (u - u ** 3)

    steps, seen = 4000, []
    u, dt = x ** 2 * np.cos(np.pi * x), 1 / steps
    for step in range(1, steps + 1):
        k1 = change(u)
        k2 = change(u + dt / 2 * k1)
        k3 = change(u + dt / 2 * k2)
        u = u + dt / 6 * (k1 + 2 * k2 + 2 * k3 + change(u + dt * k3))
        if step % (steps // 4) == 0:
            seen.append(u[::64])
    out.put("reference", np.stack(seen))


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.join(
        os.path.dirname(os.path.abspath(__file__)), "data")
    torch.manual_seed(4)
    out = Writer(folder, "pinn_torch")
    network_case(out)
    equation_case(out)


if __name__ == "__main__":
    main()
