# SPDX-License-Identifier: BSD-3-Clause
"""Use best.safetensors without Weir, and measure again what the run reported.

usage: surrogate.py BEST TEST_MEAN PERSISTENCE_MEAN TRAJECTORIES
Trajectories are solved here, by another scheme than the program's, at random
parameters of the run's ranges. Where PyTorch is installed its ConvNet has to
agree with the one written out below.
"""
import json
import struct
import sys

import numpy as np

N, LENGTH, DT, FRAMES = 64, 50.0, 0.1, 20  # tests/small.yaml
A3, A4, B = -1.068115234375, 0.107288360595703125, 6.25


def load(path):
    raw = open(path, "rb").read()
    (n,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8 : 8 + n])
    header.pop("__metadata__")
    out = {}
    for name, t in header.items():
        first, last = t["data_offsets"]
        out[name] = np.frombuffer(
            raw[8 + n + first : 8 + n + last], "<f4").reshape(t["shape"])
    return out


def convolve(x, weight, bias):
    """x: (batch, in, N); weight: (out, in, 3): PyTorch's, circular."""
    padded = np.concatenate([x[..., -1:], x, x[..., :1]], -1)
    taps = np.stack([padded[..., k : k + x.shape[-1]] for k in range(3)], -1)
    return np.einsum("bink,oik->bon", taps, weight, optimize=True) + bias[:, None]


def net(t, x):
    layers = sum(name.endswith(".weight") for name in t)
    for i in range(layers):
        x = convolve(x, t["model.conv.%d.weight" % i],
                     t["model.conv.%d.bias" % i])
        x = np.maximum(x, 0) if i + 1 < layers else x
    return x


def predict(t, u, forward):
    c = [t["normaliser." + k][:, None]
         for k in ("mean", "deviation", "residual")]
    return u + c[2] * forward(t, (u - c[0]) / c[1])


def torch_net(t, x):
    import torch

    layers = []
    n = sum(name.endswith(".weight") for name in t)
    for i in range(n):
        w, b = t["model.conv.%d.weight" % i], t["model.conv.%d.bias" % i]
        conv = torch.nn.Conv1d(w.shape[1], w.shape[0], 3, padding=1,
                               padding_mode="circular")
        conv.weight.data = torch.tensor(w.copy())
        conv.bias.data = torch.tensor(b.copy())
        layers += [conv] + ([torch.nn.ReLU()] if i + 1 < n else [])
    with torch.no_grad():
        return torch.nn.Sequential(*layers)(torch.tensor(x)).numpy()


def solve(count, rng):
    """KdV by an integrating factor and the classical Runge-Kutta method."""
    x = 2 * np.pi * np.arange(N) / N
    amplitude = rng.uniform(-1, 1, (2, count, 1))
    phase = rng.uniform(0, 2 * np.pi, (2, count, 1))
    u = sum(amplitude[j] * np.sin((j + 1) * x + phase[j]) for j in range(2))
    n = np.arange(N // 2 + 1)
    k = 2 * np.pi * n / LENGTH
    k_odd = np.where(n == N // 2, 0, k)
    linear = A3 * (1j * k_odd) ** 3 - A4 * k**4
    seen = n <= 2 / 3 * N / 2 - 1
    steps = 16
    half = np.exp(linear * DT / steps / 2)

    def change(v):
        w = np.fft.irfft(v * seen, N)
        return -B / 2 * 1j * k_odd * np.fft.rfft(w * w) * seen * DT / steps

    v, frames = np.fft.rfft(u), [u]
    for _ in range(FRAMES):
        for _ in range(steps):
            a = change(v)
            b = change(half * (v + a / 2))
            c = change(half * v + b / 2)
            d = change(half * half * v + half * c)
            v = half * half * v + (half * half * a + 2 * half * (b + c) + d) / 6
        frames.append(np.fft.irfft(v, N))
    return np.stack(frames, 1).astype("f4")  # (count, FRAMES + 1, N)


def nrmse(a, b):
    return np.sqrt(((a - b) ** 2).sum(-1) / (b**2).sum(-1))


def near(what, mine, reported, tolerance):
    print("%s: %.4e here, %.4e reported" % (what, mine, reported))
    if not abs(mine / reported - 1) < tolerance:
        sys.exit("%s: they do not agree" % what)


def main(best, test_mean, persistence_mean, count):
    best, test_mean, persistence_mean, count = sys.argv[1:]
    tensors = load(best)
    frames = solve(int(count), np.random.default_rng(5))
    before = frames[:, :-1].reshape(-1, 1, N)
    after = frames[:, 1:].reshape(-1, 1, N)
    after_here = predict(tensors, before, net)
    # Two samples of a few hundred trajectories: their means differ by chance.
    near("persistence", nrmse(before, after).mean(), float(persistence_mean), 0.15)
    near("test", nrmse(after_here, after).mean(), float(test_mean), 0.15)
    assert nrmse(after_here, after).mean() < nrmse(before, after).mean()
    try:
        theirs = predict(tensors, before[:200], torch_net)
    except ImportError:
        print("no PyTorch: not compared with it")
    else:
        worst = np.abs(theirs - after_here[:200]).max()
        print("PyTorch: %.1e away at most" % worst)
        assert worst < 1e-5


if __name__ == "__main__":
    main(*sys.argv[1:])
